#include "core/machine.h"

#include <inttypes.h>
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

/** The smallest limit of a group and those above it. */
static uint64_t limit_of_group(const char *mount, char *group, const char *file, uint64_t limit) {
    char path[2 * MOST_PATH];
    for (;;) {
        snprintf(path, sizeof path, "%s%s/%s", mount, group, file);
        uint64_t own = read_number(path, limit);
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

uint64_t clp_machine_memory_below(const char *root, uint64_t physical) {
    char path[MOST_PATH], line[MOST_PATH];
    uint64_t limit = physical;
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
            limit = limit_of_group(path, group, "memory.max", limit);
        } else if (lists(controllers, "memory")) {
            snprintf(path, sizeof path, "%.4000s/sys/fs/cgroup/memory", root);
            limit = limit_of_group(path, group, "memory.limit_in_bytes", limit);
        }
    }
    if (groups) {
        fclose(groups);
    }
    return limit;
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
