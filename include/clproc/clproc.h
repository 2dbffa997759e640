/**
 * clproc: batch image processing on OpenCL devices.
 *
 * This is the one public header. Handles are opaque and are made by clproc_X_create() and released
 * by clproc_X_destroy(&x), which tolerates NULL and sets its argument to NULL. Parameter structs
 * are filled with their defaults by clproc_X_init(). Every fallible function returns a
 * clproc_status and describes the failure in an optional caller-owned clproc_error.
 *
 * Threads: different handles may be used from different threads; one handle by one thread at a
 * time, except where a function says otherwise.
 *
 * The process: the reference device leaves it as it is. OpenCL's drivers change it, from the first
 * call on that looks for devices:
 *
 * - Environment: where PoCL is a driver, that call sets POCL_CACHE_DIR, POCL_DEVICES,
 *   POCL_WORK_GROUP_SPECIALIZATION, OCL_ICD_VENDORS and CLPROC_PROGRAMS, and PATH if no linker is
 *   on it. Meanwhile other threads neither use the environment nor make such calls.
 * - Files: a folder, in memory where there is room, and a descriptor of it stay until exit().
 * - Signals: PoCL installs handlers. Most of them call the one that was there before; those of
 *   SIGUSR1 and SIGFPE do not, so install yours afterwards.
 * - fork(): drivers do not work in a child whose parent has used them. There only the reference
 *   device is found.
 */
#ifndef CLPROC_CLPROC_H
#define CLPROC_CLPROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CLPROC_VERSION "0.1.0"

#if defined(__GNUC__)
#define CLPROC_API __attribute__((visibility("default")))
#else
#define CLPROC_API
#endif

/* ---------------------------------------------------------------- errors */

typedef enum clproc_status {
    CLPROC_OK = 0,
    CLPROC_ERROR_ARGUMENT,    /**< the caller asked for something impossible (usage) */
    CLPROC_ERROR_INPUT,       /**< a picture is missing, broken or not a picture */
    CLPROC_ERROR_UNSUPPORTED, /**< valid, but not handled by clproc or by the device */
    CLPROC_ERROR_LIMIT,       /**< a picture exceeds a limit set for this run */
    CLPROC_ERROR_IO,          /**< reading or writing failed */
    CLPROC_ERROR_MEMORY,      /**< host or device memory is exhausted */
    CLPROC_ERROR_NO_DEVICE,   /**< no usable device matches */
    CLPROC_ERROR_DEVICE,      /**< an OpenCL call failed */
    CLPROC_ERROR_CANCELLED,   /**< stopped on request */
    CLPROC_ERROR_INTERNAL     /**< a defect of clproc */
} clproc_status;

/** What went wrong. A call that fails fills it in, one that succeeds leaves it as it is. Strings
 * are always NUL-terminated and may be cut to fit. */
typedef struct clproc_error {
    clproc_status status;
    int cl_code;        /**< OpenCL code, 0 if none; its symbol stands in the message */
    char call[64];      /**< the failing call, "" if none */
    char file[1024];    /**< the file concerned, "" if none */
    char message[1024]; /**< cause and remedy, without the file's name */
} clproc_error;

/** A short English name of a status, never NULL. */
CLPROC_API const char *clproc_status_name(clproc_status status);
CLPROC_API const char *clproc_version(void);

/* --------------------------------------------------------------- numbers */

/** Reads a decimal number as the program takes it everywhere: digits, a point, an exponent; no
 * other base, no "inf". Returns the text behind it, NULL if there is none. In any locale. */
CLPROC_API const char *clproc_number_read(const char *text, double *number);

/* --------------------------------------------------------------- devices */

typedef struct clproc_device_info {
    int index; /**< as --device takes it */
    char name[128];
    char platform[128];
    char vendor[128];
    char version[128];
    char driver[128];
    char type[16]; /**< "cpu", "gpu", "accelerator" or "reference" */
    char uuid[40]; /**< hexadecimal, "" where the driver has none */
    uint32_t compute_units;
    uint64_t global_memory;  /**< bytes */
    uint64_t max_allocation; /**< bytes */
    uint64_t local_memory;   /**< bytes */
    uint64_t max_work_group;
    bool unified_memory; /**< shares the host's memory: nothing is copied */
    bool usable;         /**< false: `problem` says why */
    char problem[256];
} clproc_device_info;

/** Lists every device of every OpenCL platform, the reference device last. Free with
 * clproc_devices_free(); after a failure the list is NULL, of length 0. */
CLPROC_API clproc_status clproc_devices(clproc_device_info **list, size_t *count,
                                        clproc_error *error);
CLPROC_API void clproc_devices_free(clproc_device_info **list);

/* ------------------------------------------------------------ operations */

typedef struct clproc_param_info {
    const char *name;  /**< as in name=value; the first parameter may be given without its name */
    const char *kind;  /**< "number", "size", "choice", ... */
    const char *range; /**< what is accepted, in words */
    const char *fallback; /**< default value, NULL where the parameter must be given */
    const char *help;
} clproc_param_info;

typedef struct clproc_op_info {
    const char *name;
    const char *usage;   /**< for example "size[:fit=...]", "" for operations without a value */
    const char *example; /**< a value that works, "" for operations without one */
    const char *help;
    const char *details; /**< what is computed, exactly; "" where `help` says it all */
    const clproc_param_info *params;
    size_t param_count;
} clproc_op_info;

