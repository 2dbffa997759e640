/* Words that people bring from other programs, and the values they mean. */
#include <string.h>
#include <strings.h>

#include "ops/ops_private.h"

/* A word may mean several values: the one that an option knows is taken. */
static const clproc_synonym words[] = {
    /* fits: sharp, vipsthumbnail, CSS */
    {"stretch", "fill"},
    {"force", "fill"},
    {"exact", "fill"},
    {"ignore", "fill"},
    {"crop", "cover"},
    {"max", "inside"},
    {"fit", "inside"},
    {"min", "outside"},
    {"letterbox", "contain"},
    {"pad", "contain"},
    /* places */
    {"center", "centre"},
    {"middle", "centre"},
    {"top", "north"},
    {"bottom", "south"},
    {"left", "west"},
    {"right", "east"},
    {"north-east", "northeast"},
    {"north-west", "northwest"},
    {"south-east", "southeast"},
    {"south-west", "southwest"},
    /* filters */
    {"lanczos", "lanczos3"},
    {"bicubic", "catmull-rom"},
    {"cubic", "catmull-rom"},
    {"catrom", "catmull-rom"},
    {"linear", "bilinear"},
    {"triangle", "bilinear"},
    {"point", "nearest"},
    {"neighbour", "nearest"},
    {"neighbor", "nearest"},
    /* turns and mirrors */
    {"-90", "270"},
    {"-180", "180"},
    {"-270", "90"},
    {"cw", "90"},
    {"ccw", "270"},
    {"right", "90"},
    {"left", "270"},
    {"horizontal", "h"},
    {"vertical", "v"},
    /* yes and no */
    {"true", "yes"},
    {"on", "yes"},
    {"1", "yes"},
    {"false", "no"},
    {"off", "no"},
    {"0", "no"},
    /* output */
    {"jpg", "jpeg"},
    {"4:2:0", "420"},
    {"4:2:2", "422"},
    {"4:4:4", "444"},
    {"grey", "gray"},
    {"grayscale", "gray"},
    {"greyscale", "gray"},
    {"location", "gps"},
    {"comment", "comments"},
    {"texts", "comments"},
    {"overwrite", "replace"},
    {NULL, NULL},
};

const clproc_synonym *clproc_synonyms(void) {
    return words;
}

const char *clp_ops_synonym(const char *said, size_t *from) {
    for (; words[*from].said; ++*from) {
        if (strcasecmp(words[*from].said, said) == 0) {
            return words[(*from)++].meant;
        }
    }
    return NULL;
}
