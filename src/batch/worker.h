/** A worker's state and its parts: worker.c has its tasks, reading.c brings a file as far as what
 * its output will be, passage.c through a station, fill.c its pixels into the lane. */
#ifndef CLP_BATCH_WORKER_H
#define CLP_BATCH_WORKER_H

#include "batch/metadata.h"
#include "batch/run.h"
#include "codec/jpeg_scan.h"
#include "core/memory.h"

/** A picture on its way from file to file. */
typedef struct clp_picture {
    clp_task task;
    clp_recipe recipe;
    clp_key source;   /**< what clp_names_source() said before it was read */
    clp_bytes output; /**< name, NUL-terminated; empty where nothing is written */
    clp_metadata metadata;
    uint64_t file_bytes; /**< of its file, and what decoding it takes beside its samples */
    uint64_t decode_bytes;
    bool in_rows;      /**< the decoder brings its rows once, from the top down */
    uint8_t *original; /**< its decoded samples, kept for --verify, or NULL */
} clp_picture;

/** Codec state and buffers that serve file after file. */
typedef struct clp_worker {
    clp_run *run;
    uint32_t number;
    clp_prof_thread *thread;
    clp_decoder *decoder;
    clp_encoder *encoder;
    clp_bytes file;            /**< the file being read */
    clp_header header;         /**< of it */
    clp_picture picture;       /**< that it holds */
    uint8_t *early;            /**< the picture decoded before there was a device for it, or NULL */
    uint32_t station;          /**< that computes the picture; CLP_NO_STATION: none yet */
    clp_lane *lane;            /**< on that station; NULL before the first */
    clp_holding held;          /**< by the board's account: of the lane and of the picture */
    uint64_t lane_host;        /**< of it, bytes of the host that the lane holds */
    clp_jpeg_scan scan;        /**< of the file, for the device's codec */
    clp_bytes packed;          /**< it, where the lane's staging has no room */
    jpeg_encode_tables tables; /**< of the run's quality */
    bool has_tables;
} clp_worker;

static inline const char *clp_worker_input(const clp_worker *self, uint32_t item) {
    return self->run->listing.items[item].path;
}

/** What the profile calls a picture. */
static inline uint64_t clp_worker_image(const clp_worker *self, uint32_t item) {
    return self->run->first_image + item;
}

/** What became of a file that did not fail. */
typedef enum clp_outcome {
    CLP_OUTCOME_GOES_ON,
    CLP_OUTCOME_THROUGH, /**< skipped, copied or only looked at; reported */
    CLP_OUTCOME_STOPPED  /**< the run was */
} clp_outcome;

/** Warns of the picture, once however often it is tried. `what`: CLP_TOLD_… */
void clp_worker_warn(clp_worker *self, uint32_t what, const char *message);

/* --------------------------------------------------------- reading.c */

/** Reads a file whole; what turned up in a folder only if it is a picture. */
clproc_status clp_worker_read_file(clp_worker *self, uint32_t item, clp_outcome *outcome,
                                   clproc_error *error);
/** Reads the picture's file once more, and its header: it has been given up, or so it shall seem.
 * Of memory nothing more is asked for. */
clproc_status clp_worker_read_again(clp_worker *self, clproc_error *error);
clproc_status clp_worker_read_header(clp_worker *self, uint32_t item, clproc_error *error);
/** From a file's name to a draft that only lacks its pixels. */
clproc_status clp_worker_prepare(clp_worker *self, clp_picture *draft, clp_outcome *outcome,
                                 clproc_error *error);

/* ------------------------------------------------------------ fill.c */

/** Decodes into memory of the worker's own what has no device yet, or must stay. */
clproc_status clp_worker_decode_aside(clp_worker *self, clproc_error *error);
/** Decodes for verification, unless that has been done: what libjpeg makes of the file counts. */
clproc_status clp_worker_decode_original(clp_worker *self, clproc_error *error);
/** Tells what the header has shown, of a picture that the device decodes. */
void clp_worker_tell_header(clp_worker *self);
/** Gives up what was decoded aside. */
void clp_worker_drop_early(clp_worker *self);
/** Brings the picture's pixels to the lane, which has begun on it. */
clproc_status clp_worker_fill(clp_worker *self, clproc_error *error);
/** Gives up what verification kept of a picture. */
void clp_worker_drop_original(clp_picture *picture);
void clp_picture_free(clp_picture *picture);

/* ------------------------------------------------------ device_codec.c */

/** True if the picture may go to its station as a scan. */
bool clp_worker_decodes_on_device(const clp_worker *self);
/** True if its results may come back as one. */
bool clp_worker_encodes_on_device(const clp_worker *self);
/** Packs the file's scan for the lane; `*packed` false: libjpeg must decode it. */
clproc_status clp_worker_pack(clp_worker *self, clp_scan *scan, bool *packed, clproc_error *error);
/** Makes the file of what the lane has encoded; `*written` false: it has not. */
clproc_status clp_worker_write_scan(clp_worker *self, const clp_encode_params *encoding,
                                    const uint8_t **data, size_t *size, bool *written,
                                    clproc_error *error);

/* ---------------------------------------------------------- passage.c */

/** From a file that is read to its results, in the lane; the lane has not ended. `*outcome` is
 * STOPPED where the run was. */
clproc_status clp_worker_compute(clp_worker *self, clp_outcome *outcome, clproc_error *error);
/** Gives up the lane and what it holds. */
void clp_worker_leave_station(clp_worker *self, bool keep);
/** Bytes that a buffer may keep from picture to picture: few, by the run's bound. */
size_t clp_worker_keeps(const clp_worker *self);
/** The picture is through: gives up its memory, and buffers that are larger than may be kept. */
void clp_worker_leave_picture(clp_worker *self);

/* ---------------------------------------------------------- worker.c */

clproc_status clp_worker_write(clp_worker *self, uint32_t item, clp_key source, const char *name,
                               const void *data, size_t size, clproc_error *error);

#endif
