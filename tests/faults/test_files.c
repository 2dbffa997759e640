/* Files where the system says no, or where others do something in between: each of clproc's own
 * calls fails once or for good, with every cause; other runs sweep, links are swapped in. Built
 * with the linker's --wrap for the calls of core/file*.c and of the journal. */
#include "devices.h"
#include "pipeline/folder_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>

/* -------------------------------------------------------------- calls that can be made to fail */

static struct {
    atomic_int made;
    int failing; /**< number of the call that fails, from 1; 0: none */
    int code;
    bool for_good;                    /**< all later ones fail, too */
    bool reduces;                     /**< reads and writes get a third of what they ask for */
    void (*before)(const char *name); /**< is called before every call */
    _Atomic(const char *) failed;     /**< the call that did */
} calls;

/** Who is interrupted tries again, so it has to end at some time. */
#define MOST_INTERRUPTIONS 1000

/** True, with errno set, if this call is to fail. */
static bool fails(const char *name) {
    int number = atomic_fetch_add(&calls.made, 1) + 1;
    if (calls.before) {
        calls.before(name);
    }
    int last = !calls.for_good       ? calls.failing
               : calls.code == EINTR ? calls.failing + MOST_INTERRUPTIONS
                                     : INT_MAX;
    if (calls.failing && number >= calls.failing && number <= last) {
        if (number == calls.failing) {
            atomic_store(&calls.failed, name);
        }
        errno = calls.code;
        return true;
    }
    return false;
}

static size_t reduced(size_t size) {
    return calls.reduces && size > 3 ? size / 3 : size;
}

/** Which descriptors were synced, and what was renamed, in order. */
static struct {
    bool keeps;
    size_t count;
    struct {
        char what; /**< 'f' for fsync, 'r' for rename, 'm' for mkdir */
        ino_t node;
        char name[64];
    } entries[256];
} order;

static void keep(char what, int file, const char *name) {
    struct stat info;
    if (order.keeps) {
        assert_int_equal(fstat(file, &info), 0);
        assert_true(order.count < sizeof order.entries / sizeof *order.entries);
        order.entries[order.count].what = what;
        order.entries[order.count].node = info.st_ino;
        snprintf(order.entries[order.count++].name, sizeof order.entries[0].name, "%s", name);
    }
}

#define WRAP(type, failure, name, parameters, arguments)                                           \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters {                                                                \
        return fails(#name) ? failure : __real_##name arguments;                                   \
    }

WRAP(int, -1, flock, (int file, int how), (file, how))
WRAP(int, -1, unlinkat, (int folder, const char *name, int flags), (folder, name, flags))
WRAP(int, -1, fstatat, (int folder, const char *name, struct stat *info, int flags),
     (folder, name, info, flags))
WRAP(ssize_t, -1, read, (int file, void *data, size_t size), (file, data, reduced(size)))
WRAP(ssize_t, -1, write, (int file, const void *data, size_t size), (file, data, reduced(size)))

int __real_fsync(int file);
int __wrap_fsync(int file);
int __wrap_fsync(int file) {
    keep('f', file, "");
    return fails("fsync") ? -1 : __real_fsync(file);
}

int __real_mkdirat(int folder, const char *name, mode_t mode);
int __wrap_mkdirat(int folder, const char *name, mode_t mode);
int __wrap_mkdirat(int folder, const char *name, mode_t mode) {
    if (fails("mkdirat")) {
        return -1;
    }
    int code = __real_mkdirat(folder, name, mode);
    if (code == 0 && order.keeps) {
        int made = openat(folder, name, O_RDONLY | O_DIRECTORY),
            above = openat(folder, ".", O_PATH);
        keep('m', above, name);
        close(made);
        close(above);
    }
    return code;
}

int __real_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new) {
    keep('r', to, new);
    return fails("renameat") ? -1 : __real_renameat(from, old, to, new);
}