/** The operations there are, in the order of the help. */
CLPROC_API size_t clproc_op_count(void);
CLPROC_API const clproc_op_info *clproc_op_at(size_t index);

/** A word that is taken for a value, where that is one of the choices. */
typedef struct clproc_synonym {
    const char *said; /**< as "stretch", in any case */
    const char *meant;
} clproc_synonym;

/** All of them; the last has NULL for a word. */
CLPROC_API const clproc_synonym *clproc_synonyms(void);

/** An ordered list of operations. */
typedef struct clproc_pipeline clproc_pipeline;

CLPROC_API clproc_status clproc_pipeline_create(clproc_pipeline **pipeline, clproc_error *error);
CLPROC_API void clproc_pipeline_destroy(clproc_pipeline **pipeline);
/** Appends one operation, as `add(p, "resize", "1920x:fit=inside", &e)`; value NULL or "" for none.
 */
CLPROC_API clproc_status clproc_pipeline_add(clproc_pipeline *pipeline, const char *op,
                                             const char *value, clproc_error *error);
/** Appends all of "resize 1920x | blur 2 | gray", or after an error nothing. */
CLPROC_API clproc_status clproc_pipeline_parse(clproc_pipeline *pipeline, const char *text,
                                               clproc_error *error);
CLPROC_API size_t clproc_pipeline_length(const clproc_pipeline *pipeline);
/** Writes the pipeline in the syntax of clproc_pipeline_parse(); returns the length as snprintf
 * does. */
CLPROC_API size_t clproc_pipeline_print(const clproc_pipeline *pipeline, char *text, size_t size);

/* --------------------------------------------------- pictures in memory */

/** Interleaved samples, host byte order; alpha, if any, last and not premultiplied. */
typedef struct clproc_image {
    void *pixels;
    size_t pitch;      /**< bytes from one row to the next; of 16 bits an even number */
    uint32_t width;    /**< pixels */
    uint32_t height;   /**< pixels */
    uint32_t channels; /**< 1 gray, 2 gray+alpha, 3 RGB, 4 RGBA */
    uint32_t depth;    /**< bits per sample: 8 or 16 */
} clproc_image;

/** Bounds of what pictures may take. In a run 0 in a field is no limit, but for `file_bytes`. */
typedef struct clproc_limits {
    uint64_t pixels;      /**< width × height */
    uint32_t side;        /**< longest side */
    uint32_t scans;       /**< scans of a progressive JPEG */
    double seconds;       /**< of decoding one picture */
    uint64_t chunk_bytes; /**< one PNG ancillary chunk or ICC profile */
    uint64_t file_bytes;  /**< one file; 0: as its format and sides allow, at most 1 GiB */
} clproc_limits;

/** Owns an opened device. */
typedef struct clproc_context clproc_context;

typedef struct clproc_context_params {
    const char *device; /**< NULL (best GPU, else CPU), "cpu", "gpu", "reference", an index, a UUID,
                           part of a name */
    clproc_limits limits; /**< of results and overlays, not of pictures that are in memory anyway; 0
                             in a field: as clproc_run_params_init() has it */
} clproc_context_params;

CLPROC_API void clproc_context_params_init(clproc_context_params *params);
CLPROC_API clproc_status clproc_context_create(clproc_context **context,
                                               const clproc_context_params *params,
                                               clproc_error *error);
CLPROC_API void clproc_context_destroy(clproc_context **context);
/** The device in use; valid as long as the context. */
CLPROC_API const clproc_device_info *clproc_context_device(const clproc_context *context);

/** Runs the pipeline, NULL for none, over one picture; `in` stays as it is, `out` must be another.
 * `out->pixels` is allocated here, rows without gaps: free it with clproc_image_free(). After a
 * failure it is NULL. A result beyond the context's limits is
 * CLPROC_ERROR_LIMIT, before memory is taken. Overlays that the pipeline names are read at their
 * first use and kept as long as the context. */
CLPROC_API clproc_status clproc_process(clproc_context *context, const clproc_pipeline *pipeline,
                                        const clproc_image *in, clproc_image *out,
                                        clproc_error *error);
CLPROC_API void clproc_image_free(clproc_image *image);

/* ------------------------------------------------------------------ runs */

typedef enum clproc_profile_level {
    CLPROC_PROFILE_OFF,
    CLPROC_PROFILE_SUMMARY,
    CLPROC_PROFILE_TRACE
} clproc_profile_level;

typedef enum clproc_existing {
    CLPROC_EXISTING_REPLACE,
    CLPROC_EXISTING_SKIP,
    CLPROC_EXISTING_FAIL
} clproc_existing;

typedef enum clproc_format {
    CLPROC_FORMAT_KEEP,
    CLPROC_FORMAT_JPEG,
    CLPROC_FORMAT_PNG,
    CLPROC_FORMAT_WEBP, /**< only where the build has it; see clproc_format_at() */
    CLPROC_FORMAT_TIFF, /**< the same, and only read */
    CLPROC_FORMAT_PPM,  /**< RGB */
    CLPROC_FORMAT_PGM,  /**< gray; a picture in colour fails */
    CLPROC_FORMAT_PNM,  /**< one of these two, as the picture is; only written */
    CLPROC_FORMAT_PAM,  /**< gray or RGB, with or without alpha */
    CLPROC_FORMAT_HEIF, /**< only where the build has it, and only read */
    CLPROC_FORMAT_AVIF  /**< only where the build has it */
} clproc_format;

