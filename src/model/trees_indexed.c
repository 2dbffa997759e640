/* TreeEnsemble, since version 5 of ai.onnx.ml: lists of branches and of leaves, which branches name
 * by their places. */
#include "model/trees.h"

/** The attributes. */
typedef struct tree_indices {
    clp_builder *builder; /**< whose memory goes when the trees are read */
    const clp_onnx_node *node;
    size_t count; /**< of branches */
    const int64_t *feature, *yes, *no, *yes_leaf, *no_leaf, *missing;
    const double *split, *mode, *members;
    size_t member_count, member_at; /**< NaNs among them end sets; where the next set begins */
    size_t leaf_count;
    const int64_t *target;
    const double *weight;
} tree_indices;

static clproc_status refuse(const tree_indices *indices, const char *what) {
    return clp_build_refuse(indices->builder, indices->node, "%s", what);
}

/* ---------------------------------------------------------------------- lists */

/** Reads a list that must have `count` numbers. */
static clproc_status read_ints(const tree_indices *indices, const char *name, size_t count,
                               const int64_t **list) {
    size_t found = 0;
    *list = clp_build_ints(indices->builder, indices->node, name, &found);
    return !*list           ? CLPROC_ERROR_MEMORY
           : found != count ? refuse(indices, "its lists differ in length")
                            : CLPROC_OK;
}

/** The same of a tensor. */
static clproc_status read_tensor(const tree_indices *indices, const char *name, size_t count,
                                 const double **list) {
    size_t found = 0;
    clproc_status status = clp_build_tensor(indices->builder, indices->node, name, list, &found);
    return status == CLPROC_OK && found != count ? refuse(indices, "its lists differ in length")
                                                 : status;
}

static clproc_status read_lists(tree_indices *indices) {
    clproc_status status = CLPROC_OK;
    const struct {
        const char *name;
        const int64_t **list;
    } numbers[] = {{"nodes_truenodeids", &indices->yes},
                   {"nodes_falsenodeids", &indices->no},
                   {"nodes_trueleafs", &indices->yes_leaf},
                   {"nodes_falseleafs", &indices->no_leaf}};
    const char *const tracks = "nodes_missing_value_tracks_true", *const sets = "membership_values";
    indices->feature =
        clp_build_ints(indices->builder, indices->node, "nodes_featureids", &indices->count);
    indices->target =
        clp_build_ints(indices->builder, indices->node, "leaf_targetids", &indices->leaf_count);
    if (!indices->feature || !indices->target) {
        return CLPROC_ERROR_MEMORY;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CLP_TRY(status, out, read_ints(indices, numbers[i].name, indices->count, numbers[i].list));
    }
    if (clp_onnx_attribute(indices->node, tracks).size > 0) {
        CLP_TRY(status, out, read_ints(indices, tracks, indices->count, &indices->missing));
    }
    CLP_TRY(status, out, read_tensor(indices, "nodes_splits", indices->count, &indices->split));
    CLP_TRY(status, out, read_tensor(indices, "nodes_modes", indices->count, &indices->mode));
    if (clp_onnx_tensor_of(indices->node, sets).size > 0) {
        CLP_TRY(status, out,
                clp_build_tensor(indices->builder, indices->node, sets, &indices->members,
                                 &indices->member_count));
    }
    status = read_tensor(indices, "leaf_weights", indices->leaf_count, &indices->weight);
out:
    return status;
}

/* ---------------------------------------------------------------------- trees */

/** Finds what a branch leads to; a leaf becomes a node of its own behind all branches. */
static clproc_status follow(const tree_indices *indices, bool leaf, int64_t at,
                            clp_tree_lists *lists, uint32_t *place) {
    if (at < 0 || (uint64_t)at >= (leaf ? indices->leaf_count : indices->count)) {
        return refuse(indices, "has a branch that leads nowhere");
    }
    *place = (uint32_t)at;
    if (leaf) {
        int64_t target = indices->target[at];
        if (target < 0 || (uint64_t)target >= lists->columns) {
            return refuse(indices, "has weights for a target that is not there");
        }
        *place = (uint32_t)lists->count++;
        lists->nodes[*place].feature = CLP_TREE_LEAF;
        lists->weights[lists->weight_count++] =
            (clp_tree_weight){*place, (uint32_t)target, indices->weight[at]};
    }
    return CLPROC_OK;
}

