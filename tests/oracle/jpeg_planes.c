/** JPEG files to planes and back through the libjpeg API alone, for the oracle. Reads jobs from
 * standard input, a line each, with names free of blanks:
 *
 *     planes FILE OUT           samples as stored, before upsampling
 *     rgb FILE OUT              R, G, B as libjpeg makes them by default
 *     encode FILE OUT QUALITY   planes to a baseline JPEG
 *
 * A planes file begins with a line "WIDTH HEIGHT COUNT" and, for each plane, its sampling factors
 * " H V"; then come the planes' samples, each ceil(WIDTH * H / largest H) wide. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#define MAX_BLOCK_ROWS (4 * DCTSIZE)

typedef struct planes {
    unsigned width, height;
    int count, h[4], v[4], max_h, max_v;
} planes;

static void die(const char *what, const char *name) {
    fprintf(stderr, "jpeg_planes: %s %s\n", what, name);
    exit(1);
}

static FILE *open_file(const char *name, const char *mode) {
    FILE *file = fopen(name, mode);
    if (!file) {
        die("cannot open", name);
    }
    return file;
}

static unsigned part(unsigned size, int factor, int most) {
    return (size * (unsigned)factor + (unsigned)most - 1) / (unsigned)most;
}

/** Row pointers of one row of MCUs, whose memory is as wide as whole blocks want it. */
typedef struct band {
    JSAMPROW rows[4][MAX_BLOCK_ROWS];
    JSAMPARRAY planes[4];
    size_t pitch[4];
} band;

static void band_init(band *b, const planes *p) {
    for (int c = 0; c < p->count; c++) {
        unsigned mcus = (p->width + (unsigned)(8 * p->max_h) - 1) / (unsigned)(8 * p->max_h);
        b->pitch[c] = (size_t)mcus * (size_t)(8 * p->h[c]);
        b->planes[c] = b->rows[c];
        for (int i = 0; i < 8 * p->v[c]; i++) {
            b->rows[c][i] = calloc(1, b->pitch[c]);
            if (!b->rows[c][i]) {
                die("no memory for", "a band");
            }
        }
    }
}

static void band_free(band *b, const planes *p) {
    for (int c = 0; c < p->count; c++) {
        for (int i = 0; i < 8 * p->v[c]; i++) {
            free(b->rows[c][i]);
        }
    }
}

static void facts(planes *p, unsigned width, unsigned height, int count,
                  const jpeg_component_info *info) {
    *p = (planes){.width = width, .height = height, .count = count, .max_h = 1, .max_v = 1};
    for (int c = 0; c < count; c++) {
        /* A single plane is stored without subsampling, whatever its factors say. */
        p->h[c] = count == 1 ? 1 : info[c].h_samp_factor;
        p->v[c] = count == 1 ? 1 : info[c].v_samp_factor;
        p->max_h = p->h[c] > p->max_h ? p->h[c] : p->max_h;
        p->max_v = p->v[c] > p->max_v ? p->v[c] : p->max_v;
    }
}

static void write_planes(struct jpeg_decompress_struct *jpeg, const planes *p, FILE *out) {
    uint8_t *whole[4] = {NULL};
    band b;
    band_init(&b, p);
    for (int c = 0; c < p->count; c++) {
        whole[c] =
            malloc((size_t)part(p->width, p->h[c], p->max_h) * part(p->height, p->v[c], p->max_v));
    }
    while (jpeg->output_scanline < jpeg->output_height) {
        unsigned top = jpeg->output_scanline / (unsigned)p->max_v;
        jpeg_read_raw_data(jpeg, b.planes, (JDIMENSION)(8 * p->max_v));
        for (int c = 0; c < p->count; c++) {
            unsigned width = part(p->width, p->h[c], p->max_h);
            unsigned height = part(p->height, p->v[c], p->max_v);
            for (unsigned i = 0; i < 8u * (unsigned)p->v[c]; i++) {
                unsigned y = top * (unsigned)p->v[c] + i;
                if (y < height) {
                    memcpy(whole[c] + (size_t)y * width, b.rows[c][i], width);
                }
            }
        }
    }
    fprintf(out, "%u %u %d", p->width, p->height, p->count);
    for (int c = 0; c < p->count; c++) {
        fprintf(out, " %d %d", p->h[c], p->v[c]);
    }
    fputc('\n', out);
    for (int c = 0; c < p->count; c++) {
        fwrite(whole[c], part(p->width, p->h[c], p->max_h), part(p->height, p->v[c], p->max_v),
               out);
        free(whole[c]);
    }
    band_free(&b, p);
}

