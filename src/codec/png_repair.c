/* A PNG that libspng cannot read as it is, made into one that it can. */
#include <libdeflate.h>
#include <string.h>

#include "codec/png_private.h"

/** Bytes of a chunk besides its data. */
enum { CHUNK = CLP_PNG_HEAD + CLP_PNG_TAIL };

/** Ancillary chunks that may unpack to any size, and that no pixel depends on. */
static bool is_bulky(const uint8_t *type) {
    static const char names[][5] = {"iCCP", "iTXt", "zTXt", "tEXt", "sPLT", "eXIf"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (memcmp(type, names[i], 4) == 0) {
            return true;
        }
    }
    return false;
}

/** Appends the IDAT chunk that is cut off with what is there of it: its pixels may be whole. */
static clproc_status mend(clp_bytes *file, const uint8_t *chunk, size_t left, clproc_error *error) {
    uint8_t tail[CLP_PNG_TAIL];
    size_t size = clp_read_u32(chunk), start = file->size;
    clproc_status status;
    size = size < left - CLP_PNG_HEAD ? size : left - CLP_PNG_HEAD;
    CLP_TRY(status, out, clp_bytes_append(file, chunk, CLP_PNG_HEAD + size, error));
    clp_write_u32(file->data + start, (uint32_t)size);
    clp_write_u32(tail, libdeflate_crc32(0, file->data + start + 4, 4 + size));
    CLP_TRY(status, out, clp_bytes_append(file, tail, sizeof tail, error));
out:
    return status;
}

clproc_status clp_png_repair(const clp_source *source, const clp_png_chunks *chunks, bool all,
                             clp_bytes *file, clproc_error *error) {
    static const uint8_t end[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};
    clproc_status status;
    file->size = 0;
    CLP_TRY(status, out, clp_bytes_append(file, source->bytes, CLP_PNG_SIGNATURE, error));
    for (size_t at = CLP_PNG_SIGNATURE, whole; source->size - at >= CLP_PNG_HEAD; at += whole) {
        const uint8_t *chunk = source->bytes + at, *type = chunk + 4;
        size_t size = clp_read_u32(chunk), left = source->size - at;
        bool cut = left < CHUNK || size > left - CHUNK;
        whole = cut ? left : size + CHUNK;
        if (at == chunks->cut) {
            CLP_TRY(status, out, mend(file, chunk, left, error));
            break;
        }
        bool no_end = chunks->unended && (cut || memcmp(type, "IEND", 4) == 0);
        if (no_end || clp_png_is_oversized(source, type, size) || (all && is_bulky(type))) {
            continue;
        }
        CLP_TRY(status, out, clp_bytes_append(file, chunk, whole, error));
    }
    if (chunks->unended) {
        CLP_TRY(status, out, clp_bytes_append(file, end, sizeof end, error));
    }
out:
    return status;
}