/** Takes the next of the sets, which stand in the order of the branches that ask for them. */
static clproc_status take_members(tree_indices *indices, const double **members, size_t *count) {
    size_t at = indices->member_at, end = at;
    while (end < indices->member_count && !isnan(indices->members[end])) {
        end++;
    }
    if (end == at) {
        return refuse(indices, "has a branch by membership without a set, or with an empty one");
    }
    *members = indices->members + at;
    *count = end - at;
    indices->member_at = end + 1;
    return CLPROC_OK;
}

static clproc_status read_branch(tree_indices *indices, size_t at, clp_tree_lists *lists) {
    clp_tree_branch *branch = &lists->nodes[at];
    const double *members = NULL;
    size_t member_count = 0;
    clproc_status status = CLPROC_OK;
    if (indices->feature[at] < 0 || (uint64_t)indices->feature[at] >= lists->features) {
        return refuse(indices, "looks at a column that its input has not");
    }
    if (!(indices->mode[at] >= 0 && indices->mode[at] <= CLP_TREE_MEMBER)) {
        return refuse(indices, "has branches of unknown modes");
    }
    clp_tree_mode mode = (clp_tree_mode)indices->mode[at];
    if (mode == CLP_TREE_MEMBER) {
        CLP_TRY(status, out, take_members(indices, &members, &member_count));
    }
    *branch = (clp_tree_branch){.threshold = indices->split[at],
                                .feature = (uint32_t)indices->feature[at],
                                .missing = indices->missing && indices->missing[at] != 0};
    lists->missing |= branch->missing;
    CLP_TRY(status, out,
            follow(indices, indices->yes_leaf[at] != 0, indices->yes[at], lists, &branch->yes));
    CLP_TRY(status, out,
            follow(indices, indices->no_leaf[at] != 0, indices->no[at], lists, &branch->no));
    status = clp_tree_branch_set(indices->builder, indices->node, mode, lists, (uint32_t)at,
                                 members, member_count);
out:
    return status;
}

static clproc_status read_roots(const tree_indices *indices, clp_tree_lists *lists) {
    const int64_t *roots =
        clp_build_ints(indices->builder, indices->node, "tree_roots", &lists->root_count);
    lists->roots = clp_build_take(indices->builder, lists->root_count, sizeof *lists->roots);
    if (!roots || !lists->roots) {
        return CLPROC_ERROR_MEMORY;
    }
    for (size_t t = 0; t < lists->root_count; t++) {
        if (roots[t] < 0 || (uint64_t)roots[t] >= indices->count) {
            return refuse(indices, "has a tree without a root");
        }
        lists->roots[t] = (uint32_t)roots[t];
    }
    return CLPROC_OK;
}

/** The most nodes that branches by equality and by membership add. */
static size_t added_nodes(const tree_indices *indices) {
    size_t numbers = indices->member_count;
    for (size_t i = 0; i < indices->count; i++) {
        numbers += indices->mode[i] == CLP_TREE_EQ || indices->mode[i] == CLP_TREE_NEQ;
    }
    return CLP_TREE_ADDED * numbers;
}

clproc_status clp_trees_read_indexed(clp_builder *reader, const clp_onnx_node *node,
                                     clp_tree_lists *lists) {
    tree_indices indices = {.builder = reader, .node = node};
    clproc_status status;
    CLP_TRY(status, out, read_lists(&indices));
    if (indices.count > UINT32_MAX / 16 || indices.member_count > UINT32_MAX / 16 ||
        indices.leaf_count > UINT32_MAX) {
        return refuse(&indices, "is too large");
    }
    lists->nodes =
        clp_build_take(reader, 3 * indices.count + added_nodes(&indices), sizeof *lists->nodes);
    lists->weights = clp_build_take(reader, 2 * indices.count, sizeof *lists->weights);
    CLP_TRY(status, out, lists->nodes && lists->weights ? CLPROC_OK : CLPROC_ERROR_MEMORY);
    lists->count = indices.count;
    for (size_t i = 0; i < indices.count; i++) {
        CLP_TRY(status, out, read_branch(&indices, i, lists));
    }
    status = read_roots(&indices, lists);
out:
    return status;
}
