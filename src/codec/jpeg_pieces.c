/** A file in memory that libjpeg sees as from a disk, in pieces.
 *
 *  Of a file that is whole in memory libjpeg takes a fast path through Huffman codes, on which a
 * bad code is a zero and nothing is said. Near the end of a piece it takes the careful one. */
#include "codec/jpeg_private.h"

#include <jerror.h>

/** As large as those of libjpeg's own source for files: what is told then is what djpeg tells. */
#define PIECE 4096

static void begin(j_decompress_ptr info) {
    (void)info;
}

static boolean next_piece(j_decompress_ptr info) {
    static const JOCTET end[] = {0xFF, JPEG_EOI};
    clp_jpeg_pieces *pieces = (clp_jpeg_pieces *)info->src;
    size_t left = pieces->size - pieces->at, size = left < PIECE ? left : PIECE;
    pieces->manager.next_input_byte = pieces->bytes + pieces->at;
    pieces->manager.bytes_in_buffer = size;
    pieces->at += size;
    if (size == 0) {
        WARNMS(info, JWRN_JPEG_EOF);
        pieces->manager.next_input_byte = end;
        pieces->manager.bytes_in_buffer = sizeof end;
    }
    return TRUE;
}

static void skip(j_decompress_ptr info, long count) {
    struct jpeg_source_mgr *manager = info->src;
    size_t left = count > 0 ? (size_t)count : 0;
    while (left > manager->bytes_in_buffer) {
        left -= manager->bytes_in_buffer;
        next_piece(info);
    }
    manager->next_input_byte += left;
    manager->bytes_in_buffer -= left;
}

void clp_jpeg_read_in_pieces(j_decompress_ptr info, clp_jpeg_pieces *pieces, const uint8_t *bytes,
                             size_t size) {
    *pieces = (clp_jpeg_pieces){.manager = {.init_source = begin,
                                            .fill_input_buffer = next_piece,
                                            .skip_input_data = skip,
                                            .resync_to_restart = jpeg_resync_to_restart,
                                            .term_source = begin},
                                .bytes = bytes,
                                .size = size};
    info->src = &pieces->manager;
}
