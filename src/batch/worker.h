/** A worker's state and its parts: worker.c has its tasks, reading.c brings a file as far as what
 * its output will be, keeping.c one to its end that is not decoded, passage.c through a station,
 * fill.c its pixels into the lane, saving.c its results into a file. */
#ifndef CLP_BATCH_WORKER_H
#define CLP_BATCH_WORKER_H

#include "batch/metadata.h"
#include "batch/run.h"
#include "codec/jpeg_scan.h"
#include "core/memory.h"

/** What one output makes of the picture. */
typedef struct clp_branch {
    const clp_output *output;
    clp_key source; /**< what clp_names_source() said before it was read */
    clp_bytes name; /**< of the file, NUL-terminated; empty where nothing is written */
    clp_metadata metadata;
    bool open; /**< it is still to be made */
} clp_branch;

/** A picture on its way from file to files. */
typedef struct clp_picture {
    clp_task task;
    clp_branch *branches; /**< one for each output of the run */
    clp_recipe *recipes;  /**< the same */
    uint64_t file_bytes;  /**< of its file, and what decoding it takes beside its samples */
    uint64_t decode_bytes;
    clp_layout aside; /**< how samples lie that are decoded aside */
    uint32_t planned; /**< outputs that have a plan of their own, bit by bit, open or not */
    bool in_rows;     /**< the decoder brings its rows once, from the top down */
    bool decoded;     /**< the decoder is through with the file; see clp_worker_reopen() */
    bool unreadable;  /**< its decoding has failed: no output can be made */
    clp_layout held; /**< how its samples lie in the lane, for the next output; of no planes: not */
    uint32_t held_eighths; /**< as how large these were decoded */
    bool scanned; /**< the lane holds what it found in the scan, for outputs of other sizes */
    clproc_fail_on tolerance; /**< that the decoder has it open with */
    bool blamed;              /**< the board was told that a station has failed with it */
    bool apart;               /**< there is no memory for what features need beside the rest */
    bool summed;              /**< its features are there */
    char flaw[256];           /**< what is wrong with it as decoded last, for who takes features */
    uint8_t *original;        /**< its decoded samples, kept for --verify, or NULL */
} clp_picture;

/** Codec state and buffers that serve file after file. */
typedef struct clp_worker {
    clp_run *run;
    uint32_t number;
    clp_prof_thread *thread;
    clp_decoder *decoder;
    clp_encoder *encoder;
    clp_bytes file;        /**< the file being read */
    bool has_piped;        /**< which is the listing's: it came on standard input */
    clp_header header;     /**< of it */
    clp_picture picture;   /**< that it holds */
    clp_branch *branch;    /**< the output that is being made */
    uint8_t *early;        /**< the picture decoded before there was a device for it, or NULL */
    uint8_t *small;        /**< the picture as features need it, decoded beside another output's
                              samples, or NULL */
    size_t small_bytes;    /**< of it */
    uint32_t station;      /**< that computes the picture; CLP_NO_STATION: none yet */
    uint64_t most_bytes;   /**< that it might hold when it was chosen */
    clp_lane *lane;        /**< on that station; NULL before the first */
    clp_holding held;      /**< by the board's account: of the lane and of the picture */
    uint64_t lane_host;    /**< of it, bytes of the host that the lane holds */
    clp_jpeg_scan scan;    /**< of the file, for the device's codec */
    clp_features features; /**< of the picture, if it is `summed` */
    clp_bytes packed;      /**< it, where the lane's staging has no room */
} clp_worker;

static inline const char *clp_worker_input(const clp_worker *self, uint32_t item) {
    return self->run->listing.items[item].path;
}

/** The recipe of the output that is being made. */
static inline const clp_recipe *clp_worker_recipe(const clp_worker *self) {
    return &self->picture.recipes[self->branch - self->picture.branches];
}

/** True if the lane holds the samples that a recipe starts from. */
static inline bool clp_worker_is_resident(const clp_worker *self, const clp_recipe *recipe) {
    return self->picture.held_eighths == recipe->request.eighths &&
           clp_layout_begins_with(&self->picture.held, &recipe->plan->input);
}

