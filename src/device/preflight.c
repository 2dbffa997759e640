/* What PoCL would abort the process for, looked at before its first call. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/machine.h"
#include "device/device_private.h"

/** What compiling takes, measured with `ulimit`: 600 MB of address space on two cores, 400 KB for
 * the largest file, 12 descriptors more than clproc has itself. */
#define SPACE_BYTES ((size_t)768 << 20)
/** For each of PoCL's threads: a stack, and what malloc() reserves. */
#define THREAD_BYTES ((size_t)72 << 20)
#define FILE_BYTES ((rlim_t)4 << 20)
#define DESCRIPTORS 16

static bool on_path(const char *program) {
    const char *path = getenv("PATH");
    char name[4096];
    while (path && *path) {
        size_t length = strcspn(path, ":");
        snprintf(name, sizeof name, "%.*s/%s", (int)length, length ? path : ".", program);
        if (access(name, X_OK) == 0) {
            return true;
        }
        path += length + (path[length] == ':');
    }
    return false;
}

/** hwloc, by which PoCL learns of processors and memory, starts from here. */
static bool has_topology(void) {
    return access("/sys/devices/system/cpu/cpu0/topology", F_OK) == 0 ||
           access("/sys/bus/cpu/devices/cpu0/topology", F_OK) == 0;
}

static size_t count_processors(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (size_t)count : 1;
}

bool clp_pocl_has_space(size_t size) {
    if (!clp_machine_limits_addresses()) {
        return true;
    }
    void *space = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return space != MAP_FAILED && munmap(space, size) == 0;
}

static bool has_space(void) {
    return clp_pocl_has_space(SPACE_BYTES + count_processors() * THREAD_BYTES);
}

static bool has_descriptors(void) {
    int files[DESCRIPTORS], count = 0;
    while (count < DESCRIPTORS && (files[count] = open("/", O_PATH | O_CLOEXEC)) >= 0) {
        count++;
    }
    bool enough = count == DESCRIPTORS;
    while (count > 0) {
        close(files[--count]);
    }
    return enough;
}

/** Threads that are there at the same time. */
typedef struct crowd {
    pthread_mutex_t gate; /**< held until all are there */
} crowd;

static void *wait_at_gate(void *argument) {
    crowd *all = argument;
    pthread_mutex_lock(&all->gate);
    pthread_mutex_unlock(&all->gate);
    return NULL;
}

/** PoCL starts one for each processor; beside them a worker, the builder and a linker have to run,
 * and PoCL ends the process where the linker cannot start. */
static bool has_threads(void) {
    enum { BESIDE = 4 };
    crowd all = {.gate = PTHREAD_MUTEX_INITIALIZER};
    size_t wanted = count_processors() + BESIDE, count = 0;
    pthread_t threads[256]; /* beyond it, the limit is no small one */
    wanted = wanted < 256 ? wanted : 256;
    pthread_mutex_lock(&all.gate);
    while (count < wanted && pthread_create(&threads[count], NULL, wait_at_gate, &all) == 0) {
        count++;
    }
    pthread_mutex_unlock(&all.gate);
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    return count == wanted;
}

/** Whether files of the size compiled kernels have can be written. */
static bool has_file_size(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
           limit.rlim_cur >= FILE_BYTES;
}

static clproc_status check_limits(clproc_error *error) {
    const struct {
        bool (*enough)(void);
        const char *what, *remedy;
    } limits[] = {
        {has_file_size, "larger files", "raise `ulimit -f` to 4096"},
        {has_descriptors, "more open files", "raise `ulimit -n`"},
        {has_threads, "more threads", "end other programs or raise `ulimit -u`"},
        {has_space, "more address space", "raise `ulimit -v`"},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (!limits[i].enough()) {
            return clp_error_set(error, CLPROC_ERROR_NO_DEVICE,
                                 "PoCL needs %s than it may have; %s, or use --device "
                                 "reference (slow)",
                                 limits[i].what, limits[i].remedy);
        }
    }
    return CLPROC_OK;
}

clproc_status clp_pocl_preflight(char *notice, size_t notice_size, clproc_error *error) {
    notice[0] = '\0';
    if (!clp_loader_has_pocl()) {
        return CLPROC_OK;
    }
    if (!on_path("ld") && !on_path("ld.lld") &&
        setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1) == 0 && !on_path("ld")) {
        return clp_error_set(error, CLPROC_ERROR_NO_DEVICE,
                             "PoCL needs the linker `ld`, which is not on PATH; `apt install "
                             "binutils` or correct PATH");
    }
    if (!has_topology()) {
        return clp_error_set(error, CLPROC_ERROR_NO_DEVICE,
                             "PoCL needs /sys to find the processors, and it is not mounted; "
                             "`mount -t sysfs sysfs /sys`, or use --device reference (slow)");
    }
    clproc_status status = check_limits(error);
    return status == CLPROC_OK ? clp_cache_prepare(notice, notice_size, error) : status;
}
