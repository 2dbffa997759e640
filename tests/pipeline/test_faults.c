/* Runs while calls of the system fail, and runs that are killed. */
#include "folder_fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

/* --------------------------------------------------- calls that can be made to fail */

typedef enum fault {
    FAULT_OPEN,
    FAULT_READ,
    FAULT_WRITE,
    FAULT_RENAME,
    FAULT_THREAD,
    FAULTS
} fault;

static struct {
    atomic_int calls[FAULTS]; /**< made since they were armed */
    int failing[FAULTS];      /**< number of the call that fails, from 1; 0: none */
    int code;                 /**< errno */
    bool shortened;           /**< reads and writes handle one byte only */
} faults;

static bool fails(fault kind) {
    return faults.failing[kind] &&
           atomic_fetch_add(&faults.calls[kind], 1) + 1 == faults.failing[kind];
}

static void arm(fault kind, int call, int code) {
    memset(&faults, 0, sizeof faults);
    faults.failing[kind] = call;
    faults.code = code;
}

static void disarm(void) {
    memset(&faults, 0, sizeof faults);
}

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list list;
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        va_end(list);
    }
    if (fails(FAULT_OPEN)) {
        errno = faults.code;
        return -1;
    }
    return REAL(open)(path, flags, mode);
}

ssize_t read(int file, void *data, size_t size) {
    if (fails(FAULT_READ)) {
        errno = faults.code;
        return -1;
    }
    return REAL(read)(file, data, faults.shortened && size > 7 ? 7 : size);
}

ssize_t write(int file, const void *data, size_t size) {
    if (fails(FAULT_WRITE)) {
        errno = faults.code;
        return -1;
    }
    return REAL(write)(file, data, faults.shortened && size > 7 ? 7 : size);
}

int renameat(int old_folder, const char *from, int new_folder, const char *to) {
    if (fails(FAULT_RENAME)) {
        errno = faults.code;
        return -1;
    }
    return REAL(renameat)(old_folder, from, new_folder, to);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                   void *argument) {
    return fails(FAULT_THREAD) ? EAGAIN : REAL(pthread_create)(thread, attributes, body, argument);
}

/* ------------------------------------------------------------------------ tests */

enum { PICTURES = 12 };

/** Runs with the `call`th call failing. At most one picture fails, the others come out as in
 * `expected`; false once there are fewer calls than that. */
static bool survives(run_trial *trial, fault kind, int call, int code) {
    remove_tree("out");
    arm(kind, call, code);
    clproc_status status = trial_run(trial);
    bool reached = atomic_load(&faults.calls[kind]) >= call;
    disarm();
    tree found = tree_of("out");
    assert_int_equal(status, CLPROC_OK);
    assert_int_equal(found.temporary, 0);
    assert_int_equal(found.files, trial->result.written);
    assert_int_equal(trial->result.written + trial->result.failed, PICTURES);
    assert_int_equal(trial->result.failed, reached && code != EINTR);
    if (trial->result.failed) {
        assert_non_null(strstr(trial->told.message, strerror(code)));
    }
    /* What was not hit is whole. */
    trial->params.existing = CLPROC_EXISTING_SKIP;
    assert_int_equal(trial_run(trial), CLPROC_OK);
    trial->params.existing = CLPROC_EXISTING_REPLACE;
    return reached;
}

static void check_every_call(fault kind, int code) {
    run_trial trial;
    int call = 1;
    put_pictures(PICTURES);
    trial_init(&trial, "reference", "resize 20x");
    trial_expect(&trial, PICTURES, 0);
    uint64_t hash = tree_of("out").hash;
    while (survives(&trial, kind, call, code)) {
        assert_int_equal(tree_of("out").hash, hash);
        call++;
    }
    assert_true(call > PICTURES);
    trial_free(&trial);
}

static void test_no_space(void **state) {
    (void)state;
    check_every_call(FAULT_WRITE, ENOSPC);
}

static void test_interrupted_writes(void **state) {
    (void)state;
    check_every_call(FAULT_WRITE, EINTR);
}

static void test_failing_reads(void **state) {
    (void)state;
    check_every_call(FAULT_READ, EIO);
}

static void test_interrupted_reads(void **state) {
    (void)state;
    check_every_call(FAULT_READ, EINTR);
}

static void test_too_many_open_files(void **state) {
    (void)state;
    check_every_call(FAULT_OPEN, EMFILE);
}

static void test_failing_renames(void **state) {
    (void)state;
    check_every_call(FAULT_RENAME, EIO);
}

static void test_short_reads_and_writes(void **state) {
    (void)state;
    run_trial trial;
    put_pictures(PICTURES);
    trial_init(&trial, "reference", "resize 20x");
    trial_expect(&trial, PICTURES, 0);
    uint64_t hash = tree_of("out").hash;
    remove_tree("out");
    disarm();
    faults.shortened = true;
    trial_expect(&trial, PICTURES, 0);
    disarm();
    assert_int_equal(tree_of("out").hash, hash);
    trial_free(&trial);
}

static void test_fewer_threads_do_the_same(void **state) {
    (void)state;
    run_trial trial;
    put_pictures(PICTURES);
    trial_init(&trial, "reference", "resize 20x");
    trial.params.jobs = 4;
    trial_expect(&trial, PICTURES, 0);
    uint64_t hash = tree_of("out").hash;
    remove_tree("out");
    arm(FAULT_THREAD, 1, EAGAIN); /* without the device's thread nothing can run */
    clproc_status status = trial_run(&trial);
    disarm();
    assert_int_equal(status, CLPROC_ERROR_MEMORY);
    assert_int_equal(tree_of("out").files, 0);
    for (int call = 2; call <= 4; call++) {
        remove_tree("out");
        arm(FAULT_THREAD, call, EAGAIN);
        trial_expect(&trial, PICTURES, 0);
        disarm();
        assert_int_equal(tree_of("out").hash, hash);
    }
    trial_free(&trial);
}

static void test_kills_leave_only_whole_files(void **state) {
    (void)state;
    enum { ROUNDS = 25, JOBS = 3 };
    run_trial trial;
    put_pictures(48);
    trial_init(&trial, "reference", "resize 20x");
    trial.params.jobs = JOBS;
    trial_expect(&trial, 48, 0);
    uint64_t hash = tree_of("out").hash;
    useconds_t whole = (useconds_t)(trial.result.seconds * 1e6);
    for (unsigned round = 0; round < ROUNDS; round++) {
        remove_tree("out");
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            _exit(trial_run(&trial) == CLPROC_OK ? 0 : 1);
        }
        usleep(whole * round / ROUNDS + 1);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_in_range(tree_of("out").temporary, 0, JOBS);
        /* Were one of the files only a part, the rest would not make up the whole. */
        trial.params.existing = CLPROC_EXISTING_SKIP;
        assert_int_equal(trial_run(&trial), CLPROC_OK);
        assert_int_equal(trial.result.failed, 0);
        trial.params.existing = CLPROC_EXISTING_REPLACE;
        assert_int_equal(tree_of("out").hash, hash);
    }
    trial_free(&trial);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_no_space),
        IN_SCRATCH(test_interrupted_writes),
        IN_SCRATCH(test_failing_reads),
        IN_SCRATCH(test_interrupted_reads),
        IN_SCRATCH(test_too_many_open_files),
        IN_SCRATCH(test_failing_renames),
        IN_SCRATCH(test_short_reads_and_writes),
        IN_SCRATCH(test_fewer_threads_do_the_same),
        IN_SCRATCH(test_kills_leave_only_whole_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
