/* libvips on many pictures, from threads of its own: the fastest peer on a CPU.
 *
 *   peer_vips resize|thumbnail|blur VALUE THREADS OUT FILE...
 *
 * resize: to VALUE pixels across, the file decoded at its full size. thumbnail: likewise, the
 * decoder shrinking first. blur: a Gaussian of σ = VALUE. Built without libvips' headers, against
 * whichever library there is, as sharp's. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int vips_init(const char *name);
extern void vips_concurrency_set(int threads);
extern void vips_cache_set_max(int operations);
extern int vips_thumbnail(const char *name, void **out, int width, ...);
extern int vips_jpegload(const char *name, void **out, ...);
extern int vips_resize(void *in, void **out, double scale, ...);
extern int vips_gaussblur(void *in, void **out, double sigma, ...);
extern int vips_jpegsave(void *in, const char *name, ...);
extern int vips_image_get_width(void *image);
extern void g_object_unref(void *object);

static struct {
    const char *mode, *folder;
    double value;
    char **files;
    int count;
    atomic_int next, failed;
} work;

static int make(const char *file, void **loaded, void **out) {
    if (strcmp(work.mode, "thumbnail") == 0) {
        return vips_thumbnail(file, out, (int)work.value, "height", 1000000, NULL);
    }
    if (vips_jpegload(file, loaded, "access", 1, NULL) != 0) {
        return -1;
    }
    if (strcmp(work.mode, "resize") == 0) {
        return vips_resize(*loaded, out, work.value / vips_image_get_width(*loaded), NULL);
    }
    return vips_gaussblur(*loaded, out, work.value, "min_ampl", 0.01, NULL);
}

static void *run(void *unused) {
    int i;
    while ((i = atomic_fetch_add(&work.next, 1)) < work.count) {
        void *loaded = NULL, *out = NULL;
        const char *base = strrchr(work.files[i], '/');
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", work.folder, base ? base + 1 : work.files[i]);
        if (make(work.files[i], &loaded, &out) != 0 ||
            vips_jpegsave(out, name, "Q", 85, NULL) != 0) {
            fprintf(stderr, "peer_vips: failed: %s\n", work.files[i]);
            atomic_store(&work.failed, 1);
        }
        if (out) {
            g_object_unref(out);
        }
        if (loaded) {
            g_object_unref(loaded);
        }
    }
    return unused;
}

int main(int count, char **arguments) {
    pthread_t threads[256];
    int wanted = count > 5 ? atoi(arguments[3]) : 0, started = 0;
    if (wanted < 1 || wanted > 256) {
        fprintf(stderr, "peer_vips: needs a mode, a value, threads, a folder and files\n");
        return 2;
    }
    work.mode = arguments[1];
    work.value = atof(arguments[2]);
    work.folder = arguments[4];
    work.files = arguments + 5;
    work.count = count - 5;
    if (vips_init(arguments[0]) != 0) {
        return 1;
    }
    /* Pictures side by side, each with one thread: faster on many files than many threads each. */
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    while (started < wanted && pthread_create(&threads[started], NULL, run, NULL) == 0) {
        started++;
    }
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    return started < wanted || atomic_load(&work.failed);
}
