/** A picture's rows on their way from the decoder to the device, band by band. */
#ifndef CLP_BATCH_STREAM_H
#define CLP_BATCH_STREAM_H

#include "batch/board.h"
#include "codec/codec.h"

/** Zero but for `board`, `thread` and `picture`. */
typedef struct clp_stream {
    clp_board *board;
    clp_prof_thread *thread;
    clp_picture *picture;          /**< one that clp_board_bands() says is to come in bands */
    uint32_t band;                 /**< being filled */
    uint32_t rows[CLP_MAX_PLANES]; /**< decoded of each plane */
    bool stopped;                  /**< the run was, and therefore this failed */
} clp_stream;

/** Waits for room, and makes `sink` the stream's. */
clproc_status clp_stream_begin(clp_stream *stream, clp_row_sink *sink, clproc_error *error);
/** Hands over what is left, after the decoder has called the picture good. */
clproc_status clp_stream_end(clp_stream *stream, clproc_error *error);
/** Hands over all of a picture that was decoded into memory, laid out as its plan's input. */
clproc_status clp_stream_feed(clp_stream *stream, const uint8_t *base, clproc_error *error);

#endif
