/** The options of every command: one table, from which come parsing, help and range errors. */
#ifndef CLP_CLI_OPTIONS_H
#define CLP_CLI_OPTIONS_H

#include "clproc/clproc.h"

/** Commands by what options they take. */
enum {
    CLP_CLI_RUN = 1,
    CLP_CLI_PROFILE = 2,
    CLP_CLI_DEVICES = 4,
    CLP_CLI_REPORT = 8,
    CLP_CLI_HELP = 16,
    CLP_CLI_SAMPLES = 32,
    CLP_CLI_STRESS = 64,
    CLP_CLI_ANALYSE = 128,
    CLP_CLI_SELFTEST = 256,
    CLP_CLI_INDEX = 512,
    CLP_CLI_SCORE = 1024,
    CLP_CLI_PLAIN = 2048, /**< those that take only options of all commands */
    CLP_CLI_BATCH = CLP_CLI_RUN | CLP_CLI_PROFILE,
    CLP_CLI_OPERATIONS = CLP_CLI_BATCH | CLP_CLI_ANALYSE, /**< those that take operations */
    CLP_CLI_REPORTED = CLP_CLI_BATCH | CLP_CLI_STRESS,    /**< those that give one profile */
    CLP_CLI_RUNS = CLP_CLI_REPORTED | CLP_CLI_ANALYSE,    /**< those that process pictures */
    CLP_CLI_DECODES = CLP_CLI_RUNS | CLP_CLI_INDEX,       /**< and those that look at them */
    CLP_CLI_ALL = 4095
};

typedef enum clp_cli_group {
    CLP_CLI_GROUP_OPS,
    CLP_CLI_GROUP_OUTPUT,
    CLP_CLI_GROUP_EXECUTION,
    CLP_CLI_GROUP_INPUT,
    CLP_CLI_GROUP_REPORT,
    CLP_CLI_GROUP_OTHER,
    CLP_CLI_GROUP_COUNT
} clp_cli_group;

const char *clp_cli_group_title(clp_cli_group group);

typedef enum clp_cli_progress_mode {
    CLP_CLI_PROGRESS_AUTO,
    CLP_CLI_PROGRESS_ALWAYS,
    CLP_CLI_PROGRESS_JSON,
    CLP_CLI_PROGRESS_OFF
} clp_cli_progress_mode;

/** The values of a repeatable option. */
typedef struct clp_cli_list {
    const char **items; /**< room for as many as argv has */
    size_t count;
} clp_cli_list;

/** What --to begins: see outputs.h. */
typedef struct clp_cli_outputs {
    bool begun;           /**< there is a --to */
    clproc_output shared; /**< what stands before the first */
    clproc_pipeline *shared_pipeline;
    clproc_output each[CLPROC_MAX_OUTPUTS];
    clproc_pipeline *pipelines[CLPROC_MAX_OUTPUTS]; /**< theirs */
    size_t count;
} clp_cli_outputs;

/** What a command line asks for. Strings point into argv. */
typedef struct clp_cli_settings {
    clproc_run_params run;
    clproc_samples_params samples;
    clproc_stress_params stress;   /**< but for its `run` */
    clproc_analyse_params analyse; /**< the same */
    clproc_index_params index;
    clproc_score_params score;
    const char *shard; /**< as given */
    clproc_pipeline *pipeline;
    const char *output;
    clp_cli_outputs outputs;
    clp_cli_list reports;
    clp_cli_list before, after; /**< further runs of a comparison */
    clp_cli_list inputs, operations, models;
    const char *command; /**< its name */
    char *const *words;  /**< the command line behind it, in the order given; NULL if unknown */
    const char *const *operands;
    size_t operand_count;
    clp_cli_progress_mode progress;
    clproc_profile_view view;
    bool view_given;
    bool profile_given;
    bool iterations_given;
    bool explain;
    bool quiet;
    bool verbose;
    bool version;
    bool all;
    bool json;
    bool bench;
    bool man;
    bool help;
    double fail_above; /**< percent; below 0: never fail */
} clp_cli_settings;

