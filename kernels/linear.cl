/* Sums of products, in double precision and in the order of columns, so that they are the host's: a
 * work-item a row.
 *
 * in, out        column by column, `rows` numbers each
 * weights, bias  of each result
 */
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF

__kernel void multiply(__global const double *in, __global double *out, uint rows,
                       __global const double *weights, __global const double *bias, uint columns,
                       uint results) {
    size_t row = get_global_id(0);
    if (row >= rows) {
        return;
    }
    for (size_t m = 0; m < results; m++) {
        double sum = bias[m];
        for (size_t k = 0; k < columns; k++) {
            sum += in[k * rows + row] * weights[m * columns + k];
        }
        out[m * rows + row] = sum;
    }
}
