#include <unistd.h>

#include "fuzz.h"
#include "index/reader.h"
#include "index/store_private.h"
#include "index/where.h"

/** A row is text that JSON can hold, with numbers that are some, whatever the file was. */
static void check_row(const clp_row *row) {
    for (size_t i = 0; i < CLP_FIELD_COUNT; i++) {
        const clp_cell *cell = &row->values[i];
        if (cell->kind == CLP_CELL_TEXT) {
            const char *text = clp_row_get(row, (clp_field)i);
            clp_block block = {(const uint8_t *)text, cell->size};
            FUZZ_PROMISE(cell->size > 0 && strlen(text) == cell->size);
            FUZZ_PROMISE(clp_notes_is_utf8(&block));
        }
        FUZZ_PROMISE(cell->kind != CLP_CELL_REAL || cell->real - cell->real == 0);
    }
}

/** What was written can be read, and is the same. */
static void check_store(const clp_store_kind *kind, const clp_row *row) {
    clp_selection all;
    clp_bytes first = {0}, second = {0};
    clp_row back = {0};
    clproc_error error;
    FUZZ_PROMISE(clp_selection_parse(&all, NULL, &error) == CLPROC_OK);
    clp_selection_add_digest(&all);
    FUZZ_PROMISE(kind->print(&all, row, &first, &error) == CLPROC_OK);
    FUZZ_PROMISE(kind->format->parse(&all, first.data, first.size, &back));
    FUZZ_PROMISE(kind->print(&all, &back, &second, &error) == CLPROC_OK);
    FUZZ_PROMISE(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    /* The short way may give up, but comes to the same. */
    clp_row_clear(&back);
    if (kind->format->skim && kind->format->skim(&all, first.data, first.size, &back)) {
        FUZZ_PROMISE(strcmp(clp_row_get(&back, CLP_FIELD_SOURCE_FILE),
                            clp_row_get(row, CLP_FIELD_SOURCE_FILE)) == 0);
        FUZZ_PROMISE(back.values[CLP_FIELD_FILE_SIZE].integer ==
                     row->values[CLP_FIELD_FILE_SIZE].integer);
    }
    clp_row_free(&back);
    clp_bytes_free(&first);
    clp_bytes_free(&second);
}

/** The bytes as a record of an index: anything but a crash. */
static void read_record(const clp_store_kind *kind, const uint8_t *data, size_t size) {
    clp_selection all, found = {0};
    clp_row row = {0};
    clproc_error error;
    FUZZ_PROMISE(clp_selection_parse(&all, NULL, &error) == CLPROC_OK);
    kind->format->fields(&found, data, size);
    for (int turn = 0; turn < 2; turn++) { /* of metadata alone, then of all */
        kind->format->parse(&all, data, size, &row);
        clp_row_clear(&row);
        if (kind->format->skim) {
            kind->format->skim(&all, data, size, &row);
        }
        clp_row_clear(&row);
        clp_selection_add_features(&all);
        clp_selection_add_scores(&all, 2);
    }
    clp_row_free(&row);
}

/** The bytes as a filter: refused with a reason, or it decides. */
static void filter(const uint8_t *data, size_t size, const clp_row *row) {
    char text[1024];
    clp_where *where = NULL;
    clproc_error error;
    snprintf(text, sizeof text, "%.*s", (int)(size < sizeof text ? size : sizeof text - 1),
             (const char *)data);
    if (!fuzz_failed(clp_where_create(&where, text, &error), &error)) {
        clp_where_passes(where, row);
    }
    clp_where_destroy(&where);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static clp_reader *reader; /* used for file after file, as in a run */
    static clp_row row;
    clproc_error error;
    char path[64];
    clp_old_row *known;
    static const clp_pixels_bounds pixels = {
        .limits = {.pixels = 1 << 20, .side = 4096, .scans = 20, .chunk_bytes = 1 << 20},
        .file_bytes = 1 << 20,
        .memory = 32 << 20};
    if (!reader) {
        FUZZ_PROMISE(clp_reader_create(&reader, &error) == CLPROC_OK);
        clp_reader_digest(reader, &pixels);
    }
    snprintf(path, sizeof path, "fuzz-index-%d.jpg", (int)getpid());
    FUZZ_PROMISE(clp_file_write(path, data, size, false, &error) == CLPROC_OK);
    clp_read_end end = clp_reader_read(reader, path, true, NULL, &known, &row);
    unlink(path);
    FUZZ_PROMISE(end == CLP_READ_DONE || end == CLP_READ_BROKEN);
    FUZZ_PROMISE((end == CLP_READ_BROKEN) == clp_row_has(&row, CLP_FIELD_ERROR));
    check_row(&row);
    FUZZ_PROMISE(strlen(clp_row_get(&row, CLP_FIELD_PIXEL_DIGEST)) % 32 == 0);
    filter(data, size, &row);
    check_store(&clp_store_json, &row);
    check_store(&clp_store_csv, &row);
    read_record(&clp_store_json, data, size);
    read_record(&clp_store_csv, data, size);
    return 0;
}
