/* Halves a picture of one colour in memory and looks at what came out. */
#include <clproc/clproc.h>
#include <string.h>

static int halve(clproc_context *context, clproc_error *error) {
    unsigned char pixels[32 * 20 * 3];
    clproc_image in = {pixels, 32 * 3, 32, 20, 3, 8}, out = {0};
    clproc_pipeline *pipeline = NULL;
    int wrong = 1;
    memset(pixels, 77, sizeof pixels);
    if (clproc_pipeline_create(&pipeline, error) == CLPROC_OK &&
        clproc_pipeline_add(pipeline, "resize", "50%", error) == CLPROC_OK &&
        clproc_process(context, pipeline, &in, &out, error) == CLPROC_OK) {
        wrong = out.width != 16 || out.height != 10 || out.channels != 3 || out.depth != 8;
        for (unsigned y = 0; !wrong && y < out.height; y++) {
            for (unsigned x = 0; x < out.width * 3; x++) {
                wrong |= ((unsigned char *)out.pixels)[y * out.pitch + x] != 77;
            }
        }
    }
    clproc_image_free(&out);
    clproc_pipeline_destroy(&pipeline);
    return wrong;
}

int main(int argc, char **argv) {
    clproc_context *context = NULL;
    clproc_context_params params;
    clproc_error error = {0};
    int wrong = 1;
    clproc_context_params_init(&params);
    params.device = argc > 1 ? argv[1] : NULL;
    if (clproc_context_create(&context, &params, &error) == CLPROC_OK) {
        printf("clproc %s on %s\n", clproc_version(), clproc_context_device(context)->name);
        wrong = halve(context, &error);
    }
    if (error.status != CLPROC_OK) {
        printf("%s\n", error.message);
    }
    clproc_context_destroy(&context);
    return wrong;
}
