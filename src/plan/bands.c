#include "plan/bands.h"

#include "core/checked.h"
#include "core/memory.h"
#include "core/rows.h"
#include "plan/plan.h"

/** Source bytes of a band: few enough to stay in a core's caches until kernels have read them, and
 * enough for the cost of a launch to vanish beside decoding them. */
#define BAND_BYTES ((size_t)1 << 20)
/** Results of a band come in multiples of this many: to the second pass they are columns, of which
 * its kernel takes 64 at a time, or 32, as in planes of half the size. */
#define BAND_STEP 64

const clp_band *clp_bands_part(const clp_bands *bands, uint32_t band, uint32_t plane) {
    return &bands->parts[(size_t)band * bands->window.plane_count + plane];
}

void clp_bands_free(clp_bands *bands) {
    clp_memory_free(bands->parts);
    *bands = (clp_bands){0};
}

static bool is_among(const uint32_t *surfaces, uint32_t count, uint32_t surface) {
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        found |= surfaces[i] == surface;
    }
    return found;
}

/** The only pass that reads a surface; CLP_NO_PASS if none does or several do. `beside`: also if
 * that pass on colours has it at its side. */
static uint32_t sole_reader(const clp_plan *plan, uint32_t surface, uint32_t beside) {
    uint32_t found = CLP_NO_PASS, readers = 0;
    for (uint32_t i = 0; i < plan->pass_count; i++) {
        const clp_pass *pass = &plan->passes[i];
        bool reads = is_among(pass->src, pass->src_count, surface) ||
                     (i != beside && is_among(pass->side, pass->side_count, surface));
        found = reads ? i : found;
        readers += reads;
    }
    return readers == 1 ? found : CLP_NO_PASS;
}

/** The first source row that a row of a filter's matrix takes, or a move's. */
static int32_t window_start(const clp_plan *plan, const clp_pass *pass, uint32_t row) {
    bool filter = pass->kind == CLP_PASS_FILTER;
    const uint8_t *table = plan->tables + (filter ? pass->starts : pass->rows);
    return ((const int32_t *)(const void *)table)[filter ? 2 * row : row];
}

/** A pass on colours that alone reads the input, of whole pixels, and stores such. */
static uint32_t find_lead(const clp_plan *plan) {
    uint32_t reader =
        plan->input.plane_count == 1 ? sole_reader(plan, 0, CLP_NO_PASS) : CLP_NO_PASS;
    const clp_pass *pass = reader == CLP_NO_PASS ? NULL : &plan->passes[reader];
    bool leads = pass && pass->kind == CLP_PASS_COLOUR && pass->side_count == 0 &&
                 pass->dst_count == 1 && plan->surfaces[pass->dst[0]].role == CLP_ROLE_SCRATCH;
    return leads ? reader : CLP_NO_PASS;
}

/** True for a filter or move that reads the plane only downwards, or only upwards. */
static bool reads_in_order(const clp_plan *plan, uint32_t index, bool *down, bool *up) {
    const clp_pass *pass = index == CLP_NO_PASS ? NULL : &plan->passes[index];
    bool filters = pass && pass->kind == CLP_PASS_FILTER && pass->channel_step == 1;
    if (!filters && !(pass && pass->kind == CLP_PASS_REINDEX)) {
        return false;
    }
    for (uint32_t row = 0; row < pass->windows; row++) {
        int32_t here = window_start(plan, pass, row),
                before = window_start(plan, pass, row > 0 ? row - 1 : 0);
        *down &= here >= before;
        *up &= here <= before;
        if (here < 0) {
            return false;
        }
    }
    return *down || *up;
}

/** The pass that filters what `first` has stored along the other axis, and no other pass reads. */
static uint32_t find_second(const clp_plan *plan, const clp_pass *first) {
    bool between = first->kind == CLP_PASS_FILTER && first->transpose &&
                   plan->surfaces[first->dst[0]].role == CLP_ROLE_SCRATCH;
    uint32_t second = between ? sole_reader(plan, first->dst[0], CLP_NO_PASS) : CLP_NO_PASS;
    return second != CLP_NO_PASS && plan->passes[second].kind == CLP_PASS_FILTER ? second
                                                                                 : CLP_NO_PASS;
}

