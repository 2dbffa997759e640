#include "device/pages.h"

#include <stdint.h>
#include <sys/mman.h>

#include "core/checked.h"

#define HUGE_PAGE ((size_t)2 << 20)

/** Small blocks are not worth a huge page. */
static size_t page_unit(size_t size) {
    return size >= HUGE_PAGE ? HUGE_PAGE : 4096;
}

void *clp_pages_alloc(size_t size) {
    size_t unit = page_unit(size), length, room;
    if (!clp_checked_align(size, unit, &length) || !clp_checked_add(length, unit, &room)) {
        return NULL;
    }
    uint8_t *start = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        return NULL;
    }
    /* Give back what stands over the aligned part on both sides. */
    size_t before = (unit - (uintptr_t)start % unit) % unit, after = room - before - length;
    if (before > 0) {
        munmap(start, before);
    }
    if (after > 0) {
        munmap(start + before + length, after);
    }
    if (unit == HUGE_PAGE) {
        /* A wish: without huge pages everything works as well. */
        (void)madvise(start + before, length, MADV_HUGEPAGE);
    }
    return start + before;
}

void clp_pages_free(void *pages, size_t size) {
    size_t length;
    if (pages && clp_checked_align(size, page_unit(size), &length)) {
        munmap(pages, length);
    }
}
