/* Trees as ONNX has them: lists of nodes, in any order, that name each other. Here they are put in
 * order, and proven to be trees. */
#include <stdio.h>
#include <stdlib.h>

#include "model/trees.h"

typedef enum node_mode { LEAF, LEQ, LT, GTE, GT } node_mode;

/** A node's name and its place in the lists. */
typedef struct node_key {
    int64_t tree, node;
    uint32_t at;
} node_key;

/** The lists, and what is found out about them. */
typedef struct tree_lists {
    clp_builder *builder; /**< whose memory goes when the trees are read */
    const clp_onnx_node *node;
    size_t count;
    const int64_t *tree, *id, *feature, *yes, *no, *missing;
    const double *value;
    uint8_t *mode;
    node_key *keys;  /**< sorted */
    uint32_t *order; /**< nodes as they will lie, each the place of its key */
    uint32_t *place; /**< the other way round */
    bool *follows;   /**< by the place of its key: another leads there */
    size_t features;
} tree_lists;

static clproc_status refuse(const tree_lists *lists, const char *what) {
    return clp_build_refuse(lists->builder, lists->node, "%s", what);
}

/* ---------------------------------------------------------------------- lists */

clproc_status clp_trees_values(clp_builder *builder, const clp_onnx_node *node, const char *name,
                               const double **values, size_t *count) {
    char tensor_name[64];
    clp_onnx_tensor tensor;
    snprintf(tensor_name, sizeof tensor_name, "%s_as_tensor", name);
    clp_slice message = clp_onnx_tensor_of(node, tensor_name);
    if (message.size == 0) {
        *values = clp_build_floats(builder, node, name, count);
        return *values ? CLPROC_OK : CLPROC_ERROR_MEMORY;
    }
    if (!clp_onnx_describe(&message, &tensor)) {
        return clp_build_refuse(builder, node, "its %s cannot be read", tensor_name);
    }
    double *numbers = clp_build_take(builder, tensor.count, sizeof *numbers);
    if (!numbers) {
        return CLPROC_ERROR_MEMORY;
    }
    clp_onnx_elements(&message, &tensor, numbers);
    *values = numbers;
    *count = tensor.count;
    return CLPROC_OK;
}

static clproc_status read_modes(tree_lists *lists) {
    static const char *const names[] = {[LEAF] = "LEAF",
                                        [LEQ] = "BRANCH_LEQ",
                                        [LT] = "BRANCH_LT",
                                        [GTE] = "BRANCH_GTE",
                                        [GT] = "BRANCH_GT"};
    const size_t kinds = sizeof names / sizeof names[0];
    clp_slice attribute = clp_onnx_attribute(lists->node, "nodes_modes"), text;
    clp_proto at = clp_proto_begin(&attribute);
    size_t count = 0, kind;
    lists->mode = clp_build_take(lists->builder, lists->count, 1);
    if (!lists->mode) {
        return CLPROC_ERROR_MEMORY;
    }
    while (clp_onnx_next_text(&at, &text)) {
        for (kind = 0; kind < kinds && !clp_slice_is(&text, names[kind]); kind++) {
        }
        if (kind == kinds) {
            return refuse(lists, "has branches by equality or of unknown modes");
        }
        if (count < lists->count) {
            lists->mode[count] = (uint8_t)kind;
        }
        count++;
    }
    return count == lists->count ? CLPROC_OK : refuse(lists, "its lists differ in length");
}