/** The surface that the passes of a route store to in the end. */
static uint32_t made_by(const clp_plan *plan, const clp_band_route *route) {
    return plan->passes[route->second != CLP_NO_PASS ? route->second : route->first].dst[0];
}

/** The pass on colours that has a surface at its side; CLP_NO_PASS if there is none. */
static uint32_t find_beside(const clp_plan *plan, uint32_t surface) {
    uint32_t found = CLP_NO_PASS;
    for (uint32_t i = 0; i < plan->pass_count; i++) {
        const clp_pass *pass = &plan->passes[i];
        found = is_among(pass->side, pass->side_count, surface) ? i : found;
    }
    return found;
}

/** True if a pass on colours has nothing at its side, or what the first pass of the route reads: of
 * that, a band has the rows that it makes results of. They must be among them. */
static bool has_side(const clp_plan *plan, const clp_band_route *route, const clp_pass *colour) {
    const clp_pass *first = &plan->passes[route->first];
    bool has =
        colour->side_count == 0 || (colour->side_count == 1 && colour->side[0] == first->src[0] &&
                                    plan->surfaces[first->src[0]].height == first->windows);
    for (uint32_t row = 0; has && colour->side_count > 0 && row < first->windows; row++) {
        int64_t start = window_start(plan, first, row);
        has = start <= row && row < start + first->taps;
    }
    return has;
}

/** The pass on colours that makes of a band of this plane, or of this and every other, a band of
 * the result. */
static uint32_t find_colour(const clp_plan *plan, uint32_t plane) {
    const clp_band_route *route = &plan->bands.routes[plane];
    uint32_t reader = sole_reader(plan, made_by(plan, route), CLP_NO_PASS);
    const clp_pass *colour = reader == CLP_NO_PASS ? NULL : &plan->passes[reader],
                   *first = &plan->passes[route->first];
    bool in_rows =
        route->second != CLP_NO_PASS ? plan->passes[route->second].transpose : !first->transpose;
    bool belongs = colour && colour->kind == CLP_PASS_COLOUR && in_rows &&
                   (colour->src_count == 1 || colour->src_count == plan->input.plane_count) &&
                   colour->src[colour->src_count > 1 ? plane : 0] == made_by(plan, route) &&
                   first->windows == plan->surfaces[colour->dst[0]].height &&
                   has_side(plan, route, colour);
    return belongs ? reader : CLP_NO_PASS;
}

static void find_colours(clp_plan *plan) {
    clp_band_route *routes = plan->bands.routes;
    bool alike = true;
    for (uint32_t i = 0; i < plan->input.plane_count; i++) {
        routes[i].colour = find_colour(plan, i);
        alike &= routes[i].colour == routes[0].colour;
    }
    for (uint32_t i = 0; i < plan->input.plane_count && !alike; i++) {
        /* What reads every plane must be there for every plane. */
        bool alone =
            routes[i].colour != CLP_NO_PASS && plan->passes[routes[i].colour].src_count == 1;
        routes[i].colour = alone ? routes[i].colour : CLP_NO_PASS;
    }
}

/** Marks what is there of one band at a time. What bands make for later passes is begun by the
 * first, before the others. */
static void mark_surfaces(clp_plan *plan) {
    for (uint32_t i = 0; i < plan->input.plane_count; i++) {
        const clp_band_route *route = &plan->bands.routes[i];
        clp_surface *made = &plan->surfaces[made_by(plan, route)];
        const clp_pass *colour = route->colour == CLP_NO_PASS ? NULL : &plan->passes[route->colour];
        if (route->lead != CLP_NO_PASS) {
            plan->surfaces[plan->passes[route->lead].dst[0]].between = true;
        }
        plan->surfaces[plan->passes[route->first].dst[0]].between = route->second != CLP_NO_PASS;
        made->between = colour != NULL;
        made->first_level = colour ? made->first_level : 0;
        for (uint32_t k = 0; colour && k < colour->dst_count; k++) {
            plan->surfaces[colour->dst[k]].first_level = 0;
        }
    }
}

