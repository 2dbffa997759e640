/* TreeEnsembleClassifier and TreeEnsembleRegressor: lists of nodes, in any order, that name each
 * other by numbers of trees and of nodes. */
#include <stdio.h>
#include <stdlib.h>

#include "model/trees.h"

/** A node's name and its place in the lists. */
typedef struct node_key {
    int64_t tree, node;
    uint32_t at;
} node_key;

/** The attributes. */
typedef struct tree_names {
    clp_builder *builder;
    const clp_onnx_node *node;
    size_t count;
    const int64_t *tree, *id, *feature, *yes, *no, *missing;
    const double *value;
    uint8_t *mode;  /**< or LEAF */
    size_t added;   /**< at most so many nodes, for branches by equality */
    node_key *keys; /**< sorted: the order of the lists that are made */
    bool *follows;  /**< by the place of its key: another leads there */
} tree_names;

/** In place of a mode. */
enum { LEAF = UINT8_MAX };

static clproc_status refuse(const tree_names *names, const char *what) {
    return clp_build_refuse(names->builder, names->node, "%s", what);
}

/* ---------------------------------------------------------------------- lists */

clproc_status clp_trees_values(clp_builder *builder, const clp_onnx_node *node, const char *name,
                               const double **values, size_t *count) {
    char tensor_name[96];
    snprintf(tensor_name, sizeof tensor_name, "%s_as_tensor", name);
    if (clp_onnx_tensor_of(node, tensor_name).size > 0) {
        return clp_build_tensor(builder, node, tensor_name, values, count);
    }
    *values = clp_build_floats(builder, node, name, count);
    return *values ? CLPROC_OK : CLPROC_ERROR_MEMORY;
}

static clproc_status read_modes(tree_names *names) {
    static const struct {
        const char *name;
        uint8_t mode;
    } modes[] = {{"LEAF", LEAF},
                 {"BRANCH_LEQ", CLP_TREE_LEQ},
                 {"BRANCH_LT", CLP_TREE_LT},
                 {"BRANCH_GTE", CLP_TREE_GTE},
                 {"BRANCH_GT", CLP_TREE_GT},
                 {"BRANCH_EQ", CLP_TREE_EQ},
                 {"BRANCH_NEQ", CLP_TREE_NEQ}};
    const size_t kinds = sizeof modes / sizeof modes[0];
    enum { FIRST_BY_EQUALITY = 5 };
    clp_slice attribute = clp_onnx_attribute(names->node, "nodes_modes"), text;
    clp_proto at = clp_proto_begin(&attribute);
    size_t count = 0, kind;
    names->mode = clp_build_take(names->builder, names->count, 1);
    if (!names->mode) {
        return CLPROC_ERROR_MEMORY;
    }
    while (clp_onnx_next_text(&at, &text)) {
        for (kind = 0; kind < kinds && !clp_slice_is(&text, modes[kind].name); kind++) {
        }
        if (kind == kinds) {
            return refuse(names, "has branches of unknown modes");
        }
        names->added += kind >= FIRST_BY_EQUALITY ? CLP_TREE_ADDED : 0;
        if (count < names->count) {
            names->mode[count] = modes[kind].mode;
        }
        count++;
    }
    return count == names->count ? CLPROC_OK : refuse(names, "its lists differ in length");
}

static clproc_status read_names(tree_names *names) {
    clp_builder *builder = names->builder;
    const clp_onnx_node *node = names->node;
    const struct {
        const char *name;
        const int64_t **list;
    } numbers[] = {{"nodes_treeids", &names->tree},
                   {"nodes_nodeids", &names->id},
                   {"nodes_featureids", &names->feature},
                   {"nodes_truenodeids", &names->yes},
                   {"nodes_falsenodeids", &names->no},
                   {"nodes_missing_value_tracks_true", &names->missing}};
    const size_t kinds = sizeof numbers / sizeof numbers[0];
    size_t counts[sizeof numbers / sizeof numbers[0]], values = 0;
    for (size_t i = 0; i < kinds; i++) {
        *numbers[i].list = clp_build_ints(builder, node, numbers[i].name, &counts[i]);
        if (!*numbers[i].list) {
            return CLPROC_ERROR_MEMORY;
        }
    }
    names->count = counts[0];
    clproc_status status = clp_trees_values(builder, node, "nodes_values", &names->value, &values);
    if (status != CLPROC_OK) {
        return status;
    }
    bool same = values == names->count && names->count < UINT32_MAX;
    for (size_t i = 0; i + 1 < kinds; i++) {
        same = same && counts[i] == names->count;
    }
    if (counts[kinds - 1] == 0) {
        names->missing = NULL;
    } else {
        same = same && counts[kinds - 1] == names->count;
    }
    return same ? read_modes(names) : refuse(names, "its lists differ in length");
}