static clproc_status read_lists(tree_lists *lists) {
    clp_builder *builder = lists->builder;
    const clp_onnx_node *node = lists->node;
    const struct {
        const char *name;
        const int64_t **list;
    } numbers[] = {{"nodes_treeids", &lists->tree},
                   {"nodes_nodeids", &lists->id},
                   {"nodes_featureids", &lists->feature},
                   {"nodes_truenodeids", &lists->yes},
                   {"nodes_falsenodeids", &lists->no},
                   {"nodes_missing_value_tracks_true", &lists->missing}};
    const size_t kinds = sizeof numbers / sizeof numbers[0];
    size_t counts[sizeof numbers / sizeof numbers[0]], values = 0;
    for (size_t i = 0; i < kinds; i++) {
        *numbers[i].list = clp_build_ints(builder, node, numbers[i].name, &counts[i]);
        if (!*numbers[i].list) {
            return CLPROC_ERROR_MEMORY;
        }
    }
    lists->count = counts[0];
    clproc_status status = clp_trees_values(builder, node, "nodes_values", &lists->value, &values);
    if (status != CLPROC_OK) {
        return status;
    }
    bool same = values == lists->count && lists->count <= CLP_TREE_FEATURE;
    for (size_t i = 0; i + 1 < kinds; i++) {
        same = same && counts[i] == lists->count;
    }
    if (counts[kinds - 1] == 0) {
        lists->missing = NULL;
    } else {
        same = same && counts[kinds - 1] == lists->count;
    }
    return same ? read_modes(lists) : refuse(lists, "its lists differ in length");
}

/* ----------------------------------------------------------------------- keys */

static int compare_keys(const void *first, const void *second) {
    const node_key *a = first, *b = second;
    return a->tree != b->tree   ? (a->tree < b->tree ? -1 : 1)
           : a->node != b->node ? (a->node < b->node ? -1 : 1)
                                : 0;
}

static clproc_status sort_keys(tree_lists *lists) {
    bool sorted = true;
    lists->keys = clp_build_take(lists->builder, lists->count, sizeof *lists->keys);
    if (!lists->keys) {
        return CLPROC_ERROR_MEMORY;
    }
    for (size_t i = 0; i < lists->count; i++) {
        lists->keys[i] = (node_key){lists->tree[i], lists->id[i], (uint32_t)i};
        sorted = sorted && (i == 0 || compare_keys(&lists->keys[i - 1], &lists->keys[i]) < 0);
    }
    if (!sorted) {
        qsort(lists->keys, lists->count, sizeof *lists->keys, compare_keys);
    }
    for (size_t i = 1; i < lists->count; i++) {
        if (compare_keys(&lists->keys[i - 1], &lists->keys[i]) == 0) {
            return refuse(lists, "has two nodes of one name");
        }
    }
    return CLPROC_OK;
}

/** The place of a node's key; NULL if there is no such node. */
static const node_key *find_key(const tree_lists *lists, int64_t tree, int64_t node) {
    const node_key key = {.tree = tree, .node = node};
    return bsearch(&key, lists->keys, lists->count, sizeof key, compare_keys);
}

/** Notes that a node follows a branch of its tree; it may follow no other. */
static clproc_status follow(tree_lists *lists, const node_key *from, int64_t node) {
    const node_key *key = find_key(lists, from->tree, node);
    if (!key) {
        return refuse(lists, "has a branch that leads nowhere");
    }
    bool *follows = &lists->follows[key - lists->keys];
    if (*follows) {
        return refuse(lists, "has a node that two branches lead to");
    }
    *follows = true;
    return CLPROC_OK;
}

/* ---------------------------------------------------------------------- trees */

/** Puts a branch or leaf in its form. Where "true" is for what is greater, the two that follow
 * change places. */
static clproc_status put_node(const tree_lists *lists, size_t at, bool *swapped, clp_trees *trees,
                              clp_tree_node *node) {
    node_mode mode = lists->mode[at];
    double value = lists->value[at];
    bool tracks = lists->missing && lists->missing[at] != 0, below = mode == LT || mode == GTE;
    if (mode == LEAF) {
        return CLPROC_OK;
    }
    if (lists->feature[at] < 0 || (uint64_t)lists->feature[at] >= lists->features) {
        return refuse(lists, "looks at a column that its input has not");
    }
    if (isnan(value) || (below && value == -INFINITY)) {
        return refuse(lists, "has a threshold that is no number");
    }
    *swapped = mode == GTE || mode == GT;
    node->threshold = below ? nextafter(value, -INFINITY) : value;
    node->feature = (uint32_t)lists->feature[at] | CLP_TREE_BRANCH |
                    (tracks != *swapped ? CLP_TREE_MISSING : 0);
    trees->used[lists->feature[at]] = true;
    trees->missing |= tracks;
    return CLPROC_OK;
}

