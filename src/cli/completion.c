/* What may stand in place of a word that is being typed, by the tables of commands, options and
 * operations; and scripts that let shells ask for it. */
#include <ctype.h>
#include <string.h>

#include "cli.h"
#include "text.h"
#include "topics.h"

/* ---------------------------------------------------------------- offers */

/** The word being typed. What is offered continues it. */
typedef struct typed {
    const char *word;
    size_t kept; /**< of it, bytes that stay: what is offered stands behind them */
} typed;

/** Prints a word with `behind` after it, and help on it up to a first semicolon. */
static void offer(const typed *t, const char *name, const char *behind, const char *help) {
    const char *rest = t->word + t->kept;
    if (strncmp(name, rest, strlen(rest)) == 0) {
        printf("%.*s%s%s\t%.*s\n", (int)t->kept, t->word, name, behind, (int)strcspn(help, ";\n"),
               help);
    }
}

/** Offers the alternatives of "keep|srgb|FILE" that are to be typed as they are. */
static void offer_alternatives(const typed *t, const char *text, const char *help) {
    char name[64];
    while (*text) {
        size_t length = strcspn(text, "|");
        bool literal = length > 0 && length < sizeof name;
        for (size_t i = 0; i < length; i++) {
            literal =
                literal && (islower((unsigned char)text[i]) || isdigit((unsigned char)text[i]));
        }
        if (literal) {
            snprintf(name, sizeof name, "%.*s", (int)length, text);
            offer(t, name, "", help);
        }
        text += length + (text[length] == '|');
    }
}

/** What stands behind the last mark in the part that is typed is typed anew. */
static typed behind_last(const typed *t, char mark) {
    const char *last = strrchr(t->word + t->kept, mark);
    return (typed){t->word, last ? (size_t)(last - t->word) + 1 : t->kept};
}

/* ---------------------------------------------------------------- values */

static void offer_value(const typed *t, const clp_cli_option *option) {
    bool fields = option->offset == offsetof(clp_cli_settings, index.fields);
    bool joined = fields || option->kind == CLP_CLI_SET || option->kind == CLP_CLI_STRIP ||
                  option->kind == CLP_CLI_KEEP || option->kind == CLP_CLI_STRATEGY;
    typed part = joined ? behind_last(t, ',') : *t;
    const char *name;
    char text[128];
    for (size_t i = 0; (joined || option->choices) && (name = clp_cli_name_at(option, i)); i++) {
        offer(&part, name, "", option->name);
    }
    clp_cli_print_value(text, sizeof text, option);
    if (option->kind == CLP_CLI_TEXT && strchr(text, '|')) {
        offer_alternatives(t, text, option->name);
    }
}

/** Offers the names in a range like "…; one of box, bilinear". */
static void offer_range(const typed *t, const clproc_param_info *param) {
    static const char mark[] = "one of ";
    const char *name = strstr(param->range, mark);
    char text[64];
    for (name = name ? name + strlen(mark) : ""; *name;) {
        size_t length = strcspn(name, ",");
        snprintf(text, sizeof text, "%.*s", (int)length, name);
        offer(t, text, "", param->name);
        name += length;
        name += strspn(name, ", ");
    }
}

/** Offers parameters of an operation, and their values: "300x:fit=cover". */
static void offer_params(const typed *t, const clproc_op_info *op) {
    typed part = behind_last(t, ':');
    const char *segment = t->word + part.kept, *equals = strchr(segment, '=');
    bool first = part.kept == t->kept;
    for (size_t i = 0; i < op->param_count; i++) {
        const clproc_param_info *param = &op->params[i];
        size_t length = strlen(param->name);
        if (equals && (size_t)(equals - segment) == length &&
            strncmp(segment, param->name, length) == 0) {
            part.kept += length + 1;
            offer_range(&part, param);
            return;
        }
        if (first && i == 0) {
            offer_range(&part, param);
        } else if (!first && i > 0 && !equals) {
            offer(&part, param->name, "=", param->help);
        }
    }
}

/** Offers the next word of "crop 16:9 | resize 300x": an operation, or what belongs to one. */
static void offer_pipeline(const typed *t) {
    typed part = behind_last(t, '|');
    part.kept += strspn(t->word + part.kept, " ");
    const char *name = t->word + part.kept;
    size_t length = strcspn(name, " ");
    for (size_t i = 0; i < clproc_op_count(); i++) {
        const clproc_op_info *op = clproc_op_at(i);
        if (!name[length]) {
            offer(&part, op->name, "", op->help);
        } else if (strlen(op->name) == length && strncmp(name, op->name, length) == 0) {
            part.kept += length + strspn(name + length, " ");
            offer_params(&part, op);
            return;
        }
    }
}