/** True if the present branch is one of those that are compared with the reference. */
static inline bool clp_worker_verifies(const clp_worker *self) {
    return !self->branch->output->features &&
           clp_verify_chosen(&self->run->verify, self->picture.task.item);
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

/** Warns of the picture, once however often it is tried, and keeps that for who takes features.
 * `what`: CLP_TOLD_… */
void clp_worker_warn(clp_worker *self, uint32_t what, const char *message);

/* --------------------------------------------------------- reading.c */

/** Reads the picture's file once more, and its header: it has been given up, or so it shall seem.
 * Of memory nothing more is asked for. */
clproc_status clp_worker_read_again(clp_worker *self, clproc_error *error);
/** Gives up the file, or what more than `most` bytes its memory has. What came on standard input is
 * the listing's again: it cannot be read once more. */
void clp_worker_give_up_file(clp_worker *self, size_t most);
/** Opens the file that was read, as the present branch tolerates it. */
clproc_status clp_worker_read_header(clp_worker *self, uint32_t item, clproc_error *error);
/** Settles the name of the present branch's file, and closes the branch where that is to stay. */
clproc_status clp_worker_find_place(clp_worker *self, const clp_name_facts *facts,
                                    clproc_error *error);
/** Makes the branch's metadata, for an output, of a file with this header. */
clproc_status clp_worker_make_metadata(clp_worker *self, const clp_header *header,
                                       const clp_metadata_target *target, clproc_error *error);
/** Tells what of it was dropped; fails where that is not tolerated. */
clproc_status clp_worker_tell_metadata(clp_worker *self, clproc_error *error);
/** Makes the picture's plans once more, which were given up; their memory is held. Where one cannot
 * be made there are none. */
clproc_status clp_worker_plan_again(clp_worker *self, clproc_error *error);
/** From a file's name to branches that only lack its pixels; those that are left are open. */
clproc_status clp_worker_prepare(clp_worker *self, clp_outcome *outcome, clproc_error *error);

/* --------------------------------------------------------- keeping.c */

/** Makes the present branch of a picture that keeps its pixels, or blocks, as they are stored. It
 * stays open if that cannot be: the picture must be decoded. */
clproc_status clp_worker_keep(clp_worker *self, clp_kept kept, const clp_move *move,
                              clp_outcome *outcome, clproc_error *error);

/* ------------------------------------------------------------ fill.c */

/** Has the decoder hold the picture's file open, whether that was decoded or given up meanwhile. */
clproc_status clp_worker_reopen(clp_worker *self, clproc_error *error);
/** Decodes into memory of the worker's own what has no device yet, or must stay. */
clproc_status clp_worker_decode_aside(clp_worker *self, clproc_error *error);
/** Decodes for verification, unless that has been done: what libjpeg makes of the file counts. */
clproc_status clp_worker_decode_original(clp_worker *self, clproc_error *error);
/** Tells what the header has shown, of a picture that the device decodes. */
void clp_worker_tell_header(clp_worker *self);
/** Gives up what was decoded aside. */
void clp_worker_drop_early(clp_worker *self);
/** Bytes of the picture as features need it, if it is there or comes from the present output's
 * decode; else 0. */
size_t clp_worker_small_bytes(const clp_worker *self);
/** The present branch, of features, takes that instead of a decode of its own. */
void clp_worker_take_small(clp_worker *self);
void clp_worker_drop_small(clp_worker *self);
/** Brings the picture's pixels to the lane, which has begun on it. */
clproc_status clp_worker_fill(clp_worker *self, clproc_error *error);
/** Gives up what verification kept of a picture. */
void clp_worker_drop_original(clp_picture *picture);

/* ------------------------------------------------------ device_codec.c */

/** True if a device's codec might decode the picture for a plan; or else encode its results. */
bool clp_worker_could_decode(const clp_worker *self, const clp_plan *plan);
bool clp_worker_could_use_codec(const clp_worker *self, const clp_output *output,
                                const clp_plan *plan);
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
/** The least of its station's memory that the picture could be computed with, bytes. */
uint64_t clp_worker_least(const clp_worker *self);
/** Gives up the lane and what it holds. */
void clp_worker_leave_station(clp_worker *self, bool keep);
/** Bytes of the picture's plans. */
uint64_t clp_worker_plan_bytes(const clp_worker *self);
/** Of what is held keeps so much of the host, at most. */
void clp_worker_keep_host(clp_worker *self, uint64_t bytes);
/** Memory of the host beside the picture's file, without a station. */
clproc_status clp_worker_hold_host(clp_worker *self, uint64_t bytes, clp_outcome *outcome,
                                   clproc_error *error);
/** Bytes that a buffer may keep from picture to picture: few, by the run's bound. */
size_t clp_worker_keeps(const clp_worker *self);
/** The picture is through: gives up its memory, and buffers that are larger than may be kept. */
void clp_worker_leave_picture(clp_worker *self);

/* ---------------------------------------------------------- saving.c */

/** Writes the file of the present branch. */
clproc_status clp_worker_write(clp_worker *self, const void *data, size_t size,
                               clproc_error *error);
/** Takes what the lane has of the present branch: makes its file, or the picture's features. */
clproc_status clp_worker_save(clp_worker *self, clproc_error *error);

/* ---------------------------------------------------------- worker.c */

/** The present branch is made, or needs not be. */
void clp_worker_close_branch(clp_worker *self);
/** Reports that the present branch has failed, and closes it. */
void clp_worker_fail_branch(clp_worker *self, const clproc_error *error);
/** Reports once that no file can be made of the picture, and closes those branches. What can be
 * seen of it may still do for features. */
void clp_worker_fail_files(clp_worker *self, const clproc_error *error);
/** Counts the picture, with the first of its outputs that is there. */
void clp_worker_count_picture(clp_worker *self);
/** Branches that are to be made, and of these, those of files. */
uint32_t clp_worker_count_open(const clp_worker *self);
uint32_t clp_worker_count_files(const clp_worker *self);

#endif