/* ----------------------------------------------------------------------- keys */

static int compare_keys(const void *first, const void *second) {
    const node_key *a = first, *b = second;
    return a->tree != b->tree   ? (a->tree < b->tree ? -1 : 1)
           : a->node != b->node ? (a->node < b->node ? -1 : 1)
                                : 0;
}

static clproc_status sort_keys(tree_names *names) {
    bool sorted = true;
    names->keys = clp_build_take(names->builder, names->count, sizeof *names->keys);
    if (!names->keys) {
        return CLPROC_ERROR_MEMORY;
    }
    for (size_t i = 0; i < names->count; i++) {
        names->keys[i] = (node_key){names->tree[i], names->id[i], (uint32_t)i};
        sorted = sorted && (i == 0 || compare_keys(&names->keys[i - 1], &names->keys[i]) < 0);
    }
    if (!sorted) {
        qsort(names->keys, names->count, sizeof *names->keys, compare_keys);
    }
    for (size_t i = 1; i < names->count; i++) {
        if (compare_keys(&names->keys[i - 1], &names->keys[i]) == 0) {
            return refuse(names, "has two nodes of one name");
        }
    }
    return CLPROC_OK;
}

/** The place of a node's key; NULL if there is no such node. Nodes of a tree are numbered without
 * gaps as a rule: then it is as far from another one, `near`, as its number. */
static const node_key *find_key(const tree_names *names, const node_key *near, int64_t tree,
                                int64_t node) {
    const node_key key = {.tree = tree, .node = node};
    uint64_t guess =
        near ? (uint64_t)(near - names->keys) + (uint64_t)node - (uint64_t)near->node : UINT64_MAX;
    return guess < names->count && compare_keys(&names->keys[guess], &key) == 0
               ? &names->keys[guess]
               : bsearch(&key, names->keys, names->count, sizeof key, compare_keys);
}

/* ---------------------------------------------------------------------- nodes */

/** Finds the node that a branch leads to. */
static clproc_status follow(tree_names *names, const node_key *from, int64_t node,
                            uint32_t *place) {
    const node_key *key = find_key(names, from, from->tree, node);
    if (!key) {
        return refuse(names, "has a branch that leads nowhere");
    }
    *place = (uint32_t)(key - names->keys);
    names->follows[*place] = true;
    return CLPROC_OK;
}

static clproc_status read_branch(tree_names *names, const node_key *key, clp_tree_lists *lists) {
    size_t at = key->at;
    uint32_t place = (uint32_t)(key - names->keys);
    clp_tree_branch *branch = &lists->nodes[place];
    clproc_status status = CLPROC_OK;
    if (names->feature[at] < 0 || (uint64_t)names->feature[at] >= lists->features) {
        return refuse(names, "looks at a column that its input has not");
    }
    *branch = (clp_tree_branch){.threshold = names->value[at],
                                .feature = (uint32_t)names->feature[at],
                                .missing = names->missing && names->missing[at] != 0};
    CLP_TRY(status, out, follow(names, key, names->yes[at], &branch->yes));
    CLP_TRY(status, out, follow(names, key, names->no[at], &branch->no));
    status = clp_tree_branch_set(names->builder, names->node, (clp_tree_mode)names->mode[at], lists,
                                 place, NULL, 0);
out:
    return status;
}

