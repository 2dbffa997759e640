/* Messages of libjpeg: what they mean for a file, and the way back out of its fatal ones. */
#include "codec/jpeg_private.h"

#include <jerror.h>

static clproc_status fatal_status(int code) {
    switch (code) {
    case JERR_OUT_OF_MEMORY:
        return CLPROC_ERROR_MEMORY;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
    case JERR_WIDTH_OVERFLOW:
        return CLPROC_ERROR_UNSUPPORTED;
    default:
        return CLPROC_ERROR_INPUT;
    }
}

/** Data that the end of the picture cuts short is missing; cut short by anything else, damaged. */
static uint32_t ends_with(int marker) {
    return marker == JPEG_EOI ? CLP_FLAW_TRUNCATED : CLP_FLAW_CORRUPT;
}

/** What the end of the file without its marker means. In one scan of Huffman codes, a block that
 * lacks bits says so itself (JWRN_HIT_MARKER): until then nothing but the marker is missing. Of
 * several scans some may be missing, and arithmetic codes go on for ever. */
static uint32_t early_end(const struct jpeg_decompress_struct *info) {
    bool tells = !info->arith_code && !info->progressive_mode && info->comps_in_scan > 0 &&
                 info->comps_in_scan == info->num_components;
    return tells ? CLP_FLAW_WARNING : CLP_FLAW_TRUNCATED;
}

/** Each message of libjpeg's by whether a sample can be wrong. */
static uint32_t flaw_of(j_common_ptr info) {
    switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
        return early_end((j_decompress_ptr)info);
    case JWRN_HIT_MARKER:
        return ends_with(((j_decompress_ptr)info)->unread_marker);
    case JWRN_MUST_RESYNC:
        return ends_with(info->err->msg_parm.i[0]);
    case JWRN_ARITH_BAD_CODE:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_HUFF_BAD_CODE:
        return CLP_FLAW_CORRUPT;
    case JWRN_NOT_SEQUENTIAL: /* fields of SOS that a sequential scan does not use */
    default:
        return CLP_FLAW_WARNING;
    }
}

static void on_fatal(j_common_ptr info) {
    clp_jpeg_guard *guard = (clp_jpeg_guard *)info->err;
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    clproc_status status = fatal_status(info->err->msg_code);
    const char *said =
        info->is_decompressor ? "is not a JPEG that can be decoded" : "cannot be encoded as JPEG";
    const char *remedy = status == CLPROC_ERROR_UNSUPPORTED && info->is_decompressor
                             ? "; convert it with another program first"
                             : "";
    clp_jpeg_fail(guard, clp_error_set(guard->error, status, "%s: %s%s", said, text, remedy));
}

static void on_message(j_common_ptr info, int level) {
    clp_jpeg_guard *guard = (clp_jpeg_guard *)info->err;
    char text[JMSG_LENGTH_MAX];
    if (level >= 0 || !guard->flaws) {
        return; /* traces */
    }
    info->err->num_warnings++;
    uint32_t flaw = flaw_of(info);
    if (flaw == CLP_FLAW_TRUNCATED) {
        info->err->msg_code = JWRN_JPEG_EOF; /* the cause, whatever noticed it */
    }
    info->err->format_message(info, text);
    if (info->err->msg_code == JWRN_JPEG_EOF && flaw == CLP_FLAW_WARNING) {
        snprintf(text, sizeof text, "the end of the file (EOI) is missing");
    }
    if (!clp_flaws_note(guard->flaws, flaw, text, guard->error)) {
        clp_jpeg_fail(guard, CLPROC_ERROR_INPUT);
    }
}

struct jpeg_error_mgr *clp_jpeg_guard_init(clp_jpeg_guard *guard, clp_flaws *flaws) {
    jpeg_std_error(&guard->manager);
    guard->manager.error_exit = on_fatal;
    guard->manager.emit_message = on_message;
    guard->flaws = flaws;
    return &guard->manager;
}

clproc_status clp_jpeg_attempt(clp_jpeg_guard *guard, void (*step)(void *), void *argument,
                               clproc_error *error) {
    guard->error = error;
    if (setjmp(guard->escape)) {
        return guard->status;
    }
    step(argument);
    return CLPROC_OK;
}

void clp_jpeg_fail(clp_jpeg_guard *guard, clproc_status status) {
    guard->status = status;
    longjmp(guard->escape, 1);
}