/** Whatever it says, the descriptor is closed. */
int __real_close(int file);
int __wrap_close(int file);
int __wrap_close(int file) {
    bool failed = fails("close");
    int kept = errno, code = __real_close(file);
    errno = failed ? kept : errno;
    return failed ? -1 : code;
}

#define WRAP_OPEN(name, parameters, fixed)                                                         \
    int __real_##name parameters;                                                                  \
    int __wrap_##name parameters;                                                                  \
    int __wrap_##name parameters {                                                                 \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;                                  \
        va_end(more);                                                                              \
        return fails(#name) ? -1 : __real_##name fixed;                                            \
    }

WRAP_OPEN(openat, (int folder, const char *name, int flags, ...), (folder, name, flags, mode))
WRAP_OPEN(open, (const char *name, int flags, ...), (name, flags, mode))

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*begin)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*begin)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*begin)(void *), void *argument) {
    return fails("pthread_create") ? EAGAIN
                                   : __real_pthread_create(thread, attributes, begin, argument);
}

static void arm(int number, int code, bool for_good) {
    calls.failing = number;
    calls.code = code;
    calls.for_good = for_good;
    atomic_store(&calls.failed, NULL);
    atomic_store(&calls.made, 0);
}

static bool exists(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0;
}

/* ------------------------------------------------------------- others in the same folder */

static void sweep(const char *name) {
    static bool inside, before_lock;
    /* Who sweeps each time before a new file is locked, takes each. */
    bool now = !inside && !(before_lock && strcmp(name, "flock") == 0);
    before_lock = before_lock || (now && strcmp(name, "flock") == 0);
    if (now) {
        inside = true;
        clp_file_sweep(&(clp_file_tree){0}, "out");
        inside = false;
    }
}

/** Another run begins at every moment of this one's writing. */
static void test_other_runs_do_not_take_what_is_being_written(void **state) {
    (void)state;
    clproc_error error = {0};
    assert_int_equal(clp_file_make_folder("out", NULL), CLPROC_OK);
    calls.before = sweep;
    clproc_status status = clp_file_write("out/a", "picture", 7, false, &error);
    calls.before = NULL;
    assert_string_equal(error.message, "");
    assert_int_equal(status, CLPROC_OK);
    assert_int_equal(tree_of("out").files, 1);
    assert_int_equal(tree_of("out").temporary, 0);
}

static struct {
    int at; /**< number of the call before which it happens */
    bool done;
} swap;

static void swap_in(const char *name) {
    (void)name;
    if (atomic_load(&calls.made) == swap.at) {
        swap.done = true;
        assert_int_equal(rename("out/sub", "out/away"), 0);
        assert_int_equal(symlink("../outside", "out/sub"), 0);
    }
}

/** Before each call in turn a folder becomes a link that leads out. */
static void test_links_swapped_in_do_not_lead_out(void **state) {
    (void)state;
    const clp_file_tree place = {.root = 4, .no_links = true, .durable = true};
    int tries = 0;
    do {
        remove_tree("out");
        remove_tree("outside");
        assert_int_equal(clp_file_make_folder("out/sub/deep", NULL), CLPROC_OK);
        assert_int_equal(clp_file_make_folder("outside/deep", NULL), CLPROC_OK);
        arm(0, 0, false);
        swap.at = ++tries;
        swap.done = false;
        calls.before = swap_in;
        clproc_error error = {0};
        clproc_status status = clp_file_make_folder_in(&place, "out/sub/deep", &error);
        if (status == CLPROC_OK) {
            clp_file_sweep(&place, "out/sub/deep");
            status = clp_file_write_in(&place, "out/sub/deep/a", "picture", 7, &error);
        }
        calls.before = NULL;
        assert_int_equal(tree_of("outside").files + tree_of("outside").temporary, 0);
        assert_int_equal(tree_of(swap.done ? "out/away" : "out").temporary, 0);
        if (status != CLPROC_OK) {
            assert_non_null(strstr(error.message, "--follow-links"));
        } else {
            assert_true(exists("out/away/deep/a") || exists("out/sub/deep/a"));
        }
    } while (swap.done);
    assert_true(tries > 20);
    print_message("verify: T11 links swapped in: tried %d, survived %d\n", tries - 1, tries - 1);
}

