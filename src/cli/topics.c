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
    page->paragraph("Put quotes around sizes with ! > < or ^, which are special characters of "
                    "shells. Small pictures are enlarged unless > or enlarge=no says otherwise. "
                    "--width and --height are the same as 800x and x600, together as 800x600.");
    page->paragraph("A crop takes 800x600+10+20, 800x600 to cut around the middle (or by "
                    ":gravity=…), or a shape as 16:9 or 1.91:1. Sizes are those of the "
                    "upright picture.");
}

static void print_outputs(const clp_cli_page *page) {
    page->paragraph(
        "-o names one output; each --to adds another one, made from the same decode: --to big "
        "--resize 1920x --to thumbs --resize 320x. One run makes at most 32 outputs of a picture.");
    page->entry("before --to", "operations, and --format, --quality, --subsampling, --progressive, "
                               "--png-level, --webp-lossless, --depth, --lossless, --strip, "
                               "--keep, --icc, --intent and --bpc, are for all outputs");
    page->entry("behind --to", "are for that output: operations come after the shared ones, "
                               "options replace the shared ones, --strip and --keep add to them");
    page->entry("everything else", "is for the whole run, wherever it stands");
    page->paragraph("Without -o the first --to names the first output, and what stands before it "
                    "is shared: clproc run photos --strip gps --to web --resize 1600x --to "
                    "'thumbs/{name}.jpg' --resize 320x320:fit=cover. With -o the first output "
                    "gets what is shared and nothing else: -o small --resize 320x --to large "
                    "--resize 640x would enlarge from 320.");
    page->paragraph("A JPEG is shrunk while it is decoded, as far as the largest output allows. A "
                    "small output is then computed from more pixels than in a run of its own: its "
                    "bytes differ, and it is closer to the exact result. Where some outputs need "
                    "RGB at full size and others the planes of a JPEG, the JPEG is decoded twice.");
    page->paragraph("An output that fails does not stop the others. If a file cannot be read, all "
                    "its outputs fail, and it is named once. The summary counts outputs.");
}

static void print_metadata(const clp_cli_page *page) {
    page->entry("EXIF",
                "kept, with orientation 1 and the new size. The thumbnail is left out, since it "
                "shows the picture as it was. The maker's note keeps its place in the block; it "
                "goes where the place does, since only its maker knows what it tells.");
    page->entry(
        "XMP, IPTC",
        "kept, in a PNG as text; XMP's extension (HasExtendedXMP) is left out, with a warning.");
    page->entry("colour profile", "kept while it describes the output's pixels; --icc converts.");
    page->entry("comments, texts",
                "kept; PNG's texts become comments of a JPEG, as \"Copyright: …\", "
                "and comments a PNG's text.");
    page->entry("density", "kept, except in WebP and AVIF, which have none.");
    page->entry("TIFF", "gives its colour profile, XMP, IPTC, density, orientation, the texts of "
                        "its first directory, such as Artist and Copyright, and its EXIF and GPS "
                        "directories without the maker's note; a BigTIFF does not give these two.");
    page->entry("WebP, AVIF", "have EXIF, XMP and a colour profile; IPTC, comments and texts are "
                              "left out, with a warning.");
    page->entry(
        "HEIF, AVIF",
        "are always turned by their own properties; EXIF's orientation in them is not applied.");
    page->paragraph("Orientation is read from EXIF, in a PNG's eXIf chunk, else in \"Raw profile "
                    "type exif\" or \"APP1\", and applied unless --no-auto-orient is given.");
    page->paragraph("Left out, with a warning: gain maps (Ultra HDR) and other pictures behind a "
                    "JPEG or in a HEIF or AVIF, the video of a motion photo, the frames of an "
                    "animation but the first, content credentials (C2PA), FLIR's thermal data. XMP "
                    "properties that refer to them are removed. Left out without a warning: a "
                    "PNG's tIME, bKGD, sBIT, hIST, sPLT, and private chunks and segments.");
    page->paragraph(
        "--strip leaves out the kinds that it names, --keep leaves out all others. A place is kept "
        "only if gps is named, even in a kind that is. If icc is left out, colours are only right "
        "in pictures that are in sRGB, as after --icc srgb. Without operations pixels are not "
        "re-encoded; see `clproc help keeping`. Kinds:");
    clproc_metadata_info kind;
    for (size_t i = 0; (kind = clproc_metadata_at(i)).name; i++) {
        char meaning[400];
        snprintf(meaning, sizeof meaning, "%s%s", kind.help,
                 !kind.kept       ? " (--strip only)"
                 : !kind.stripped ? " (--keep only)"
                                  : "");
        page->entry(kind.name, meaning);
    }
}

