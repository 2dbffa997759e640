#!/bin/sh
# The installed library serves a program outside the tree, found with pkg-config.
set -eu
build=${CLPROC_BUILD:?}
if grep -q '^CLPROC_SANITIZE:[A-Z]*=.' "$build/CMakeCache.txt"; then
    echo "skipped: a library with sanitizers needs a program with them"
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix
cmake --install "$build" --prefix "$prefix" >"$scratch/log" || { cat "$scratch/log"; exit 1; }

cat >"$scratch/outside.c" <<'END'
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
END

pc=$(find "$prefix" -name clproc.pc)
[ -n "$pc" ] || { echo "FAILED: no clproc.pc was installed"; exit 1; }
PKG_CONFIG_PATH=$(dirname "$pc")
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
POCL_CACHE_DIR=${POCL_CACHE_DIR:-$scratch/cache}
export PKG_CONFIG_PATH LD_LIBRARY_PATH POCL_CACHE_DIR
mkdir -p "$POCL_CACHE_DIR"
# The prefix chosen at installation, not at configuration, is the one that counts.
[ "$(realpath "$(pkg-config --variable=prefix clproc)")" = "$(realpath "$prefix")" ] ||
    { echo "FAILED: pkg-config's prefix is $(pkg-config --variable=prefix clproc)"; exit 1; }
flags=$(pkg-config --cflags --libs clproc)
${CC:-cc} -std=c11 -Wall -Wextra -Werror "$scratch/outside.c" $flags -o "$scratch/outside"

"$scratch/outside" reference
if "$prefix/bin/clproc" devices | grep -q '^[0-9]* *cpu: '; then
    "$scratch/outside" cpu
else
    echo "no OpenCL CPU device: only the reference was tried"
fi
