/* A comparison as text, as JSON and as a page. */
#include "report/diff.h"

#include <math.h>
#include <string.h>

#include "report/page.h"
#include "report/tables.h"

/** "+12 %", "-3.4 %", "0 %"; beyond what anybody compares, where two runs say nothing, a bound. */
static const char *signed_percent(char buffer[CLP_UNIT_SIZE], double change) {
    char plain[CLP_UNIT_SIZE];
    if (change >= 100) {
        return ">9999 %";
    }
    clp_unit_percent(plain, fabs(change));
    snprintf(buffer, CLP_UNIT_SIZE, "%s%.20s", change < 0 ? "-" : change > 0 ? "+" : "", plain);
    return buffer;
}

/** What is compared, and why small changes are not judged. */
static void caveat(char *text, size_t size, const clproc_diff *diff) {
    char a[CLP_UNIT_SIZE];
    snprintf(text, size,
             "%zu run%s before, %zu after. Changes below %s, and of what takes less than 1 %% of "
             "the run, are not judged%s. If both sides worked on the same pictures, stages are "
             "compared picture by picture: their change is the median of the pictures' changes.",
             diff->before_runs, diff->before_runs == 1 ? "" : "s", diff->after_runs,
             clp_unit_percent(a, diff->least),
             diff->least > 0.02 ? "; seven runs of each side show smaller ones" : "");
}

static const char *judgement(const clp_diff_row *row) {
    return row->before_count == 0  ? "only after"
           : row->after_count == 0 ? "only before"
           : !row->significant     ? ""
           : row->change > 0       ? "slower"
                                   : "faster";
}

/* ------------------------------------------------------------------- text */

static void time_cell(clp_text *text, int width, size_t count, double ns) {
    char buffer[CLP_UNIT_SIZE];
    clp_table_cell(text, width, count ? clp_unit_time(buffer, ns) : "-");
}

static void text_row(clp_text *text, const clp_diff_row *row) {
    char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE * 2 + 4], c[CLP_UNIT_SIZE];
    bool both = row->before_count && row->after_count;
    clp_table_name(text, 28, row->name);
    time_cell(text, 12, row->before_count, row->before);
    time_cell(text, 12, row->after_count, row->after);
    clp_table_cell(text, 10, both ? signed_percent(a, row->change) : "-");
    if (both) {
        char low[CLP_UNIT_SIZE];
        snprintf(b, sizeof b, "%s to %s", signed_percent(low, row->low),
                 signed_percent(c, row->high));
    }
    clp_table_cell(text, 22, both ? b : "-");
    const char *words = judgement(row);
    clp_text_print(text, "%s%s\n", *words ? "  " : "", words);
}

void clp_diff_text(clp_text *text, const clproc_diff *diff) {
    char note[400];
    clp_text_add(text, "clproc report diff\n");
    caveat(note, sizeof note, diff);
    clp_table_paragraph(text, 0, note);
    clp_table_heading(text, "Environment, where it differs", "");
    for (size_t i = 0; i < diff->fact_count; i++) {
        const clp_diff_fact *fact = &diff->facts[i];
        const char *before = *fact->before ? fact->before : "(none)";
        const char *after = *fact->after ? fact->after : "(none)";
        bool fits = strlen(before) + strlen(after) < 68;
        clp_table_name(text, 28, fact->key);
        clp_table_text(text, before);
        clp_text_add(text, fits ? " → " : "\n                          → ");
        clp_table_text(text, after);
        clp_text_add(text, "\n");
    }
    clp_text_add(text, diff->fact_count ? "" : "none\n");
    clp_table_heading(text, "Verdict", "");
    clp_table_paragraph(text, 0, diff->verdict);
    for (size_t i = 0; i < diff->row_count; i++) {
        const clp_diff_row *row = &diff->rows[i];
        if (i == 0 || row->group != row[-1].group) {
            clp_table_heading(text,
                              row->group == CLP_DIFF_RUN        ? "Run"
                              : row->group == CLP_DIFF_KERNEL   ? "Kernels, per picture"
                              : row->group == CLP_DIFF_TRANSFER ? "Transfers, per picture"
                              : row->group == CLP_DIFF_STAGE    ? "Stages, per call"
                                                                : "Waits, per call",
                              "medians, 95 % interval of the change");
        }
        text_row(text, row);
    }
}