static void print_keeping(const clp_cli_page *page) {
    page->paragraph("Pixels are only decoded and encoded where that is needed. Pictures that were "
                    "not re-encoded are counted at the end, and named with --verbose.");
    page->entry("no operation", "the file is copied, byte for byte, with its orientation tag");
    page->entry(
        "--strip, --keep",
        "a JPEG's tables and scans, a PNG's pixels, palette, transparency and frames, a WebP's "
        "pictures, and an AVIF's coded picture with its alpha stay byte for byte; metadata is "
        "written as `clproc help metadata` says");
    page->entry("--lossless",
                "--rotate, --flip, --crop and EXIF's orientation move a JPEG's blocks (its DCT "
                "coefficients, as jpegtran does). No value changes");
    page->paragraph(
        "Pixels are re-encoded for any other operation; where an option asks for it (--format, "
        "--quality, --subsampling, --progressive, --png-level, --webp-lossless, --depth, --icc); "
        "and for --strip and --keep without --lossless where EXIF's orientation is to be applied "
        "and --keep does not name it, where a CMYK picture would lose its profile, where a file "
        "lacks markers of a whole one, and where an AVIF holds more than one picture and its "
        "alpha, such as grids and gain maps. Files that are not decoded are not checked for "
        "damaged pixels.");
    page->paragraph(
        "With --lossless a JPEG fails where its blocks do not allow it: for rotating and flipping "
        "the side that is mirrored must be a multiple of 8 or 16 pixels (of 4:1:1, 32), and a crop "
        "must begin at such a multiple. --lossless=trim cuts off the rest, at most 31 columns or "
        "rows of an edge, and never shows more than was asked for. Blocks at the far edges of a "
        "crop are stored whole: up to 31 pixels beyond it stay in the file, unseen. A moved JPEG "
        "gets new Huffman codes; a progressive one stays progressive. A PNG, PPM, PGM or PAM is "
        "re-encoded, which loses nothing; a WebP and an AVIF fail. Other operations, formats and "
        "options of the encoder are refused.");
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
    page->entry("PPM, PGM, PAM",
                "read: 1 to 16 bits, of PAMs 1 to 4 channels, not CMYK; not Netpbm's plain text "
                "and bitmaps (P1 to P4). Written: 8 or 16 bits, PPM in RGB, PGM in gray, with "
                "--format pnm one of these two, as the picture is, PAM with alpha. They hold no "
                "metadata and no profile.");
    page->entry("WebP", is_built("WebP")
                            ? "read: lossy and lossless, with alpha; of an animation the "
                              "first frame. Written: lossy at --quality, with --webp-lossless "
                              "keeping every sample; RGB with or without alpha, 8 bits."
                            : "not in this build: install libwebp-dev and build it again");
    page->entry("TIFF", is_built("TIFF")
                            ? "read only: gray, RGB, CMYK of 8 and gray, RGB of 16 bits, with or "
                              "without alpha, in strips or tiles, in any compression of libtiff; "
                              "palettes and fewer bits; the first of several pictures. Name the "
                              "outputs' format with --format."
                            : "not in this build: install libtiff-dev and build it again");
    page->entry("HEIF, AVIF", is_built("AVIF")
                                  ? "read: the primary picture, turned and cropped as the file "
                                    "says, with alpha; 8 bits, and 10 and 12 as 16. Written: AVIF "
                                    "at --quality and --subsampling, with --webp-lossless keeping "
                                    "every sample; RGB with or without alpha, 8 bits, or 12 with "
                                    "--depth 16."
                                  : "not in this build: install libheif-dev and build it again");
    page->paragraph(
        "Nothing else is read or written: no GIF, JPEG XL or raw files. In folders such files are "
        "skipped with a warning; one that is named fails. PNGs in Apple's own form (CgBI) fail "
        "everywhere. A format is recognised by the first bytes of a file, not by its name.");
    page->paragraph(
        "clproc index reads the metadata of all these, and of raw files: DNG, NEF, NRW, CR2, CR3, "
        "ARW, SR2, PEF, SRW, ORF, RW2, RAF, MRW, other raw files that are TIFF structures, and "
        "BigTIFF.");
    page->paragraph(
        "Flaws that harm no pixel cause a warning: a missing end, an odd header, broken metadata. "
        "Files that end early or are damaged are refused; --fail-on says how much is tolerated.");
}