/** A format of pictures, by its place from 0. */
typedef struct clproc_format_info {
    const char *name;    /**< as "WebP"; NULL beyond the last */
    const char *package; /**< of Debian, that a build with it needs; NULL: every build has it */
    bool built;          /**< this build has it */
    bool written;        /**< else only read */
} clproc_format_info;

CLPROC_API clproc_format_info clproc_format_at(size_t index);

typedef enum clproc_subsampling {
    CLPROC_SUBSAMPLING_KEEP, /**< a JPEG's own; 4:2:0 for what was none */
    CLPROC_SUBSAMPLING_420,
    CLPROC_SUBSAMPLING_422,
    CLPROC_SUBSAMPLING_444
} clproc_subsampling;

/** What a run may do to a JPEG without decoding it. */
typedef enum clproc_lossless {
    CLPROC_LOSSLESS_OFF,   /**< change its metadata */
    CLPROC_LOSSLESS_EXACT, /**< and rotate, flip and crop it by whole blocks, or fail */
    CLPROC_LOSSLESS_TRIM   /**< and leave out parts of blocks at edges that are in the way */
} clproc_lossless;

typedef enum clproc_fail_on {
    CLPROC_FAIL_ON_NONE,      /**< take whatever can be decoded at all */
    CLPROC_FAIL_ON_TRUNCATED, /**< refuse pictures that end early */
    CLPROC_FAIL_ON_ERROR,     /**< refuse corrupt data, too */
    CLPROC_FAIL_ON_WARNING    /**< refuse anything suspicious */
} clproc_fail_on;

/** Rendering intents, numbered as ICC does. */
typedef enum clproc_intent {
    CLPROC_INTENT_PERCEPTUAL,
    CLPROC_INTENT_RELATIVE,
    CLPROC_INTENT_SATURATION,
    CLPROC_INTENT_ABSOLUTE
} clproc_intent;

/** Kinds of metadata: bits of clproc_run_params.strip and keep. */
enum {
    CLPROC_METADATA_EXIF = 1,
    CLPROC_METADATA_GPS = 2,
    CLPROC_METADATA_XMP = 4,
    CLPROC_METADATA_IPTC = 8,
    CLPROC_METADATA_ICC = 16,
    CLPROC_METADATA_THUMBNAIL = 32,
    CLPROC_METADATA_COMMENTS = 64, /**< and PNG's texts */
    CLPROC_METADATA_ALL = 127,     /**< whatever `strip` can leave out */
    /* Of `keep` alone: they stand in several of those above. */
    CLPROC_METADATA_COPYRIGHT = 128, /**< and the author */
    CLPROC_METADATA_DATE = 256,
    CLPROC_METADATA_ORIENTATION = 512
};

/** A kind of metadata, by its place from 0. */
typedef struct clproc_metadata_info {
    const char *name; /**< as --strip and --keep take it; NULL beyond the last */
    uint32_t bit;
    bool stripped, kept; /**< `strip`, and `keep`, may name it */
    const char *help;    /**< what it is */
} clproc_metadata_info;

CLPROC_API clproc_metadata_info clproc_metadata_at(size_t index);
/** Reads names joined by commas for `keep`, or else for `strip`, which also takes "all". */
CLPROC_API clproc_status clproc_metadata_parse(const char *text, bool keep, uint32_t *kinds,
                                               clproc_error *error);

/** Bits of clproc_run_params.strategy: what a run does to be fast. Without them it does what a
 * plain program would; results stay within the promises of the numerics. */
enum {
    CLPROC_STRATEGY_NAIVE = 0,
    CLPROC_STRATEGY_PARALLEL = 1,       /**< a worker per core, not one */
    CLPROC_STRATEGY_OVERLAP = 2,        /**< decode rows while the device works on those before */
    CLPROC_STRATEGY_PLANAR = 4,         /**< keep JPEGs in their planes, not RGB */
    CLPROC_STRATEGY_COMPOSE = 8,        /**< plan operations together, not passes for each */
    CLPROC_STRATEGY_SHRINK = 16,        /**< shrink JPEGs while they are decoded */
    CLPROC_STRATEGY_ONE_LISTING = 32,   /**< list folders once, not for every file */
    CLPROC_STRATEGY_ONE_OPEN = 64,      /**< open files once, not for header and pixels each */
    CLPROC_STRATEGY_STREAM = 128,       /**< compute large pictures while they are decoded */
    CLPROC_STRATEGY_DEVICE_CODEC = 256, /**< decode and encode JPEGs on the device */
    CLPROC_STRATEGY_DEFAULT = 511
};

/** One of these bits, by its place from 0. */
typedef struct clproc_strategy_info {
    const char *name; /**< as --strategy takes it; NULL beyond the last */
    uint32_t bit;
    const char *with, *without; /**< what a run does, each as "decodes …" */
} clproc_strategy_info;

