#include "device/pages.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

#include "core/checked.h"
#include "core/machine.h"
#include "core/memory.h"

#define HUGE_PAGE ((size_t)2 << 20)
/** Addresses cost nothing; a picture that outgrows these moves. */
#define RESERVATION ((size_t)1 << 30)

struct clp_pages {
    uint8_t *start;
    size_t size;
    atomic_uint holders;
};

/** Maps `size` bytes at a multiple of a huge page; NULL if the system says no. */
static uint8_t *map_aligned(size_t size) {
    size_t room;
    if (!clp_checked_add(size, HUGE_PAGE, &room)) {
        return NULL;
    }
    uint8_t *start = mmap(NULL, room, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) {
        return NULL;
    }
    /* Give back what stands over the aligned part on both sides. */
    size_t before = (HUGE_PAGE - (uintptr_t)start % HUGE_PAGE) % HUGE_PAGE,
           after = room - before - size;
    if (before > 0) {
        munmap(start, before);
    }
    if (after > 0) {
        munmap(start + before + size, after);
    }
    return start + before;
}

clp_pages *clp_pages_reserve(size_t size) {
    size_t wanted;
    clp_pages *pages = clp_memory_zero(CLP_MEMORY_BATCH, 1, sizeof *pages);
    if (!pages || !clp_checked_align(size, HUGE_PAGE, &wanted)) {
        clp_memory_free(pages);
        return NULL;
    }
    bool generous = wanted < RESERVATION && !clp_machine_limits_addresses();
    pages->size = generous ? RESERVATION : wanted;
    pages->start = map_aligned(pages->size);
    if (!pages->start && generous) {
        /* The system counts addresses, too: take what is needed. */
        pages->size = wanted;
        pages->start = map_aligned(wanted);
    }
    if (!pages->start) {
        clp_memory_free(pages);
        return NULL;
    }
    atomic_init(&pages->holders, 1);
    return pages;
}

void clp_pages_use(const clp_pages *pages, size_t size) {
    size_t whole = size / HUGE_PAGE * HUGE_PAGE;
    /* Of the last one more is cleared than is used. */
    if (size - whole > HUGE_PAGE / 2) {
        whole += HUGE_PAGE;
    }
    if (whole > 0) {
        /* A wish: without huge pages everything works as well. */
        (void)madvise(pages->start, whole, MADV_HUGEPAGE);
    }
}

clp_pages *clp_pages_retain(clp_pages *pages) {
    atomic_fetch_add(&pages->holders, 1);
    return pages;
}

void clp_pages_release(clp_pages *pages) {
    if (pages && atomic_fetch_sub(&pages->holders, 1) == 1) {
        munmap(pages->start, pages->size);
        clp_memory_free(pages);
    }
}

void *clp_pages_start(const clp_pages *pages) {
    return pages->start;
}

size_t clp_pages_size(const clp_pages *pages) {
    return pages->size;
}
