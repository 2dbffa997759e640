#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "report/stats.h"
#include "report/tables.h"
#include "stress/stress.h"

/** Iterations that have a column of their own. */
#define COLUMNS 4

double clp_memory_slope(const clp_memory_line *line) {
    size_t first = line->count / 2, count = line->count - first;
    if (line->count < 3) {
        return 0;
    }
    double middle = (double)(count - 1) / 2, mean = 0, above = 0, below = 0;
    for (size_t i = 0; i < count; i++) {
        mean += line->items[first + i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        double x = (double)i - middle;
        above += x * (line->items[first + i] - mean);
        below += x * x;
    }
    return above / below;
}

/** Whether a quarter lies above the one before it, by more than chance. `scratch` holds both. */
static bool rises(const double *quarter, size_t count, double *scratch) {
    const double *before = quarter - count;
    if (clp_stats_same(before, count, quarter, count, scratch) >= 0.05) {
        return false;
    }
    size_t above = 0;
    for (size_t i = 0; i < count * count; i++) {
        above += quarter[i / count] > before[i % count];
    }
    return 2 * above > count * count;
}

clp_growth clp_memory_growth(const clp_memory_line *line) {
    /* Of 4 against 4, all greater, the chance is 3 %; of fewer, it is never below 5. */
    enum { FEWEST = 4 };
    size_t quarter = line->count / 4;
    const double *last = line->items + line->count - quarter;
    if (quarter < FEWEST) {
        return CLP_GROWTH_UNKNOWN;
    }
    double *scratch = clp_memory_alloc(CLP_MEMORY_REPORT, 2 * quarter * sizeof *scratch);
    if (!scratch) {
        return CLP_GROWTH_UNKNOWN;
    }
    /* What the allocator and the driver hold wanders: one rise is common, a leak goes on. */
    bool goes_on = rises(last, quarter, scratch) && rises(last - quarter, quarter, scratch);
    clp_memory_free(scratch);
    bool much = clp_memory_slope(line) * (double)quarter > 0.01 * last[0];
    return goes_on && much ? CLP_GROWTH_SEEN : CLP_GROWTH_NONE;
}

static void rate_cell(clp_text *text, bool there, double rate) {
    char buffer[CLP_UNIT_SIZE];
    clp_table_cell(text, 9, there ? clp_unit_digits(buffer, rate) : "-");
}

static const char *describe_outputs(const clp_case_record *record, char *buffer, size_t size) {
    if (record->count == 0) {
        return "-";
    }
    if (record->differing > 0) {
        snprintf(buffer, size, "%u differ", record->differing);
        return buffer;
    }
    return record->count == 1 ? "one only" : "same";
}

/** Statistics of iterations `first` to `end`, as far as there are any. */
static clp_stats stats_of(clp_text *text, const double *values, size_t first, size_t end) {
    clp_stats stats = {0};
    size_t count = end > first ? end - first : 0;
    double *sorted = clp_memory_alloc(CLP_MEMORY_REPORT, (count + 1) * sizeof *sorted);
    if (!sorted) {
        text->failed = true;
        return stats;
    }
    if (count > 0) {
        memcpy(sorted, values + first, count * sizeof *sorted);
    }
    clp_stats_sort(sorted, count);
    stats = clp_stats_of(sorted, count);
    clp_memory_free(sorted);
    return stats;
}

static void print_case(clp_text *text, const clp_case *one, const clp_case_record *record) {
    char a[CLP_UNIT_SIZE];
    clp_stats stats = stats_of(text, record->rates, 0, record->count);
    clp_table_name(text, 22, one->name);
    rate_cell(text, record->count > 0, stats.p50);
    double spread = stats.p50 > 0 ? (stats.max - stats.min) / stats.p50 : 0;
    clp_table_cell(text, 9, record->count > 1 ? clp_unit_percent(a, spread) : "-");
    for (size_t i = 0; i < COLUMNS; i++) {
        rate_cell(text, i < record->count, i < record->count ? record->rates[i] : 0);
    }
    snprintf(a, sizeof a, "%llu", (unsigned long long)record->failed);
    clp_table_cell(text, 8, a);
    clp_table_cell(text, 11, describe_outputs(record, a, sizeof a));
    clp_text_add(text, "\n");
}

static void print_operations(clp_text *text, const clp_stress_report *report) {
    clp_table_heading(text, "Pictures per second",
                      "median, spread (greatest − least), first iterations");
    clp_table_name(text, 22, "operation");
    static const char *const heads[] = {"median", "spread", "1st", "2nd", "3rd", "4th"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        clp_table_cell(text, 9, heads[i]);
    }
    clp_table_cell(text, 8, "failed");
    clp_table_cell(text, 11, "outputs");
    clp_text_add(text, "\n");
    for (size_t i = 0; i < report->cases->count; i++) {
        print_case(text, &report->cases->items[i], &report->records[i]);
    }
}

/** One row of the course: medians of spans of iterations. */
static void course_row(clp_text *text, const char *name, const double *values, size_t count,
                       size_t span, double unit) {
    char a[CLP_UNIT_SIZE];
    clp_table_name(text, 22, name);
    for (size_t first = 0; first < count; first += span) {
        size_t end = first + span < count ? first + span : count;
        clp_table_cell(text, 9, clp_unit_digits(a, stats_of(text, values, first, end).p50 / unit));
    }
    clp_text_add(text, "\n");
}

/** How a long test went: all its iterations, in as many columns as there is room for. */
static void print_course(clp_text *text, const clp_stress_report *report) {
    enum { MOST = 8 };
    size_t count = report->memory->count, span = (count + MOST - 1) / MOST;
    if (count <= COLUMNS) {
        return;
    }
    clp_table_heading(text, "Over the iterations", "pictures per second and MB resident, medians");
    clp_table_name(text, 22, "iterations");
    for (size_t first = 0; first < count; first += span) {
        char range[60];
        size_t last = first + span < count ? first + span : count;
        snprintf(range, sizeof range, last > first + 1 ? "%zu-%zu" : "%zu", first + 1, last);
        clp_table_cell(text, 9, range);
    }
    clp_text_add(text, "\n");
    for (size_t i = 0; i < report->cases->count; i++) {
        course_row(text, report->cases->items[i].name, report->records[i].rates, count, span, 1);
    }
    course_row(text, "memory", report->memory->items, count, span, 1e6);
}

static void print_memory(clp_text *text, const clp_stress_report *report) {
    static const char *const verdicts[] = {[CLP_GROWTH_UNKNOWN] =
                                               "too few iterations to tell growth from chance",
                                           [CLP_GROWTH_NONE] = "no growth that is more than chance",
                                           [CLP_GROWTH_SEEN] = "it grows"};
    char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], c[CLP_UNIT_SIZE], slope[160] = "", line[400];
    const clp_memory_line *memory = report->memory;
    double gain = report->result->memory_slope;
    if (memory->count == 0) {
        return;
    }
    if (memory->count >= 3) {
        snprintf(slope, sizeof slope, "; slope over the later half: %s%s per iteration, %s",
                 gain < 0 ? "-" : "+", clp_unit_bytes(c, fabs(gain)),
                 verdicts[clp_memory_growth(memory)]);
    }
    snprintf(line, sizeof line,
             "Memory: %s resident after the first iteration, %s after the last%s.",
             clp_unit_bytes(a, memory->items[0]),
             clp_unit_bytes(b, memory->items[memory->count - 1]), slope);
    clp_table_paragraph(text, 0, line);
}

