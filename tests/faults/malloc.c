/* Makes one allocation fail that chosen libraries make; loaded with LD_PRELOAD. In the environment:
 *   FAULT_MALLOC     number of the allocation that fails, from 1; without it none does
 *   FAULT_LIBRARIES  beginnings of the libraries' names, or of the program's, with blanks between
 *   FAULT_LOG        a file that is written at exit: "allocations N"
 * malloc(), calloc() and realloc() count, in the order they are called. */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RANGES = 16 };

/* glibc's own, by names that nothing else has. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

static struct { uintptr_t from, to; } ranges[MOST_RANGES];
static int range_count;
static long failing;
static atomic_long calls;

static bool is_chosen(const char *path) {
    const char *names = getenv("FAULT_LIBRARIES");
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    while (names && *names) {
        size_t length = strcspn(names, " ");
        if (length > 0 && strncmp(name, names, length) == 0) {
            return true;
        }
        names += length + (names[length] == ' ');
    }
    return false;
}

static int note_library(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    const char *name = info->dlpi_name[0] ? info->dlpi_name : program_invocation_short_name;
    for (int i = 0; is_chosen(name) && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) && range_count < MOST_RANGES) {
            ranges[range_count].from = info->dlpi_addr + part->p_vaddr;
            ranges[range_count++].to = info->dlpi_addr + part->p_vaddr + part->p_memsz;
        }
    }
    return 0;
}

__attribute__((constructor)) static void begin(void) {
    const char *number = getenv("FAULT_MALLOC");
    failing = number ? strtol(number, NULL, 10) : 0;
    dl_iterate_phdr(note_library, NULL);
}

__attribute__((destructor)) static void write_log(void) {
    const char *path = getenv("FAULT_LOG");
    FILE *log = path ? fopen(path, "w") : NULL;
    if (log) {
        fprintf(log, "allocations %ld\n", (long)calls);
        fclose(log);
    }
}

/** Counts a call from `address`; true if it is to fail. */
static bool fails(const void *address) {
    for (int i = 0; i < range_count; i++) {
        if ((uintptr_t)address >= ranges[i].from && (uintptr_t)address < ranges[i].to) {
            return atomic_fetch_add(&calls, 1) + 1 == failing;
        }
    }
    return false;
}

void *malloc(size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(block, size);
}