CLPROC_API clproc_strategy_info clproc_strategy_at(size_t index);
/** Reads "default", "naive", or names joined by commas: those alone, or, with "-" before a name,
 * all but those. */
CLPROC_API clproc_status clproc_strategy_parse(const char *text, uint32_t *strategy,
                                               clproc_error *error);
/** Writes a strategy as clproc_strategy_parse() reads it; returns the length as snprintf does. */
CLPROC_API size_t clproc_strategy_print(uint32_t strategy, char *text, size_t size);

/** Bits of clproc_run_params.preserve: what outputs take over from their inputs' files. */
enum { CLPROC_PRESERVE_TIMES = 1, CLPROC_PRESERVE_MODE = 2 };

typedef enum clproc_event_kind {
    CLPROC_EVENT_DONE,     /**< a picture was written */
    CLPROC_EVENT_SKIPPED,  /**< not a picture in a directory, or output exists */
    CLPROC_EVENT_FAILED,   /**< a picture failed; the run goes on */
    CLPROC_EVENT_WARNING,  /**< something was dropped or tolerated */
    CLPROC_EVENT_NOTICE,   /**< about the run, as which device was taken */
    CLPROC_EVENT_VERIFIED, /**< a picture was compared with the reference device's */
    CLPROC_EVENT_LISTED    /**< all inputs are known: `total` grows no more */
} clproc_event_kind;

/** Why a file was skipped. */
typedef enum clproc_skip {
    CLPROC_SKIP_NONE, /**< it was not */
    /** Found in a folder, and not of a format that is read; see clproc_event.kind_name. */
    CLPROC_SKIP_NO_PICTURE,
    CLPROC_SKIP_NO_FILE,     /**< found in a folder, and no regular file */
    CLPROC_SKIP_EXISTS,      /**< its output exists */
    CLPROC_SKIP_MADE_BEFORE, /**< by an earlier run with `resume`, or an index's `update` */
    CLPROC_SKIP_FILTERED     /**< an index's `where` does not want it */
} clproc_skip;

/** How far the pictures that a run verified are from those of the reference device, as decoded
 * samples before they are encoded. */
typedef struct clproc_verification {
    uint64_t pictures; /**< compared */
    uint64_t beyond;   /**< of these, further off than promised: by more than 1 level (2 of 8 bits
                          where a profile is a table, 2 of 16 bits
                          in linear light), ties at a threshold or a hue left aside */
    uint64_t seed;     /**< that chose them; 0 for a single picture */
    double largest;    /**< difference of a sample, in levels */
    double mismatch;   /**< share of the samples that differ, 0 to 1 */
    double psnr;       /**< decibels; INFINITY where nothing differs */
} clproc_verification;

/** One thing that happened. Strings live as long as the call. */
typedef struct clproc_event {
    clproc_event_kind kind;
    clproc_status status;  /**< of a failure */
    const char *input;     /**< "" if none */
    const char *output;    /**< "" if none */
    const char *message;   /**< cause and remedy, "" if none */
    clproc_skip skip;      /**< SKIPPED: why */
    const char *kind_name; /**< NO_PICTURE: what it is, as "webp", "empty" or "other"; else "" */
    bool kept;             /**< DONE: it was not encoded anew; `message` says what was done */
    /** Of an output, if asked for: xxh3-128 in hexadecimal of its file, or with null_output of its
     * samples; else "". */
    const char *digest;
    const clproc_verification *verification; /**< VERIFIED; else NULL */
    uint32_t outputs; /**< how many outputs of `input` this settles: of a file that cannot be read,
                         all of them; 0: none */
    uint64_t done;    /**< outputs settled so far, failed ones included */
    uint64_t total;   /**< outputs there will be, as far as files were found */
    bool listing;     /**< `total` may still grow */
} clproc_event;

/** Called by one thread at a time, from any of the run's threads; others wait for it to return. It
 * may set the run's `cancel` and make other runs, but not use what this one uses. */
typedef void (*clproc_event_fn)(const clproc_event *event, void *user);

typedef struct clproc_index_params clproc_index_params;

/** Outputs of one run, at most. */
#define CLPROC_MAX_OUTPUTS 32

/** What each output of a run has of its own; fields as those of clproc_run_params. */
typedef struct clproc_output {
    const char *output;
    const clproc_pipeline *pipeline; /**< all of it: nothing is taken over from other outputs */
    clproc_format format;
    int quality;
    clproc_subsampling subsampling;
    bool progressive;
    int png_level;
    bool webp_lossless;
    int depth;
    clproc_lossless lossless;
    bool reencode;
    uint32_t strip, keep;
    const char *icc;
    clproc_intent intent;
    bool black_point_compensation;
} clproc_output;

