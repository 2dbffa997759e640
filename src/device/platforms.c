/** Finding and choosing devices. */
#include <ctype.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/memory.h"
#include "device/device_private.h"

/* cl_khr_device_uuid; the same number in every version of the extension. */
#define DEVICE_UUID 0x106A
/* cl_khr_icd: there are no drivers. */
#define NO_PLATFORM (-1001)

static void get_text(cl_device_id id, cl_device_info what, char *text, size_t size) {
    size_t length = 0;
    text[0] = '\0';
    if (clGetDeviceInfo(id, what, 0, NULL, &length) == CL_SUCCESS && length > 0) {
        char *whole = clp_memory_zero(CLP_MEMORY_OTHER, 1, length + 1);
        if (whole && clGetDeviceInfo(id, what, length, whole, NULL) == CL_SUCCESS) {
            const char *start = whole;
            while (isspace((unsigned char)*start)) {
                start++;
            }
            snprintf(text, size, "%s", start);
        }
        clp_memory_free(whole);
    }
}

/** The device cannot be used; the first reason stays. */
static void set_problem(clproc_device_info *info, const char *problem) {
    if (info->usable) {
        snprintf(info->problem, sizeof info->problem, "%s", problem);
        info->usable = false;
    }
}

/** 0 where the device has no such fact; where it fails to tell, that is its problem. */
static uint64_t get_number(clp_found *found, cl_device_info what, size_t size) {
    union {
        cl_uint small;
        cl_ulong large;
        size_t size;
    } value = {.large = 0};
    cl_int code = clGetDeviceInfo(found->id, what, size, &value, NULL);
    if (code != CL_SUCCESS) {
        if (code != CL_INVALID_VALUE) {
            char problem[96];
            snprintf(problem, sizeof problem, "clGetDeviceInfo failed: %s", clp_cl_name(code));
            set_problem(&found->info, problem);
        }
        return 0;
    }
    return size == sizeof value.small ? value.small : value.large;
}

static void get_uuid(cl_device_id id, char *text, size_t size) {
    unsigned char uuid[16];
    char extensions[8192];
    get_text(id, CL_DEVICE_EXTENSIONS, extensions, sizeof extensions);
    text[0] = '\0';
    if (strstr(extensions, "cl_khr_device_uuid") &&
        clGetDeviceInfo(id, DEVICE_UUID, sizeof uuid, uuid, NULL) == CL_SUCCESS) {
        for (size_t i = 0; i < sizeof uuid && 2 * i + 2 < size; i++) {
            snprintf(text + 2 * i, size - 2 * i, "%02x", uuid[i]);
        }
    }
}

