/* Programs as PoCL compiled them, kept from run to run and sealed with a digest.
 *
 *  What does not carry the right one, whatever happened to the disk, is compiled anew: PoCL itself
 * would end the process. From a binary it goes straight to the compiled kernels; from a text it
 * starts a compiler's front end, which takes longer than all else until the first command. */
#define XXH_INLINE_ALL
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "core/cancel.h"
#include "core/file.h"
#include "core/memory.h"
#include "device/device_private.h"

/** No program of ours comes near; a file beyond it is none of ours. */
#define MOST_BYTES ((size_t)64 << 20)
/** PoCL puts a binary together in 256 MiB and does not look at whether it got them. */
#define WRITING_BYTES ((size_t)288 << 20)

/** The folder of binaries; false where none are kept. Other drivers are quick to find programs, as
 * far as was measured. */
static bool find_folder(const clp_device *device, char *path, size_t size) {
    const char *folder = getenv(CLP_CACHE_KEPT), *used = getenv("POCL_KERNEL_CACHE");
    /* Flags from outside make other code of the same text, and so does another way to make loops of
     * work-items. */
    bool kept = strcmp(device->info.platform, CLP_POCL_PLATFORM) == 0 && folder && *folder &&
                !(used && strcmp(used, "0") == 0) && !getenv("POCL_EXTRA_BUILD_FLAGS") &&
                !getenv("POCL_WORK_GROUP_METHOD");
    int length = kept ? snprintf(path, size, "%s", folder) : -1;
    return length > 0 && (size_t)length < size;
}

void clp_binary_key(const clp_device *device, const char *options, const char *const *strings,
                    const size_t *lengths, uint32_t count, char key[CLP_BINARY_KEY]) {
    const clproc_device_info *info = &device->info;
    const char *const facts[] = {info->name, info->driver, info->version, options,
                                 device->in_thread ? "in thread" : ""};
    XXH3_state_t state;
    XXH3_128bits_reset(&state);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        XXH3_128bits_update(&state, facts[i], strlen(facts[i]) + 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        XXH3_128bits_update(&state, strings[i], lengths[i]);
    }
    XXH128_hash_t hash = XXH3_128bits_digest(&state);
    snprintf(key, CLP_BINARY_KEY, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
}

/** A file begins with a digest of its key and the binary that follows. */
static XXH128_hash_t digest_of(const char *key, const uint8_t *binary, size_t size) {
    XXH3_state_t state;
    XXH3_128bits_reset(&state);
    XXH3_128bits_update(&state, key, strlen(key));
    XXH3_128bits_update(&state, binary, size);
    return XXH3_128bits_digest(&state);
}

static bool is_whole(const clp_bytes *file, const char *key) {
    XXH128_hash_t told;
    if (file->size <= sizeof told) {
        return false;
    }
    memcpy(&told, file->data, sizeof told);
    return XXH128_isEqual(told, digest_of(key, file->data + sizeof told, file->size - sizeof told));
}

/** PoCL unpacks a binary into the folder of this process, and reads it back from there. Two devices
 * of one name have one place in it: the second would read what the first has written in part. */
static pthread_mutex_t unpacking = PTHREAD_MUTEX_INITIALIZER;

/** The program of a good binary, built; NULL if the driver does not take it. */
static cl_program build_binary(clp_device *device, const uint8_t *binary, size_t size) {
    cl_int code;
    pthread_mutex_lock(&unpacking);
    cl_program program =
        clCreateProgramWithBinary(device->context, 1, &device->id, &size, &binary, NULL, &code);
    if (code != CL_SUCCESS) {
        program = NULL;
    } else if (clBuildProgram(program, 1, &device->id, NULL, NULL, NULL) != CL_SUCCESS) {
        clReleaseProgram(program);
        program = NULL;
    }
    pthread_mutex_unlock(&unpacking);
    return program;
}

/** Reads a binary, by way of the folder that was looked at: its name may lead to another by now. */
static bool read_binary(const char *folder, const char *key, clp_bytes *bytes) {
    struct stat info;
    size_t size = 0;
    ssize_t got = 1;
    int place = clp_cache_open(folder);
    int file = place >= 0 ? openat(place, key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    if (file >= 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode) && clp_cache_is_ours(&info) &&
        info.st_size > 0 && (uint64_t)info.st_size <= MOST_BYTES &&
        clp_bytes_reserve(bytes, (size_t)info.st_size, NULL) == CLPROC_OK) {
        size = (size_t)info.st_size;
    }
    while (bytes->size < size && got > 0) {
        got = read(file, bytes->data + bytes->size, size - bytes->size);
        bytes->size += got > 0 ? (size_t)got : 0;
    }
    if (file >= 0) {
        close(file);
    }
    if (place >= 0) {
        close(place);
    }
    return size > 0 && bytes->size == size;
}

cl_program clp_binary_load(clp_device *device, const char *key) {
    char folder[4096];
    clp_bytes file = {0};
    cl_program program = NULL;
    if (find_folder(device, folder, sizeof folder) && read_binary(folder, key, &file) &&
        is_whole(&file, key)) {
        size_t size = file.size - sizeof(XXH128_hash_t);
        program = build_binary(device, file.data + sizeof(XXH128_hash_t), size);
    }
    clp_bytes_free(&file);
    return program;
}

void clp_binary_keep(clp_device *device, cl_program program, const char *key) {
    char folder[4096];
    if (!find_folder(device, folder, sizeof folder)) {
        return;
    }
    pthread_mutex_lock(&device->lock);
    if (device->unsaved_count < CLP_MAX_KERNELS && clRetainProgram(program) == CL_SUCCESS) {
        clp_unsaved *unsaved = &device->unsaved[device->unsaved_count++];
        unsaved->program = program;
        snprintf(unsaved->key, sizeof unsaved->key, "%s", key);
    }
    pthread_mutex_unlock(&device->lock);
}

/** Writes a file that no other user can, whatever the umask is. */
static void write_binary(const char *folder, const char *key, const clp_bytes *bytes, size_t size) {
    const clp_file_tree tree = {.root = strlen(folder), .no_links = true};
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, key), place = clp_cache_open(folder);
    /* Without it the next run takes a little longer: no reason to fail this one. */
    if (place >= 0 && length > 0 && (size_t)length < sizeof path &&
        clp_file_write_in(&tree, path, bytes->data, size, NULL) == CLPROC_OK) {
        (void)fchmodat(place, key, 0600, 0);
    }
    if (place >= 0) {
        close(place);
    }
}

