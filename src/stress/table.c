#include <math.h>
#include <string.h>

#include "report/stats.h"
#include "report/tables.h"
#include "stress/stress.h"

double clp_memory_slope(const clp_course *memory) {
    size_t first = memory->count / 2, count = memory->count - first;
    if (memory->count < 3) {
        return 0;
    }
    double middle = (double)(count - 1) / 2, mean = 0, above = 0, below = 0;
    for (size_t i = 0; i < count; i++) {
        mean += memory->points[first + i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        double x = (double)i - middle;
        above += x * (memory->points[first + i] - mean);
        below += x * x;
    }
    return above / below / (double)memory->span;
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

clp_growth clp_memory_growth(const clp_course *memory) {
    /* Of 4 against 4, all greater, the chance is 3 %; of fewer, it is never below 5. */
    enum { FEWEST = 4 };
    size_t quarter = memory->count / 4;
    const double *last = memory->points + memory->count - quarter;
    if (quarter < FEWEST) {
        return CLP_GROWTH_UNKNOWN;
    }
    double scratch[CLP_COURSE_POINTS / 2];
    /* What the allocator and the driver hold wanders: one rise is common, a leak goes on. */
    bool goes_on = rises(last, quarter, scratch) && rises(last - quarter, quarter, scratch);
    double gained = clp_memory_slope(memory) * (double)(quarter * memory->span);
    return goes_on && gained > 0.01 * last[0] ? CLP_GROWTH_SEEN : CLP_GROWTH_NONE;
}

static void rate_cell(clp_text *text, bool there, double rate) {
    char buffer[CLP_UNIT_SIZE];
    clp_table_cell(text, 9, there ? clp_unit_digits(buffer, rate) : "-");
}

static const char *describe_outputs(const clp_case_record *record, char *buffer, size_t size) {
    if (record->rates.values == 0) {
        return "-";
    }
    if (record->differing > 0) {
        snprintf(buffer, size, "%u differ", record->differing);
        return buffer;
    }
    return record->rates.values == 1 ? "one only" : "same";
}

/** Median of iterations `first` to `end`, or of means of neighbours among them. */
static double median_of(const clp_course *course, uint64_t first, uint64_t end) {
    double sorted[CLP_COURSE_POINTS];
    uint64_t span = course->span ? course->span : 1;
    size_t from = (size_t)(first / span), to = (size_t)(end / span);
    to = to < course->count ? to : course->count;
    size_t count = to > from ? to - from : 0;
    memcpy(sorted, course->points + from, count * sizeof *sorted);
    clp_stats_sort(sorted, count);
    return clp_stats_quantile(sorted, count, 0.5);
}

static void print_case(clp_text *text, const clp_case *one, const clp_case_record *record) {
    char a[CLP_UNIT_SIZE];
    const clp_course *rates = &record->rates;
    double median = median_of(rates, 0, rates->values);
    double spread = median > 0 ? (rates->most - rates->least) / median : 0;
    clp_table_name(text, 22, one->name);
    rate_cell(text, rates->values > 0, median);
    clp_table_cell(text, 9, rates->values > 1 ? clp_unit_percent(a, spread) : "-");
    for (size_t i = 0; i < CLP_COURSE_FIRST; i++) {
        rate_cell(text, i < rates->values, rates->first[i]);
    }
    snprintf(a, sizeof a, "%llu", (unsigned long long)record->failed);
    clp_table_cell(text, 8, a);
    clp_table_cell(text, 14, describe_outputs(record, a, sizeof a));
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
    clp_table_cell(text, 14, "outputs");
    clp_text_add(text, "\n");
    for (size_t i = 0; i < report->cases->count; i++) {
        print_case(text, &report->cases->items[i], &report->records[i]);
    }
}

/** One row of the course: medians of `step` iterations in a row, up to `end`. */
static void course_row(clp_text *text, const char *name, const clp_course *course, uint64_t step,
                       uint64_t all, double unit) {
    char a[CLP_UNIT_SIZE];
    clp_table_name(text, 22, name);
    for (uint64_t first = 0; first < all; first += step) {
        uint64_t end = first + step < all ? first + step : all;
        clp_table_cell(text, 9, clp_unit_digits(a, median_of(course, first, end) / unit));
    }
    clp_text_add(text, "\n");
}

/** How a long test went: all its iterations, in as many columns as there is room for. */
static void print_course(clp_text *text, const clp_stress_report *report) {
    enum { MOST = 8 };
    const clp_course *memory = report->memory;
    uint64_t step = (memory->count + MOST - 1) / MOST * memory->span;
    uint64_t all = memory->count * memory->span;
    if (all <= CLP_COURSE_FIRST) {
        return;
    }
    clp_table_heading(text, "Over the iterations", "pictures per second and MB resident, medians");
    clp_table_name(text, 22, "iterations");
    for (uint64_t first = 0; first < all; first += step) {
        char range[60];
        unsigned long long last = first + step < all ? first + step : all;
        /* Of large numbers the last has room. */
        snprintf(range, sizeof range, last > 999 ? "-%llu" : "%llu", last);
        if (last > first + 1 && last <= 999) {
            snprintf(range, sizeof range, "%llu-%llu", (unsigned long long)first + 1, last);
        }
        clp_table_cell(text, 9, range);
    }
    clp_text_add(text, "\n");
    for (size_t i = 0; i < report->cases->count; i++) {
        course_row(text, report->cases->items[i].name, &report->records[i].rates, step, all, 1);
    }
    course_row(text, "memory", memory, step, all, 1e6);
}

static void print_memory(clp_text *text, const clp_stress_report *report) {
    static const char *const verdicts[] = {[CLP_GROWTH_UNKNOWN] =
                                               "too few iterations to tell growth from chance",
                                           [CLP_GROWTH_NONE] = "no growth that is more than chance",
                                           [CLP_GROWTH_SEEN] = "it grows"};
    char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], c[CLP_UNIT_SIZE], slope[160] = "", line[400];
    const clp_course *memory = report->memory;
    double gain = report->result->memory_slope;
    if (memory->values == 0) {
        return;
    }
    if (memory->values >= 3) {
        snprintf(slope, sizeof slope, "; slope over the later half: %s%s per iteration, %s",
                 gain < 0 ? "-" : "+", clp_unit_bytes(c, fabs(gain)),
                 verdicts[clp_memory_growth(memory)]);
    }
    snprintf(line, sizeof line,
             "Memory: %s resident after the first iteration, %s after the last%s.",
             clp_unit_bytes(a, memory->first[0]), clp_unit_bytes(b, memory->last), slope);
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
    snprintf(line, sizeof line, "%zu image%s an iteration (%zu different %s%s) on %s",
             report->images, report->images == 1 ? "" : "s", report->pictures,
             report->samples ? "sample" : "picture", report->pictures == 1 ? "" : "s",
             report->device[0] ? report->device : "no device");
    clp_table_paragraph(text, 0, line);
    print_operations(text, report);
    print_course(text, report);
    clp_text_add(text, "\n");
    snprintf(line, sizeof line, "%llu picture%s in %s, %u whole iteration%s, %llu failed%s.",
             (unsigned long long)result->pictures, result->pictures == 1 ? "" : "s",
             clp_unit_time(a, result->seconds * 1e9), result->iterations,
             result->iterations == 1 ? "" : "s", (unsigned long long)result->failed,
             report->stopped ? "; stopped on time" : "");
    clp_table_paragraph(text, 0, line);
    print_memory(text, report);
    print_differences(text, report);
}