static void describe(clp_found *found) {
    clproc_device_info *info = &found->info;
    cl_device_id id = found->id;
    info->usable = true;
    cl_device_type type = get_number(found, CL_DEVICE_TYPE, sizeof(cl_device_type));
    get_text(id, CL_DEVICE_NAME, info->name, sizeof info->name);
    get_text(id, CL_DEVICE_VENDOR, info->vendor, sizeof info->vendor);
    get_text(id, CL_DEVICE_VERSION, info->version, sizeof info->version);
    get_text(id, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    get_uuid(id, info->uuid, sizeof info->uuid);
    snprintf(info->type, sizeof info->type, "%s",
             type & CL_DEVICE_TYPE_GPU   ? "gpu"
             : type & CL_DEVICE_TYPE_CPU ? "cpu"
                                         : "accelerator");
    info->compute_units = (uint32_t)get_number(found, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(cl_uint));
    info->global_memory = get_number(found, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(cl_ulong));
    info->max_allocation = get_number(found, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(cl_ulong));
    info->local_memory = get_number(found, CL_DEVICE_LOCAL_MEM_SIZE, sizeof(cl_ulong));
    info->max_work_group = get_number(found, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(size_t));
    info->unified_memory = get_number(found, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof(cl_bool)) != 0;
    if (!get_number(found, CL_DEVICE_AVAILABLE, sizeof(cl_bool))) {
        set_problem(info, "the driver says it is not available");
    }
    if (!get_number(found, CL_DEVICE_COMPILER_AVAILABLE, sizeof(cl_bool))) {
        set_problem(info, "it has no compiler");
    }
    if (!get_number(found, CL_DEVICE_ENDIAN_LITTLE, sizeof(cl_bool))) {
        set_problem(info, "it is big-endian");
    }
}

/** A device of PoCL that runs commands in the thread that enqueues them: no choice of its own, but
 * another way to the same processor. Where the environment has chosen PoCL's drivers, they are
 * taken as they are. */
static bool is_in_thread(const clp_found *item) {
    const char *drivers = getenv("POCL_DEVICES");
    return strcmp(item->info.platform, CLP_POCL_PLATFORM) == 0 && drivers &&
           strcmp(drivers, CLP_POCL_DEVICES) == 0 &&
           (strncmp(item->info.name, "basic", 5) == 0 ||
            strncmp(item->info.name, "cpu-minimal", 11) == 0);
}

static clproc_status append(clp_found **found, size_t *count, size_t *capacity,
                            const clp_found *item, clproc_error *error) {
    clp_found *grown =
        clp_memory_grow(CLP_MEMORY_OTHER, *found, capacity, *count + 1, sizeof *grown);
    if (!grown) {
        return clp_error_memory(error, "the list of devices", sizeof *grown);
    }
    *found = grown;
    grown[*count] = *item;
    grown[*count].info.index = (int)*count;
    (*count)++;
    return CLPROC_OK;
}

/** For tests, takes every device of PoCL that can be divided as devices of one unit each. */
static void split_devices(cl_device_id ids[64], cl_uint *number) {
    const cl_device_partition_property by_one[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
    cl_uint whole = *number;
    for (cl_uint i = 0; clp_device_forced("sub-devices") && i < whole; i++) {
        cl_uint parts = 0, room = 64 - *number;
        if (clCreateSubDevices(ids[i], by_one, room, ids + *number, &parts) == CL_SUCCESS &&
            parts > 0) {
            /* The first takes the place of the whole. */
            ids[i] = ids[*number];
            *number += parts < room ? parts - 1 : room - 1;
            memmove(&ids[*number - (parts - 1)], &ids[*number - (parts - 1) + 1],
                    (parts - 1) * sizeof *ids);
        }
    }
}

static clproc_status find_on_platform(cl_platform_id platform, clp_found **found, size_t *count,
                                      size_t *capacity, char *problem, size_t problem_size,
                                      clproc_error *error) {
    cl_device_id ids[64];
    cl_uint number = 0;
    char name[sizeof(((clproc_device_info *)0)->platform)] = "";
    /* A platform without devices, or one that fails to start, concerns the user only if there is no
     * other. */
    cl_int code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 64, ids, &number);
    if (code != CL_SUCCESS) {
        if (code != CL_DEVICE_NOT_FOUND) {
            snprintf(problem, problem_size, "no device: clGetDeviceIDs failed: %s",
                     clp_cl_name(code));
        }
        return CLPROC_OK;
    }
    /* Without its name it is unknown what this driver needs. */
    code = clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof name, name, NULL);
    if (code != CL_SUCCESS) {
        snprintf(problem, problem_size, "no device: clGetPlatformInfo failed: %s",
                 clp_cl_name(code));
        return CLPROC_OK;
    }
    if (strcmp(name, CLP_POCL_PLATFORM) == 0) {
        split_devices(ids, &number); /* others have not even the call */
    }
    size_t first = *count;
    cl_device_id in_thread = NULL;
    for (cl_uint i = 0; i < number && i < 64; i++) {
        clp_found item = {.platform = platform, .id = ids[i]};
        memcpy(item.info.platform, name, sizeof name);
        describe(&item);
        if (is_in_thread(&item)) {
            in_thread = item.info.usable ? item.id : NULL;
            continue;
        }
        clproc_status status = append(found, count, capacity, &item, error);
        if (status != CLPROC_OK) {
            return status;
        }
    }
    bool whole = !clp_device_forced("sub-devices");
    for (size_t i = first; in_thread && whole && i < *count; i++) {
        (*found)[i].in_thread = in_thread;
    }
    return CLPROC_OK;
}

const clproc_device_info clp_reference_info = {.name = "reference",
                                               .platform = "clproc",
                                               .vendor = "clproc",
                                               .version = CLPROC_VERSION,
                                               .driver = "double precision, one thread",
                                               .type = "reference",
                                               .compute_units = 1,
                                               .unified_memory = true,
                                               .usable = true};

void clp_devices_prepare(const clp_device_params *params) {
    char notice[384];
    bool none = params->selection && strcasecmp(params->selection, "reference") == 0;
    if (!none && clp_pocl_preflight(notice, sizeof notice, NULL) == CLPROC_OK) {
        clp_loader_prepare();
    }
}

/** True in a child of fork() whose parent has used drivers: their threads are missing here, and a
 * call may wait for one for ever. */
static bool is_forked(void) {
    static _Atomic pid_t user;
    pid_t none = 0;
    return !atomic_compare_exchange_strong(&user, &none, getpid()) && none != getpid();
}

/** Finds out what keeps drivers from being used; "" if nothing does. */
static void find_problem(char *problem, size_t size, char *notice, size_t notice_size) {
    clproc_error error;
    problem[0] = '\0';
    if (is_forked()) {
        snprintf(problem, size,
                 "OpenCL's drivers do not work in a child of fork() whose parent has used them; "
                 "let the child call exec(), or take the reference device");
    } else if (clp_pocl_preflight(notice, notice_size, &error) != CLPROC_OK) {
        snprintf(problem, size, "%.255s", error.message);
    }
}