/* ------------------------------------------------------------------- JSON */

static void json_number(clp_text *text, const char *name, double value, int decimals) {
    clp_text_print(text, ",\"%s\":", name);
    clp_text_number(text, value, decimals);
}

static void diff_json(clp_text *text, const clproc_diff *diff) {
    clp_text_print(text, "{\n\"format\":\"clproc-diff/1\",\n\"before_runs\":%zu,\"after_runs\":%zu",
                   diff->before_runs, diff->after_runs);
    json_number(text, "least_change_judged", diff->least, 4);
    clp_text_add(text, ",\n\"verdict\":");
    clp_text_json(text, diff->verdict);
    clp_text_add(text, ",\n\"environment\":[");
    for (size_t i = 0; i < diff->fact_count; i++) {
        clp_text_add(text, i ? ",\n{\"key\":" : "\n{\"key\":");
        clp_text_json(text, diff->facts[i].key);
        clp_text_add(text, ",\"before\":");
        clp_text_json(text, diff->facts[i].before);
        clp_text_add(text, ",\"after\":");
        clp_text_json(text, diff->facts[i].after);
        clp_text_add(text, "}");
    }
    clp_text_add(text, "],\n\"rows\":[");
    for (size_t i = 0; i < diff->row_count; i++) {
        const clp_diff_row *row = &diff->rows[i];
        clp_text_print(text, "%s{\"group\":\"%s\",\"name\":", i ? ",\n" : "\n",
                       clp_diff_group_name(row->group));
        clp_text_json(text, row->name);
        clp_text_print(text, ",\"before_values\":%zu,\"after_values\":%zu", row->before_count,
                       row->after_count);
        json_number(text, "before_ns", row->before, 3);
        json_number(text, "after_ns", row->after, 3);
        json_number(text, "change", row->change, 6);
        json_number(text, "change_low", row->low, 6);
        json_number(text, "change_high", row->high, 6);
        json_number(text, "share", row->share, 6);
        json_number(text, "p_corrected", row->same, 9);
        clp_text_print(text, ",\"significant\":%s}", row->significant ? "true" : "false");
    }
    clp_text_add(text, "]\n}\n");
}

/* ------------------------------------------------------------------- HTML */

/** The interval of a change as a bar around a middle line: 0 in the middle, ±100 % at the ends. */
static void html_interval(clp_text *text, const clp_diff_row *row) {
    double low = fmax(-1, fmin(1, row->low)), high = fmax(-1, fmin(1, row->high));
    double change = fmax(-1, fmin(1, row->change));
    clp_text_print(text,
                   "<svg class=\"interval %s\" viewBox=\"-106 -8 212 16\" role=\"img\">"
                   "<line x1=\"0\" x2=\"0\" y1=\"-8\" y2=\"8\" class=\"axis\"/><line x1=\"",
                   judgement(row));
    clp_text_number(text, low * 100, 2);
    clp_text_add(text, "\" x2=\"");
    clp_text_number(text, high * 100, 2);
    clp_text_add(text, "\" y1=\"0\" y2=\"0\" class=\"whisker\"/><circle r=\"4\" cx=\"");
    clp_text_number(text, change * 100, 2);
    clp_text_add(text, "\"/></svg>");
}