typedef enum clp_cli_kind {
    CLP_CLI_SWITCH,   /**< sets a bool */
    CLP_CLI_INTEGER,  /**< a whole number */
    CLP_CLI_COUNT,    /**< a whole number with suffixes of powers of 1000 */
    CLP_CLI_BYTES,    /**< a whole number with suffixes of powers of 1024 */
    CLP_CLI_REAL,     /**< a double */
    CLP_CLI_PERCENT,  /**< a double, a % sign after it allowed */
    CLP_CLI_CHOICE,   /**< one of `choices` */
    CLP_CLI_SET,      /**< bits of `choices`, comma-separated, repeatable */
    CLP_CLI_TEXT,     /**< a string */
    CLP_CLI_LIST,     /**< a string, repeatable */
    CLP_CLI_NEXT,     /**< a string that begins a further output */
    CLP_CLI_BATCHES,  /**< a number of pictures, or with a suffix of bytes */
    CLP_CLI_PIPELINE, /**< several operations */
    CLP_CLI_STRIP,    /**< kinds of metadata, as clproc_metadata_parse() reads them; repeatable */
    CLP_CLI_KEEP,     /**< the same of those that can be kept */
    CLP_CLI_STRATEGY, /**< as clproc_strategy_parse() reads it */
    CLP_CLI_REPORTS,  /**< a list of files with a report's ending */
    CLP_CLI_INDEXED,  /**< a file with an index's ending */
} clp_cli_kind;

typedef struct clp_cli_choice {
    const char *name;
    long value;
} clp_cli_choice;

typedef struct clp_cli_option {
    const char *name;
    char letter;       /**< of the short form, 0 if none */
    const char *value; /**< how help calls the value; NULL: its choices, or none */
    clp_cli_kind kind;
    unsigned commands;
    clp_cli_group group;
    const char *help;
    size_t offset, size; /**< of the field in clp_cli_settings, which also holds the default */
    double min, max;
    const clp_cli_choice *choices; /**< ends with a NULL name */
    const char *implied;           /**< value when none is given; NULL: one is needed */
    const char *zero;              /**< what the default 0 or NULL means; NULL: do not tell */
    size_t given_offset;           /**< of a bool to set when the option is given; 0: none */
    bool daily;                    /**< among those that the help of run shows first */
} clp_cli_option;

/** Ends with an option whose name is NULL. */
extern const clp_cli_option clp_cli_options[];

/** Fills in the defaults; `argc` bounds what the command line can hold. */
clproc_status clp_cli_settings_init(clp_cli_settings *settings, int argc, clproc_error *error);
void clp_cli_settings_free(clp_cli_settings *settings);
/** Sets what an option stands for; a `value` of NULL is the one it implies. Returns 0, or the exit
 * code after saying what is wrong. */
int clp_cli_set(clp_cli_settings *settings, const clp_cli_option *option, const char *value);

/** Parses the words after a command. Returns 0, or the exit code after saying what is wrong. */
int clp_cli_parse(clp_cli_settings *settings, const char *command, unsigned commands, int argc,
                  char **argv);

/** The names that an option's values are, or are joined of, one by one; of a file its endings. NULL
 * beyond the last. */
const char *clp_cli_name_at(const clp_cli_option *option, size_t place);
/** Writes an option's help, with the lists in it that other parts of the program have. */
void clp_cli_print_help(char *text, size_t size, const clp_cli_option *option);
/** Writes the value as help shows it, "1-100" or "keep|jpeg|png"; "" for none. */
void clp_cli_print_value(char *text, size_t size, const clp_cli_option *option);
/** Writes the default; "" if there is none to tell. */
void clp_cli_print_default(char *text, size_t size, const clp_cli_option *option,
                           const clp_cli_settings *defaults);

#endif