static void print_shards(const clp_cli_page *page) {
    page->paragraph("With --shard I/N a run processes part I of N of the files. The part of a file "
                    "follows from its name below the input, so each file is in one part, the same "
                    "one on every machine. All parts may write to one folder, with --resume, too. "
                    "If two files would be written to one name, every part refuses, as one run "
                    "does; {index} counts the files of all parts. Files whose outputs could get "
                    "one name after decoding ({width}, {height}) are in one part.");
    page->entry("auto", "takes I and N from the environment:");
    page->entry("Slurm", "SLURM_ARRAY_TASK_ID, _COUNT, _MIN and _STEP of an array; in srun "
                         "SLURM_PROCID and SLURM_STEP_NUM_TASKS");
    page->entry("MPI", "OMPI_COMM_WORLD_RANK and _SIZE, or PMI_RANK and PMI_SIZE");
    page->entry("Kubernetes", "JOB_COMPLETION_INDEX of an indexed job; N must be given, as auto/8");
    page->paragraph(
        "Where a task of an array, or of an indexed job, starts several processes, these share the "
        "task's part. auto/N is refused where the environment has another N, as for tasks of an "
        "array that were submitted again as an array of their own.");
    page->paragraph("`clproc index merge` and `clproc report merge` combine what the parts wrote.");
}

static void print_environment(const clp_cli_page *page) {
    page->entry("POCL_CACHE_DIR", "where PoCL keeps compiled kernels, and clproc its programs, in "
                                  "clproc-programs; by default $XDG_CACHE_HOME/pocl/kcache, else "
                                  "~/.cache/pocl/kcache, and where that cannot be written, or is "
                                  "another user's, /tmp/clproc-cache-UID. It may be removed at any "
                                  "time");
    page->entry("POCL_DEVICES",
                "which of its drivers PoCL offers; clproc sets \"pthread basic\" if it is not set");
    page->entry("POCL_WORK_GROUP_SPECIALIZATION",
                "1 has PoCL compile each kernel for each size of its work-groups, too, which takes "
                "longer and gains nothing; clproc sets 0 if it is not set");
    page->entry("POCL_KERNEL_CACHE", "0 switches both caches off");
    page->entry("CLPROC_DRIVER_MESSAGES",
                "1 shows everything that drivers and libraries print; otherwise only "
                "what they print before they end the program is shown");
    page->entry("OCL_ICD_VENDORS",
                "which OpenCL drivers are used: a folder of .icd files, or one such file");
    page->entry("CLPROC_FORCE", "for clproc's own tests: it works as on another kind of device");
    page->entry("TMPDIR", "where stress and analyse put the samples they make; /tmp by default");
    page->entry("TERM", "if it is dumb, progress is not redrawn");
    page->entry("PATH", "PoCL needs ld on it; the usual folders are tried as well");
}

static void print_files(const clp_cli_page *page) {
    page->entry(".clproc-journal",
                "in the output folder of runs with --resume: what was made from what");
    page->entry(".clproc-*", "an output being written; renamed when it is whole. One that a killed "
                             "run has left is removed when the next run writes to its folder");
    page->entry("/etc/OpenCL/vendors", "the .icd files of the OpenCL drivers");
}

