/** A run in a process of its own says what a run here would say. */
#include "folder_fixture.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clproc/clproc.h"
#include "report/analysis.h"
#include "stress/child.h"

static const char *const inputs[] = {"in"};

static clproc_run_params params_for(clproc_pipeline **pipeline) {
    clproc_samples_params samples;
    clproc_run_params params;
    clproc_samples_params_init(&samples);
    samples.output = "in";
    samples.count = 3;
    samples.width = 80;
    samples.height = 60;
    assert_int_equal(clproc_samples(&samples, NULL), CLPROC_OK);
    assert_int_equal(clproc_pipeline_create(pipeline, NULL), CLPROC_OK);
    assert_int_equal(clproc_pipeline_parse(*pipeline, "resize 50%", NULL), CLPROC_OK);
    clproc_run_params_init(&params);
    params.inputs = inputs;
    params.input_count = 1;
    params.output = "out";
    params.pipeline = *pipeline;
    params.profile = CLPROC_PROFILE_SUMMARY;
    return params;
}

static void test_result_and_profile_arrive(void **state) {
    (void)state;
    clproc_pipeline *pipeline = NULL;
    clproc_profile *profile = NULL;
    clproc_run_params params = params_for(&pipeline);
    clp_child child;
    assert_int_equal(clp_child_run(&child, &params, "run.json", &profile, NULL), CLPROC_OK);
    assert_int_equal(child.result.written, 3);
    assert_int_equal(child.result.failed, 0);
    assert_true(child.seconds >= child.result.seconds);
    assert_int_equal(tree_of("out").files, 3);
    assert_non_null(profile);
    assert_int_equal(profile->counters[CLP_COUNTER_IMAGES], 3);
    assert_true(profile->user_ns + profile->system_ns > 0);
    clproc_profile_destroy(&profile);
    clproc_pipeline_destroy(&pipeline);
}

/** The folder that a child last made for PoCL, which writes it here; NULL: nobody asks. */
static char *volatile made;

char *mkdtemp(char *template) {
    char *(*real)(char *) = (char *(*)(char *))(uintptr_t)dlsym(RTLD_NEXT, "mkdtemp");
    char *path = real(template);
    if (path && made && strstr(path, "/clproc-pocl-")) {
        snprintf(made, 4096, "%s", path);
    }
    return path;
}

static void test_nothing_stays_behind(void **state) {
    (void)state;
    clproc_pipeline *pipeline = NULL;
    clproc_profile *profile = NULL;
    clproc_run_params params = params_for(&pipeline);
    clp_child child;
    made = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(made != MAP_FAILED);
    clproc_status status = clp_child_run(&child, &params, "run.json", &profile, NULL);
    bool needed = made[0], left = needed && access(made, F_OK) == 0;
    munmap(made, 4096);
    made = NULL;
    clproc_profile_destroy(&profile);
    clproc_pipeline_destroy(&pipeline);
    assert_int_equal(status, CLPROC_OK);
    assert_false(left);
    if (!needed) {
        SKIP_BECAUSE("PoCL is not installed");
    }
}

static void test_failures_arrive(void **state) {
    (void)state;
    static const char *const missing[] = {"nowhere.jpg"}, *const none[] = {"@empty"};
    clproc_pipeline *pipeline = NULL;
    clproc_profile *profile = NULL;
    clproc_run_params params = params_for(&pipeline);
    clproc_error error;
    clp_child child;
    params.inputs = missing;
    assert_int_equal(clp_child_run(&child, &params, "run.json", &profile, &error), CLPROC_OK);
    assert_int_equal(child.result.failed, 1);
    assert_non_null(strstr(child.problem, "nowhere.jpg: "));
    clproc_profile_destroy(&profile);

    assert_int_equal(clp_file_write("empty", "", 0, false, NULL), CLPROC_OK);
    params.inputs = none;
    assert_int_equal(clp_child_run(&child, &params, "run.json", &profile, &error),
                     CLPROC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "there is no file"));

    /* A profile that cannot be kept is a run without a result. */
    params.inputs = inputs;
    assert_int_equal(clp_child_run(&child, &params, "nowhere/run.json", &profile, &error),
                     CLPROC_ERROR_INTERNAL);
    assert_null(profile);
    clproc_pipeline_destroy(&pipeline);
}

static void test_it_stops_on_request(void **state) {
    (void)state;
    clproc_pipeline *pipeline = NULL;
    clproc_profile *profile = NULL;
    clproc_run_params params = params_for(&pipeline);
    volatile int stop = 1;
    clproc_error error;
    clp_child child;
    params.cancel = &stop;
    assert_int_equal(clp_child_run(&child, &params, "run.json", &profile, &error),
                     CLPROC_ERROR_CANCELLED);
    assert_null(profile);
    assert_int_equal(tree_of("out").files, 0);
    clproc_pipeline_destroy(&pipeline);
}

/** A child of any thread of this process; 0: there is none. */
static pid_t find_child(void) {
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    int child = 0;
    while (tasks && !child && (task = readdir(tasks))) {
        char path[300];
        snprintf(path, sizeof path, "/proc/self/task/%s/children", task->d_name);
        FILE *children = fopen(path, "r");
        if (children) {
            child = fscanf(children, "%d", &child) == 1 ? child : 0;
            fclose(children);
        }
    }
    closedir(tasks);
    return child;
}