typedef struct clproc_run_params {
    const char *const *inputs; /**< files, directories, globs, "@LIST", "-" (standard input: a
                                  picture or a list of names) */
    size_t input_count;
    const char
        *output; /**< a directory, a template with {dir} {name} {ext} {index} {width} {height}, or
                    "-": the one picture goes to standard output */
    const clproc_pipeline *pipeline; /**< NULL: no operation */
    /** Further outputs of every picture, from the same decode; the first is told by the fields of
     * this struct. A JPEG is shrunk while it is decoded as far as the largest output allows. */
    const clproc_output *outputs;
    size_t output_count; /**< of the further ones; CLPROC_MAX_OUTPUTS - 1 at most */
    /** Make an index with features of all inputs in the same pass, as clproc_index() would make it;
     * NULL: none. Of this `output`, a file, `fields`, `where` and `models` count. A file that
     * cannot be processed has its row as well. With `resume` rows are kept of files that have not
     * changed; with `dry_run` none is made. `on_overdue` is called with its `user`. */
    const clproc_index_params *index;
    const char *device; /**< as in clproc_context_params */

    clproc_format format;
    int quality; /**< JPEG, WebP and AVIF, 1 to 100 */
    clproc_subsampling subsampling;
    bool progressive;
    int png_level;      /**< zlib level, 0 to 9 */
    bool webp_lossless; /**< WebPs and AVIFs keep every sample */
    int depth;          /**< 0 keep, 8 or 16; AVIFs have 8 for 0, and 12 for 16 */
    /** JPEGs are turned, mirrored and cropped without being decoded; those where that is impossible
     * fail, and other operations are refused. */
    clproc_lossless lossless;
    /** Without operations, encode anew also where format and depth would let pixels stay as they
     * are stored: set where quality or another option of the encoder was asked for. */
    bool reencode;
    /** Metadata to leave out, or metadata to keep while all else is left out: bits of
     * CLPROC_METADATA_…; one of the two is 0. */
    uint32_t strip, keep;
    /** NULL or "keep": pictures keep their colour profile, and inks become sRGB; "srgb"; else a
     * file with an RGB profile to convert to. */
    const char *icc;
    clproc_intent intent;
    bool black_point_compensation;
    clproc_existing existing;
    bool resume; /**< leave outputs alone that a run with this has made from the same files with the
                    same settings; they are noted in the output folder. Not with a picture on
                    standard input, nor with a `duration` */
    clproc_fail_on fail_on;
    clproc_limits limits;

    /** Take only part `shard`, from 1, of `shards`: the same files on every machine, shared out by
     * their names. 0, 0: all. */
    uint32_t shard, shards;
    int jobs;             /**< threads that decode and encode; 0: one per core */
    int batch_images;     /**< pictures under way at once; 0: one for each thread */
    uint64_t batch_bytes; /**< bytes that pictures under way hold together, unless there is only
                             one; 0: as `memory` says */
    /** the process makes no other run: drivers that this one does not need are not loaded, which on
     * a machine with a GPU saves a run on the CPU some tenths of a second */
    bool only_run;
    /** The process ends with this run, by _exit() if the result says that drivers were left: one
     * that is still opening when all files are done is not waited for, unless a profile is
     * recorded, and what is held of a device with memory of its own is not given back piece by
     * piece, which the system does faster at the end of a process. exit() would take drivers apart
     * that are at work. Without this no thread that is in a driver, and no memory of a device,
     * outlives clproc_run(). */
    bool leave_drivers;
    uint64_t memory; /**< bound of all pictures under way, from file to output, in bytes; 0: a
                        quarter of the machine's */
    /** bound of the pictures a device holds, with what their passes hand on; 0: three
     * quarters of its own memory, none where it works in the host's */
    uint64_t device_memory;
    bool no_shrink_on_load; /**< decode every JPEG at full size */
    bool no_auto_orient;    /**< leave pictures as stored */
    bool linear;            /**< filter in linear light */
    bool durable;           /**< fsync every output, its folder and folders made for it */
    uint32_t preserve;      /**< bits of CLPROC_PRESERVE_… */
    bool follow_links; /**< write through symbolic links in folders' places below the output's */
    bool dry_run;      /**< only say, by DONE events, what would be written */
    bool null_output;  /**< do everything but encode and write (measuring) */
    uint32_t strategy; /**< bits of CLPROC_STRATEGY_…, all of them unless measuring */
    bool digest;       /**< tell each output's digest in its event */
    /** Process the inputs again and again for so many seconds, then finish what was begun; 0: once.
     * Outputs are replaced. */
    double duration;
    uint64_t verify;      /**< pictures to compare with the reference device's, a random choice */
    uint64_t verify_seed; /**< chooses them; 0: another one in each run */

    clproc_profile_level profile;

    clproc_event_fn on_event; /**< may be NULL */
    void *user;
    /** Non-zero stops the run; may be NULL. Any thread and any handler of a signal may set it. A
     * large PNG, HEIF or AVIF that is being encoded or decoded is left to a thread of the
     * library's, which ends some seconds after the run. */
    const volatile int *cancel;
} clproc_run_params;

/** Counts outputs: as many as pictures, unless a picture has several. */
typedef struct clproc_run_result {
    uint64_t found;
    uint64_t written;
    uint64_t skipped;
    uint64_t failed;
    uint64_t kept; /**< of those written, without being encoded anew */
    double seconds;
    char device[128];
    clproc_verification verification;
    bool left_drivers; /**< see clproc_run_params.leave_drivers */
} clproc_run_result;

/** What a run recorded. */
typedef struct clproc_profile clproc_profile;