bool clp_bands_route(clp_plan *plan) {
    clp_bands *bands = &plan->bands;
    bool down = true, up = true;
    if (plan->input.bytes / BAND_BYTES < CLP_BAND_WINDOWS) {
        return false;
    }
    for (uint32_t i = 0; i < plan->input.plane_count; i++) {
        clp_band_route *route = &bands->routes[i];
        /* The surfaces of the input come first. */
        route->lead = find_lead(plan);
        uint32_t filtered = route->lead == CLP_NO_PASS ? i : plan->passes[route->lead].dst[0];
        route->first = sole_reader(plan, filtered, find_beside(plan, filtered));
        if (!reads_in_order(plan, route->first, &down, &up)) {
            return false;
        }
        route->second = find_second(plan, &plan->passes[route->first]);
    }
    find_colours(plan);
    for (uint32_t i = 0; i < plan->input.plane_count; i++) {
        const clp_band_route *route = &bands->routes[i];
        uint32_t beside = find_beside(plan, plan->passes[route->first].src[0]);
        if (beside != CLP_NO_PASS && beside != route->colour) {
            return false;
        }
    }
    mark_surfaces(plan);
    bands->upward = !down;
    return true;
}

bool clp_bands_hold(const clp_bands *bands, uint32_t pass) {
    bool held = false;
    for (uint32_t i = 0; i < bands->window.plane_count; i++) {
        const clp_band_route *route = &bands->routes[i];
        held |= route->lead == pass || route->first == pass || route->second == pass ||
                route->colour == pass;
    }
    return held;
}

/** Row of the first pass's results with which a band of a plane begins. `step`: rows of a band in
 * plane 0. */
static uint32_t result_row(const clp_plan *plan, const clp_bands *bands, uint32_t band,
                           uint32_t plane, uint32_t step) {
    uint32_t whole = plan->passes[bands->routes[0].first].windows,
             rows = plan->passes[bands->routes[plane].first].windows;
    if (band == bands->count) {
        return rows;
    }
    uint64_t row = (uint64_t)band * step * rows / whole + CLP_ROW_ALIGN / 2;
    row -= row % CLP_ROW_ALIGN;
    return row < rows ? (uint32_t)row : rows;
}

/** The source rows that a part's results are made of. */
static void find_source(const clp_plan *plan, const clp_pass *pass, clp_band *part) {
    uint32_t last = part->result_end - 1;
    int32_t first_start = window_start(plan, pass, part->result),
            last_start = window_start(plan, pass, last);
    part->source = (uint32_t)(first_start < last_start ? first_start : last_start);
    part->source_end = (uint32_t)(first_start < last_start ? last_start : first_start) + pass->taps;
}

static clproc_status make_parts(const clp_plan *plan, clp_bands *bands, uint32_t step,
                                clproc_error *error) {
    uint32_t planes = plan->input.plane_count;
    bands->parts =
        clp_memory_zero(CLP_MEMORY_PLAN, (size_t)bands->count * planes, sizeof *bands->parts);
    if (!bands->parts) {
        return clp_error_memory(error, "a plan", (size_t)bands->count * sizeof *bands->parts);
    }
    for (uint32_t plane = 0; plane < planes; plane++) {
        clp_band before = {0};
        for (uint32_t band = 0; band < bands->count; band++) {
            clp_band *part = &bands->parts[(size_t)band * planes + plane];
            uint32_t range = bands->upward ? bands->count - 1 - band : band;
            part->result = result_row(plan, bands, range, plane, step);
            part->result_end = result_row(plan, bands, range + 1, plane, step);
            if (part->result < part->result_end) {
                find_source(plan, &plan->passes[bands->routes[plane].first], part);
            } else {
                /* Nothing to make of this plane: its window hands rows on to the next band's. */
                part->source = before.source;
                part->source_end = before.source_end;
            }
            before = *part;
        }
    }
    return CLPROC_OK;
}

/** Rows of a plane that a window must hold: what any band reads, and what the decoder has handed
 * out by the time that all planes have their rows. */
static uint32_t window_rows(const clp_layout *input, const clp_bands *bands, uint32_t plane) {
    uint32_t rows = 0;
    for (uint32_t band = 0; band < bands->count; band++) {
        const clp_band *part = clp_bands_part(bands, band, plane);
        uint32_t decoded = 0, end;
        for (uint32_t other = 0; other < input->plane_count; other++) {
            end = clp_bands_part(bands, band, other)->source_end * input->planes[other].v_step;
            decoded = end > decoded ? end : decoded;
        }
        end = (decoded + CLP_DECODED_ROWS) / input->planes[plane].v_step + 1;
        end = end > part->source_end ? end : part->source_end;
        rows = end - part->source > rows ? end - part->source : rows;
    }
    return rows;
}

