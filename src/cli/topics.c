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
                    ":gravity=…), or a shape as 16:9 or 1.91:1. Sizes are those of the "
                    "upright picture.");
}

static void print_outputs(const clp_cli_page *page) {
    page->paragraph(
        "-o names one output; each --to adds one that is made from the same decode, which "
        "is most of the work: --to big --resize 1920x --to thumbs --resize 320x. At most "
        "32 outputs are made in one run.");
    page->entry("before --to",
                "operations, and --format, --quality, --subsampling, --progressive, "
                "--png-level, --webp-lossless, --depth, --lossless, --strip, --keep, --icc, "
                "--intent and --bpc, are for "
                "all outputs");
    page->entry("behind --to",
                "they are for that output: operations come after the shared ones, "
                "options take the place of the shared ones, --strip and --keep add to them");
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
    page->entry("density", "kept, but in a WebP and an AVIF, which have none.");
    page->entry("TIFF",
                "gives its profile, XMP, Photoshop's block (IPTC), density, orientation, "
                "the texts of its first directory, as Artist and Copyright, and its EXIF and GPS "
                "directories but for the maker's note; of a BigTIFF these two are left behind.");
    page->entry("WebP, AVIF", "have EXIF, XMP and a colour profile; IPTC, comments and texts are "
                              "left behind, with a warning.");
    page->entry("HEIF, AVIF", "are turned as they say themselves, always; EXIF's orientation in "
                              "them is not applied.");
    page->paragraph("Orientation is read from EXIF, in a PNG's eXIf chunk, else in \"Raw profile "
                    "type exif\" or \"APP1\", and applied unless --no-auto-orient is given.");
    page->paragraph("Left behind, with a warning: gain maps (Ultra HDR) and other pictures behind "
                    "a JPEG or in a HEIF or AVIF, the video of a motion photo, the frames of an "
                    "animation but the first, content credentials (C2PA), FLIR's thermal data. "
                    "What XMP said of them is taken out. Left behind without one: a PNG's tIME, "
                    "bKGD, sBIT, hIST, sPLT, and private chunks and segments.");
    page->paragraph(
        "--strip leaves out the kinds that it names, --keep all but those; with --keep what is "
        "named stays whole, but for a place, which stays where gps is named, too. Without icc "
        "colours are only right in sRGB, as after --icc srgb. Without operations a file "
        "is copied whole, or with --strip or --keep all but its metadata; see `clproc help "
        "keeping`. Kinds:");
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
    page->paragraph("Pixels are only decoded and encoded where that is needed. What is not "
                    "re-encoded is counted at the end, and named with --verbose.");
    page->entry("no operation", "the file is copied, byte for byte, with the tag that turns it");
    page->entry(
        "--strip, --keep",
        "a JPEG's tables and scans, a PNG's pixels, palette, transparency and frames, a WebP's "
        "pictures, and an AVIF's coded picture with its alpha stay byte for byte; metadata is "
        "written as `clproc help metadata` says");
    page->entry("--lossless",
                "--rotate, --flip, --crop and EXIF's orientation move a JPEG's blocks (its DCT "
                "coefficients, as jpegtran does). No value changes");
    page->paragraph("Pixels are encoded anew where an option asks for it (--format, --quality, "
                    "--subsampling, --progressive, --png-level, --webp-lossless, --depth, --icc), "
                    "for any other "
                    "operation, and for --strip and --keep without --lossless where EXIF's "
                    "orientation is to be applied and --keep does not name it, where inks would "
                    "lose their profile, where a file is not whole by its markers, and where an "
                    "AVIF holds more than one picture and its alpha, as grids and gain maps. "
                    "Whether a scan itself is damaged, only decoding tells.");
    page->paragraph("With --lossless a JPEG fails where its blocks cannot do it: rotating and "
                    "flipping need a side that is a multiple of 8 or 16 pixels (of 4:1:1, 32), "
                    "namely the one that gets mirrored, and a crop must begin at such a multiple. "
                    "--lossless=trim leaves out what is in the way, at most 31 columns or rows of "
                    "an edge, and never shows more than was asked for. Blocks at the far edges of "
                    "a crop are stored whole, so that up to 31 pixels beyond it stay in the file, "
                    "unseen. Scans of a moved JPEG get Huffman codes of their own; progressive "
                    "ones stay so. A PNG, PPM, PGM or PAM is encoded "
                    "anew, which loses nothing; a WebP and an AVIF fail. Other operations, "
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
    page->entry("PPM, PGM, PAM",
                "read: 1 to 16 bits, of PAMs 1 to 4 channels; not Netpbm's plain text and bitmaps "
                "(P1 to P4). Written: 8 or 16 bits, PPM in RGB, PGM in gray, with --format pnm "
                "what the picture is, PAM with alpha. They hold no metadata and no profile.");
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
    page->entry("HEIF, AVIF", is_built("AVIF")
                                  ? "read: the primary picture, turned and cropped as the file "
                                    "says, with alpha; 8 bits, and 10 and 12 as 16. Written: AVIF "
                                    "at --quality and --subsampling, with --webp-lossless keeping "
                                    "every sample; RGB with or without alpha, 8 bits, or 12 with "
                                    "--depth 16."
                                  : "not in this build: install libheif-dev and build it again");
    page->paragraph(
        "Nothing else is read or written: no GIF, JPEG XL or raw files, nor "
        "PNGs in Apple's own form (CgBI). In folders such files are passed over with a "
        "warning; one that is named fails. What a file is its first bytes tell, not its "
        "name.");
    page->paragraph(
        "clproc index reads the metadata of all these, and of raw files: DNG, NEF, NRW, CR2, CR3, "
        "ARW, SR2, PEF, SRW, ORF, RW2, RAF, other raw files that are TIFF structures, and "
        "BigTIFF.");
    page->paragraph(
        "Flaws that harm no pixel are warned of: a missing end, an odd header, broken "
        "metadata. Files that end early or are damaged are refused; --fail-on says how much "
        "is tolerated.");
}

static void print_shards(const clp_cli_page *page) {
    page->paragraph(
        "With --shard I/N a run takes part I of N of the files, told apart by their names below "
        "the input: each file is in one part, the same one on every machine. All parts may write "
        "to one folder, with --resume, too. A name that two files would be written to is refused "
        "by every part, as by one run; {index} counts the files of all parts. Files "
        "whose outputs could get one name after decoding ({width}, {height}) are in one part.");
    page->entry("auto", "the part, and their number, as who started the process tells them:");
    page->entry("Slurm", "SLURM_ARRAY_TASK_ID, _COUNT, _MIN and _STEP of an array; in srun "
                         "SLURM_PROCID and SLURM_STEP_NUM_TASKS");
    page->entry("MPI", "OMPI_COMM_WORLD_RANK and _SIZE, or PMI_RANK and PMI_SIZE");
    page->entry("Kubernetes", "JOB_COMPLETION_INDEX of an indexed job; their number must be given, "
                              "as auto/8");
    page->paragraph("Where a task of an array, or of an indexed job, starts several processes, "
                    "each takes its share of the task's part. auto/N refuses to work where N "
                    "differs from what the environment tells: some tasks of an array, started "
                    "again by themselves, count anew.");
    page->paragraph("`clproc index merge` and `clproc report merge` make one of what the parts "
                    "wrote.");
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

static void print_features(const clp_cli_page *page) {
    page->paragraph("--features decodes each picture small, upright, 320 pixels along its longer "
                    "side, and adds what can be seen of it. The numbers are the same on every "
                    "device. docs/features.md has the definitions and their sources.");
    page->entry("SharpnessWhole", "variance of the Laplacian of luma: of the whole picture");
    page->entry("SharpnessBest, SharpnessMean", "the same of the best of 8 x 8 tiles, and the "
                                                "tiles' mean: a sharp subject before a soft ground "
                                                "is best in few");
    page->entry("LumaMean, LumaDeviation", "how bright, and how much contrast (0 to 255)");
    page->entry("LumaP1 to LumaP99", "the level that 1, 5, 50, 95, 99 percent of the pixels do not "
                                     "exceed");
    page->entry("ClippedLow, ClippedHigh", "shares of pixels that are black, or have a channel at "
                                           "its end");
    page->entry("LumaHistogram", "16 shares of luma, in thousandths");
    page->entry("Colourfulness", "by Hasler and Suesstrunk: 0 gray, 109 extremely colourful");
    page->entry("NoiseEstimate", "by Immerkaer: of noise, and of fine structure");
    page->entry("DominantColours", "up to five, with their shares of the picture");
    page->entry("PerceptualHash", "64 bits that differ in few places where pictures look alike: "
                                  "--near compares them");
    page->entry("ThumbHash", "a placeholder of some 25 bytes, in base64");
    page->paragraph("`clproc run photos/ -o web/ --resize 1600x --features photos.csv` writes the "
                    "same table while it processes pictures, from one open of each file. With "
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
    page->paragraph("index --model finds columns among the fields that are numbers, or takes one "
                    "matrix without "
                    "names for the features in their order. The one score, or that of the "
                    "second of two classes, is Score; of more classes each has a column, up to "
                    "Score8. A row that lacks a value has no score there, and a Warning.");
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
    {"shards", "one job on many machines", print_shards},
    {"features", "what an index can tell of pixels", print_features},
    {"models", "what a model for score may consist of", print_models},
    {"environment", "environment variables", print_environment},
    {"files", "files of clproc's own", print_files},
    {"exit-codes", "what the exit code tells", print_exit_codes},
    {NULL, NULL, NULL},
};