CLPROC_API void clproc_run_params_init(clproc_run_params *params);
/** What a run's own fields say of its first output. */
CLPROC_API clproc_output clproc_output_of(const clproc_run_params *params);
/** Sets these fields. */
CLPROC_API void clproc_output_apply(clproc_run_params *params, const clproc_output *output);
/** Makes the outputs of a list of pictures, and returns when all are done or the run is stopped. A
 * picture that fails is reported and counted in `result`; the call then returns CLPROC_OK. Files
 * under outputs' names are whole, whatever happens.
 *
 * `result`: NULL, or filled in also where the call fails. `profile`: NULL, or what the run
 * recorded, released with clproc_profile_destroy(); *profile is NULL after an error that left
 * nothing to record. Fails with CLPROC_ERROR_ARGUMENT, CLPROC_ERROR_NO_DEVICE, …, before any file
 * is written, for what concerns the whole run. */
CLPROC_API clproc_status clproc_run(const clproc_run_params *params, clproc_run_result *result,
                                    clproc_profile **profile, clproc_error *error);
/** Prints what would be done to one picture: terms, plan, passes, bytes and multiply-adds. */
CLPROC_API clproc_status clproc_explain(const clproc_run_params *params, const char *file,
                                        FILE *out, clproc_error *error);

/* ----------------------------------------------------------------- index */

typedef enum clproc_index_kind {
    CLPROC_INDEX_TEXT,
    CLPROC_INDEX_NUMBER,
    CLPROC_INDEX_LIST /**< of texts */
} clproc_index_kind;

/** A column of an index. */
typedef struct clproc_index_field {
    const char *name;  /**< as exiftool has it */
    const char *group; /**< where it comes from, as "EXIF" */
    clproc_index_kind kind;
} clproc_index_field;

/** One of several pictures that look alike. */
typedef struct clproc_near {
    const char *path;  /**< as SourceFile of its row, which spells what is not UTF-8 as \xe9 */
    uint64_t group;    /**< from 1 */
    uint64_t rank;     /**< in its group, from 1: the sharpest first */
    uint32_t distance; /**< bits in which its hash differs from the first one's */
    double sharpness;  /**< SharpnessWhole */
} clproc_near;

typedef void (*clproc_near_fn)(const clproc_near *picture, void *user);

#define CLPROC_MOST_NEAR 15

typedef struct clproc_index_result clproc_index_result;
typedef void (*clproc_overdue_fn)(const clproc_index_result *result, void *user);

struct clproc_index_params {
    const char *const *inputs; /**< as in clproc_run_params, but no picture on standard input */
    size_t input_count;
    const char *output; /**< a file, whose ending chooses the format, or "-": JSON lines on standard
                           output. It is replaced as a whole, or stays as it is. */
    const char *fields; /**< names joined by commas; NULL: every field */
    const char *where;  /**< rows to keep, as 'iso > 800 and lens ~ "50mm"'; NULL: all */
    bool update;        /**< read again only what the index has not, or has otherwise */
    uint32_t shard, shards; /**< as in clproc_run_params */
    int jobs;               /**< threads; 0: one per core, and 8 more where only headers are read */
    /** Decode pictures whole, and add a digest of their pixels; so does naming PixelDigest in
     * `fields` or `where`. */
    bool digest;
    /** Decode pictures, too, small, and add what they look like; so does naming one of these fields
     * in `fields` or `where`. */
    bool features;
    /** How pictures are decoded for that: of this the device, `only_run`, limits and bounds of
     * memory count; NULL: as clproc_run_params_init() says. */
    const clproc_run_params *decoding;
    /** Tell groups of pictures whose perceptual hashes differ from one to the next in so many bits
     * at most, up to CLPROC_MOST_NEAR; 0: none. Implies `features`. */
    int near;
    /** Models as in clproc_score_params, whose scores become, one model after the other, the fields
     * Score, Score2 and so on; their columns are fields that are numbers. Any implies `features`.
     */
    const char *const *models;
    size_t model_count;
    clproc_near_fn on_near; /**< called once all rows are in the index, group by group */
    /** Called where clproc_index(), or clproc_run() with this index, was asked to stop and cannot
     * return soon, since a driver is in a call that cannot be interrupted. Rows that were made are
     * in the index by then, as `result` says. The process may end in it, by _exit(). May be NULL.
     */
    clproc_overdue_fn on_overdue;

    clproc_event_fn on_event; /**< may be NULL */
    void *user;
    const volatile int *cancel; /**< non-zero stops; may be NULL */
};

struct clproc_index_result {
    uint64_t found;
    uint64_t read;      /**< and written as rows */
    uint64_t unchanged; /**< rows that were kept */
    uint64_t filtered;  /**< files that `where` does not want */
    uint64_t skipped;   /**< no pictures */
    uint64_t failed;    /**< rows with an error */
    uint64_t dropped;   /**< rows of files that are no longer there */
    uint64_t bytes;     /**< read from files */
    uint64_t groups;    /**< of pictures that look alike */
    bool kept;          /**< of a run that was stopped: what it read is in the index */
    double seconds;
};

CLPROC_API void clproc_index_params_init(clproc_index_params *params);
/** Reads the metadata of pictures, of headers only unless features are wanted, and writes a row for
 * each into an index. A broken file is a row with an error, and a FAILED event. */
CLPROC_API clproc_status clproc_index(const clproc_index_params *params,
                                      clproc_index_result *result, clproc_error *error);