static void print_exit_codes(const clp_cli_page *page) {
    page->entry("0", "all done");
    page->entry("1", "some files failed, each is named; or a result was not as exact as promised "
                     "(selftest, --verify), or report diff found a regression");
    page->entry("2", "the command line is wrong; nothing was done");
    page->entry("3", "no usable device");
    page->entry("4", "an input/output error or a lack of resources stopped the run");
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

static void print_features(const clp_cli_page *page) {
    page->paragraph("--features decodes each picture small, upright, 320 pixels along its longer "
                    "side, and measures what it looks like. The numbers are the same on every "
                    "device. docs/features.md has the definitions and their sources.");
    page->entry("SharpnessWhole", "variance of the Laplacian of luma: of the whole picture");
    page->entry("SharpnessBest, SharpnessMean",
                "the same for 8 x 8 tiles, the greatest and the mean: a sharp subject before a "
                "soft background is sharp in few tiles");
    page->entry("LumaMean, LumaDeviation", "how bright, and how much contrast (0 to 255)");
    page->entry("LumaP1 to LumaP99", "the level that 1, 5, 50, 95, 99 percent of the pixels do not "
                                     "exceed");
    page->entry("ClippedLow, ClippedHigh",
                "shares of pixels that are black, or have a channel at its maximum");
    page->entry("LumaHistogram", "16 shares of luma, in thousandths");
    page->entry("Colourfulness", "by Hasler and Suesstrunk: 0 gray, 109 extremely colourful");
    page->entry("NoiseEstimate", "by Immerkaer; fine structure counts as noise");
    page->entry("DominantColours", "up to five, with their shares of the picture");
    page->entry("PerceptualHash", "64 bits that differ in few places where pictures look alike: "
                                  "--near compares them");
    page->entry("ThumbHash", "a placeholder of some 25 bytes, in base64");
    page->paragraph("`clproc run photos/ -o web/ --resize 1600x --features photos.csv` writes the "
                    "same table while it processes pictures, and opens each file once. With "
                    "--resume, rows of files that have not changed are kept.");
    page->paragraph("--near 6 lists groups of pictures that look alike, the sharpest first: each "
                    "differs from another one of its group in 6 bits at most. With --update it "
                    "takes them from an index that is there: clproc index photos/ -o photos.csv "
                    "--update --near 6");
}

static void print_models(const clp_cli_page *page) {
    char names[1024] = "";
    const char *name;
    size_t used = 0;
    page->paragraph(
        "ONNX files, as skl2onnx writes them for scikit-learn's LogisticRegression and other "
        "linear models, DecisionTree, RandomForest, ExtraTrees, GradientBoosting and "
        "HistGradientBoosting, classifiers and regressors, alone or within a Pipeline with scalers "
        "and SimpleImputer, or calibrated by CalibratedClassifierCV. Numbers are computed in "
        "double precision; scores are those of predict_proba within 1e-6.");
    page->paragraph(
        "If each column is an input of the model, the inputs' names are those of the columns. Else "
        "the file's metadata feature_names has them, joined by commas, or --columns names them.");
    page->paragraph(
        "A missing value (an empty cell, NaN, null) must be filled in by the model's imputer, or "
        "accepted by its trees (HistGradientBoosting); else it is an error.");
    page->paragraph(
        "index --model takes the columns from the fields that are numbers; a model with one matrix "
        "without names gets the features in their order. A model's only score, or that of the "
        "second of two classes, is Score; of more classes, or several targets of a regression, "
        "each has a column, up to Score8. A row that lacks a value has no score, and a Warning.");
    for (size_t i = 0; used < sizeof names && (name = clproc_score_operator(i)); i++) {
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", name);
    }
    page->paragraph("Operators that a model may use:");
    page->paragraph(names);
}

const clp_cli_topic clp_cli_topics[] = {
    {"sizes", "how sizes and shapes are written", print_sizes},
    {"outputs", "several outputs of each picture, with --to", print_outputs},
    {"metadata", "which metadata is kept", print_metadata},
    {"keeping", "what is copied without re-encoding", print_keeping},
    {"formats", "what is read and written", print_formats},
    {"synonyms", "options and values by the names of other programs", print_synonyms},
    {"fields", "the fields of an index, by exiftool's names", print_fields},
    {"shards", "one job on many machines", print_shards},
    {"features", "what --features measures", print_features},
    {"models", "which models clproc scores with", print_models},
    {"environment", "environment variables", print_environment},
    {"files", "files that clproc makes for itself", print_files},
    {"exit-codes", "meanings of exit codes", print_exit_codes},
    {NULL, NULL, NULL},
};