/** Lays out the tree whose keys begin at `first`, level by level, from its root. */
static clproc_status lay_out(tree_lists *lists, clp_trees *trees, size_t first, size_t root,
                             size_t count) {
    size_t free = first;
    clproc_status status = CLPROC_OK;
    lists->order[free++] = (uint32_t)root;
    for (size_t i = first; i < free; i++) {
        const node_key *key = &lists->keys[lists->order[i]];
        clp_tree_node *node = &trees->nodes[i];
        bool swapped = false;
        *node = (clp_tree_node){.next = (uint32_t)i};
        lists->place[lists->order[i]] = (uint32_t)i;
        CLP_TRY(status, out, put_node(lists, key->at, &swapped, trees, node));
        if (node->feature & CLP_TREE_BRANCH) {
            const node_key *yes = find_key(lists, key->tree, lists->yes[key->at]);
            const node_key *no = find_key(lists, key->tree, lists->no[key->at]);
            node->next = (uint32_t)free;
            lists->order[free++] = (uint32_t)((swapped ? no : yes) - lists->keys);
            lists->order[free++] = (uint32_t)((swapped ? yes : no) - lists->keys);
        }
    }
    if (free - first != count) {
        status = refuse(lists, "has nodes that a tree's root does not lead to");
    }
out:
    return status;
}

/** Each node follows at most one other: so the one that follows none is the root of a tree, and
 * what it does not lead to would go round in circles. */
static clproc_status find_followers(tree_lists *lists) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < lists->count; i++) {
        const node_key *key = &lists->keys[i];
        if (lists->mode[key->at] != LEAF) {
            CLP_TRY(status, out, follow(lists, key, lists->yes[key->at]));
            CLP_TRY(status, out, follow(lists, key, lists->no[key->at]));
        }
    }
out:
    return status;
}

static clproc_status build_trees(tree_lists *lists, clp_trees *trees) {
    clproc_status status = CLPROC_OK;
    size_t end;
    for (size_t first = 0; first < lists->count; first = end) {
        size_t roots = 0, root = first;
        for (end = first; end < lists->count && lists->keys[end].tree == lists->keys[first].tree;
             end++) {
            root = lists->follows[end] ? root : end;
            roots += !lists->follows[end];
        }
        if (roots != 1) {
            return refuse(lists, "has a tree without a root, or with several");
        }
        CLP_TRY(status, out, lay_out(lists, trees, first, root, end - first));
        trees->roots[trees->tree_count++] = (uint32_t)first;
    }
out:
    return status;
}

/* --------------------------------------------------------------------- shares */

typedef struct share_lists {
    size_t count;
    const int64_t *tree, *node, *column;
    const double *weight;
} share_lists;

static clproc_status read_share_lists(tree_lists *lists, const char *part, share_lists *shares) {
    static const char *const names[] = {"treeids", "nodeids", "ids"};
    const int64_t **const numbers[] = {&shares->tree, &shares->node, &shares->column};
    char name[64];
    size_t count = 0;
    snprintf(name, sizeof name, "%s_weights", part);
    clproc_status status =
        clp_trees_values(lists->builder, lists->node, name, &shares->weight, &shares->count);
    for (size_t i = 0; status == CLPROC_OK && i < 3; i++) {
        snprintf(name, sizeof name, "%s_%s", part, names[i]);
        *numbers[i] = clp_build_ints(lists->builder, lists->node, name, &count);
        status = !*numbers[i]             ? CLPROC_ERROR_MEMORY
                 : count != shares->count ? refuse(lists, "its lists differ in length")
                                          : CLPROC_OK;
    }
    return status;
}