typedef struct assassin {
    pthread_t thread;
    int signal;         /**< for the child; 0: none, but a request to stop */
    int times;          /**< that the signal is sent */
    volatile int *stop; /**< for the parent, or NULL */
} assassin;

/** Waits until there is a child, and, where the folder is asked for, some seconds for that. */
static void *strike(void *user) {
    const assassin *self = user;
    pid_t child;
    while ((child = find_child()) == 0) {
        usleep(1000);
    }
    for (int i = 0; i < 10000 && made && !made[0]; i++) {
        usleep(1000);
    }
    for (int i = 0; i < self->times; i++) {
        kill(child, self->signal);
        usleep(10000);
    }
    if (self->stop) {
        *self->stop = 1;
    }
    return NULL;
}

/** Runs that would last for minutes. */
static void test_a_child_that_is_ended(void **state) {
    (void)state;
    clproc_pipeline *pipeline = NULL;
    clproc_profile *profile = NULL;
    clproc_run_params params = params_for(&pipeline);
    volatile int stop = 0;
    assassin killer = {.signal = SIGKILL, .times = 1}, stopper = {.stop = &stop};
    clproc_error error;
    clp_child child;
    if (access("/proc/thread-self/children", F_OK) != 0) {
        SKIP_BECAUSE("the kernel does not tell a process's children");
    }
    params.duration = 300;
    assert_int_equal(pthread_create(&killer.thread, NULL, strike, &killer), 0);
    assert_int_equal(clp_child_run(&child, &params, "run.json", &profile, &error),
                     CLPROC_ERROR_INTERNAL);
    assert_non_null(strstr(error.message, "by signal 9; try `clproc run` alone"));
    pthread_join(killer.thread, NULL);

    params.cancel = &stop;
    assert_int_equal(pthread_create(&stopper.thread, NULL, strike, &stopper), 0);
    assert_int_equal(clp_child_run(&child, &params, "run.json", &profile, &error),
                     CLPROC_ERROR_CANCELLED);
    pthread_join(stopper.thread, NULL);
    assert_null(profile);
    clproc_pipeline_destroy(&pipeline);
}

/** From a terminal the child gets a signal of its own, and perhaps several. */
static void test_signals_leave_no_folder(void **state) {
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM};
    clproc_pipeline *pipeline = NULL;
    clproc_profile *profile = NULL;
    clproc_run_params params = params_for(&pipeline);
    bool left = false;
    if (access("/proc/thread-self/children", F_OK) != 0) {
        SKIP_BECAUSE("the kernel does not tell a process's children");
    }
    params.duration = 300;
    for (size_t i = 0; i < 2; i++) {
        assassin sender = {.signal = signals[i], .times = 3};
        clp_child child;
        made = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(made != MAP_FAILED);
        assert_int_equal(pthread_create(&sender.thread, NULL, strike, &sender), 0);
        clproc_status status = clp_child_run(&child, &params, "run.json", &profile, NULL);
        pthread_join(sender.thread, NULL);
        left |= made[0] && access(made, F_OK) == 0;
        munmap(made, 4096);
        made = NULL;
        assert_int_equal(status, CLPROC_ERROR_CANCELLED);
    }
    assert_false(left);
    clproc_pipeline_destroy(&pipeline);
}

/** Where signals are ignored, as in the background of a shell, a request arrives all the same. */
static void test_it_stops_without_signals(void **state) {
    (void)state;
    clproc_pipeline *pipeline = NULL;
    clproc_profile *profile = NULL;
    clproc_run_params params = params_for(&pipeline);
    volatile int stop = 0;
    assassin stopper = {.stop = &stop};
    clp_child child;
    if (access("/proc/thread-self/children", F_OK) != 0) {
        SKIP_BECAUSE("the kernel does not tell a process's children");
    }
    params.duration = 300;
    params.cancel = &stop;
    void (*before)(int) = signal(SIGINT, SIG_IGN);
    assert_int_equal(pthread_create(&stopper.thread, NULL, strike, &stopper), 0);
    clproc_status status = clp_child_run(&child, &params, "run.json", &profile, NULL);
    signal(SIGINT, before);
    pthread_join(stopper.thread, NULL);
    assert_int_equal(status, CLPROC_ERROR_CANCELLED);
    assert_true(child.seconds < 200);
    clproc_pipeline_destroy(&pipeline);
}

static void test_no_pipe(void **state) {
    (void)state;
    clproc_pipeline *pipeline = NULL;
    clproc_profile *profile = NULL;
    clproc_run_params params = params_for(&pipeline);
    struct rlimit before, none;
    clproc_error error;
    clp_child child;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    clproc_status status = clp_child_run(&child, &params, "run.json", &profile, &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, CLPROC_ERROR_IO);
    assert_non_null(strstr(error.message, "no pipe can be made: Too many open files"));
    clproc_pipeline_destroy(&pipeline);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_result_and_profile_arrive), IN_SCRATCH(test_nothing_stays_behind),
        IN_SCRATCH(test_failures_arrive),           IN_SCRATCH(test_it_stops_on_request),
        IN_SCRATCH(test_a_child_that_is_ended),     IN_SCRATCH(test_signals_leave_no_folder),
        IN_SCRATCH(test_it_stops_without_signals),  IN_SCRATCH(test_no_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
