#include "stress/document.h"

#include <math.h>
#include <string.h>

#include "report/page.h"

/* Colours of a chart's parts that tell apart on light and on dark ground. */
static const char *const colours[] = {"#3b7dd8", "#e08a3c", "#4aa96c", "#b85cc4",
                                      "#d0524f", "#2aa3a3", "#8a7f3c", "#7c8796"};
#define COLOURS (sizeof colours / sizeof *colours)

static const char *colour_of(size_t part) {
    return colours[part < COLOURS ? part : COLOURS - 1];
}

void clp_document_free(clp_document *document) {
    clp_text_free(&document->markdown);
    clp_text_free(&document->html);
}

/** One line of Markdown whose text cannot break a table. */
static void add_plain(clp_text *text, const char *string) {
    for (; *string; string++) {
        char byte = (unsigned char)*string < 0x20 ? ' ' : *string;
        clp_text_add(text, byte == '|' ? "\\" : "");
        clp_text_add_bytes(text, &byte, 1);
    }
}

static void element(clp_text *html, const char *tag, const char *content) {
    clp_text_print(html, "<%s>", tag);
    clp_text_html(html, content);
    clp_text_print(html, "</%.*s>\n", (int)strcspn(tag, " "), tag);
}

void clp_document_begin(clp_document *document, const char *title, const char *verdict) {
    clp_text_print(&document->markdown, "# ");
    add_plain(&document->markdown, title);
    clp_text_add(&document->markdown, "\n\n");
    add_plain(&document->markdown, verdict);
    clp_text_add(&document->markdown, "\n");
    clp_page_begin(&document->html, title);
    clp_text_add(&document->html, "<header>");
    element(&document->html, "h1", title);
    element(&document->html, "p class=\"verdict\"", verdict);
    clp_text_add(&document->html, "</header>\n");
}

static void close_section(clp_document *document) {
    clp_text_add(&document->html, document->section ? "</section>\n" : "");
    document->section = false;
}

void clp_document_end(clp_document *document) {
    close_section(document);
    clp_page_end(&document->html, false);
}

void clp_document_section(clp_document *document, const char *title) {
    close_section(document);
    clp_text_print(&document->markdown, "\n## %s\n", title);
    clp_text_add(&document->html, "<section>");
    element(&document->html, "h2", title);
    document->section = true;
}

void clp_document_heading(clp_document *document, const char *title) {
    clp_text_print(&document->markdown, "\n### %s\n", title);
    element(&document->html, "h3", title);
}

void clp_document_paragraph(clp_document *document, const char *sentence) {
    clp_text_add(&document->markdown, "\n");
    add_plain(&document->markdown, sentence);
    clp_text_add(&document->markdown, "\n");
    element(&document->html, "p", sentence);
}

/* ------------------------------------------------------------------ tables */

static void markdown_row(clp_text *text, const char *const *cells, size_t count) {
    for (size_t i = 0; i < count; i++) {
        clp_text_add(text, "| ");
        add_plain(text, cells[i]);
        clp_text_add(text, " ");
    }
    clp_text_add(text, "|\n");
}

static void html_row(clp_text *text, const char *tag, const char *const *cells, size_t count) {
    clp_text_add(text, "<tr>");
    for (size_t i = 0; i < count; i++) {
        element(text, tag, cells[i]);
    }
    clp_text_add(text, "</tr>\n");
}

void clp_document_table(clp_document *document, const char *const *heads, size_t count) {
    clp_text_add(&document->markdown, "\n");
    markdown_row(&document->markdown, heads, count);
    for (size_t i = 0; i < count; i++) {
        clp_text_add(&document->markdown, i ? "|---:" : "|---");
    }
    clp_text_add(&document->markdown, "|\n");
    clp_text_add(&document->html, "<div class=\"scroll\"><table><thead>");
    html_row(&document->html, "th", heads, count);
    clp_text_add(&document->html, "</thead><tbody>\n");
}

void clp_document_row(clp_document *document, const char *const *cells, size_t count) {
    markdown_row(&document->markdown, cells, count);
    html_row(&document->html, "td", cells, count);
}

void clp_document_table_end(clp_document *document) {
    clp_text_add(&document->html, "</tbody></table></div>\n");
}

/* ------------------------------------------------------------------ charts */

#define CHART_WIDTH 1000
#define LABEL_WIDTH 150
#define FIGURE_WIDTH 110
#define BAR_PITCH 26
#define BAR_HEIGHT 16
#define TEXT_BAR 50 /* characters of the longest bar in Markdown */

