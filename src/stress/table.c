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

static void print_case(clp_text *text, const clp_case *one, const clp_case_record *record) {
    char a[CLP_UNIT_SIZE];
    double *sorted = clp_memory_alloc(CLP_MEMORY_REPORT, (record->count + 1) * sizeof *sorted);
    if (!sorted) {
        text->failed = true;
        return;
    }
    if (record->count > 0) {
        memcpy(sorted, record->rates, record->count * sizeof *sorted);
    }
    clp_stats_sort(sorted, record->count);
    clp_stats stats = clp_stats_of(sorted, record->count);
    clp_memory_free(sorted);
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

static void print_memory(clp_text *text, const clp_stress_report *report) {
    char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], c[CLP_UNIT_SIZE], slope[100] = "", line[300];
    const clp_memory_line *memory = report->memory;
    double gain = report->result->memory_slope;
    if (memory->count == 0) {
        return;
    }
    if (memory->count >= 3) {
        snprintf(slope, sizeof slope, "; slope over the later half: %s%s per iteration",
                 gain < 0 ? "-" : "+", clp_unit_bytes(c, fabs(gain)));
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
    clp_text_add(text, "\n");
    snprintf(line, sizeof line, "%llu pictures in %s, %u whole iteration%s, %llu failed%s.",
             (unsigned long long)result->pictures, clp_unit_time(a, result->seconds * 1e9),
             result->iterations, result->iterations == 1 ? "" : "s",
             (unsigned long long)result->failed, report->stopped ? "; stopped on time" : "");
    clp_table_paragraph(text, 0, line);
    print_memory(text, report);
    print_differences(text, report);
}