/** The most rows of a plane that a band makes, and that it reads. */
static void most_rows(const clp_bands *bands, uint32_t plane, size_t *results, size_t *sources) {
    *results = *sources = 0;
    for (uint32_t band = 0; band < bands->count; band++) {
        const clp_band *part = clp_bands_part(bands, band, plane);
        uint32_t made = part->result_end - part->result, read = part->source_end - part->source;
        *results = made > *results ? made : *results;
        *sources = read > *sources ? read : *sources;
    }
}

/** Lays out a window; false where a size overflows. */
static bool lay_out_window(const clp_layout *input, clp_bands *bands) {
    size_t rows, bytes;
    bands->window.bytes = 0;
    for (uint32_t i = 0; i < input->plane_count; i++) {
        clp_plane *plane = &bands->window.planes[i];
        plane->height = window_rows(input, bands, i);
        plane->offset = bands->window.bytes;
        if (!clp_checked_align(plane->height, CLP_ROW_ALIGN, &rows) ||
            !clp_checked_mul(rows, plane->pitch, &bytes) ||
            !clp_checked_add(bands->window.bytes, bytes, &bands->window.bytes)) {
            return false;
        }
    }
    return true;
}

/** Takes so many rows of scratch memory; false where a size overflows. */
static bool take_scratch(clp_bands *bands, size_t height, size_t pitch, size_t *offset) {
    size_t rows, bytes;
    *offset = bands->scratch_bytes;
    return clp_checked_align(height, CLP_ROW_ALIGN, &rows) &&
           clp_checked_mul(rows, pitch, &bytes) &&
           clp_checked_add(bands->scratch_bytes, bytes, &bands->scratch_bytes);
}

/** Lays out a window and the memory between the passes; false where a size overflows. */
static bool lay_out(const clp_plan *plan, clp_bands *bands) {
    bands->scratch_bytes = plan->kept_bytes;
    bool fits = lay_out_window(&plan->input, bands);
    for (uint32_t i = 0; i < plan->input.plane_count && fits; i++) {
        clp_band_route *route = &bands->routes[i];
        const clp_surface *between = &plan->surfaces[plan->passes[route->first].dst[0]],
                          *made = &plan->surfaces[made_by(plan, route)];
        size_t results, sources;
        most_rows(bands, i, &results, &sources);
        if (route->lead != CLP_NO_PASS) {
            fits =
                take_scratch(bands, sources, plan->surfaces[plan->passes[route->lead].dst[0]].pitch,
                             &route->lead_offset);
        }
        if (fits && route->second != CLP_NO_PASS) {
            fits =
                clp_pitch(results * clp_sample_size(between->sample), &route->between_pitch) &&
                take_scratch(bands, between->height, route->between_pitch, &route->between_offset);
        }
        if (route->colour != CLP_NO_PASS && fits) {
            fits = take_scratch(bands, results, made->pitch, &route->made_offset);
        }
    }
    return fits;
}

clproc_status clp_bands_make(clp_plan *plan, clproc_error *error) {
    clp_bands made = plan->bands;
    size_t wanted = plan->input.bytes / BAND_BYTES;
    made.window = plan->input;
    uint32_t rows = plan->passes[made.routes[0].first].windows;
    uint32_t step = (uint32_t)(rows / wanted) / BAND_STEP * BAND_STEP;
    step = step > 0 ? step : BAND_STEP;
    made.count = (rows + step - 1) / step;
    clproc_status status = make_parts(plan, &made, step, error);
    if (status == CLPROC_OK && lay_out(plan, &made) &&
        made.window.bytes <= plan->input.bytes / CLP_BAND_WINDOWS) {
        plan->bands = made;
    } else {
        clp_bands_free(&made);
    }
    return status;
}

/* ---------------------------------------------------------------- rows read */