static clproc_status read_nodes(tree_names *names, clp_tree_lists *lists) {
    clproc_status status = CLPROC_OK;
    for (size_t i = 0; i < names->count; i++) {
        const node_key *key = &names->keys[i];
        if (names->mode[key->at] == LEAF) {
            lists->nodes[i].feature = CLP_TREE_LEAF;
            continue;
        }
        lists->missing |= names->missing && names->missing[key->at] != 0;
        CLP_TRY(status, out, read_branch(names, key, lists));
    }
out:
    return status;
}

/** A tree's root is its one node that no branch leads to. */
static clproc_status find_roots(const tree_names *names, clp_tree_lists *lists) {
    size_t end;
    for (size_t first = 0; first < names->count; first = end) {
        size_t roots = 0;
        for (end = first; end < names->count && names->keys[end].tree == names->keys[first].tree;
             end++) {
            if (!names->follows[end]) {
                lists->roots[lists->root_count] = (uint32_t)end;
                roots++;
            }
        }
        if (roots != 1) {
            return refuse(names, "has a tree without a root, or with several");
        }
        lists->root_count++;
    }
    return CLPROC_OK;
}

/* -------------------------------------------------------------------- weights */

static clproc_status read_weights(const tree_names *names, const char *part,
                                  clp_tree_lists *lists) {
    static const char *const kinds[] = {"treeids", "nodeids", "ids"};
    const int64_t *numbers[3];
    const double *weights = NULL;
    const node_key *key = NULL;
    char name[64];
    size_t count = 0;
    snprintf(name, sizeof name, "%s_weights", part);
    clproc_status status =
        clp_trees_values(names->builder, names->node, name, &weights, &lists->weight_count);
    for (size_t i = 0; status == CLPROC_OK && i < 3; i++) {
        snprintf(name, sizeof name, "%s_%s", part, kinds[i]);
        numbers[i] = clp_build_ints(names->builder, names->node, name, &count);
        status = !numbers[i]                    ? CLPROC_ERROR_MEMORY
                 : count != lists->weight_count ? refuse(names, "its lists differ in length")
                                                : CLPROC_OK;
    }
    if (status != CLPROC_OK) {
        return status;
    }
    lists->weights = clp_build_take(names->builder, count, sizeof *lists->weights);
    for (size_t i = 0; lists->weights && i < count; i++) {
        key = find_key(names, key, numbers[0][i], numbers[1][i]);
        if (!key || numbers[2][i] < 0 || (uint64_t)numbers[2][i] >= lists->columns) {
            return refuse(names, "has weights for a leaf or class that is not there");
        }
        lists->weights[i] =
            (clp_tree_weight){(uint32_t)(key - names->keys), (uint32_t)numbers[2][i], weights[i]};
    }
    return lists->weights ? CLPROC_OK : CLPROC_ERROR_MEMORY;
}

static clproc_status take_room(tree_names *names, clp_tree_lists *lists) {
    lists->count = names->count;
    size_t nodes = names->count + names->added;
    if (nodes >= UINT32_MAX) {
        return refuse(names, "is too large");
    }
    lists->nodes = clp_build_take(names->builder, nodes, sizeof *lists->nodes);
    lists->roots = clp_build_take(names->builder, names->count, sizeof *lists->roots);
    names->follows = clp_build_take(names->builder, names->count, sizeof *names->follows);
    return lists->nodes && lists->roots && names->follows ? CLPROC_OK : CLPROC_ERROR_MEMORY;
}

clproc_status clp_trees_read(clp_builder *reader, const clp_onnx_node *node, const char *part,
                             clp_tree_lists *lists) {
    tree_names names = {.builder = reader, .node = node};
    clproc_status status;
    CLP_TRY(status, out, read_names(&names));
    CLP_TRY(status, out, sort_keys(&names));
    CLP_TRY(status, out, take_room(&names, lists));
    CLP_TRY(status, out, read_nodes(&names, lists));
    CLP_TRY(status, out, find_roots(&names, lists));
    status = read_weights(&names, part, lists);
out:
    return status;
}