typedef struct clproc_index_merge_params {
    const char *const *indexes; /**< files made by clproc_index(), with the same fields */
    size_t index_count;
    const char *output;         /**< as in clproc_index_params; none of `indexes` */
    const volatile int *cancel; /**< non-zero stops; may be NULL */
} clproc_index_merge_params;

/** Makes one index of those of shards: rows in the order that a listing has, folders in the byte
 * order of their names; of several rows of one file, the one of the index named last. `result`
 * counts rows: found, read (those of the new index) and dropped. */
CLPROC_API clproc_status clproc_index_merge(const clproc_index_merge_params *params,
                                            clproc_index_result *result, clproc_error *error);
/** The fields there are, by their place from 0; beyond the last, one without a name. */
CLPROC_API clproc_index_field clproc_index_field_at(size_t index);
/** The endings of indexes that this build writes, by their place from 0; NULL beyond the last. */
CLPROC_API const char *clproc_index_ending(size_t index);

/* ---------------------------------------------------------------- scores */

typedef struct clproc_score_params {
    /** ONNX files of linear models or trees, as scikit-learn fits them: each its path, or that with
     * a name, as "a.onnx:keep". */
    const char *const *models;
    size_t model_count;
    const char *table;   /**< .csv with a row of names, or .jsonl: an index, or any other */
    const char *output;  /**< of the same kind, or "-" for standard output. It is replaced as a
                            whole, or stays as it is. */
    const char *name;    /**< what the first model's columns of scores are called; NULL: as it is */
    const char *columns; /**< the table's columns in the order of the one model's, joined by commas;
                            NULL: those that each model names */
    int jobs;            /**< threads; 0: one per core */
    /** An OpenCL device for models' trees and matrices, as in clproc_context_params; the scores are
     * the same. NULL: the threads do, which is sooner on processors. */
    const char *device;
    const volatile int *cancel; /**< non-zero stops; may be NULL */
} clproc_score_params;

typedef struct clproc_score_result {
    uint64_t rows;
    double seconds;
} clproc_score_result;

CLPROC_API void clproc_score_params_init(clproc_score_params *params);
/** Writes the rows of a table as they are, with models' scores as further columns. */
CLPROC_API clproc_status clproc_score(const clproc_score_params *params,
                                      clproc_score_result *result, clproc_error *error);
/** The operators of ONNX that models may use, by their place from 0; NULL beyond the last. */
CLPROC_API const char *clproc_score_operator(size_t index);

/* --------------------------------------------------------------- samples */

typedef enum clproc_samples_kind {
    CLPROC_SAMPLES_MIXED,      /**< every form below in turn */
    CLPROC_SAMPLES_PHOTO,      /**< JPEG 4:2:0, quality 90 */
    CLPROC_SAMPLES_PNG,        /**< gray and RGB, with and without alpha, 8 and 16 bits */
    CLPROC_SAMPLES_ORIENTATION /**< the eight EXIF orientations, in both formats */
} clproc_samples_kind;

typedef struct clproc_samples_params {
    const char *output; /**< a folder, made if it is missing */
    uint32_t count;
    uint32_t width, height; /**< pixels, as a viewer shows the pictures */
    uint64_t seed;          /**< pictures of one seed, size and kind are the same everywhere */
    clproc_samples_kind kind;
    int jobs; /**< threads; 0: one per core */

    clproc_event_fn on_event; /**< DONE for every picture; may be NULL */
    void *user;
    const volatile int *cancel; /**< non-zero stops; may be NULL */
} clproc_samples_params;

CLPROC_API void clproc_samples_params_init(clproc_samples_params *params);
/** Makes photo-like pictures to try things on, named NUMBER-FORM.jpg or .png. */
CLPROC_API clproc_status clproc_samples(const clproc_samples_params *params, clproc_error *error);

/* ---------------------------------------------------------------- stress */

typedef struct clproc_stress_params {
    /** How to run: device, jobs, strategy, profile level, events, … With inputs, their pictures are
     * taken, else samples are made; `output` is a folder that keeps the results, NULL for none. The
     * pipeline is not used. */
    clproc_run_params run;
    /** "blur", "resize" or "convert" for a sweep, another operation's name for its example, or a
     * pipeline; none: the three sweeps. */
    const char *const *operations;
    size_t operation_count;
    uint32_t iterations;  /**< of each operation; 0: until the duration is over */
    double blur_radius;   /**< largest standard deviation of the blur sweep, pixels */
    uint32_t image_count; /**< pictures of an iteration; fewer inputs are taken again and again */
    double duration;      /**< seconds after which to stop, 0: none */
} clproc_stress_params;

typedef struct clproc_stress_result {
    uint64_t pictures;
    uint64_t failed;
    uint32_t iterations; /**< that every operation has completed */
    uint32_t differing;  /**< iterations of an operation whose outputs differed from its first */
    double seconds;
    double memory_slope; /**< resident bytes gained per iteration at the end, 0 where unknown */
} clproc_stress_result;

CLPROC_API void clproc_stress_params_init(clproc_stress_params *params);
/** Runs operation after operation, iteration after iteration, and prints throughput, spread, memory
 * and differences to `out`. `profile` may be NULL. */