clproc_status clp_devices_find(clp_found **found, size_t *count, clp_drivers drivers,
                               clproc_error *error) {
    cl_platform_id platforms[32];
    cl_uint number = 0;
    size_t capacity = 0;
    *found = NULL;
    *count = 0;
    char problem[256];
    clp_found reference = {.info = clp_reference_info};
    find_problem(problem, sizeof problem, reference.notice, sizeof reference.notice);
    /* No platform at all (-1001) is a machine without drivers: the list then holds the reference
     * device. So it does where PoCL would fail, since the loader itself asks it for its devices. */
    clp_loader_restrict(drivers);
    cl_int code = problem[0] ? CL_SUCCESS : clGetPlatformIDs(32, platforms, &number);
    clp_loader_release();
    if (code != CL_SUCCESS && code != NO_PLATFORM) {
        snprintf(problem, sizeof problem, "no device: clGetPlatformIDs failed: %s",
                 clp_cl_name(code));
    }
    clproc_status status = CLPROC_OK;
    for (cl_uint i = 0; status == CLPROC_OK && code == CL_SUCCESS && i < number && i < 32; i++) {
        status =
            find_on_platform(platforms[i], found, count, &capacity, problem, sizeof problem, error);
    }
    memcpy(reference.info.problem, problem, sizeof problem);
    if (status == CLPROC_OK) {
        status = append(found, count, &capacity, &reference, error);
    }
    if (status != CLPROC_OK) {
        clp_memory_free(*found);
        *found = NULL;
    }
    return status;
}

clproc_status clproc_devices(clproc_device_info **list, size_t *count, clproc_error *error) {
    clp_found *found;
    size_t number;
    if (!list || !count) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_devices() needs places for the list and its length");
    }
    *list = NULL;
    *count = 0;
    clproc_status status = clp_devices_find(&found, &number, CLP_DRIVERS_ALL, error);
    if (status != CLPROC_OK) {
        return status;
    }
    *list = clp_memory_alloc(CLP_MEMORY_OTHER, number * sizeof **list);
    if (!*list) {
        status = clp_error_memory(error, "the list of devices", number * sizeof **list);
    }
    for (; *list && *count < number; (*count)++) {
        (*list)[*count] = found[*count].info;
    }
    clp_memory_free(found);
    return status;
}

void clproc_devices_free(clproc_device_info **list) {
    if (list) {
        clp_memory_free(*list);
        *list = NULL;
    }
}

static bool contains(const char *text, const char *part) {
    return strcasestr(text, part) != NULL;
}

bool clp_device_is_gpu(const clproc_device_info *info) {
    /* llvmpipe runs on the CPU whatever it calls itself, and far slower than PoCL. */
    bool emulated = contains(info->name, "llvmpipe") || contains(info->name, "oclgrind");
    return emulated ? clp_device_forced("emulated-gpu") : strcmp(info->type, "gpu") == 0;
}

bool clp_selection_is_auto(const char *selection) {
    return !selection || !*selection || strcasecmp(selection, "auto") == 0;
}

bool clp_selection_is_several(const char *selection) {
    return selection && (strchr(selection, ',') || strcasecmp(selection, "all") == 0);
}

static bool matches(const clp_found *found, const char *selection) {
    const clproc_device_info *info = &found->info;
    char *end;
    long index = strtol(selection, &end, 10);
    if (*selection && *end == '\0') {
        return index == info->index;
    }
    if (strcasecmp(selection, "cpu") == 0 && clp_device_is_gpu(info)) {
        return false; /* one that is emulated */
    }
    if (strcasecmp(selection, "cpu") == 0 || strcasecmp(selection, "gpu") == 0 ||
        strcasecmp(selection, "reference") == 0) {
        return strcasecmp(info->type, selection) == 0;
    }
    return strcasecmp(info->uuid, selection) == 0 || contains(info->name, selection) ||
           contains(info->platform, selection) || contains(info->vendor, selection);
}

/** Without a wish: the GPU with most memory, else the first CPU (PoCL before a GPU's emulation),
 * never the reference. */
static int rank(const clproc_device_info *info) {
    if (!info->usable || strcmp(info->type, "reference") == 0) {
        return 0;
    }
    bool emulated = contains(info->name, "llvmpipe") || contains(info->name, "oclgrind");
    return clp_device_is_gpu(info) ? 3 : emulated ? 1 : 2;
}

static bool better(const clproc_device_info *a, const clproc_device_info *b) {
    int ra = rank(a), rb = rank(b);
    return ra != rb ? ra > rb : ra == 3 && a->global_memory > b->global_memory;
}

