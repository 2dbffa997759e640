#include "batch/strategy.h"

#include <string.h>

static const clproc_strategy_info infos[] = {
    {"parallel", CLPROC_STRATEGY_PARALLEL, "decodes and encodes on every core",
     "decodes and encodes on one core"},
    {"overlap", CLPROC_STRATEGY_OVERLAP, "decodes rows while the device works on those before",
     "waits for the device after every hand-over"},
    {"planar", CLPROC_STRATEGY_PLANAR,
     "works on a JPEG's own planes, and makes RGB only where an operation needs it",
     "makes RGB of every JPEG and converts it back"},
    {"compose", CLPROC_STRATEGY_COMPOSE, "plans all operations together, in integers where it can",
     "runs each operation by itself on a float picture, copied from one to the next"},
    {"stream", CLPROC_STRATEGY_STREAM,
     "computes large pictures band by band while they are decoded, where the device shares memory",
     "computes a picture when all of it is decoded"},
    {"shrink", CLPROC_STRATEGY_SHRINK, "shrinks large JPEGs while they are decoded",
     "decodes every JPEG at full size"},
    {"device-codec", CLPROC_STRATEGY_DEVICE_CODEC,
     "decodes and encodes JPEGs on the device, where it has memory of its own",
     "decodes and encodes JPEGs on the host"},
    {"one-listing", CLPROC_STRATEGY_ONE_LISTING, "lists the inputs once",
     "lists the inputs again for every file"},
    {"one-open", CLPROC_STRATEGY_ONE_OPEN, "opens and reads a file once",
     "opens and reads a file twice, for its header and for its pixels"},
};

#define COUNT (sizeof infos / sizeof *infos)

clproc_strategy_info clproc_strategy_at(size_t index) {
    return index < COUNT ? infos[index] : (clproc_strategy_info){0};
}

/** The bits of a word; false for a word that is no strategy. */
static bool find(const char *word, size_t length, uint32_t *bits) {
    static const struct {
        const char *name;
        uint32_t bits;
    } groups[] = {{"default", CLPROC_STRATEGY_DEFAULT}, {"naive", CLPROC_STRATEGY_NAIVE}};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (strlen(groups[i].name) == length && memcmp(groups[i].name, word, length) == 0) {
            *bits = groups[i].bits;
            return true;
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (strlen(infos[i].name) == length && memcmp(infos[i].name, word, length) == 0) {
            *bits = infos[i].bit;
            return true;
        }
    }
    return false;
}

static clproc_status unknown(const char *word, size_t length, clproc_error *error) {
    char names[200] = "";
    for (size_t i = 0; i < COUNT; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, ", %s", infos[i].name);
    }
    return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                         "unknown strategy \"%.*s\"; use default, naive%s, joined by commas, each "
                         "with - before it to leave it out",
                         (int)(length < 60 ? length : 60), word, names);
}

clproc_status clproc_strategy_parse(const char *text, uint32_t *strategy, clproc_error *error) {
    /* A list that begins by leaving something out leaves it out of all. */
    uint32_t bits = text && *text == '-' ? CLPROC_STRATEGY_DEFAULT : CLPROC_STRATEGY_NAIVE, one;
    if (!strategy) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT,
                             "clproc_strategy_parse() needs a place for the strategy");
    }
    for (const char *word = text ? text : "";; word++) {
        bool without = *word == '-';
        word += without;
        size_t length = strcspn(word, ",");
        if (!find(word, length, &one)) {
            return unknown(word, length, error);
        }
        bits = without ? bits & ~one : bits | one;
        word += length;
        if (*word == '\0') {
            break;
        }
    }
    *strategy = bits;
    return CLPROC_OK;
}

/** Writes the names of `bits`, each after `before`. */
static void join(uint32_t bits, const char *before, char *text, size_t size) {
    text[0] = '\0';
    for (size_t i = 0; i < COUNT; i++) {
        size_t used = strlen(text);
        if (bits & infos[i].bit) {
            snprintf(text + used, size - used, "%s%s%s", used ? "," : "", before, infos[i].name);
        }
    }
}

size_t clproc_strategy_print(uint32_t strategy, char *text, size_t size) {
    char with[200], without[200];
    uint32_t missing = ~strategy & CLPROC_STRATEGY_DEFAULT;
    join(strategy, "", with, sizeof with);
    join(missing, "-", without, sizeof without);
    bool shorter = strlen(without) < strlen(with);
    const char *name = missing == 0      ? "default"
                       : with[0] == '\0' ? "naive"
                       : shorter         ? without
                                         : with;
    return (size_t)snprintf(text, size, "%s", name);
}
