/* The program: finds the command, parses its options, runs it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "signals.h"
#include "streams.h"
#include "text.h"

#define RUN_DETAILS                                                                                \
    "INPUT is a picture, a folder (read with all folders below it), a quoted glob, @LIST (a "      \
    "file\n"                                                                                       \
    "of names) or - (standard input: a picture, or names); lists have a name a line, or end\n"     \
    "names with NUL. Symbolic links are followed.\n"                                               \
    "In folders files of other formats are skipped; a file that is named must be a picture.\n"     \
    "Without operations a file is copied, and only re-encoded where an output option asks for "    \
    "it;\n"                                                                                        \
    "--strip or --keep alone leaves pixels as they are stored (`clproc help "                      \
    "keeping`).\n\nExamples:\n"

const clp_cli_command clp_cli_commands[] = {
    {"run", CLP_CLI_RUN, "INPUT... -o OUT [OPERATIONS] [OPTIONS]",
     "Process pictures in a batch, with the operations in the order given.",
     RUN_DETAILS "  clproc run photos/ -o small/ --resize 1920x1080 --quality 85\n"
                 "  clproc run a.jpg b.png -o '{dir}/{name}-soft.{ext}' --blur 2.5 --gray\n"
                 "  find . -name '*.jpg' -print0 | clproc run - -o out/ --resize 50% --strip gps\n"
                 "  clproc run - -o - --resize 800x <a.jpg >b.jpg\n",
     clp_cli_run},
    {"profile", CLP_CLI_PROFILE, "INPUT... -o OUT [OPERATIONS] [OPTIONS]",
     "Do as run does, and print where time and memory went.",
     RUN_DETAILS "  clproc profile photos/ -o out/ --resize 1920x --profile-type kernel\n"
                 "  clproc profile photos/ --null-output --blur 8 --report run.json --report "
                 "run.html\n",
     clp_cli_profile},
    {"index", CLP_CLI_INDEX, "INPUT... -o FILE [OPTIONS], or merge INDEX... -o FILE",
     "Write a table of metadata, with a row for each picture, from headers alone; with --features "
     "also of what pictures look like, with --model of scores.",
     "Rows are of pictures and raw files (`clproc help formats`): size, format, EXIF, XMP, IPTC,\n"
     "under exiftool's names, with the types of `exiftool -n`. INPUT is as for run. The row of a\n"
     "broken file has an Error, one with broken metadata a Warning. --fields and --where also "
     "take\n"
     "short names, such as lens, camera, width, date and quality.\n"
     "merge makes one index of those of shards, in any format: see `clproc help shards`.\n\n"
     "Examples:\n"
     "  clproc index photos/ -o photos.csv\n"
     "  clproc index photos/ -o photos.jsonl --update\n"
     "  clproc index merge part1.sqlite part2.sqlite -o photos.sqlite\n"
     "  clproc index photos/ -o photos.sqlite --features --near 6 >groups.csv\n"
     "  clproc index photos/ -o - --model keep.onnx --where 'score > 0.8' --fields "
     "SourceFile,score\n"
     "  clproc index photos/ -o - --where 'iso > 800 and lens ~ \"50mm\"' --fields "
     "SourceFile,iso,date\n",
     clp_cli_index},
    {"score", CLP_CLI_SCORE, "MODEL TABLE -o FILE [OPTIONS]",
     "Add the scores of a model to the rows of a table.",
     "MODEL is an ONNX file, as skl2onnx writes it for a model of scikit-learn: a linear model or\n"
     "trees, calibrated or not, with the preparation of their inputs. TABLE is a .csv with a row "
     "of\n"
     "names, or a .jsonl, as index writes them. Its rows stay as they are; a column is added for\n"
     "each class, or for each target of a regression. See `clproc help models`.\n\n"
     "Examples:\n"
     "  clproc score keep.onnx photos.csv -o scored.csv\n"
     "  clproc score keep.onnx photos.csv -o scored.csv --model faces-v3.onnx:faces\n"
     "  clproc score keep.onnx photos.jsonl -o - --columns ISO,FNumber,ExposureTime\n",
     clp_cli_score},
    {"devices", CLP_CLI_DEVICES, "[--json] [--bench]",
     "List the devices that can process pictures.",
     "The first column is the index that --device takes; it also takes the name, a part of it, "
     "the\n"
     "UUID or the type. The reference device computes everything in double precision, slowly.\n",
     clp_cli_devices},
    {"selftest", CLP_CLI_SELFTEST, "[--device SEL]",
     "Check whether devices compute what clproc promises.",
     "Runs every operation on small pictures of all kinds, on every device, and prints how far "
     "the\n"
     "results are from the reference device's, in levels of 8 and of 16 bits, and whether the "
     "8-bit\n"
     "ones are the same as on the first device. Exits with 1 if a promise is broken: then use\n"
     "another --device, or another version of the driver.\n",
     clp_cli_selftest},
    {"report", CLP_CLI_REPORT, "show|html|csv|trace FILE, diff BEFORE AFTER, or merge FILE...",
     "Show a stored JSON report, render it again, compare two, or make one of several.",
     "show prints tables; html, csv and trace write a file and print its name. diff says what\n"
     "became faster or slower; several runs of each side (--before, --after) show smaller "
     "changes.\n"
     "merge makes one report of those of shards, by the ending of -o as --report does, or shows "
     "it.\n\nExamples:\n"
     "  clproc report show run.json --profile-type time\n"
     "  clproc report html run.json -o run.html\n"
     "  clproc report diff old.json new.json --fail-above 5%\n"
     "  clproc report merge part*.json -o job.html\n",
     clp_cli_report},
    {"samples", CLP_CLI_SAMPLES, "-o DIR [OPTIONS]",
     "Make photo-like pictures for trials and tests.",
     "The same options make the same files on every machine. A file's name says what it is, as\n"
     "004-jpeg-420-orientation6.jpg.\n\nExamples:\n"
     "  clproc samples --count 10 -o images/\n"
     "  clproc samples --count 20 --width 6000 --height 4000 --kind photo -o photos/\n",
     clp_cli_samples},
    {"stress", CLP_CLI_STRESS, "[OPTIONS]", "Run operations again and again on the same pictures.",
     "Prints pictures per second and spread of each operation, iteration by iteration, how memory\n"
     "grows, and whether every iteration gave the same outputs; exits with 1 if one did not, or "
     "if\n"
     "pictures failed.\n\nExamples:\n"
     "  clproc stress\n"
     "  clproc stress --input photos/ --image-count 100 --duration 600\n"
     "  clproc stress --op blur --blur-radius 20 --profile-type kernel --report stress.json\n",
     clp_cli_stress},
    {"analyse", CLP_CLI_ANALYSE, "[INPUT...] [-o DIR] [OPERATIONS] [OPTIONS]",
     "Measure what each optimisation gains, and write a report.",
     "Runs the naive strategy, then each optimisation added to those before it, and each alone, "
     "and\n"
     "writes analysis.md and analysis.html: hotspots before and after, gains and whether they are\n"
     "significant, what is left. Without INPUT it works on samples, without operations on\n"
     "\"" CLPROC_ANALYSE_PIPELINE "\".\n\nExamples:\n"
     "  clproc analyse\n"
     "  clproc analyse photos/ -o report/ --resize 1920x --blur 2\n",
     clp_cli_analyse},
    {"help", CLP_CLI_HELP, "[COMMAND|OPERATION|OPTION|TOPIC] [--all]",
     "Explain a command, operation, option or topic.", "", clp_cli_help},
    {"completion", CLP_CLI_PLAIN, "bash|zsh|fish",
     "Print a script with which a shell completes command lines of clproc.",
     "For the shell that is running, unless a package has installed it:\n"
     "  eval \"$(clproc completion bash)\"\n"
     "  eval \"$(clproc completion zsh)\"\n"
     "  clproc completion fish | source\n"
     "The script asks the program: `clproc completion words -- WORD...` prints what may stand in\n"
     "place of the last WORD of a command line, which may be empty, each with what it means.\n",
     clp_cli_completion},
    {"version", CLP_CLI_PLAIN, "", "Print the version.", "", clp_cli_version},
    {0}};

int clp_cli_version(clp_cli_settings *settings) {
    if (settings->operand_count > 0) {
        return clp_cli_usage_error("version takes no operand");
    }
    printf("clproc %s\n", clproc_version());
    return CLP_EXIT_OK;
}

/** The command a word means; options in its place are the ones people try first. */
static const clp_cli_command *find_command(const char *word) {
    const char *name = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0      ? "help"
                       : strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0 ? "version"
                                                                                   : word;
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }
    return NULL;
}