static double length_of(const clp_bar *bar, size_t part_count) {
    double sum = 0;
    for (size_t i = 0; i < part_count; i++) {
        sum += bar->parts[i];
    }
    return sum;
}

static void rect(clp_text *html, double x, double y, double width, const char *fill) {
    clp_text_add(html, "<rect x=\"");
    clp_text_number(html, x, 1);
    clp_text_add(html, "\" y=\"");
    clp_text_number(html, y, 1);
    clp_text_add(html, "\" width=\"");
    clp_text_number(html, width, 1);
    clp_text_print(html, "\" height=\"%d\" fill=\"%s\"/>", BAR_HEIGHT, fill);
}

static void label(clp_text *html, double x, double y, const char *anchor, const char *content) {
    clp_text_add(html, "<text class=\"strong\" x=\"");
    clp_text_number(html, x, 1);
    clp_text_add(html, "\" y=\"");
    clp_text_number(html, y, 1);
    clp_text_print(html, "\" text-anchor=\"%s\">", anchor);
    clp_text_html(html, content);
    clp_text_add(html, "</text>");
}

static void whisker(clp_text *html, double from, double to, double y) {
    clp_text_add(html, "<path class=\"median\" d=\"M");
    clp_text_number(html, from, 1);
    clp_text_add(html, " ");
    clp_text_number(html, y, 1);
    clp_text_add(html, "H");
    clp_text_number(html, to, 1);
    clp_text_add(html, "\"/>");
}

static void draw_bar(clp_text *html, const clp_bar *bar, size_t part_count, double y,
                     double scale) {
    double x = LABEL_WIDTH;
    label(html, LABEL_WIDTH - 8, y + 12, "end", bar->label);
    for (size_t i = 0; i < part_count; i++) {
        rect(html, x, y, bar->parts[i] * scale, colour_of(i));
        x += bar->parts[i] * scale;
    }
    if (bar->most > 0) {
        whisker(html, LABEL_WIDTH + bar->least * scale, LABEL_WIDTH + bar->most * scale,
                y + BAR_HEIGHT / 2.0);
    }
    label(html, fmax(x, LABEL_WIDTH + bar->most * scale) + 8, y + 12, "start", bar->figure);
}

/** The key of a chart, and in Markdown the letters that its parts are drawn with. */
static void draw_legend(clp_document *document, const char *const *legend, size_t part_count) {
    clp_text_add(&document->html, "<p class=\"legend\">");
    for (size_t i = 0; i < part_count; i++) {
        clp_text_print(&document->html, "<i style=\"background:%s\"></i>", colour_of(i));
        clp_text_html(&document->html, legend[i]);
        clp_text_add(&document->html, " &nbsp; ");
        clp_text_print(&document->markdown, "%s%c %s", i ? ", " : "    ", 'A' + (int)i, legend[i]);
    }
    clp_text_add(&document->html, "</p>\n");
    clp_text_add(&document->markdown, "\n");
}

static void text_bar(clp_text *text, const clp_bar *bar, size_t part_count, double longest) {
    double end = 0;
    int drawn = 0;
    clp_text_print(text, "    %-18s ", bar->label);
    for (size_t i = 0; i < part_count; i++) {
        end += bar->parts[i];
        for (; drawn < (int)(end / longest * TEXT_BAR + 0.5); drawn++) {
            clp_text_print(text, "%c", part_count > 1 ? 'A' + (int)i : '#');
        }
    }
    clp_text_print(text, " %s\n", bar->figure);
}

void clp_document_chart(clp_document *document, const char *title, const clp_bar *bars,
                        size_t count, const char *const *legend, size_t part_count) {
    double longest = 1e-12;
    for (size_t i = 0; i < count; i++) {
        longest = fmax(longest, fmax(length_of(&bars[i], part_count), bars[i].most));
    }
    double scale = (CHART_WIDTH - LABEL_WIDTH - FIGURE_WIDTH) / longest;
    clp_document_paragraph(document, title);
    clp_text_add(&document->markdown, "\n");
    if (legend) {
        draw_legend(document, legend, part_count);
    }
    clp_text_print(&document->html,
                   "<div class=\"chart scroll\"><svg role=\"img\" viewBox=\"0 0 %d %zu\">",
                   CHART_WIDTH, count * BAR_PITCH + 4);
    for (size_t i = 0; i < count; i++) {
        draw_bar(&document->html, &bars[i], part_count, (double)(i * BAR_PITCH) + 4, scale);
        text_bar(&document->markdown, &bars[i], part_count, longest);
    }
    clp_text_add(&document->html, "</svg></div>\n");
}
