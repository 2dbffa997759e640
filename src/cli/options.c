#include "options.h"

#define FIELD(member)                                                                              \
    .offset = offsetof(clp_cli_settings, member), .size = sizeof(((clp_cli_settings *)0)->member)
/** A bool to set when the option is given. */
#define GIVEN(member) .given_offset = offsetof(clp_cli_settings, member)

static const clp_cli_choice formats[] = {{"keep", CLPROC_FORMAT_KEEP}, {"jpeg", CLPROC_FORMAT_JPEG},
                                         {"png", CLPROC_FORMAT_PNG},   {"webp", CLPROC_FORMAT_WEBP},
                                         {"avif", CLPROC_FORMAT_AVIF}, {"ppm", CLPROC_FORMAT_PPM},
                                         {"pgm", CLPROC_FORMAT_PGM},   {"pnm", CLPROC_FORMAT_PNM},
                                         {"pam", CLPROC_FORMAT_PAM},   {0}};

static const clp_cli_choice subsamplings[] = {{"keep", CLPROC_SUBSAMPLING_KEEP},
                                              {"420", CLPROC_SUBSAMPLING_420},
                                              {"422", CLPROC_SUBSAMPLING_422},
                                              {"444", CLPROC_SUBSAMPLING_444},
                                              {0}};

static const clp_cli_choice losslesses[] = {{"off", CLPROC_LOSSLESS_OFF},
                                            {"exact", CLPROC_LOSSLESS_EXACT},
                                            {"trim", CLPROC_LOSSLESS_TRIM},
                                            {0}};

static const clp_cli_choice depths[] = {{"keep", 0}, {"8", 8}, {"16", 16}, {0}};

static const clp_cli_choice existing[] = {{"replace", CLPROC_EXISTING_REPLACE},
                                          {"skip", CLPROC_EXISTING_SKIP},
                                          {"fail", CLPROC_EXISTING_FAIL},
                                          {0}};

static const clp_cli_choice fail_on[] = {{"none", CLPROC_FAIL_ON_NONE},
                                         {"truncated", CLPROC_FAIL_ON_TRUNCATED},
                                         {"error", CLPROC_FAIL_ON_ERROR},
                                         {"warning", CLPROC_FAIL_ON_WARNING},
                                         {0}};

static const clp_cli_choice intents[] = {{"perceptual", CLPROC_INTENT_PERCEPTUAL},
                                         {"relative", CLPROC_INTENT_RELATIVE},
                                         {"saturation", CLPROC_INTENT_SATURATION},
                                         {"absolute", CLPROC_INTENT_ABSOLUTE},
                                         {0}};

static const clp_cli_choice shrink[] = {{"auto", false}, {"off", true}, {0}};

static const clp_cli_choice progress[] = {{"auto", CLP_CLI_PROGRESS_AUTO},
                                          {"always", CLP_CLI_PROGRESS_ALWAYS},
                                          {"json", CLP_CLI_PROGRESS_JSON},
                                          {"off", CLP_CLI_PROGRESS_OFF},
                                          {0}};

static const clp_cli_choice profiles[] = {{"off", CLPROC_PROFILE_OFF},
                                          {"summary", CLPROC_PROFILE_SUMMARY},
                                          {"trace", CLPROC_PROFILE_TRACE},
                                          {0}};

static const clp_cli_choice views[] = {{"all", CLPROC_VIEW_ALL},       {"cpu", CLPROC_VIEW_CPU},
                                       {"memory", CLPROC_VIEW_MEMORY}, {"time", CLPROC_VIEW_TIME},
                                       {"kernel", CLPROC_VIEW_KERNEL}, {0}};

static const clp_cli_choice kinds[] = {{"mixed", CLPROC_SAMPLES_MIXED},
                                       {"photo", CLPROC_SAMPLES_PHOTO},
                                       {"png", CLPROC_SAMPLES_PNG},
                                       {"orientation", CLPROC_SAMPLES_ORIENTATION},
                                       {0}};

static const clp_cli_choice preserved[] = {
    {"times", CLPROC_PRESERVE_TIMES}, {"mode", CLPROC_PRESERVE_MODE}, {0}};

/** Among the common options, which help shows first. */
#define DAILY .daily = true

