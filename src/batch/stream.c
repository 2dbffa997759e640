#include "batch/stream.h"

#include <string.h>

static const clp_bands *bands_of(const clp_stream *stream) {
    return &stream->picture->recipe.plan->bands;
}

/** Where a source row stands in the window of a band; NULL outside of it. */
static uint8_t *row_in_window(const clp_stream *stream, uint32_t band, uint32_t index,
                              uint32_t row) {
    const clp_bands *bands = bands_of(stream);
    const clp_plane *plane = &bands->window.planes[index];
    uint32_t first = clp_bands_part(bands, band, index)->source;
    if (row < first || row - first >= plane->height) {
        return NULL;
    }
    return clp_slot_band(clp_batch_slot(stream->picture->batch), band) + plane->offset +
           (row - first) * plane->pitch;
}

static uint8_t *place(void *user, uint32_t plane, uint32_t row) {
    const clp_stream *stream = user;
    /* A decoder that has to begin again brings the same rows. */
    return row < stream->rows[plane] ? NULL : row_in_window(stream, stream->band, plane, row);
}

static clproc_status await_window(clp_stream *stream, uint32_t band, clproc_error *error) {
    return clp_board_await_window(stream->board, stream->thread, stream->picture, band,
                                  &stream->stopped, error);
}

static uint32_t later(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

/** Begins the next band with the rows it shares with this one, and hands this one over. */
static clproc_status move_on(clp_stream *stream, clproc_error *error) {
    const clp_bands *bands = bands_of(stream);
    uint32_t next = stream->band + 1;
    clproc_status status = await_window(stream, next, error);
    if (status != CLPROC_OK) {
        return status;
    }
    for (uint32_t i = 0; i < bands->window.plane_count; i++) {
        size_t pitch = bands->window.planes[i].pitch;
        for (uint32_t row = clp_bands_part(bands, next, i)->source; row < stream->rows[i]; row++) {
            uint8_t *from = row_in_window(stream, stream->band, i, row),
                    *to = row_in_window(stream, next, i, row);
            if (from && to) {
                memcpy(to, from, pitch);
            }
        }
    }
    clp_board_band_ready(stream->board, stream->picture);
    stream->band = next;
    return CLPROC_OK;
}

/** True once the band that is being filled has all its rows. */
static bool filled(const clp_stream *stream) {
    const clp_bands *bands = bands_of(stream);
    for (uint32_t i = 0; i < bands->window.plane_count; i++) {
        if (stream->rows[i] < clp_bands_part(bands, stream->band, i)->source_end) {
            return false;
        }
    }
    return true;
}

static clproc_status advance(void *user, const uint32_t rows[CLP_MAX_PLANES], clproc_error *error) {
    clp_stream *stream = user;
    const clp_bands *bands = bands_of(stream);
    clproc_status status = CLPROC_OK;
    for (uint32_t i = 0; i < bands->window.plane_count; i++) {
        stream->rows[i] = later(stream->rows[i], rows[i]);
    }
    /* The last band waits for the decoder's verdict. */
    while (status == CLPROC_OK && stream->band + 1 < bands->count && filled(stream)) {
        status = move_on(stream, error);
    }
    return status;
}

clproc_status clp_stream_begin(clp_stream *stream, clp_row_sink *sink, clproc_error *error) {
    *sink = (clp_row_sink){place, advance, stream};
    return await_window(stream, 0, error);
}

clproc_status clp_stream_end(clp_stream *stream, clproc_error *error) {
    if (stream->band + 1 != bands_of(stream)->count || !filled(stream)) {
        return clp_error_set(error, CLPROC_ERROR_INTERNAL, "the decoder left rows out");
    }
    clp_board_band_ready(stream->board, stream->picture);
    return CLPROC_OK;
}

clproc_status clp_stream_feed(clp_stream *stream, const uint8_t *base, clproc_error *error) {
    const clp_layout *input = &stream->picture->recipe.plan->input;
    const clp_bands *bands = bands_of(stream);
    /* With the last band the picture, and perhaps its plan, is somebody else's. */
    const uint32_t count = bands->count;
    clproc_status status = CLPROC_OK;
    for (; status == CLPROC_OK && stream->band < count; stream->band++) {
        status = await_window(stream, stream->band, error);
        for (uint32_t i = 0; status == CLPROC_OK && i < input->plane_count; i++) {
            const clp_band *part = clp_bands_part(bands, stream->band, i);
            const clp_plane *plane = &input->planes[i];
            memcpy(row_in_window(stream, stream->band, i, part->source),
                   base + plane->offset + part->source * plane->pitch,
                   (part->source_end - part->source) * plane->pitch);
        }
        if (status == CLPROC_OK) {
            clp_board_band_ready(stream->board, stream->picture);
        }
    }
    return status;
}
