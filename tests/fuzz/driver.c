/* Runs a fuzz target without a fuzzer: over the files it is given, then over mutations of them for
 * FUZZ_COUNT mutations. The mutations are the same in every run. */
#include <fcntl.h>
#include <ftw.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

enum { most_seeds = 4096, most_bytes = 1 << 16 };

typedef struct seed {
    uint8_t *data;
    size_t size;
} seed;

/* nftw() passes nothing on to its callback. */
static seed seeds[most_seeds];
static size_t seed_count;

/* What runs now, for whoever finds the program dead. */
static const char *crash_file = "fuzz-crash";

static void run(const uint8_t *data, size_t size) {
    /* A block of its own, so that a sanitizer sees a read beyond it. */
    uint8_t *copy = malloc(size ? size : 1);
    FUZZ_PROMISE(copy);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int take_file(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info, (void)where;
    FILE *file = kind == FTW_F && seed_count < most_seeds ? fopen(path, "rbe") : NULL;
    if (!file) {
        return 0;
    }
    uint8_t *data = malloc(most_bytes);
    FUZZ_PROMISE(data);
    size_t size = fread(data, 1, most_bytes, file);
    fclose(file);
    seeds[seed_count++] = (seed){data, size};
    return 0;
}

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 16;
}

/** Changes `data` a little; returns its new size, at most `room`. */
static size_t mutate(uint8_t *data, size_t size, size_t room, uint64_t *state) {
    static const uint32_t edges[] = {0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0xffffffff};
    size_t at = size ? next_random(state) % size : 0, length;
    uint32_t edge = edges[next_random(state) % (sizeof edges / sizeof edges[0])];
    switch (next_random(state) % 7) {
    case 0: /* a bit */
        data[at] ^= (uint8_t)(1u << next_random(state) % 8);
        break;
    case 1: /* a byte */
        data[at] = (uint8_t)next_random(state);
        break;
    case 2: /* a number */
        length = size - at < 4 ? size - at : 4;
        memcpy(data + at, &edge, length);
        break;
    case 3: /* a cut */
        return at;
    case 4: /* a piece left out */
        length = next_random(state) % 64;
        length = length < size - at ? length : size - at;
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    case 5: /* a piece twice */
        length = next_random(state) % 64;
        length = length < size - at ? length : size - at;
        length = length < room - size ? length : room - size;
        memmove(data + at + length, data + at, size - at);
        return size + length;
    case 6: /* a piece of another */ {
        const seed *other = &seeds[next_random(state) % seed_count];
        size_t from = other->size ? next_random(state) % other->size : 0;
        length = next_random(state) % 256;
        length = length < size - at ? length : size - at;
        length = length < other->size - from ? length : other->size - from;
        memcpy(data + at, other->data + from, length);
        break;
    }
    }
    return size;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/** Keeps the input at hand while it runs: it is still there if that ends the program. The file
 * stays open: on ext4, each close after a truncation waits for the disk, longer than most targets
 * run. */
static void run_kept(const uint8_t *data, size_t size, int kept) {
    FUZZ_PROMISE(ftruncate(kept, 0) == 0 && pwrite(kept, data, size, 0) == (ssize_t)size);
    run(data, size);
}

int main(int argc, char **argv) {
    static uint8_t data[most_bytes];
    const char *budget = getenv("FUZZ_SECONDS"), *number = getenv("FUZZ_COUNT");
    const char *chosen = getenv("FUZZ_SEED");
    double end = seconds() + (budget ? atof(budget) : 0);
    /* Seconds are for nights; where machines differ, a number is the same work for all. */
    uint64_t wanted = number ? strtoull(number, NULL, 10) : 3000, mutated = 0;
    uint64_t state = 0x9e3779b97f4a7c15u ^ (chosen ? strtoull(chosen, NULL, 10) : 0);
    crash_file = argc > 1 ? argv[1] : crash_file;
    for (int i = 2; i < argc; i++) {
        nftw(argv[i], take_file, 16, FTW_PHYS);
    }
    if (seed_count == 0) {
        fprintf(stderr, "usage: %s KEPT-INPUT FILE|FOLDER...\n", argv[0]);
        return 2;
    }
    int kept = open(crash_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    FUZZ_PROMISE(kept >= 0);
    for (size_t i = 0; i < seed_count; i++) {
        run_kept(seeds[i].data, seeds[i].size, kept);
    }
    while (mutated < wanted || seconds() < end) {
        const seed *from = &seeds[next_random(&state) % seed_count];
        size_t size = from->size, changes = 1 + next_random(&state) % 6;
        memcpy(data, from->data, size);
        for (size_t i = 0; i < changes && size > 0; i++) {
            size = mutate(data, size, most_bytes, &state);
        }
        run_kept(data, size, kept);
        mutated++;
    }
    close(kept);
    unlink(crash_file);
    unsigned long long runs = seed_count + mutated;
    const char *name = strrchr(argv[0], '/');
    printf("verify: T16 %s, %zu inputs and mutations of them: tried %llu, survived %llu\n",
           name ? name + 1 : argv[0], seed_count, runs, runs);
    for (size_t i = 0; i < seed_count; i++) {
        free(seeds[i].data);
    }
    return 0;
}