static int unknown_command(const char *word) {
    clp_cli_nearest nearest = {.word = word};
    if (word[0] == '-' || access(word, F_OK) == 0) {
        return clp_cli_usage_error("a command must come before %s, as in `clproc run %s …`", word,
                                   word[0] == '-' ? "photos/" : word);
    }
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        clp_cli_nearest_try(&nearest, command->name);
    }
    return clp_cli_usage_error("unknown command %s; %s%s%s", word,
                               nearest.best ? "did you mean " : "see `clproc help`",
                               nearest.best ? nearest.best : "", nearest.best ? "?" : "");
}

/** `clproc help --resize` or `clproc help -o` means the option, and not one of the help. */
static void undress_topic(const clp_cli_command *command, int argc, char **argv) {
    static const char *const own[] = {"--man", "--help", "--version", "-h", "-V"};
    bool dressed = command->run == clp_cli_help && argc == 2 && argv[1][0] == '-' && argv[1][1];
    for (size_t i = 0; dressed && i < sizeof own / sizeof *own; i++) {
        dressed = strcmp(argv[1], own[i]) != 0;
    }
    size_t dashes = strspn(argv[1] ? argv[1] : "", "-");
    if (dressed && argv[1][dashes]) {
        argv[1] += dashes;
    }
}

