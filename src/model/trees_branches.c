/* How branches compare. Trees are gone down by one question, whether a number is up to a threshold,
 * so every other one is put in its terms. */
#include <stdlib.h>

#include "model/trees.h"

/** A set of numbers cuts the line into pieces, which lead to its outside and its inside in turn. */
typedef struct cutting {
    clp_tree_lists *lists;
    clp_tree_branch like; /**< whose feature branches look at */
    const double *cuts;   /**< rising; each ends the piece that is up to it */
    uint32_t ways[2];     /**< where what is outside goes, and what is inside */
    bool led[2];          /**< something leads there */
} cutting;

static uint32_t add(clp_tree_lists *lists, const clp_tree_branch *branch) {
    lists->nodes[lists->count] = *branch;
    return (uint32_t)lists->count++;
}

/** The node where a piece goes, or where that has a way to it, one that does the same. */
static uint32_t way_of(cutting *line, bool inside) {
    uint32_t way = line->ways[inside];
    if (!line->led[inside]) {
        line->led[inside] = true;
        return way;
    }
    return add(line->lists, &(clp_tree_branch){.yes = way, .feature = CLP_TREE_SAME});
}

/** Adds what leads numbers on that are above the cut before `first` and up to cut `last`, by
 * halves; returns the place of the first branch, which is the last one of the list. */
static uint32_t lead(cutting *line, size_t first, size_t last) {
    clp_tree_branch made = line->like;
    if (first == last) {
        return way_of(line, first % 2 != 0);
    }
    size_t middle = first + (last - first) / 2;
    made.threshold = line->cuts[middle];
    made.yes = lead(line, first, middle);
    made.no = lead(line, middle + 1, last);
    return add(line->lists, &made);
}

static int compare_numbers(const void *first, const void *second) {
    double a = *(const double *)first, b = *(const double *)second;
    return (a > b) - (a < b);
}

/** Before each of a set's numbers and behind it there is a cut; returns how many. */
static size_t make_cuts(double *cuts, const double *members, size_t count) {
    size_t made = 0;
    for (size_t i = 0; i < count; i++) {
        cuts[i] = members[i];
    }
    qsort(cuts, count, sizeof *cuts, compare_numbers);
    for (size_t i = 0; i < count; i++) {
        if (made == 0 || cuts[made - 1] != cuts[i]) {
            cuts[made++] = cuts[i];
        }
    }
    for (size_t i = made; i-- > 0;) {
        cuts[2 * i + 1] = cuts[i];
        cuts[2 * i] = nextafter(cuts[i], -INFINITY);
    }
    return 2 * made;
}

static clproc_status refuse_number(clp_builder *builder, const clp_onnx_node *node) {
    return clp_build_refuse(builder, node, "has a threshold that is no number");
}

/** Of what is missing nothing is equal to anything, unless the file says that it goes to `yes`. */
static clproc_status set_members(clp_builder *builder, const clp_onnx_node *node,
                                 clp_tree_mode mode, clp_tree_lists *lists, uint32_t at,
                                 const double *members, size_t count) {
    bool inside = mode != CLP_TREE_NEQ; /* is what goes to `yes` */
    const clp_tree_branch asked = lists->nodes[at];
    double *cuts = clp_build_take(builder, 2 * count, sizeof *cuts);
    cutting line = {.lists = lists, .like = {.feature = asked.feature}, .cuts = cuts};
    if (!cuts) {
        return CLPROC_ERROR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (!(members[i] > -INFINITY)) {
            return refuse_number(builder, node);
        }
    }
    line.ways[inside] = asked.yes;
    line.ways[!inside] = asked.no;
    uint32_t first = lead(&line, 0, make_cuts(cuts, members, count));
    if (asked.missing && inside) { /* all numbers are up to infinity */
        lists->nodes[at] = (clp_tree_branch){.threshold = INFINITY,
                                             .feature = asked.feature,
                                             .yes = first,
                                             .no = way_of(&line, true)};
    } else {
        lists->nodes[at] = lists->nodes[first];
        lists->count--;
    }
    return CLPROC_OK;
}

clproc_status clp_tree_branch_set(clp_builder *builder, const clp_onnx_node *node,
                                  clp_tree_mode mode, clp_tree_lists *lists, uint32_t at,
                                  const double *members, size_t count) {
    clp_tree_branch *branch = &lists->nodes[at];
    bool below = mode == CLP_TREE_LT || mode == CLP_TREE_GTE;
    if (mode >= CLP_TREE_EQ) {
        bool own = mode != CLP_TREE_MEMBER;
        const double threshold = branch->threshold;
        return set_members(builder, node, mode, lists, at, own ? &threshold : members,
                           own ? 1 : count);
    }
    if (isnan(branch->threshold) || (below && branch->threshold == -INFINITY)) {
        return refuse_number(builder, node);
    }
    if (below) {
        branch->threshold = nextafter(branch->threshold, -INFINITY);
    }
    if (mode == CLP_TREE_GTE || mode == CLP_TREE_GT) { /* "true" is for what is greater */
        uint32_t yes = branch->yes;
        branch->yes = branch->no;
        branch->no = yes;
        branch->missing = !branch->missing;
    }
    return CLPROC_OK;
}
