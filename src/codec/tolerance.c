/* What a run takes of a file: how much is wrong with it, how large it is, how long it takes. */
#include "codec/codec_private.h"
#include "core/cancel.h"
#include "core/clock.h"

/* ---------------------------------------------------------------- flaws */

bool clp_flaws_tolerated(const clp_flaws *flaws, uint32_t flaw) {
    static const uint32_t refused[] = {
        [CLPROC_FAIL_ON_NONE] = 0,
        [CLPROC_FAIL_ON_TRUNCATED] = CLP_FLAW_TRUNCATED,
        [CLPROC_FAIL_ON_ERROR] = CLP_FLAW_TRUNCATED | CLP_FLAW_CORRUPT,
        [CLPROC_FAIL_ON_WARNING] = CLP_FLAW_TRUNCATED | CLP_FLAW_CORRUPT | CLP_FLAW_WARNING,
    };
    return (refused[flaws->fail_on] & flaw) == 0;
}

bool clp_flaws_note(clp_flaws *flaws, uint32_t flaw, const char *message, clproc_error *error) {
    if (flaw > flaws->found) { /* worse than all so far */
        snprintf(flaws->message, sizeof flaws->message, "%s", message);
    }
    flaws->found |= flaw;
    if (clp_flaws_tolerated(flaws, flaw)) {
        return true;
    }
    const char *remedy = flaw == CLP_FLAW_TRUNCATED ? "none"
                         : flaw == CLP_FLAW_CORRUPT ? "truncated"
                                                    : "error";
    clp_error_set(error, CLPROC_ERROR_INPUT, "%s; --fail-on %s takes it as it is", message, remedy);
    return false;
}

/* --------------------------------------------------------------- limits */

clproc_status clp_source_check_size(const clp_source *source, uint32_t width, uint32_t height,
                                    clproc_error *error) {
    const clp_limits *limits = &source->limits;
    uint64_t pixels = (uint64_t)width * height;
    uint32_t side = width > height ? width : height;
    if (limits->pixels && pixels > limits->pixels) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "has %u x %u = %llu pixels, more than the limit of %llu; raise it "
                             "with --limit-pixels",
                             width, height, (unsigned long long)pixels,
                             (unsigned long long)limits->pixels);
    }
    if (limits->side && side > limits->side) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "has a side of %u pixels, more than the limit of %u; raise it with "
                             "--limit-side",
                             side, limits->side);
    }
    return CLPROC_OK;
}

bool clp_source_has_room(const clp_source *source, size_t size) {
    uint64_t limit = source->limits.chunk_bytes;
    return limit == 0 || size <= limit;
}

clproc_status clp_decoder_note(clp_decoder *decoder, uint32_t flaw, const char *message,
                               clproc_error *error) {
    return clp_flaws_note(&decoder->flaws, flaw, message, error) ? CLPROC_OK : CLPROC_ERROR_INPUT;
}

clproc_status clp_decoder_note_large(clp_decoder *decoder, clproc_error *error) {
    return clp_decoder_note(decoder, CLP_FLAW_WARNING,
                            "its metadata exceeds the limit (--limit-chunk): dropped", error);
}

clproc_status clp_decoder_note_hdr(clp_decoder *decoder, clproc_error *error) {
    const clp_colour_facts *colour = &decoder->header.colour;
    bool hdr =
        colour->has_cicp && (colour->cicp[1] == CLP_H273_PQ || colour->cicp[1] == CLP_H273_HLG);
    return hdr ? clp_decoder_note(decoder, CLP_FLAW_WARNING,
                                  "its colours are HDR's (PQ or HLG), which are not converted",
                                  error)
               : CLPROC_OK;
}

clproc_status clp_decoder_check(const clp_decoder *decoder, clproc_error *error) {
    const clp_source *source = &decoder->source;
    if (source->deadline && clp_clock_ns() > source->deadline) {
        return clp_error_set(error, CLPROC_ERROR_LIMIT,
                             "takes longer to decode than the limit of %g seconds; raise it with "
                             "--limit-seconds",
                             source->limits.seconds);
    }
    return clp_cancel_check(decoder->cancel, error);
}

void clp_source_start_clock(clp_source *source) {
    double seconds = source->limits.seconds;
    /* A limit of years is no limit, and must not overflow. */
    source->deadline =
        seconds > 0 && seconds < 1e9 ? clp_clock_ns() + (uint64_t)(seconds * 1e9) : 0;
}