/* ---------------------------------------------------------------- options */

/** An option of a command, "--name" or "-n" of so many bytes; NULL: there is none. */
static const clp_cli_option *find_option(const clp_cli_command *command, const char *word,
                                         size_t length) {
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        bool spelt = length > 2 && strncmp(word, "--", 2) == 0 &&
                     strlen(option->name) == length - 2 &&
                     strncmp(word + 2, option->name, length - 2) == 0;
        bool letter = length == 2 && word[0] == '-' && option->letter == word[1] && word[1];
        if (option->commands & command->options && (spelt || letter)) {
            return option;
        }
    }
    return NULL;
}

static const clproc_op_info *find_operation(const clp_cli_command *command, const char *word,
                                            size_t length) {
    for (size_t i = 0; command->options & CLP_CLI_OPERATIONS && i < clproc_op_count(); i++) {
        const clproc_op_info *op = clproc_op_at(i);
        if (length > 2 && strncmp(word, "--", 2) == 0 && strlen(op->name) == length - 2 &&
            strncmp(word + 2, op->name, length - 2) == 0) {
            return op;
        }
    }
    return NULL;
}

static void offer_options(const typed *t, const clp_cli_command *command) {
    char name[64], help[512];
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        if (option->commands & command->options) {
            snprintf(name, sizeof name, "--%s", option->name);
            clp_cli_print_help(help, sizeof help, option);
            offer(t, name, "", help);
        }
    }
    for (size_t i = 0; command->options & CLP_CLI_OPERATIONS && i < clproc_op_count(); i++) {
        snprintf(name, sizeof name, "--%s", clproc_op_at(i)->name);
        offer(t, name, "", clproc_op_at(i)->help);
    }
}

/** Offers values of the option or operation that a word names; false if that takes none, or none
 * apart from its name. */
static bool offer_values(const typed *t, const clp_cli_command *command, const char *word,
                         size_t length, bool joined) {
    const clp_cli_option *option = find_option(command, word, length);
    const clproc_op_info *op = option ? NULL : find_operation(command, word, length);
    if (option && option->kind != CLP_CLI_SWITCH && (joined || !option->implied)) {
        if (option->kind == CLP_CLI_PIPELINE) {
            offer_pipeline(t);
        } else {
            offer_value(t, option);
        }
        return true;
    }
    if (op && op->usage[0]) {
        offer_params(t, op);
        return true;
    }
    return false;
}

/* ---------------------------------------------------------------- the line */

static void offer_commands(const typed *t) {
    for (const clp_cli_command *command = clp_cli_commands; command->name; command++) {
        offer(t, command->name, "", command->summary);
    }
}

/** Offers what help tells of. */
static void offer_topics(const typed *t) {
    char help[512];
    offer_commands(t);
    for (const clp_cli_topic *topic = clp_cli_topics; topic->name; topic++) {
        offer(t, topic->name, "", topic->summary);
    }
    for (size_t i = 0; i < clproc_op_count(); i++) {
        offer(t, clproc_op_at(i)->name, "", clproc_op_at(i)->help);
    }
    for (const clp_cli_option *option = clp_cli_options; option->name; option++) {
        clp_cli_print_help(help, sizeof help, option);
        offer(t, option->name, "", help);
    }
}

/** Offers the words of a usage that are in small letters: they are to be typed as they are. */
static void offer_usage(const typed *t, const clp_cli_command *command) {
    char words[256];
    size_t used = 0;
    for (const char *at = command->operands; *at && used + 1 < sizeof words;) {
        size_t length = strcspn(at, " ,");
        if (islower((unsigned char)*at) && strncmp(at, "or ", 3) != 0) {
            used += (size_t)snprintf(words + used, sizeof words - used, "%s%.*s", used ? "|" : "",
                                     (int)length, at);
        }
        at += length;
        at += strspn(at, " ,");
    }
    words[used < sizeof words ? used : sizeof words - 1] = '\0';
    offer_alternatives(t, words, command->name);
}

static void complete(const char *const *words, size_t count) {
    typed t = {.word = words[count - 1]};
    const clp_cli_command *command = clp_cli_commands;
    if (count == 1) {
        offer_commands(&t);
        return;
    }
    while (command->name && strcmp(command->name, words[0]) != 0) {
        command++;
    }
    if (!command->name) {
        return;
    }
    const char *before = words[count - 2], *equals = strchr(t.word, '=');
    if (count > 2 && offer_values(&t, command, before, strlen(before), false)) {
        return;
    }
    if (t.word[0] == '-' && equals) {
        t.kept = (size_t)(equals - t.word) + 1;
        offer_values(&t, command, t.word, t.kept - 1, true);
    } else if (t.word[0] == '-') {
        offer_options(&t, command);
    } else if (count == 2 && command->run == clp_cli_help) {
        offer_topics(&t);
    } else if (count == 2) {
        offer_usage(&t, command);
    }
}