/** NULL where there is no memory: what needs them does without. */
static char **copy_words(int argc, char **argv) {
    char **words = calloc((size_t)argc + 1, sizeof *words);
    if (words) {
        memcpy(words, argv + 1, (size_t)argc * sizeof *words); /* with the NULL at the end */
    }
    return words;
}

static int run_command(const clp_cli_command *command, int argc, char **argv) {
    clproc_error error = {0};
    clp_cli_settings settings;
    int code = CLP_EXIT_RESOURCE;
    undress_topic(command, argc, argv);
    if (clp_cli_settings_init(&settings, argc, &error) != CLPROC_OK) {
        code = clp_cli_error(&error);
        goto done;
    }
    settings.words = copy_words(argc, argv); /* parsing changes their order */
    code = clp_cli_parse(&settings, command->name, command->options, argc, argv);
    if (settings.version) {
        settings.operand_count = 0;
        code = clp_cli_version(&settings);
    } else if (settings.help) {
        code = clp_cli_help_command(command);
    } else if (code == CLP_EXIT_OK) {
        code = command->run(&settings);
    }
done:
    free((void *)settings.words);
    clp_cli_settings_free(&settings);
    return code;
}

/** All but what concerns the process itself. */
static int run_program(int argc, char **argv) {
    if (argc < 2) {
        clp_cli_help_short(clp_cli_errors());
        return CLP_EXIT_USAGE;
    }
    const clp_cli_command *command = find_command(argv[1]);
    int code = command ? run_command(command, argc - 1, argv + 1) : unknown_command(argv[1]);
    if (clp_cli_stopped_by()) {
        clp_cli_leave(code);
    }
    return clp_cli_close_output(code);
}

int main(int argc, char **argv) {
    clp_cli_guard_streams();
    return clp_cli_with_stack(run_program, argc, argv);
}