static void save(const char *folder, const clp_unsaved *unsaved) {
    size_t size = 0;
    clp_bytes file = {0};
    /* Asking for the size makes PoCL compile what a binary must hold, should the run not have. */
    if (clGetProgramInfo(unsaved->program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL) !=
            CL_SUCCESS ||
        size == 0 || size > MOST_BYTES ||
        clp_bytes_reserve(&file, sizeof(XXH128_hash_t) + size, NULL) != CLPROC_OK) {
        return;
    }
    uint8_t *binary = file.data + sizeof(XXH128_hash_t);
    if (clGetProgramInfo(unsaved->program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) ==
        CL_SUCCESS) {
        XXH128_hash_t digest = digest_of(unsaved->key, binary, size);
        memcpy(file.data, &digest, sizeof digest);
        write_binary(folder, unsaved->key, &file, sizeof digest + size);
    }
    clp_bytes_free(&file);
}

void clp_device_save_programs(clp_device *device, const volatile int *cancel,
                              clp_prof_thread *thread) {
    char folder[4096];
    bool writable = device->unsaved_count > 0 && find_folder(device, folder, sizeof folder) &&
                    clp_cache_is_usable(folder);
    if (writable) {
        clp_file_sweep(&(clp_file_tree){0}, folder);
    }
    clp_prof_begin(thread, CLP_PROF_BUILD, CLP_PROF_NO_IMAGE);
    writable = writable && clp_pocl_has_space(WRITING_BYTES);
    for (uint32_t i = 0; writable && i < device->unsaved_count && !clp_cancel_asked(cancel); i++) {
        save(folder, &device->unsaved[i]);
    }
    clp_prof_end(thread);
    clp_binaries_forget(device);
}

void clp_binaries_forget(clp_device *device) {
    while (device->unsaved_count > 0) {
        clReleaseProgram(device->unsaved[--device->unsaved_count].program);
    }
}