static void print_differences(clp_text *text, const clp_stress_report *report) {
    char sentence[1024];
    for (size_t i = 0; i < report->cases->count; i++) {
        const clp_case_record *record = &report->records[i];
        if (record->differing > 0) {
            snprintf(sentence, sizeof sentence,
                     "%s: iteration %u gave another output than iteration 1, first at %s",
                     report->cases->items[i].name, record->differs_in, record->differs_at);
            clp_table_paragraph(text, 0, sentence);
        }
    }
}

void clp_stress_print(clp_text *text, const clp_stress_report *report) {
    const clproc_stress_result *result = report->result;
    char line[400], a[CLP_UNIT_SIZE];
    snprintf(line, sizeof line, "%zu images an iteration (%zu different %s) on %s", report->images,
             report->pictures, report->samples ? "samples" : "pictures",
             report->device[0] ? report->device : "no device");
    clp_table_paragraph(text, 0, line);
    print_operations(text, report);
    print_course(text, report);
    clp_text_add(text, "\n");
    snprintf(line, sizeof line, "%llu pictures in %s, %u whole iteration%s, %llu failed%s.",
             (unsigned long long)result->pictures, clp_unit_time(a, result->seconds * 1e9),
             result->iterations, result->iterations == 1 ? "" : "s",
             (unsigned long long)result->failed, report->stopped ? "; stopped on time" : "");
    clp_table_paragraph(text, 0, line);
    print_memory(text, report);
    print_differences(text, report);
}
