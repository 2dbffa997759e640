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

static void print_outputs(const clp_cli_page *page) {
    page->paragraph(
        "-o names one output; each --to adds one that is made from the same decode, which "
        "is most of the work: --to big --resize 1920x --to thumbs --resize 320x. At most "
        "32 outputs are made in one run.");
    page->entry("before --to", "operations, and --format, --quality, --subsampling, --progressive, "
                               "--png-level, --webp-lossless, --depth, --lossless, --strip, --icc, "
                               "--intent and --bpc, are for "
                               "all outputs");
    page->entry("behind --to", "they are for that output: operations come after the shared ones, "
                               "options take the place of the shared ones, --strip adds to them");
    page->entry("everything else", "is for the whole run, wherever it stands");
    page->paragraph(
        "Without -o the first --to names the first output, and nothing but what stands "
        "before it is shared: clproc run photos --strip gps --to web --resize 1600x --to "
        "'thumbs/{name}.jpg' --resize 320x320:fit=cover.");
    page->paragraph("A JPEG is shrunk while it is decoded, as far as the largest output allows. A "
                    "small output is then computed from more pixels than it would be alone: nearer "
                    "to the definition, and other bytes. Where some outputs need RGB at full size "
                    "and others the planes of a JPEG, it is decoded twice.");
    page->paragraph("An output that fails leaves the others. Of a file that cannot be read all "
                    "outputs fail, and it is named once. The summary counts outputs.");
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
    page->entry("density", "kept, but in a WebP, which has none.");
    page->entry("TIFF",
                "gives its profile, XMP, Photoshop's block (IPTC), density, orientation and "
                "the texts of its first directory, as Artist and Copyright; its EXIF and "
                "GPS directories are left behind.");
    page->entry("WebP", "has EXIF, XMP and a colour profile; IPTC, comments and texts are left "
                        "behind, with a warning.");
    page->paragraph("Orientation is read from EXIF, in a PNG's eXIf chunk, else in \"Raw profile "
                    "type exif\" or \"APP1\", and applied unless --no-auto-orient is given.");
    page->paragraph(
        "Left behind, with a warning: gain maps (Ultra HDR) and other pictures behind "
        "a JPEG, the video of a motion photo, the frames of an animation but the first, "
        "content credentials (C2PA), FLIR's thermal data. What XMP said of them is "
        "taken out. Left behind without one: a PNG's tIME, bKGD, sBIT, hIST, sPLT, and "
        "private chunks and segments.");
    page->paragraph(
        "--strip takes out all, or some of exif, xmp, iptc, icc, thumbnail, comments; gps "
        "takes the place out of EXIF, XMP, IPTC and texts. Without operations a file "
        "is copied whole, or with --strip all but its metadata; see `clproc help keeping`.");
}

static void print_keeping(const clp_cli_page *page) {
    page->paragraph("Pixels are only decoded and encoded where that is needed. What is not "
                    "re-encoded is counted at the end, and named with --verbose.");
    page->entry("no operation", "the file is copied, byte for byte, with the tag that turns it");
    page->entry(
        "--strip",
        "a JPEG's tables and scans, a PNG's pixels, palette, transparency and frames, and "
        "a WebP's pictures stay byte for byte; metadata is written as `clproc help metadata` says");
    page->entry("--lossless",
                "--rotate, --flip, --crop and EXIF's orientation move a JPEG's blocks (its DCT "
                "coefficients, as jpegtran does). No value changes");
    page->paragraph("Pixels are encoded anew where an option asks for it (--format, --quality, "
                    "--subsampling, --progressive, --png-level, --webp-lossless, --depth, --icc), "
                    "for any other "
                    "operation, and for --strip without --lossless where EXIF's orientation is "
                    "to be applied, where inks would lose their profile, and where a file is not "
                    "whole by its markers. Whether a scan itself is damaged, only decoding "
                    "tells.");
    page->paragraph(
        "With --lossless a JPEG fails where its blocks cannot do it: rotating and "
        "flipping need a side that is a multiple of 8 or 16 pixels (of 4:1:1, 32), "
        "namely the one that gets mirrored, and a crop must begin at such a multiple. "
        "--lossless=trim leaves out what is in the way, at most 31 columns or rows of "
        "an edge, and never shows more than was asked for. Blocks at the far edges of "
        "a crop are stored whole, so that up to 31 pixels beyond it stay in the file, "
        "unseen. Scans of a moved JPEG get Huffman codes of their own; progressive "
        "ones stay so. A PNG is encoded anew, which loses nothing; a WebP fails. Other operations, "
        "formats and options of the encoder are refused.");
}