/** Notes what the shares are of. */
static clproc_status look_at_shares(const tree_lists *lists, const share_lists *shares,
                                    clp_trees *trees) {
    trees->one_sided = shares->count > 0;
    for (size_t i = 0; i < shares->count; i++) {
        int64_t column = shares->column[i];
        if (column < 0 || column >= CLP_MODEL_COLUMNS ||
            !find_key(lists, shares->tree[i], shares->node[i])) {
            return refuse(lists, "has weights for a leaf or class that is not there");
        }
        trees->classes = (size_t)column < trees->classes ? trees->classes : (size_t)column + 1;
        trees->one_sided = trees->one_sided && column == shares->column[0];
        trees->negative |= shares->weight[i] < 0;
    }
    return CLPROC_OK;
}

/** Where a share's node lies; false for shares that count for nothing: zeros, and as elsewhere
 * those of branches. */
static bool counts(const tree_lists *lists, const share_lists *shares, size_t index,
                   uint32_t *place) {
    const node_key *key = find_key(lists, shares->tree[index], shares->node[index]);
    *place = lists->place[key - lists->keys];
    return lists->mode[key->at] == LEAF && shares->weight[index] != 0;
}

/** Sorts the shares by their nodes, in the order of the lists. */
static clproc_status put_shares(tree_lists *lists, const share_lists *shares, clp_trees *trees) {
    uint32_t *at = clp_build_take(lists->builder, lists->count + 1, sizeof *at), place;
    clproc_status status = at ? look_at_shares(lists, shares, trees) : CLPROC_ERROR_MEMORY;
    if (status != CLPROC_OK) {
        return status;
    }
    for (size_t i = 0; i < shares->count; i++) {
        if (counts(lists, shares, i, &place)) {
            trees->shares_at[place + 1]++;
        }
    }
    for (size_t i = 0; i < lists->count; i++) {
        trees->shares_at[i + 1] += trees->shares_at[i];
        at[i] = trees->shares_at[i];
    }
    for (size_t i = 0; i < shares->count; i++) {
        if (counts(lists, shares, i, &place)) {
            trees->shares[at[place]++] =
                (clp_tree_share){(uint32_t)shares->column[i], shares->weight[i]};
        }
    }
    return CLPROC_OK;
}

static clproc_status take_room(clp_builder *builder, tree_lists *lists, size_t shares,
                               clp_trees *trees) {
    size_t count = lists->count;
    lists->order = clp_build_take(lists->builder, count, sizeof *lists->order);
    lists->place = clp_build_take(lists->builder, count, sizeof *lists->place);
    lists->follows = clp_build_take(lists->builder, count, sizeof *lists->follows);
    trees->nodes = clp_build_take(builder, count, sizeof *trees->nodes);
    trees->roots = clp_build_take(builder, count, sizeof *trees->roots);
    trees->shares_at = clp_build_take(builder, count + 1, sizeof *trees->shares_at);
    trees->shares = clp_build_take(builder, shares, sizeof *trees->shares);
    trees->used = clp_build_take(builder, lists->features, sizeof *trees->used);
    return lists->order && lists->place && lists->follows && trees->nodes && trees->roots &&
                   trees->shares_at && trees->shares && trees->used
               ? CLPROC_OK
               : CLPROC_ERROR_MEMORY;
}

clproc_status clp_trees_read(clp_builder *builder, const clp_onnx_node *node, const char *part,
                             const clp_value *rows, clp_trees *trees) {
    clp_onnx_model passing = {0}; /* keeps the lists as long as they are used */
    clp_builder reader = {.model = &passing, .error = builder->error};
    tree_lists lists = {.builder = &reader, .node = node, .features = rows->span.columns};
    share_lists shares = {0};
    clproc_status status;
    *trees = (clp_trees){.single = rows->type != CLP_ONNX_DOUBLE};
    CLP_TRY(status, out, read_lists(&lists));
    CLP_TRY(status, out, read_share_lists(&lists, part, &shares));
    CLP_TRY(status, out, take_room(builder, &lists, shares.count, trees));
    CLP_TRY(status, out, sort_keys(&lists));
    CLP_TRY(status, out, find_followers(&lists));
    CLP_TRY(status, out, build_trees(&lists, trees));
    status = put_shares(&lists, &shares, trees);
out:
    clp_build_release(&passing);
    return status;
}
