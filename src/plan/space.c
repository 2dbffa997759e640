/** From one colour space to another (docs/numerics.md, section 5). */
#include <math.h>

#include "plan/lower.h"

/* CIE 15: where the cube root gives way to a line. */
#define EPSILON (216.0 / 24389)
#define KAPPA (24389.0 / 27)

static double root(double t, const void *unused) {
    (void)unused;
    return t > EPSILON ? cbrt(t) : (KAPPA * t + 16) / 116;
}

static double cube(double f, const void *unused) {
    (void)unused;
    return f * f * f > EPSILON ? f * f * f : (116 * f - 16) / KAPPA;
}

/** Linear sRGB to XYZ for D65, with the numbers of OpenCV, as parts of the white's: rows sum to 1.
 */
static void xyz_matrix(double m[3][3]) {
    static const double srgb[3][3] = {{0.412453, 0.357580, 0.180423},
                                      {0.212671, 0.715160, 0.072169},
                                      {0.019334, 0.119193, 0.950227}};
    for (int i = 0; i < 3; i++) {
        double sum = srgb[i][0] + srgb[i][1] + srgb[i][2];
        for (int j = 0; j < 3; j++) {
            m[i][j] = srgb[i][j] / sum;
        }
    }
}

static void invert(const double m[3][3], double inverse[3][3]) {
    double determinant = 0;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            int a = (j + 1) % 3, b = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
            inverse[i][j] = m[a][c] * m[b][d] - m[a][d] * m[b][c];
        }
    }
    for (int i = 0; i < 3; i++) {
        determinant += m[0][i] * inverse[i][0];
    }
    for (int i = 0; i < 9; i++) {
        inverse[i / 3][i % 3] /= determinant;
    }
}

/* Functions of X, Y, Z from 0 to 255, and L, a, b as they are packed. */
static const double lab_matrix[3][3] = {
    {0, 1.16, 0}, {500.0 / 255, -500.0 / 255, 0}, {0, 200.0 / 255, -200.0 / 255}};
static const double lab_offset[3] = {-16 * 2.55, 128, 128};

static clproc_status to_lab(clp_terms *terms, const char *op, clproc_error *error) {
    static const double none[3] = {0, 0, 0};
    double xyz[3][3];
    clproc_status status;
    xyz_matrix(xyz);
    CLP_TRY(status, out, clp_terms_curve(terms, op, clp_srgb_decode, NULL, 0, error));
    CLP_TRY(status, out, clp_terms_colour(terms, op, (const double(*)[3])xyz, none, error));
    CLP_TRY(status, out, clp_terms_curve(terms, op, root, NULL, 0, error));
    status = clp_terms_colour(terms, op, lab_matrix, lab_offset, error);
out:
    return status;
}

static clproc_status from_lab(clp_terms *terms, const char *op, clproc_error *error) {
    static const double none[3] = {0, 0, 0};
    double xyz[3][3], rgb[3][3], back[3][3], offset[3];
    clproc_status status;
    xyz_matrix(xyz);
    invert((const double(*)[3])xyz, rgb);
    invert(lab_matrix, back);
    for (int i = 0; i < 3; i++) {
        offset[i] =
            -back[i][0] * lab_offset[0] - back[i][1] * lab_offset[1] - back[i][2] * lab_offset[2];
    }
    CLP_TRY(status, out, clp_terms_colour(terms, op, (const double(*)[3])back, offset, error));
    CLP_TRY(status, out, clp_terms_curve(terms, op, cube, NULL, 0, error));
    CLP_TRY(status, out, clp_terms_colour(terms, op, (const double(*)[3])rgb, none, error));
    status = clp_terms_curve(terms, op, clp_srgb_encode, NULL, 0, error);
out:
    return status;
}

static clproc_status ycc(clp_terms *terms, const char *op, bool inverse, clproc_error *error) {
    clp_colour colour = clp_colour_ycc(inverse);
    return clp_terms_colour(terms, op, (const double(*)[3])colour.m, colour.offset, error);
}

static clproc_status hsv(clp_terms *terms, const char *op, bool inverse, clproc_error *error) {
    const double parameter[4] = {inverse};
    return clp_terms_custom(terms, op, CLP_CUSTOM_HSV, parameter, error);
}

static clproc_status from_rgb(clp_terms *terms, const char *op, clp_space space,
                              clproc_error *error) {
    switch (space) {
    case CLP_SPACE_LINEAR:
        return clp_terms_curve(terms, op, clp_srgb_decode, NULL, 0, error);
    case CLP_SPACE_YCC:
        return ycc(terms, op, false, error);
    case CLP_SPACE_HSV:
        return hsv(terms, op, false, error);
    case CLP_SPACE_LAB:
        return to_lab(terms, op, error);
    default:
        return CLPROC_OK;
    }
}

static clproc_status to_rgb(clp_terms *terms, const char *op, clproc_error *error) {
    switch (terms->space) {
    case CLP_SPACE_LINEAR:
        return clp_terms_curve(terms, op, clp_srgb_encode, NULL, 0, error);
    case CLP_SPACE_YCC:
        return ycc(terms, op, true, error);
    case CLP_SPACE_HSV:
        return hsv(terms, op, true, error);
    case CLP_SPACE_LAB:
        return from_lab(terms, op, error);
    default:
        return CLPROC_OK;
    }
}

clproc_status clp_terms_space(clp_terms *terms, const char *op, clp_space space,
                              clproc_error *error) {
    clproc_status status = CLPROC_OK;
    if (space == terms->space) {
        return CLPROC_OK;
    }
    CLP_TRY(status, out, clp_terms_settle(terms, error));
    CLP_TRY(status, out, to_rgb(terms, op, error));
    terms->space = CLP_SPACE_RGB;
    if (space == CLP_SPACE_YCC || space == CLP_SPACE_HSV || space == CLP_SPACE_LAB) {
        CLP_TRY(status, out, clp_terms_expand(terms, op, error));
    }
    CLP_TRY(status, out, from_rgb(terms, op, space, error));
    terms->space = space;
out:
    return status;
}