static void test_links_are_followed_where_asked(void **state) {
    (void)state;
    clp_file_tree place = {.root = 4};
    assert_int_equal(clp_file_make_folder("out", NULL), CLPROC_OK);
    assert_int_equal(clp_file_make_folder("outside", NULL), CLPROC_OK);
    assert_int_equal(symlink("../outside", "out/sub"), 0);
    assert_int_equal(clp_file_write_in(&place, "out/sub/a", "picture", 7, NULL), CLPROC_OK);
    assert_true(exists("outside/a"));
    place.no_links = true;
    assert_int_equal(clp_file_write_in(&place, "out/sub/b", "picture", 7, NULL), CLPROC_ERROR_IO);
    assert_int_equal(clp_file_make_folder_in(&place, "out/sub/c", NULL), CLPROC_ERROR_IO);
    assert_false(exists("outside/b"));
    assert_false(exists("outside/c"));
    /* What the user named may be one. */
    place.root = 8;
    assert_int_equal(clp_file_write_in(&place, "out/sub/b", "picture", 7, NULL), CLPROC_OK);
    assert_true(exists("outside/b"));
}

/* ---------------------------------------------------------------- durability */

static ino_t node_of(const char *path) {
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_ino;
}

/** Position of an entry in the order of calls, from `from` on. */
static size_t find_kept(size_t from, char what, ino_t node) {
    while (from < order.count &&
           !(order.entries[from].what == what && order.entries[from].node == node)) {
        from++;
    }
    return from;
}

/** What was made in `folder` is on disk: after each mkdir in it comes its fsync. */
static void expect_synced(const char *folder) {
    size_t made = find_kept(0, 'm', node_of(folder));
    assert_true(made < order.count);
    assert_true(find_kept(made, 'f', node_of(folder)) < order.count);
}

static void run_pictures(run_trial *trial, const char *device, bool durable, bool resume);

static void test_durable_outputs_are_synced_with_their_folders(void **state) {
    (void)state;
    run_trial trial;
    put_pictures(4);
    assert_int_equal(clp_file_make_folder("in/sub/deeper", NULL), CLPROC_OK);
    put_picture("in/sub/deeper/a.png", &picture_kinds[1], 9, 9, 1, NULL);
    order.count = 0;
    order.keeps = true;
    run_pictures(&trial, "reference", true, false);
    order.keeps = false;
    assert_int_equal(trial.result.written, 5);
    expect_synced(".");
    expect_synced("out");
    expect_synced("out/sub");
    size_t renamed = 0;
    for (size_t i = 0; i < order.count; i++) {
        if (order.entries[i].what == 'r') {
            renamed++;
            assert_true(find_kept(i, 'f', order.entries[i].node) < order.count);
        }
    }
    assert_int_equal(renamed, 5);
    assert_true(find_kept(0, 'f', node_of("out/sub/deeper/a.png")) <
                find_kept(0, 'r', node_of("out/sub/deeper")));
    remove_tree("out");
    order.count = 0;
    order.keeps = true;
    run_pictures(&trial, "reference", false, false);
    order.keeps = false;
    for (size_t i = 0; i < order.count; i++) {
        assert_int_not_equal(order.entries[i].what, 'f');
    }
    print_message("verify: T8 durable outputs in order: tried 5, survived 5\n");
}

/* ------------------------------------------------------------------ every call */

static void run_pictures(run_trial *trial, const char *device, bool durable, bool resume) {
    trial_init(trial, device, "resize 20x");
    trial->params.jobs = 2;
    trial->params.durable = durable;
    trial->params.resume = resume;
    trial->params.on_event = listen;
    trial->params.user = &trial->told;
    clproc_run(&trial->params, &trial->result, NULL, &trial->error);
    clproc_pipeline_destroy(&trial->pipeline);
}