static bool is_built(const char *name) {
    clproc_format_info info = {.name = ""};
    for (size_t i = 0; info.name; i++) {
        info = clproc_format_at(i);
        if (info.name && strcmp(info.name, name) == 0) {
            return info.built;
        }
    }
    return false;
}

static void print_formats(const clp_cli_page *page) {
    page->entry("JPEG",
                "read: baseline, progressive, arithmetic; gray, YCbCr, RGB, CMYK, YCCK; 8 "
                "bits. Written: gray and YCbCr at --quality, --subsampling, --progressive.");
    page->entry("PNG",
                "read: all colour types, 1 to 16 bits, interlaced; of an APNG the first frame. "
                "Written: gray and RGB with or without alpha, 8 or 16 bits.");
    page->entry("WebP", is_built("WebP")
                            ? "read: lossy and lossless, with alpha; of an animation the "
                              "first frame. Written: lossy at --quality, with --webp-lossless "
                              "keeping every sample; RGB with or without alpha, 8 bits."
                            : "not in this build: install libwebp-dev and build it again");
    page->entry("TIFF", is_built("TIFF")
                            ? "read only: gray, RGB, CMYK of 8 and gray, RGB of 16 bits, with or "
                              "without alpha, in strips or tiles, compressed as libtiff knows; "
                              "palettes and fewer bits; the first of several pictures. Name the "
                              "outputs' format with --format."
                            : "not in this build: install libtiff-dev and build it again");
    page->paragraph(
        "Nothing else is read or written: no HEIC, AVIF, GIF or raw files, nor "
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

static void print_models(const clp_cli_page *page) {
    char names[1024] = "";
    const char *name;
    size_t used = 0;
    page->paragraph(
        "Files of ONNX, as skl2onnx writes them of scikit-learn's LogisticRegression and "
        "other linear models, DecisionTree, RandomForest, ExtraTrees, GradientBoosting "
        "and HistGradientBoosting, classifiers and regressors, alone or within a "
        "Pipeline with scalers and SimpleImputer, or calibrated by "
        "CalibratedClassifierCV. Numbers are computed in double precision; scores are "
        "those of predict_proba within 1e-6.");
    page->paragraph("Columns are found by the names of the model's inputs where each column is an "
                    "input of its own, or by the file's metadata feature_names, names joined by "
                    "commas; else --columns names them.");
    page->paragraph("A missing value (an empty cell, NaN, null) must be filled in by the model's "
                    "imputer, or be one that its trees were made for; else it is an error.");
    for (size_t i = 0; used < sizeof names && (name = clproc_score_operator(i)); i++) {
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", name);
    }
    page->paragraph("Operators that a model may use:");
    page->paragraph(names);
}

const clp_cli_topic clp_cli_topics[] = {
    {"sizes", "how sizes and shapes are written", print_sizes},
    {"outputs", "several outputs of each picture, by --to", print_outputs},
    {"metadata", "what is kept and what is not", print_metadata},
    {"keeping", "what is copied without re-encoding", print_keeping},
    {"formats", "what is read and written", print_formats},
    {"synonyms", "options and values by the names of other programs", print_synonyms},
    {"fields", "the fields of an index, by exiftool's names", print_fields},
    {"models", "what a model for score may consist of", print_models},
    {"environment", "environment variables", print_environment},
    {"files", "files of clproc's own", print_files},
    {"exit-codes", "what the exit code tells", print_exit_codes},
    {NULL, NULL, NULL},
};