CLPROC_API clproc_status clproc_stress(const clproc_stress_params *params, FILE *out,
                                       clproc_stress_result *result, clproc_profile **profile,
                                       clproc_error *error);

/* -------------------------------------------------------------- analysis */

/** What an analysis does to pictures unless told otherwise. */
#define CLPROC_ANALYSE_PIPELINE "resize 25% | blur 1 | sharpen 0.8"

typedef struct clproc_analyse_params {
    /** How to run: inputs (none: samples are made), pipeline, device, jobs, … `output` is the
     * folder that analysis.md and analysis.html go to; the pictures are thrown away. */
    clproc_run_params run;
    double
        seconds; /**< to be done within, roughly; fewer pictures are taken where all take longer */
} clproc_analyse_params;

CLPROC_API void clproc_analyse_params_init(clproc_analyse_params *params);
/** Runs the naive strategy, then each optimisation added to those before it, and each alone, and
 * writes what they are worth. Every run is a process of its own, forked from this one, which must
 * not have used OpenCL before. */
CLPROC_API clproc_status clproc_analyse(const clproc_analyse_params *params, clproc_error *error);

/* ------------------------------------------------------------- self-test */

/** What one operation, or pipeline, gave on one device. */
typedef struct clproc_selftest_row {
    const clproc_device_info *device;
    const char *operation; /**< with its parameters */
    double largest8;       /**< difference of an 8-bit sample from the reference device's, levels */
    double largest16;      /**< and of a 16-bit one */
    bool compared;         /**< another device has done this before, as promised */
    bool same;             /**< the 8-bit samples are those of the first that has */
    bool passed;           /**< all that clproc promises was kept */
    char problem[256];     /**< what was not; "" if nothing */
} clproc_selftest_row;

/** The row lives as long as the call. */
typedef void (*clproc_selftest_fn)(const clproc_selftest_row *row, void *user);

typedef struct clproc_selftest_result {
    uint32_t devices;
    uint32_t rows;
    uint32_t failed; /**< of the rows */
    double seconds;
} clproc_selftest_result;

/** Runs every operation on small generated pictures of all kinds, on the device that `device` names
 * (see clproc_context_params) or, if it is NULL, on every usable OpenCL device, and compares the
 * results with the reference device's. A broken promise fails its row, not the call. */
CLPROC_API clproc_status clproc_selftest(const char *device, clproc_selftest_fn on_row, void *user,
                                         clproc_selftest_result *result, clproc_error *error);

/* --------------------------------------------------------------- reports */

typedef enum clproc_profile_view {
    CLPROC_VIEW_ALL,
    CLPROC_VIEW_CPU,
    CLPROC_VIEW_MEMORY,
    CLPROC_VIEW_TIME,
    CLPROC_VIEW_KERNEL
} clproc_profile_view;

/** Prints the profile as tables for a terminal. */
CLPROC_API clproc_status clproc_profile_print(const clproc_profile *profile,
                                              clproc_profile_view view, FILE *out,
                                              clproc_error *error);
/** Writes the profile to a file, atomically; the ending chooses among .json .csv .html .trace.json
 * .folded .speedscope.json .prom .txt */
CLPROC_API clproc_status clproc_profile_write(const clproc_profile *profile, const char *path,
                                              clproc_error *error);
/** Writes what a .json holds to a stream. */
CLPROC_API clproc_status clproc_profile_write_json(const clproc_profile *profile, FILE *out,
                                                   clproc_error *error);
/** The profile level a report's file name needs; CLPROC_PROFILE_OFF if its ending is none of those
 * above. */
CLPROC_API clproc_profile_level clproc_report_level(const char *path);
/** The endings there are, by their place from 0; NULL beyond the last. */
CLPROC_API const char *clproc_report_ending(size_t index);
CLPROC_API clproc_status clproc_profile_load(clproc_profile **profile, const char *path,
                                             clproc_error *error);
CLPROC_API void clproc_profile_destroy(clproc_profile **profile);
/** Makes one profile of those of shards, which stay. Counts, times and digests of outputs add up,
 * as in one run; of peaks and of wall time it has the largest. */
CLPROC_API clproc_status clproc_profile_merge(clproc_profile **merged,
                                              const clproc_profile *const *parts, size_t count,
                                              clproc_error *error);

/** Runs before a change compared with runs after it. */
typedef struct clproc_diff clproc_diff;

/** Compares two groups of profiles, which may be destroyed afterwards. Several runs of each side
 * make the verdict surer. */
CLPROC_API clproc_status clproc_diff_create(clproc_diff **diff, const clproc_profile *const *before,
                                            size_t before_count, const clproc_profile *const *after,
                                            size_t after_count, clproc_error *error);
CLPROC_API void clproc_diff_destroy(clproc_diff **diff);
/** True if work became slower, significantly and by more than `fraction` (0.05: 5 %). */
CLPROC_API bool clproc_diff_regressed(const clproc_diff *diff, double fraction);
CLPROC_API clproc_status clproc_diff_print(const clproc_diff *diff, FILE *out, clproc_error *error);
/** Writes the comparison to a file, atomically; the ending chooses among .txt .json .html */
CLPROC_API clproc_status clproc_diff_write(const clproc_diff *diff, const char *path,
                                           clproc_error *error);

#ifdef __cplusplus
}
#endif

#endif