static int tries, survivals;

/** Only whole files, a cause for what failed, and the next run makes what is missing. */
static void survive(const char *device, int number, int code, bool for_good, uint64_t hash,
                    bool *reached) {
    run_trial trial;
    remove_tree("out");
    arm(number, code, for_good);
    run_pictures(&trial, device, true, true);
    *reached = atomic_load(&calls.made) >= number;
    const char *failed = atomic_load(&calls.failed);
    failed = failed ? failed : "nothing";
    arm(0, 0, false);
    tries++;
    tree found = exists("out") ? tree_of("out") : (tree){0};
    /* What could not be removed, as the journal is, does not count as an output. */
    bool told = trial.error.message[0] || trial.told.message[0];
    if (trial.result.failed + (trial.error.status != CLPROC_OK) && !told) {
        fail_msg("call %d, %s, %s: no cause is told", number, failed, strerror(code));
    }
    /* An output whose folder could not be synced is there, and told as failed. */
    if (found.files < trial.result.written) {
        fail_msg("call %d, %s, %s: %zu files, %llu written", number, failed, strerror(code),
                 found.files, (unsigned long long)trial.result.written);
    }
    if (trial.error.status == CLPROC_OK && trial.result.failed == 0 && found.hash != hash) {
        fail_msg("call %d, %s, %s: other outputs; %llu found, %llu written, %llu skipped", number,
                 failed, strerror(code), (unsigned long long)trial.result.found,
                 (unsigned long long)trial.result.written,
                 (unsigned long long)trial.result.skipped);
    }
    run_pictures(&trial, device, false, true);
    found = tree_of("out");
    if (trial.result.failed || found.hash != hash || found.temporary != 1) {
        fail_msg("call %d, %s, %s: the next run ends with %zu files, %zu of them clproc's own: %s",
                 number, failed, strerror(code), found.files, found.temporary, trial.told.message);
    }
    survivals++;
}

static void check(const char *device, int stride) {
    static const int codes[] = {ENOSPC, EIO, EDQUOT, EINTR, EMFILE, EACCES};
    const size_t count = sizeof codes / sizeof *codes;
    run_trial trial;
    put_pictures(4);
    arm(0, 0, false);
    run_pictures(&trial, device, true, true);
    if (trial.result.written != 4) {
        fail_msg("%s: %s", device, trial.error.message);
    }
    int made = atomic_load(&calls.made);
    uint64_t hash = tree_of("out").hash;
    stride = getenv("FAULT_ALL") ? 1 : stride;
    tries = survivals = 0;
    for (size_t i = 0; i < 2 * count; i++) {
        bool reached = true;
        for (int number = 1 + rand() % stride; reached; number += stride) {
            survive(device, number, codes[i % count], i >= count, hash, &reached);
        }
    }
    calls.reduces = true;
    remove_tree("out");
    run_pictures(&trial, device, false, true);
    calls.reduces = false;
    assert_int_equal(trial.result.written, 4);
    assert_true(tree_of("out").hash == hash);
    print_message("verify: T4 %s, %d calls on files: tried %d, survived %d\n", device, made, tries,
                  survivals);
}

static void test_reference(void **state) {
    (void)state;
    check("reference", 3);
}

static void test_device(void **state) {
    (void)state;
    check(need_pocl(), 29);
}

int main(void) {
    seed_faults();
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_other_runs_do_not_take_what_is_being_written),
        IN_SCRATCH(test_links_swapped_in_do_not_lead_out),
        IN_SCRATCH(test_links_are_followed_where_asked),
        IN_SCRATCH(test_durable_outputs_are_synced_with_their_folders),
        IN_SCRATCH(test_reference),
        IN_SCRATCH(test_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
