#include "topics.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "clproc/clproc.h"
#include "synonyms.h"

static void print_sizes(const clp_cli_page *page) {
    page->entry("800x600", "the whole picture within 800 x 600; :fit=cover, contain, fill or "
                           "outside for other ways to fit");
    page->entry("800x or 800", "800 wide, the height by proportion");
    page->entry("x600", "600 high, the width by proportion");
    page->entry("50%", "half of both sides");
    page->entry("800x600!", "exactly so, whatever the proportions; as :fit=fill");
    page->entry("800x600>", "only larger pictures; as :enlarge=no");
    page->entry("800x600<", "only pictures that are smaller both ways");
    page->entry("800x600^", "at least 800 x 600; as :fit=outside");
    page->paragraph("Put quotes around ! > < and ^, which shells take for themselves. Small "
                    "pictures are enlarged unless > or enlarge=no says otherwise. --width and "
                    "--height are the same as 800x and x600, together as 800x600.");
    page->paragraph("A crop takes 800x600+10+20, 800x600 to cut around the middle (or by "
                    ":gravity=…), or a shape as 16:9. Sizes are those of the upright picture.");
}

static void print_metadata(const clp_cli_page *page) {
    page->entry("EXIF", "kept, with orientation 1 and the new size; the thumbnail goes, since it "
                        "shows the picture as it was. MakerNotes stay where they stand.");
    page->entry("XMP, IPTC", "kept, in a PNG as text; XMP's extension (HasExtendedXMP) is left "
                             "behind, with a warning.");
    page->entry("colour profile", "kept while it describes the output's pixels; --icc converts.");
    page->entry("comments, texts",
                "kept; PNG's texts become comments of a JPEG, as \"Copyright: …\", "
                "and comments a PNG's text.");
    page->entry("density", "kept.");
    page->paragraph("Orientation is read from EXIF, in a PNG's eXIf chunk, else in \"Raw profile "
                    "type exif\" or \"APP1\", and applied unless --no-auto-orient is given.");
    page->paragraph("Left behind, with a warning: gain maps (Ultra HDR) and other pictures behind "
                    "a JPEG, the video of a motion photo, the frames of an APNG but the first, "
                    "content credentials (C2PA), FLIR's thermal data. What XMP said of them is "
                    "taken out. Left behind without one: a PNG's tIME, bKGD, sBIT, hIST, sPLT, and "
                    "private chunks and segments.");
    page->paragraph(
        "--strip takes out all, or some of exif, xmp, iptc, icc, thumbnail, comments; gps "
        "takes the place out of EXIF, XMP, IPTC and texts. Without operations a file "
        "is copied whole.");
}

static void print_formats(const clp_cli_page *page) {
    page->entry("JPEG",
                "read: baseline, progressive, arithmetic; gray, YCbCr, RGB, CMYK, YCCK; 8 "
                "bits. Written: gray and YCbCr at --quality, --subsampling, --progressive.");
    page->entry("PNG",
                "read: all colour types, 1 to 16 bits, interlaced; of an APNG the first frame. "
                "Written: gray and RGB with or without alpha, 8 or 16 bits.");
    page->paragraph(
        "Nothing else is read or written: no WebP, HEIC, AVIF, TIFF, GIF or raw files, nor "
        "PNGs in Apple's own form (CgBI). In folders such files are passed over with a "
        "warning; one that is named fails. What a file is its first bytes tell, not its "
        "name.");
    page->paragraph(
        "Flaws that harm no pixel are warned of: a missing end, an odd header, broken "
        "metadata. Files that end early or are damaged are refused; --fail-on says how much "
        "is tolerated.");
}

static void print_environment(const clp_cli_page *page) {
    page->entry("POCL_CACHE_DIR", "where PoCL keeps compiled kernels, and clproc its programs, in "
                                  "clproc-programs; by default $XDG_CACHE_HOME/pocl/kcache, else "
                                  "~/.cache/pocl/kcache, and where that cannot be written "
                                  "/tmp/clproc-cache-UID. It may be removed at any time");
    page->entry("POCL_KERNEL_CACHE", "0 switches both caches off");
    page->entry("OCL_ICD_VENDORS",
                "which OpenCL drivers are there: a folder of .icd files, or one");
    page->entry("CLPROC_FORCE",
                "for tests of the program itself: forces it to work as on another kind "
                "of device");
    page->entry("TMPDIR", "where stress and analyse put the samples they make; /tmp by default");
    page->entry("TERM", "progress is not redrawn where it is dumb");
    page->entry("PATH", "PoCL needs ld on it; the usual folders are tried as well");
}

static void print_files(const clp_cli_page *page) {
    page->entry(".clproc-journal",
                "in the output folder of runs with --resume: what was made from what");
    page->entry(".clproc-*",
                "an output being written; renamed when it is whole. One left by a run that "
                "was killed goes when the next run writes to its folder");
    page->entry("/etc/OpenCL/vendors", "the .icd files of the OpenCL drivers");
}

static void print_exit_codes(const clp_cli_page *page) {
    page->entry("0", "all done");
    page->entry("1",
                "some files failed, each is named; or a promise was broken (selftest, --verify), "
                "or report diff found a regression");
    page->entry("2", "the command line is wrong; nothing was done");
    page->entry("3", "no usable device");
    page->entry("4", "input/output or resources stopped the run");
    page->entry("128+n",
                "stopped by signal n; outputs are whole or not there, and the message names "
                "the command that goes on");
}

static void print_synonyms(const clp_cli_page *page) {
    page->paragraph("Options of other programs, and what they stand for:");
    for (const clp_cli_synonym *word = clp_cli_synonyms; word->name; word++) {
        char term[64], meaning[128], letter[8] = "";
        const char *place = strchr(word->meaning, '%');
        if (word->letter) {
            snprintf(letter, sizeof letter, "-%c, ", word->letter);
        }
        snprintf(term, sizeof term, "%s--%s%s%s", letter, word->name, word->value ? " " : "",
                 word->value ? word->value : "");
        snprintf(meaning, sizeof meaning, "%.*s%s%s",
                 place ? (int)(place - word->meaning) : (int)strlen(word->meaning), word->meaning,
                 place ? word->value : "", place ? place + 1 : "");
        page->entry(term, meaning[0] ? meaning : "done anyway");
    }
    page->paragraph("Words for values, where the second is one of the choices:");
    for (const clproc_synonym *word = clproc_synonyms(); word->said; word++) {
        page->entry(word->said, word->meant);
    }
}

static void print_fields(const clp_cli_page *page) {
    static const char *const kinds[] = {[CLPROC_INDEX_TEXT] = "text",
                                        [CLPROC_INDEX_NUMBER] = "number",
                                        [CLPROC_INDEX_LIST] = "list of texts"};
    clproc_index_field field;
    for (size_t i = 0; (field = clproc_index_field_at(i)).name; i++) {
        char meaning[64];
        snprintf(meaning, sizeof meaning, "%s, %s", field.group, kinds[field.kind]);
        page->entry(field.name, meaning);
    }
}

const clp_cli_topic clp_cli_topics[] = {
    {"sizes", "how sizes and shapes are written", print_sizes},
    {"metadata", "what is kept and what is not", print_metadata},
    {"formats", "what is read and written", print_formats},
    {"synonyms", "options and values by the names of other programs", print_synonyms},
    {"fields", "the fields of an index, by exiftool's names", print_fields},
    {"environment", "environment variables", print_environment},
    {"files", "files of clproc's own", print_files},
    {"exit-codes", "what the exit code tells", print_exit_codes},
    {NULL, NULL, NULL},
};