/* ---------------------------------------------------------------- scripts */

/* Bash ends words at : and =, and completes what stands behind these: they are joined here, and the
 * part before the last is taken off, unless the word is quoted: its quote is taken off then.
 * Without an offer names of files are completed. */
static const char bash_script[] =
    "# clproc's command lines, completed by bash: clproc help completion\n"
    "_clproc() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words=() i rest found breaks prefix=\n"
    "    local program=${1/#~\\//$HOME/}\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "        rest=${line#\"${line%%[![:space:]]*}\"}\n"
    "        if ((i == 0)) || [[ $rest != \"$line\" ]]; then\n"
    "            words+=(\"\")\n"
    "        fi\n"
    "        ((i == COMP_CWORD)) && found=$rest || found=${COMP_WORDS[i]}\n"
    "        words[-1]+=$found\n"
    "        line=${rest#\"$found\"}\n"
    "    done\n"
    "    breaks=${COMP_WORDBREAKS//[^:=]/}\n"
    "    if [[ ${words[-1]} == [\\'\\\"]* ]]; then\n"
    "        words[-1]=${words[-1]:1}\n"
    "    elif [[ $breaks ]]; then\n"
    "        prefix=${words[-1]%\"${words[-1]##*[$breaks]}\"}\n"
    "    fi\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r found rest; do\n"
    "        COMPREPLY+=(\"${found#\"$prefix\"}\")\n"
    "        [[ $found == *= ]] && compopt -o nospace\n"
    "    done < <(command \"$program\" completion words -- \"${words[@]:1}\" 2>/dev/null)\n"
    "}\n"
    "complete -o bashdefault -o default -F _clproc clproc\n";

static const char zsh_script[] =
    "#compdef clproc\n"
    "# clproc's command lines, completed by zsh: clproc help completion\n"
    "_clproc() {\n"
    "    local word text program=${${(Q)words[1]}/#\\~\\//$HOME/}\n"
    "    local -a whole open shown\n"
    "    while IFS=$'\\t' read -r word text; do\n"
    "        if [[ $word == *= ]]; then\n"
    "            open+=(\"$word\")\n"
    "        else\n"
    "            whole+=(\"$word\")\n"
    "            shown+=(\"$word  -- $text\")\n"
    "        fi\n"
    "    done < <(command \"$program\" completion words -- \"${(@Q)words[2,CURRENT-1]}\" \\\n"
    "        \"${(Q)PREFIX}\" 2>/dev/null)\n"
    "    if (($#whole + $#open == 0)); then\n"
    "        _files\n"
    "        return\n"
    "    fi\n"
    "    (($#whole)) && compadd -l -d shown -a whole\n"
    "    (($#open)) && compadd -S '' -a open\n"
    "    return 0\n"
    "}\n"
    "if [[ $funcstack[1] == _clproc ]]; then\n"
    "    _clproc \"$@\"\n"
    "else\n"
    "    compdef _clproc clproc\n"
    "fi\n";

static const char fish_script[] =
    "# clproc's command lines, completed by fish: clproc help completion\n"
    "function __clproc_words\n"
    "    set -l typed (commandline -opc)\n"
    "    set -l word (commandline -ct)\n"
    "    set -l program (string replace -r '^~/' \"$HOME/\" -- $typed[1])\n"
    "    set -l found (command $program completion words -- $typed[2..-1] \"$word\" 2>/dev/null)\n"
    "    if set -q found[1]\n"
    "        printf '%s\\n' $found\n"
    "    else\n"
    "        __fish_complete_path \"$word\"\n"
    "    end\n"
    "end\n"
    "complete -c clproc -f -a '(__clproc_words)'\n";

int clp_cli_completion(clp_cli_settings *settings) {
    static const struct {
        const char *shell, *script;
    } scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    const char *const *operands = settings->operands;
    if (settings->operand_count > 1 && strcmp(operands[0], "words") == 0) {
        complete(operands + 1, settings->operand_count - 1);
        return CLP_EXIT_OK;
    }
    for (size_t i = 0; settings->operand_count == 1 && i < sizeof scripts / sizeof *scripts; i++) {
        if (strcmp(operands[0], scripts[i].shell) == 0) {
            fputs(scripts[i].script, stdout);
            return CLP_EXIT_OK;
        }
    }
    return clp_cli_usage_error("completion takes the name of a shell: bash, zsh or fish");
}