/** What the user's POCL_DEVICES says, where PoCL offers no device; NULL: that is not so. */
static const char *pocl_told(const clp_found *found, size_t count) {
    const char *drivers = getenv("POCL_DEVICES");
    for (size_t i = 0; i < count; i++) {
        if (strcmp(found[i].info.platform, CLP_POCL_PLATFORM) == 0) {
            return NULL;
        }
    }
    return drivers && strcmp(drivers, CLP_POCL_DEVICES) != 0 ? drivers : NULL;
}

/** Why nothing was chosen: what went wrong while devices were looked for, the device that was meant
 * but cannot be used (or NULL), or that there is none. */
static clproc_status no_device(const clp_found *found, size_t count, const char *selection,
                               bool any, const clproc_device_info *broken, clproc_error *error) {
    const char *problem = found[count - 1].info.problem;
    if (problem[0]) {
        return clp_error_set(error, CLPROC_ERROR_NO_DEVICE, "%s", problem);
    }
    if (broken) {
        return clp_error_set(error, CLPROC_ERROR_NO_DEVICE, "%s cannot be used: %s", broken->name,
                             broken->problem);
    }
    const char *drivers = pocl_told(found, count);
    if (drivers && (any || strcasecmp(selection, "cpu") == 0)) {
        return clp_error_set(error, CLPROC_ERROR_NO_DEVICE,
                             "no device: POCL_DEVICES is \"%.100s\", and PoCL offers no device by "
                             "that; unset it",
                             drivers);
    }
    if (any) {
        return clp_error_set(error, CLPROC_ERROR_NO_DEVICE,
                             "no OpenCL device was found; install a GPU driver or `apt install "
                             "pocl-opencl-icd`, or use "
                             "--device reference (slow)");
    }
    return clp_error_set(error, CLPROC_ERROR_NO_DEVICE,
                         "no usable device matches \"%s\"; `clproc devices` lists them", selection);
}

clproc_status clp_devices_select(const clp_found *found, size_t count, const char *selection,
                                 size_t *index, char *notice, size_t notice_size,
                                 clproc_error *error) {
    const clproc_device_info *best = NULL, *broken = NULL;
    const char *problem = found[count - 1].info.problem;
    bool any = clp_selection_is_auto(selection);
    notice[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const clproc_device_info *info = &found[i].info;
        bool meant = any || matches(&found[i], selection);
        bool wanted = meant && info->usable && (!any || rank(info) > 0);
        if (meant && !info->usable) {
            broken = info;
        }
        if (wanted && (!best || better(info, best))) {
            best = info;
            *index = i;
        }
    }
    /* Where devices are missing from the list, a number means another one than it did. */
    bool numbered = !any && selection[strspn(selection, "0123456789")] == '\0';
    if (problem[0] && numbered) {
        best = NULL;
    }
    if (!best) {
        return no_device(found, count, selection, any, broken, error);
    }
    if (any && !clp_device_is_gpu(best)) {
        snprintf(notice, notice_size, "no GPU found, running on the CPU: %s", best->name);
    }
    const char *more = found[count - 1].notice;
    if (more[0] && strcmp(best->platform, CLP_POCL_PLATFORM) == 0) {
        size_t length = strlen(notice);
        snprintf(notice + length, notice_size - length, "%s%s", length ? "; " : "", more);
    }
    return CLPROC_OK;
}

/** Adds a device to those chosen, unless it is there. */
static void choose(size_t *chosen, size_t *chosen_count, size_t index) {
    for (size_t i = 0; i < *chosen_count; i++) {
        if (chosen[i] == index) {
            return;
        }
    }
    chosen[(*chosen_count)++] = index;
}

clproc_status clp_devices_select_all(const clp_found *found, size_t count, const char *selection,
                                     size_t *chosen, size_t *chosen_count, clproc_error *error) {
    const clproc_device_info *broken = NULL;
    char word[256], notice[256];
    *chosen_count = 0;
    for (const char *at = selection; *at; at += strspn(at, ",")) {
        size_t length = strcspn(at, ","), index;
        snprintf(word, sizeof word, "%.*s", (int)(length < 255 ? length : 255), at);
        at += length;
        if (strcasecmp(word, "all") != 0) {
            clproc_status status =
                clp_devices_select(found, count, word, &index, notice, sizeof notice, error);
            if (status != CLPROC_OK) {
                return status;
            }
            choose(chosen, chosen_count, index);
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            const clproc_device_info *info = &found[i].info;
            broken = info->usable ? broken : info;
            if (rank(info) > 0) {
                choose(chosen, chosen_count, i);
            }
        }
    }
    return *chosen_count > 0 ? CLPROC_OK : no_device(found, count, selection, true, broken, error);
}
