/* A PNG's list of chunks, of which libspng tells only a part. */
#include <libdeflate.h>
#include <string.h>

#include "codec/png_private.h"
#include "core/memory.h"

static void *take(size_t size) {
    return clp_memory_alloc(CLP_MEMORY_CODEC, size);
}

static void *take_zero(size_t count, size_t size) {
    return clp_memory_zero(CLP_MEMORY_CODEC, count, size);
}

static void *retake(void *block, size_t size) {
    return clp_memory_resize(CLP_MEMORY_CODEC, block, size);
}

spng_ctx *clp_png_context(int flags) {
    struct spng_alloc functions = {take, retake, take_zero, clp_memory_free};
    return spng_ctx_new2(&functions, flags);
}

static bool is(const uint8_t *type, const char *name) {
    return memcmp(type, name, 4) == 0;
}

static void take_note(const uint8_t *type, const uint8_t *data, size_t size,
                      clp_png_chunks *chunks) {
    static const struct {
        char name[5];
        uint32_t bit;
    } known[] = {{"gAMA", CLP_PNG_HAS_GAMA}, {"cHRM", CLP_PNG_HAS_CHRM},
                 {"sRGB", CLP_PNG_HAS_SRGB}, {"iCCP", CLP_PNG_HAS_ICCP},
                 {"pHYs", CLP_PNG_HAS_PHYS}, {"tRNS", CLP_PNG_HAS_TRNS}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        chunks->present |= is(type, known[i].name) ? known[i].bit : 0;
    }
    if (is(type, "eXIf") && !chunks->exif.data && size > 0) {
        /* Some programs write a JPEG's identifier before it. */
        size_t head = size > 6 && memcmp(data, "Exif\0", 5) == 0 ? 6 : 0;
        chunks->exif = (clp_block){data + head, size - head};
    } else if (is(type, "cICP") && size == 4) {
        chunks->cicp = (clp_block){data, size};
    } else if (is(type, "acTL")) {
        chunks->beside |= size >= 4 && clp_read_u32(data) > 1 ? CLP_BESIDE_ANIMATION : 0;
    } else if (is(type, "caBX")) {
        chunks->beside |= CLP_BESIDE_CREDENTIALS;
    }
}

bool clp_png_is_oversized(const clp_source *source, const uint8_t *type, size_t size) {
    return (type[0] & 0x20) && !is(type, "tRNS") && !clp_source_has_room(source, size);
}

static clproc_status inspect(const clp_source *source, const uint8_t *type, size_t size,
                             clp_png_chunks *chunks, clp_png_texts *texts, clp_flaws *flaws,
                             clproc_error *error) {
    const uint8_t *data = type + 4;
    char text[80];
    if (clp_png_is_oversized(source, type, size)) {
        chunks->oversized = true;
        snprintf(text, sizeof text, "a %.4s chunk exceeds the limit (--limit-chunk): dropped",
                 (const char *)type);
        return clp_flaws_note(flaws, CLP_FLAW_WARNING, text, error) ? CLPROC_OK
                                                                    : CLPROC_ERROR_INPUT;
    }
    if (libdeflate_crc32(0, type, size + 4) != clp_read_u32(data + size)) {
        snprintf(text, sizeof text, "wrong checksum of a %.4s chunk: dropped", (const char *)type);
        return clp_flaws_note(flaws, CLP_FLAW_WARNING, text, error) ? CLPROC_OK
                                                                    : CLPROC_ERROR_INPUT;
    }
    if (is(type, "tEXt") || is(type, "zTXt") || is(type, "iTXt")) {
        return clp_png_take_text(texts, source, type, size, flaws, error);
    }
    take_note(type, data, size, chunks);
    return CLPROC_OK;
}

clproc_status clp_png_find_chunks(const clp_source *source, clp_png_chunks *chunks,
                                  clp_png_texts *texts, clp_flaws *flaws, clproc_error *error) {
    bool pixels = false;
    *chunks = (clp_png_chunks){0};
    clp_png_texts_clear(texts);
    size_t at = CLP_PNG_SIGNATURE;
    while (source->size - at >= CLP_PNG_HEAD) {
        const uint8_t *type = source->bytes + at + 4;
        size_t size = clp_read_u32(source->bytes + at), left = source->size - at - CLP_PNG_HEAD;
        pixels |= is(type, "IDAT");
        chunks->unended = pixels && !is(type, "IEND");
        if (size > left || left - size < CLP_PNG_TAIL) {
            chunks->cut = is(type, "IDAT") ? at : 0;
            break;
        }
        /* Lower case: ancillary. The others are libspng's to check. */
        if (type[0] & 0x20) {
            clproc_status status = inspect(source, type, size, chunks, texts, flaws, error);
            if (status != CLPROC_OK) {
                return status;
            }
        }
        if (is(type, "IEND")) {
            chunks->end = at + CLP_PNG_HEAD + size + CLP_PNG_TAIL;
            /* No pixel depends on its checksum. */
            chunks->unended =
                pixels && libdeflate_crc32(0, type, size + 4) != clp_read_u32(type + 4 + size);
            break;
        }
        at += CLP_PNG_HEAD + size + CLP_PNG_TAIL;
    }
    return CLPROC_OK;
}