/** The row behind the last that a pass reads of a plane that is its only source. */
static uint32_t end_of_reading(const clp_plan *plan, const clp_pass *pass, uint32_t height) {
    const clp_surface *made = &plan->surfaces[pass->dst[0]];
    int64_t end = 0;
    if (pass->kind == CLP_PASS_FILTER && pass->channel_step == 1) {
        for (uint32_t row = 0; row < pass->windows; row++) {
            int64_t behind = (int64_t)window_start(plan, pass, row) + pass->taps;
            end = behind > end ? behind : end;
        }
    } else if (pass->kind == CLP_PASS_REINDEX) {
        const int32_t *rows = (const int32_t *)(const void *)(plan->tables + pass->rows);
        uint32_t count = pass->transpose ? made->width : made->height;
        for (uint32_t row = 0; row < count; row++) {
            end = (int64_t)rows[row] + 1 > end ? (int64_t)rows[row] + 1 : end;
        }
    } else {
        end = height;
    }
    end += CLP_ROW_ALIGN; /* kernels may load some more, and make nothing of them */
    return end < height ? (uint32_t)end : height;
}

void clp_bands_find_rows_read(clp_plan *plan) {
    for (uint32_t i = 0; i < plan->input.plane_count; i++) {
        uint32_t height = plan->input.planes[i].height, reader = sole_reader(plan, i, CLP_NO_PASS);
        const clp_pass *pass = reader == CLP_NO_PASS ? NULL : &plan->passes[reader];
        bool alone = pass && pass->src_count == 1 && pass->side_count == 0;
        plan->rows_read[i] = alone ? end_of_reading(plan, pass, height) : height;
    }
}

/* ------------------------------------------------------------------ slices */

/** Row of a plane that stands for row `row` of the picture. */
static uint32_t row_of_plane(const clp_plane *plane, uint64_t row) {
    uint64_t inside = row / (plane->v_step ? plane->v_step : 1);
    return inside < plane->height ? (uint32_t)inside : plane->height;
}

/** Bytes of a window for slices of so many rows, at most: see window_rows(). */
static uint64_t window_bytes(const clp_layout *input, uint64_t step) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < input->plane_count; i++) {
        const clp_plane *plane = &input->planes[i];
        uint64_t rows = (step + CLP_DECODED_ROWS) / (plane->v_step ? plane->v_step : 1) + 2;
        bytes += (rows + CLP_ROW_ALIGN - 1) / CLP_ROW_ALIGN * CLP_ROW_ALIGN * plane->pitch;
    }
    return bytes;
}

/** Rows of a slice: as many as a window of `bytes` has room for, or CLP_DECODED_ROWS if that is
 * less; the picture's height where it has room as a whole. */
static uint32_t slice_rows(const clp_layout *input, size_t bytes) {
    if (input->bytes <= bytes) {
        return input->height;
    }
    uint32_t rows = input->height / CLP_DECODED_ROWS * CLP_DECODED_ROWS;
    while (rows > CLP_DECODED_ROWS && window_bytes(input, rows) > bytes) {
        rows -= CLP_DECODED_ROWS;
    }
    rows = rows > CLP_DECODED_ROWS ? rows : CLP_DECODED_ROWS;
    return rows < input->height ? rows : input->height;
}

uint64_t clp_bands_slice_bytes(const clp_layout *input, size_t bytes) {
    uint32_t step = slice_rows(input, bytes);
    return step < input->height ? window_bytes(input, step) : input->bytes;
}

clproc_status clp_bands_slice(const clp_layout *input, size_t bytes, clp_bands *bands,
                              clproc_error *error) {
    clp_bands made = {.window = *input};
    uint32_t step = slice_rows(input, bytes);
    made.count = (input->height + step - 1) / step;
    made.parts = clp_memory_zero(CLP_MEMORY_PLAN, (size_t)made.count * input->plane_count,
                                 sizeof *made.parts);
    if (!made.parts) {
        return clp_error_memory(error, "a plan", (size_t)made.count * sizeof *made.parts);
    }
    for (uint32_t i = 0; i < made.count; i++) {
        for (uint32_t p = 0; p < input->plane_count; p++) {
            const clp_plane *plane = &input->planes[p];
            clp_band *part = &made.parts[(size_t)i * input->plane_count + p];
            part->source = row_of_plane(plane, (uint64_t)i * step);
            part->source_end =
                i + 1 == made.count ? plane->height : row_of_plane(plane, (uint64_t)(i + 1) * step);
        }
    }
    if (made.count > 1 && !lay_out_window(input, &made)) {
        clp_bands_free(&made);
        return clp_error_memory(error, "a picture", input->bytes);
    }
    *bands = made;
    return CLPROC_OK;
}