static void html_row(clp_text *text, const clp_diff_row *row) {
    char a[CLP_UNIT_SIZE], b[CLP_UNIT_SIZE], c[CLP_UNIT_SIZE];
    bool both = row->before_count && row->after_count;
    clp_text_print(text, "<tr class=\"%s\"><td>%s</td><td class=\"name\">", judgement(row),
                   clp_diff_group_name(row->group));
    clp_text_html(text, row->name);
    clp_text_print(text, "</td><td>%s</td><td>%s</td><td>%s</td><td>",
                   row->before_count ? clp_unit_time(a, row->before) : "-",
                   row->after_count ? clp_unit_time(b, row->after) : "-",
                   both ? signed_percent(c, row->change) : "-");
    if (both) {
        html_interval(text, row);
    }
    clp_text_print(text, "</td><td>%s</td></tr>\n", judgement(row));
}

static void diff_html(clp_text *text, const clproc_diff *diff) {
    char note[400];
    caveat(note, sizeof note, diff);
    clp_page_begin(text, "clproc report diff");
    clp_text_add(text, "<header><h1>clproc report diff</h1><p class=\"verdict\">");
    clp_text_html(text, diff->verdict);
    clp_text_add(text, "</p><p>");
    clp_text_html(text, note);
    clp_text_add(
        text, "</p></header>\n<section><h2>Environment, where it differs</h2>"
              "<div class=\"scroll\"><table class=\"facts\"><thead><tr><th>What</th><th>Before</th>"
              "<th>After</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < diff->fact_count; i++) {
        clp_text_add(text, "<tr><td>");
        clp_text_html(text, diff->facts[i].key);
        clp_text_add(text, "</td><td>");
        clp_text_html(text, diff->facts[i].before);
        clp_text_add(text, "</td><td>");
        clp_text_html(text, diff->facts[i].after);
        clp_text_add(text, "</td></tr>\n");
    }
    if (diff->fact_count == 0) {
        clp_text_add(text, "<tr><td>none</td><td></td><td></td></tr>\n");
    }
    clp_text_add(
        text,
        "</tbody></table></div></section>\n<section><h2>Changes</h2>"
        "<p>Medians: commands per picture, stages per call. The bar shows the 95 % "
        "interval of the change, from -100 % (no time) at its left end to +100 % (twice the time) "
        "and more at its right end.</p><div class=\"scroll\"><table id=\"changes\"><thead><tr>"
        "<th>Kind</th><th class=\"name\">What</th><th>Before</th><th>After</th><th>Change</th>"
        "<th>Interval</th><th>Judgement</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < diff->row_count; i++) {
        html_row(text, &diff->rows[i]);
    }
    clp_text_add(text, "</tbody></table></div></section>\n");
    clp_page_end(text, false);
}

/* ---------------------------------------------------------------- printing */

clproc_status clproc_diff_print(const clproc_diff *diff, FILE *out, clproc_error *error) {
    clp_text text = {0};
    if (!diff || !out) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "no comparison or no stream is given");
    }
    clp_diff_text(&text, diff);
    clproc_status status = clp_text_to_stream(&text, out, error);
    clp_text_free(&text);
    return status;
}

static const struct {
    const char *ending;
    void (*write)(clp_text *text, const clproc_diff *diff);
} formats[] = {{".txt", clp_diff_text}, {".json", diff_json}, {".html", diff_html}};

clproc_status clproc_diff_write(const clproc_diff *diff, const char *path, clproc_error *error) {
    if (!diff || !path) {
        return clp_error_set(error, CLPROC_ERROR_ARGUMENT, "no comparison or no file is given");
    }
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        size_t length = strlen(path), ending = strlen(formats[i].ending);
        if (length > ending && strcmp(path + length - ending, formats[i].ending) == 0) {
            clp_text text = {0};
            formats[i].write(&text, diff);
            clproc_status status = clp_text_to_file(&text, path, error);
            clp_text_free(&text);
            return status;
        }
    }
    return clp_error_set_file(error, CLPROC_ERROR_ARGUMENT, path,
                              "has no ending of a comparison; use .txt, .json or .html");
}
