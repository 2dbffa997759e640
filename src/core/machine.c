#include "core/machine.h"

#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MOST_PATH 4096

/** The number a file holds; `otherwise` where there is none, as for "max". */
static uint64_t read_number(const char *path, uint64_t otherwise) {
    uint64_t number = otherwise;
    FILE *file = fopen(path, "re");
    if (file) {
        if (fscanf(file, "%" SCNu64, &number) != 1) {
            number = otherwise;
        }
        fclose(file);
    }
    return number;
}

/** The limit that a group has itself; `otherwise` if it has none. */
typedef uint64_t (*group_limit)(const char *folder, uint64_t otherwise);

/** The smallest limit of a group and those above it. */
static uint64_t limit_of_group(const char *mount, char *group, group_limit read, uint64_t limit) {
    char folder[2 * MOST_PATH];
    for (;;) {
        snprintf(folder, sizeof folder, "%s%s", mount, group);
        uint64_t own = read(folder, limit);
        limit = own < limit ? own : limit;
        char *slash = strrchr(group, '/');
        if (!slash) {
            return limit;
        }
        *slash = '\0';
    }
}

/** True if `name` stands in a list with commas. */
static bool lists(const char *list, const char *name) {
    size_t length = strlen(name);
    for (; *list; list += strcspn(list, ","), list += *list == ',') {
        if (strcspn(list, ",") == length && strncmp(list, name, length) == 0) {
            return true;
        }
    }
    return false;
}

/** A controller of version 1, where its groups are, and how the limits of both versions are read.
 */
typedef struct controller {
    const char *name, *mount;
    group_limit version_1, version_2;
} controller;

/** The smallest limit that this process's groups have, and `limit`. */
static uint64_t limit_of_process(const char *root, const controller *of, uint64_t limit) {
    char path[MOST_PATH], line[MOST_PATH];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *groups = fopen(path, "re");
    /* Lines of NUMBER:CONTROLLERS:GROUP, with no controllers for version 2. */
    while (groups && fgets(line, sizeof line, groups)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(++controllers, ':') : NULL;
        if (!group) {
            continue;
        }
        *group++ = '\0';
        if (*controllers == '\0') {
            snprintf(path, sizeof path, "%.4000s/sys/fs/cgroup", root);
            limit = limit_of_group(path, group, of->version_2, limit);
        } else if (lists(controllers, of->name)) {
            snprintf(path, sizeof path, "%.4000s/sys/fs/cgroup/%s", root, of->mount);
            limit = limit_of_group(path, group, of->version_1, limit);
        }
    }
    if (groups) {
        fclose(groups);
    }
    return limit;
}

/* ------------------------------------------------------------------ memory */

static uint64_t memory_1(const char *folder, uint64_t otherwise) {
    char path[3 * MOST_PATH];
    snprintf(path, sizeof path, "%s/memory.limit_in_bytes", folder);
    return read_number(path, otherwise);
}

static uint64_t memory_2(const char *folder, uint64_t otherwise) {
    char path[3 * MOST_PATH];
    snprintf(path, sizeof path, "%s/memory.max", folder);
    return read_number(path, otherwise);
}

uint64_t clp_machine_memory_below(const char *root, uint64_t physical) {
    static const controller memory = {"memory", "memory", memory_1, memory_2};
    return limit_of_process(root, &memory, physical);
}

uint64_t clp_machine_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t physical =
        pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : (uint64_t)4 << 30;
    return clp_machine_memory_below("", physical);
}

static bool is_limited(int resource) {
    struct rlimit limit;
    return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

bool clp_machine_limits_addresses(void) {
    return is_limited(RLIMIT_AS) || is_limited(RLIMIT_DATA);
}

/* ------------------------------------------------------------------- cores */

/** Microseconds of processor time in a period of so many, as cores: a part of one counts as one. */
static uint64_t cores_of(uint64_t quota, uint64_t period, uint64_t otherwise) {
    return quota > 0 && period > 0 && quota <= UINT64_MAX - period ? (quota + period - 1) / period
                                                                   : otherwise;
}

static uint64_t cores_1(const char *folder, uint64_t otherwise) {
    char path[3 * MOST_PATH];
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    uint64_t period = read_number(path, 0);
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    /* −1 says that there is none, and is a huge number here. */
    uint64_t quota = read_number(path, 0);
    return quota <= INT64_MAX ? cores_of(quota, period, otherwise) : otherwise;
}

static uint64_t cores_2(const char *folder, uint64_t otherwise) {
    char path[3 * MOST_PATH];
    uint64_t quota, period, cores = otherwise;
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    FILE *file = fopen(path, "re");
    if (file) {
        if (fscanf(file, "%" SCNu64 "%" SCNu64, &quota, &period) == 2) {
            cores = cores_of(quota, period, otherwise);
        }
        fclose(file);
    }
    return cores;
}

uint32_t clp_machine_cores_below(const char *root, uint32_t allowed) {
    static const controller cpu = {"cpu", "cpu", cores_1, cores_2};
    uint64_t cores = limit_of_process(root, &cpu, allowed);
    return cores > 0 ? (uint32_t)cores : 1;
}

/** Cores that the process may run on; 0 if that cannot be told. */
static uint32_t count_allowed(void) {
    for (size_t most = CPU_SETSIZE; most <= 64 * CPU_SETSIZE; most *= 2) {
        cpu_set_t *set = CPU_ALLOC(most);
        size_t size = CPU_ALLOC_SIZE(most);
        int count = set && sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (count > 0) {
            return (uint32_t)count;
        }
    }
    return 0;
}

uint32_t clp_machine_cores(void) {
    return clp_machine_cores_below("", count_allowed());
}
