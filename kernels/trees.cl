/* Sums of the leaves that rows come to, in whole numbers, so that no order of them matters: a
 * work-item a row.
 *
 * nodes, roots  of all trees
 * shares_at     where a node's shares begin, and behind the last where they end
 * ranks, sums   `width` and `sum_count` of a row, row by row
 */
__kernel void add_leaves(__global const tree_node *nodes, __global const uint *roots,
                         uint tree_count, __global const uint *shares_at,
                         __global const tree_share *shares, __global const ushort *ranks,
                         uint width, __global ulong *sums, uint sum_count, uint rows) {
    size_t row = get_global_id(0);
    if (row >= rows) {
        return;
    }
    __global const ushort *own = ranks + row * width;
    __global ulong *to = sums + row * sum_count;
    for (uint c = 0; c < sum_count; c++) {
        to[c] = 0;
    }
    for (uint t = 0; t < tree_count; t++) {
        uint at = roots[t];
        while (nodes[at].rank != TREE_STAY) {
            at = nodes[at].next + (own[nodes[at].column] > nodes[at].rank);
        }
        for (uint s = shares_at[at]; s < shares_at[at + 1]; s++) {
            to[shares[s].column] += shares[s].weight;
        }
    }
}