const clp_cli_option clp_cli_options[] = {
    {"pipeline", 0, "\"OP | OP\"", CLP_CLI_PIPELINE, CLP_CLI_OPERATIONS, CLP_CLI_GROUP_OPS,
     "append several operations, as \"resize 1920x | blur 2 | gray\"", FIELD(pipeline)},

    {"output", 'o', "OUT", CLP_CLI_TEXT, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "a folder that mirrors the input tree, a file for a single input, or a template of {dir} "
     "{name} {ext} {index} {width} {height}, as '{dir}/{name}-small.{ext}'; - is standard output, "
     "for one picture",
     FIELD(output), DAILY},
    {"to", 0, "OUT", CLP_CLI_NEXT, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "another output of every picture, from the same decode; operations and options on how "
     "pictures are written are for all outputs before the first --to, and behind a --to for that "
     "output; see `clproc help outputs`",
     FIELD(outputs), DAILY},
    {"format", 0, NULL, CLP_CLI_CHOICE, CLP_CLI_OPERATIONS, CLP_CLI_GROUP_OUTPUT,
     "format of the outputs", FIELD(run.format), .choices = formats, DAILY},
    {"quality", 0, NULL, CLP_CLI_INTEGER, CLP_CLI_RUNS, CLP_CLI_GROUP_OUTPUT,
     "quality of JPEGs, WebPs and AVIFs", FIELD(run.quality), GIVEN(run.reencode), .min = 1,
     .max = 100, DAILY},
    {"subsampling", 0, NULL, CLP_CLI_CHOICE, CLP_CLI_RUNS, CLP_CLI_GROUP_OUTPUT,
     "chroma subsampling of JPEGs and AVIFs; keep means 420 for what was no JPEG, and for AVIFs",
     FIELD(run.subsampling), GIVEN(run.reencode), .choices = subsamplings},
    {"lossless", 0, NULL, CLP_CLI_CHOICE, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "rotate, flip, crop and orient JPEGs by moving their blocks, without re-encoding; one whose "
     "edges do not lie between blocks fails, or with trim loses the rest; see `clproc help "
     "keeping`",
     FIELD(run.lossless), .choices = losslesses, .implied = "exact", DAILY},
    {"progressive", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_RUNS, CLP_CLI_GROUP_OUTPUT,
     "write progressive JPEGs", FIELD(run.progressive), GIVEN(run.reencode)},
    {"png-level", 0, NULL, CLP_CLI_INTEGER, CLP_CLI_RUNS, CLP_CLI_GROUP_OUTPUT,
     "PNG compression level", FIELD(run.png_level), GIVEN(run.reencode), .min = 0, .max = 9},
    {"webp-lossless", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "write WebPs and AVIFs that keep every sample", FIELD(run.webp_lossless), GIVEN(run.reencode)},
    {"depth", 0, NULL, CLP_CLI_CHOICE, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "bits per sample, in JPEGs and WebPs always 8; AVIFs have 8 with keep, and 12 with 16",
     FIELD(run.depth), .choices = depths},
    {"strip", 0, "LIST", CLP_CLI_STRIP, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "leave out metadata: %s; see `clproc help metadata`", FIELD(run.strip), DAILY},
    {"keep", 0, "LIST", CLP_CLI_KEEP, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "leave out all metadata but %s; see `clproc help metadata`", FIELD(run.keep), DAILY},
    {"icc", 0, "keep|srgb|FILE", CLP_CLI_TEXT, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "colour profile of the outputs: the picture's own, sRGB, or an RGB profile to convert to; "
     "inks "
     "(CMYK, YCCK) always become RGB through their profile, or without one by R = (1-C)(1-K) and "
     "so "
     "on",
     FIELD(run.icc), .zero = "keep", DAILY},
    {"intent", 0, NULL, CLP_CLI_CHOICE, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "rendering intent of --icc", FIELD(run.intent), .choices = intents},
    {"bpc", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "compensate for the black point in --icc", FIELD(run.black_point_compensation)},
    {"existing", 0, NULL, CLP_CLI_CHOICE, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "what to do where an output exists; inputs are never overwritten", FIELD(run.existing),
     .choices = existing, DAILY},
    {"preserve", 0, "LIST", CLP_CLI_SET, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "give outputs their inputs' file times, permissions (mode), or both: %s", FIELD(run.preserve),
     .choices = preserved},
    {"resume", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "go on where a run with --resume was stopped: keep what it made from the same files with the "
     "same settings; that is noted in .clproc-journal in the output folder",
     FIELD(run.resume), DAILY},
    {"durable", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "sync every output to disk before it counts as written", FIELD(run.durable)},
    {"follow-links", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "write through symbolic links below the output folder; without it a link in place of a folder "
     "is an error",
     FIELD(run.follow_links)},
    {"null-output", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_REPORTED, CLP_CLI_GROUP_OUTPUT,
     "decode and process, but encode and write nothing (for measuring)", FIELD(run.null_output)},

    {"device", 0, "SEL", CLP_CLI_TEXT, CLP_CLI_SELFTEST, CLP_CLI_GROUP_EXECUTION,
     "test one device alone: an index or UUID of `clproc devices`, cpu, gpu, or part of a name",
     FIELD(run.device), .zero = "every one"},
    {"device", 0, "SEL", CLP_CLI_TEXT, CLP_CLI_SCORE, CLP_CLI_GROUP_EXECUTION,
     "an OpenCL device for models' trees and matrices, named as for run; scores are the same, and "
     "on a "
     "processor later than without",
     FIELD(score.device), .zero = "the threads"},
    {"device", 0, "SEL", CLP_CLI_TEXT, CLP_CLI_DECODES, CLP_CLI_GROUP_EXECUTION,
     "auto, all, cpu, gpu, reference, an index or UUID of `clproc devices`, part of a name, or "
     "several "
     "of these joined by commas",
     FIELD(run.device), .zero = "begins on the CPU, goes on to the best GPU", DAILY},
    {"jobs", 'j', "N", CLP_CLI_INTEGER, CLP_CLI_RUNS, CLP_CLI_GROUP_EXECUTION,
     "threads that decode and encode", FIELD(run.jobs), .min = 0, .max = 1024,
     .zero = "one per core", DAILY},
    {"batch", 0, "N|BYTES", CLP_CLI_BATCHES, CLP_CLI_RUNS, CLP_CLI_GROUP_EXECUTION,
     "pictures under way at once, or with a suffix such as 64M the bytes they hold together",
     FIELD(run.batch_images), .min = 1, .max = 65536, .zero = "one for each thread"},
    {"memory", 0, "BYTES", CLP_CLI_BYTES, CLP_CLI_DECODES, CLP_CLI_GROUP_EXECUTION,
     "most memory that all pictures under way take together, as 512M or 2G", FIELD(run.memory),
     .min = 0, .max = 0x1p62, .zero = "a quarter of what the machine or its control group has"},
    {"device-memory", 0, "BYTES", CLP_CLI_BYTES, CLP_CLI_DECODES, CLP_CLI_GROUP_EXECUTION,
     "most memory that pictures take on each device, with their intermediate results",
     FIELD(run.device_memory), .min = 1, .max = 0x1p62, .zero = "three quarters of a GPU's memory"},
    {"shard", 0, "I/N|auto[/N]", CLP_CLI_TEXT, CLP_CLI_BATCH | CLP_CLI_INDEX,
     CLP_CLI_GROUP_EXECUTION,
     "take only part I, from 1, of N: files are shared out by their names, the same way "
     "everywhere; auto asks Slurm, Kubernetes or MPI for the part, see `clproc help shards`",
     FIELD(shard), .zero = "all files"},
    {"linear", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_RUNS, CLP_CLI_GROUP_EXECUTION,
     "filter in linear light: resize, blur and sharpen decode sRGB's curve first",
     FIELD(run.linear)},
    {"shrink-on-load", 0, NULL, CLP_CLI_CHOICE, CLP_CLI_RUNS, CLP_CLI_GROUP_EXECUTION,
     "let the JPEG decoder shrink where enough is left for the resampler",
     FIELD(run.no_shrink_on_load), .choices = shrink},
    {"no-auto-orient", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_RUNS, CLP_CLI_GROUP_EXECUTION,
     "leave pictures as stored instead of upright", FIELD(run.no_auto_orient)},
    {"strategy", 0, "LIST", CLP_CLI_STRATEGY, CLP_CLI_REPORTED, CLP_CLI_GROUP_EXECUTION,
     "for measuring what an optimisation gains: default, naive (none), or some of %s; -NAME "
     "leaves one out",
     FIELD(run.strategy)},
    {"dry-run", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_BATCH, CLP_CLI_GROUP_EXECUTION,
     "list what would be written, and write nothing", FIELD(run.dry_run), DAILY},
    {"explain", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_BATCH, CLP_CLI_GROUP_EXECUTION,
     "print the plan of the first picture before and after simplification, and write nothing",
     FIELD(explain)},
    {"verify", 0, "N", CLP_CLI_COUNT, CLP_CLI_BATCH, CLP_CLI_GROUP_EXECUTION,
     "compute N random outputs again with the reference device, and print how far they differ; "
     "exit with 1 if one differs by more than promised (slow, and much memory for a large picture)",
     FIELD(run.verify), .min = 0, .max = 0x1p62},
    {"verify-seed", 0, "S", CLP_CLI_COUNT, CLP_CLI_BATCH, CLP_CLI_GROUP_EXECUTION,
     "check the same outputs as another run with this seed", FIELD(run.verify_seed), .min = 0,
     .max = 0x1p52, .zero = "another one in each run"},
    {"progress", 0, NULL, CLP_CLI_CHOICE, CLP_CLI_RUNS | CLP_CLI_SAMPLES | CLP_CLI_INDEX,
     CLP_CLI_GROUP_EXECUTION,
     "progress on standard error; auto: where that is a terminal; json: one object a line, among "
     "them one for every file: written, skipped and why, or failed",
     FIELD(progress), .choices = progress},
    {"quiet", 'q', NULL, CLP_CLI_SWITCH,
     CLP_CLI_RUNS | CLP_CLI_SAMPLES | CLP_CLI_INDEX | CLP_CLI_SCORE, CLP_CLI_GROUP_EXECUTION,
     "print only warnings and errors", FIELD(quiet), DAILY},
    {"verbose", 'v', NULL, CLP_CLI_SWITCH, CLP_CLI_BATCH | CLP_CLI_INDEX, CLP_CLI_GROUP_EXECUTION,
     "name every file that was written or skipped", FIELD(verbose)},

    {"fail-on", 0, NULL, CLP_CLI_CHOICE, CLP_CLI_RUNS, CLP_CLI_GROUP_INPUT,
     "how much damage is refused: files that end early (truncated), corrupt ones as well (error), "
     "anything suspicious as well (warning), or only what cannot be decoded at all (none)",
     FIELD(run.fail_on), .choices = fail_on, DAILY},
    {"limit-pixels", 0, "N", CLP_CLI_COUNT, CLP_CLI_DECODES, CLP_CLI_GROUP_INPUT,
     "most pixels of a picture or result, as 200M", FIELD(run.limits.pixels), .min = 1,
     .max = 0x1p62},
    {"limit-side", 0, "N", CLP_CLI_COUNT, CLP_CLI_DECODES, CLP_CLI_GROUP_INPUT,
     "longest side of a picture or result", FIELD(run.limits.side), .min = 1, .max = 0x7fffffff},
    {"limit-scans", 0, "N", CLP_CLI_COUNT, CLP_CLI_DECODES, CLP_CLI_GROUP_INPUT,
     "most scans of a progressive JPEG", FIELD(run.limits.scans), .min = 1, .max = 0x7fffffff},
    {"limit-seconds", 0, "S", CLP_CLI_REAL, CLP_CLI_DECODES, CLP_CLI_GROUP_INPUT,
     "longest time of decoding one picture", FIELD(run.limits.seconds), .min = 0.001, .max = 1e9},
    {"limit-chunk", 0, "BYTES", CLP_CLI_BYTES, CLP_CLI_DECODES, CLP_CLI_GROUP_INPUT,
     "most bytes of one PNG chunk of metadata or one ICC profile", FIELD(run.limits.chunk_bytes),
     .min = 1, .max = 0x1p62},
    {"limit-file", 0, "BYTES", CLP_CLI_BYTES, CLP_CLI_DECODES, CLP_CLI_GROUP_INPUT,
     "most bytes of one file; bytes after the end of a picture do not count",
     FIELD(run.limits.file_bytes), .min = 1, .max = 0x1p62,
     .zero = "as its sides allow, at most 1 GiB"},

    {"profile", 0, NULL, CLP_CLI_CHOICE, CLP_CLI_REPORTED, CLP_CLI_GROUP_REPORT,
     "record where time and memory go, and print that at the end; trace keeps single events "
     "of host threads, too, of a long run those of its beginning",
     FIELD(run.profile), .choices = profiles, .implied = "summary", GIVEN(profile_given)},
    {"profile-type", 0, NULL, CLP_CLI_CHOICE, CLP_CLI_REPORTED | CLP_CLI_REPORT,
     CLP_CLI_GROUP_REPORT, "which tables to print; run --profile prints kernel by default",
     FIELD(view), .choices = views, GIVEN(view_given)},
    {"report", 0, "FILE", CLP_CLI_REPORTS, CLP_CLI_REPORTED, CLP_CLI_GROUP_REPORT,
     "write the profile to FILE, by its ending %s; - is JSON on standard output, tables then go to "
     "standard error; repeatable",
     FIELD(reports), DAILY},

    {"output", 'o', "FILE", CLP_CLI_TEXT, CLP_CLI_REPORT, CLP_CLI_GROUP_REPORT,
     "where html, csv and trace write to (default: the stored report's name with another ending); "
     "diff also writes .txt, .json or .html, and merge any report",
     FIELD(output)},
    {"before", 0, "FILE", CLP_CLI_LIST, CLP_CLI_REPORT, CLP_CLI_GROUP_REPORT,
     "diff: one more run of the first side; repeatable", FIELD(before)},
    {"after", 0, "FILE", CLP_CLI_LIST, CLP_CLI_REPORT, CLP_CLI_GROUP_REPORT,
     "diff: one more run of the second side; repeatable", FIELD(after)},
    {"fail-above", 0, "PERCENT", CLP_CLI_PERCENT, CLP_CLI_REPORT, CLP_CLI_GROUP_REPORT,
     "diff: exit with 1 if work became slower, significantly and by more than this",
     FIELD(fail_above), .min = 0, .max = 1e6},

    {"count", 0, "N", CLP_CLI_COUNT, CLP_CLI_SAMPLES, CLP_CLI_GROUP_OUTPUT,
     "how many pictures to make", FIELD(samples.count), .min = 1, .max = 1e6},
    {"width", 0, "PIXELS", CLP_CLI_COUNT, CLP_CLI_SAMPLES, CLP_CLI_GROUP_OUTPUT,
     "width of the pictures as a viewer shows them", FIELD(samples.width), .min = 1, .max = 65500},
    {"height", 0, "PIXELS", CLP_CLI_COUNT, CLP_CLI_SAMPLES, CLP_CLI_GROUP_OUTPUT,
     "height of the pictures as a viewer shows them", FIELD(samples.height), .min = 1,
     .max = 65500},
    {"seed", 0, "N", CLP_CLI_COUNT, CLP_CLI_SAMPLES, CLP_CLI_GROUP_OUTPUT,
     "another seed makes other pictures", FIELD(samples.seed), .min = 0, .max = 0x1p52},
    {"kind", 0, NULL, CLP_CLI_CHOICE, CLP_CLI_SAMPLES, CLP_CLI_GROUP_OUTPUT,
     "photo: JPEG 4:2:0; png: gray and RGB, alpha, 8 and 16 bits; orientation: all eight, both "
     "formats; mixed: all these and more in turn",
     FIELD(samples.kind), .choices = kinds},
    {"output", 'o', "DIR", CLP_CLI_TEXT, CLP_CLI_SAMPLES, CLP_CLI_GROUP_OUTPUT,
     "the folder to write to, made if it is missing", FIELD(samples.output)},
    {"jobs", 'j', "N", CLP_CLI_INTEGER, CLP_CLI_SAMPLES, CLP_CLI_GROUP_EXECUTION, "threads",
     FIELD(samples.jobs), .min = 0, .max = 1024, .zero = "one per core"},

    {"features", 0, "FILE", CLP_CLI_INDEXED, CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "in the same pass, write metadata and features of all inputs to a table, by its ending %s, as "
     "`clproc index --features` does",
     FIELD(index.output), .zero = "none"},
    {"output", 'o', "FILE", CLP_CLI_INDEXED, CLP_CLI_INDEX, CLP_CLI_GROUP_OUTPUT,
     "the index, by its ending %s; it is replaced as a whole or stays as it was; - is JSON lines "
     "on standard output",
     FIELD(index.output)},
    {"fields", 0, "LIST", CLP_CLI_TEXT, CLP_CLI_INDEX, CLP_CLI_GROUP_OUTPUT,
     "names joined by commas, in the order of the columns; `clproc help fields` lists them",
     FIELD(index.fields), .zero = "every field"},
    {"where", 0, "CONDITION", CLP_CLI_TEXT, CLP_CLI_INDEX, CLP_CLI_GROUP_OUTPUT,
     "keep rows of which this is true: fields compared by = != < <= > >=, or ~ !~ with a regular "
     "expression (in any case), joined by and, or, not and parentheses; null is a missing value, "
     "as in 'GPSLatitude != null'",
     FIELD(index.where), .zero = "every row"},
    {"update", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_INDEX, CLP_CLI_GROUP_OUTPUT,
     "read only files that are new, or whose size or time has changed; rows of files that are no "
     "longer among the inputs are dropped",
     FIELD(index.update)},
    {"digest", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_INDEX, CLP_CLI_GROUP_OUTPUT,
     "also decode pictures whole, and add the column PixelDigest, an xxh3-128 of their samples as "
     "they are stored: the same for copies that differ in metadata alone",
     FIELD(index.digest)},
    {"features", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_INDEX, CLP_CLI_GROUP_OUTPUT,
     "also decode pictures, small, and add columns of what they look like: sharpness, exposure, "
     "colours, noise, hashes; see `clproc help features`",
     FIELD(index.features)},
    {"near", 0, "BITS", CLP_CLI_INTEGER, CLP_CLI_INDEX, CLP_CLI_GROUP_OUTPUT,
     "list groups of pictures that look alike, the sharpest first, as CSV on standard output; from "
     "one to the next at most BITS of the 64 bits of their perceptual hashes differ, 6 for "
     "instance; implies --features",
     FIELD(index.near), .min = 1, .max = CLPROC_MOST_NEAR, .zero = "no groups"},
    {"model", 0, "FILE[:NAME]", CLP_CLI_LIST, CLP_CLI_INDEX | CLP_CLI_BATCH, CLP_CLI_GROUP_OUTPUT,
     "add the scores of a model as columns Score, Score2 and so on: an ONNX file as for `clproc "
     "score`, fitted to features and other fields that are numbers; implies --features; "
     "repeatable: the next model's columns follow, and a notice says under NAME which these are",
     FIELD(models), .zero = "no scores"},
    {"jobs", 'j', "N", CLP_CLI_INTEGER, CLP_CLI_INDEX, CLP_CLI_GROUP_EXECUTION, "threads that read",
     FIELD(index.jobs), .min = 0, .max = 1024,
     .zero = "one per core, and 8 more for headers alone"},

    {"output", 'o', "FILE", CLP_CLI_TEXT, CLP_CLI_SCORE, CLP_CLI_GROUP_OUTPUT,
     "the table with its scores, with the same ending as TABLE; it is replaced as a whole or stays "
     "as it was; - is standard output",
     FIELD(score.output)},
    {"model", 0, "FILE[:NAME]", CLP_CLI_LIST, CLP_CLI_SCORE, CLP_CLI_GROUP_OUTPUT,
     "a further model, whose columns of scores are called NAME (default: as the file); repeatable",
     FIELD(models), .zero = "none"},
    {"name", 0, "NAME", CLP_CLI_TEXT, CLP_CLI_SCORE, CLP_CLI_GROUP_OUTPUT,
     "what the columns of scores are called, each followed by its class, as NAME_yes (default: the "
     "name of MODEL)",
     FIELD(score.name)},
    {"columns", 0, "LIST", CLP_CLI_TEXT, CLP_CLI_SCORE, CLP_CLI_GROUP_OUTPUT,
     "the columns of TABLE that the model takes, joined by commas, in the order of training "
     "(default: those that it names)",
     FIELD(score.columns)},
    {"jobs", 'j', "N", CLP_CLI_INTEGER, CLP_CLI_SCORE, CLP_CLI_GROUP_EXECUTION, "threads",
     FIELD(score.jobs), .min = 0, .max = 1024, .zero = "one per core"},

    {"op", 0, "OPERATION", CLP_CLI_LIST, CLP_CLI_STRESS, CLP_CLI_GROUP_OPS,
     "blur, resize or convert for a sweep (default: all three), another operation for its example, "
     "or several as \"resize 50% | blur 2\"; repeatable",
     FIELD(operations)},
    {"input", 'i', "INPUT", CLP_CLI_LIST, CLP_CLI_STRESS, CLP_CLI_GROUP_EXECUTION,
     "a folder or file to take pictures from (default: samples are made); repeatable",
     FIELD(inputs)},
    {"image-count", 0, "N", CLP_CLI_COUNT, CLP_CLI_STRESS, CLP_CLI_GROUP_EXECUTION,
     "pictures of an iteration; where there are fewer, they are taken again",
     FIELD(stress.image_count), .min = 1, .max = 1e6},
    {"iterations", 0, "N", CLP_CLI_COUNT, CLP_CLI_STRESS, CLP_CLI_GROUP_EXECUTION,
     "iterations of each operation; with --duration as many as fit", FIELD(stress.iterations),
     GIVEN(iterations_given), .min = 1, .max = 1e9},
    {"blur-radius", 0, "SIGMA", CLP_CLI_REAL, CLP_CLI_STRESS, CLP_CLI_GROUP_EXECUTION,
     "largest standard deviation of the blur sweep in pixels", FIELD(stress.blur_radius),
     .min = 0.1, .max = 200},
    {"duration", 0, "SECONDS", CLP_CLI_REAL, CLP_CLI_STRESS, CLP_CLI_GROUP_EXECUTION,
     "stop after so long", FIELD(stress.duration), .min = 0.1, .max = 1e9,
     .zero = "after the iterations"},
    {"duration", 0, "SECONDS", CLP_CLI_REAL, CLP_CLI_PROFILE, CLP_CLI_GROUP_EXECUTION,
     "process the inputs again and again for so long", FIELD(run.duration), .min = 0.1, .max = 1e9,
     .zero = "once"},
    {"output", 'o', "DIR", CLP_CLI_TEXT, CLP_CLI_STRESS, CLP_CLI_GROUP_OUTPUT,
     "a folder to keep the results in (default: none are kept)", FIELD(output)},
    {"output", 'o', "DIR", CLP_CLI_TEXT, CLP_CLI_ANALYSE, CLP_CLI_GROUP_OUTPUT,
     "the folder that analysis.md and analysis.html go to (default: the present one)",
     FIELD(output)},
    {"seconds", 0, "S", CLP_CLI_REAL, CLP_CLI_ANALYSE, CLP_CLI_GROUP_EXECUTION,
     "how long to measure, roughly; fewer pictures are taken where all take longer",
     FIELD(analyse.seconds), .min = 1, .max = 1e6},

    {"json", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_DEVICES, CLP_CLI_GROUP_OTHER,
     "print a JSON array with every property", FIELD(json)},
    {"bench", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_DEVICES, CLP_CLI_GROUP_OTHER,
     "also measure how many pixels a second each takes through a pipeline", FIELD(bench)},
    {"all", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_HELP, CLP_CLI_GROUP_OTHER,
     "show all options of a command, not only the common ones", FIELD(all)},
    {"version", 'V', NULL, CLP_CLI_SWITCH, CLP_CLI_ALL, CLP_CLI_GROUP_OTHER, "print the version",
     FIELD(version)},
    {"man", 0, NULL, CLP_CLI_SWITCH, CLP_CLI_HELP, CLP_CLI_GROUP_OTHER,
     "print all help as a manual page, for `man -l -`", FIELD(man)},
    {"help", 'h', NULL, CLP_CLI_SWITCH, CLP_CLI_ALL, CLP_CLI_GROUP_OTHER, "show this help",
     FIELD(help)},
    {0}};

const char *clp_cli_group_title(clp_cli_group group) {
    static const char *const titles[CLP_CLI_GROUP_COUNT] = {
        [CLP_CLI_GROUP_OPS] = "Operations, applied in the order given",
        [CLP_CLI_GROUP_OUTPUT] = "Output",
        [CLP_CLI_GROUP_EXECUTION] = "Execution",
        [CLP_CLI_GROUP_INPUT] = "Bad input",
        [CLP_CLI_GROUP_REPORT] = "Profiling and reports",
        [CLP_CLI_GROUP_OTHER] = "Other",
    };
    return titles[group];
}