static void write_rgb(struct jpeg_decompress_struct *jpeg, FILE *out) {
    JSAMPROW row = calloc(jpeg->output_width, 3);
    fprintf(out, "%u %u\n", jpeg->output_width, jpeg->output_height);
    while (row && jpeg->output_scanline < jpeg->output_height) {
        jpeg_read_scanlines(jpeg, &row, 1);
        fwrite(row, 3, jpeg->output_width, out);
    }
    free(row);
}

static void decode(const char *in, const char *out, int raw) {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    FILE *source = open_file(in, "rb"), *target = open_file(out, "wb");
    planes p;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_stdio_src(&jpeg, source);
    jpeg_read_header(&jpeg, TRUE);
    facts(&p, jpeg.image_width, jpeg.image_height, jpeg.num_components, jpeg.comp_info);
    jpeg.raw_data_out = raw;
    jpeg.out_color_space = raw ? jpeg.jpeg_color_space : JCS_RGB;
    jpeg_start_decompress(&jpeg);
    if (raw) {
        write_planes(&jpeg, &p, target);
    } else {
        write_rgb(&jpeg, target);
    }
    jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
    fclose(source);
    if (fclose(target) != 0) {
        die("cannot write", out);
    }
}

static void read_facts(FILE *source, planes *p, const char *name) {
    *p = (planes){.max_h = 1, .max_v = 1};
    if (fscanf(source, "%u %u %d", &p->width, &p->height, &p->count) != 3 ||
        (p->count != 1 && p->count != 3)) {
        die("no planes in", name);
    }
    for (int c = 0; c < p->count; c++) {
        if (fscanf(source, "%d %d", &p->h[c], &p->v[c]) != 2 || p->h[c] < 1 || p->h[c] > 4 ||
            p->v[c] < 1 || p->v[c] > 4) {
            die("bad sampling in", name);
        }
        p->max_h = p->h[c] > p->max_h ? p->h[c] : p->max_h;
        p->max_v = p->v[c] > p->max_v ? p->v[c] : p->max_v;
    }
    fgetc(source);
}

/** Copies the rows of one band from whole planes, with the last column and row repeated. */
static void fill_band(band *b, const planes *p, uint8_t *const whole[], unsigned top) {
    for (int c = 0; c < p->count; c++) {
        unsigned width = part(p->width, p->h[c], p->max_h);
        unsigned height = part(p->height, p->v[c], p->max_v);
        for (unsigned i = 0; i < 8u * (unsigned)p->v[c]; i++) {
            unsigned y = top * (unsigned)p->v[c] + i;
            const uint8_t *row = whole[c] + (size_t)(y < height ? y : height - 1) * width;
            memcpy(b->rows[c][i], row, width);
            memset(b->rows[c][i] + width, row[width - 1], b->pitch[c] - width);
        }
    }
}

static void encode(const char *in, const char *out, int quality) {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    FILE *source = open_file(in, "rb"), *target = open_file(out, "wb");
    planes p;
    band b;
    uint8_t *whole[4] = {NULL};
    read_facts(source, &p, in);
    for (int c = 0; c < p.count; c++) {
        size_t size = (size_t)part(p.width, p.h[c], p.max_h) * part(p.height, p.v[c], p.max_v);
        whole[c] = malloc(size);
        if (!whole[c] || fread(whole[c], 1, size, source) != size) {
            die("too few samples in", in);
        }
    }
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, target);
    jpeg.image_width = p.width;
    jpeg.image_height = p.height;
    jpeg.input_components = p.count;
    jpeg.in_color_space = p.count == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg.raw_data_in = TRUE;
    for (int c = 0; c < p.count; c++) {
        jpeg.comp_info[c].h_samp_factor = p.h[c];
        jpeg.comp_info[c].v_samp_factor = p.v[c];
    }
    jpeg_start_compress(&jpeg, TRUE);
    band_init(&b, &p);
    while (jpeg.next_scanline < jpeg.image_height) {
        fill_band(&b, &p, whole, jpeg.next_scanline / (unsigned)p.max_v);
        jpeg_write_raw_data(&jpeg, b.planes, (JDIMENSION)(8 * p.max_v));
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    band_free(&b, &p);
    for (int c = 0; c < p.count; c++) {
        free(whole[c]);
    }
    fclose(source);
    if (fclose(target) != 0) {
        die("cannot write", out);
    }
}

int main(void) {
    char line[4096], job[16], in[2000], out[2000];
    int quality = 0;
    while (fgets(line, sizeof line, stdin)) {
        int words = sscanf(line, "%15s %1999s %1999s %d", job, in, out, &quality);
        if (words == 4 && strcmp(job, "encode") == 0) {
            encode(in, out, quality);
        } else if (words == 3 && (strcmp(job, "planes") == 0 || strcmp(job, "rgb") == 0)) {
            decode(in, out, job[0] == 'p');
        } else {
            die("no such job:", line);
        }
    }
    return 0;
}
