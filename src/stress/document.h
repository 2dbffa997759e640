/** A document written twice at once: as Markdown and as an HTML page. */
#ifndef CLP_STRESS_DOCUMENT_H
#define CLP_STRESS_DOCUMENT_H

#include "report/text.h"

/** Zero-initialise; free with clp_document_free(). */
typedef struct clp_document {
    clp_text markdown, html;
    bool section; /**< one is open on the page */
} clp_document;

void clp_document_begin(clp_document *document, const char *title, const char *verdict);
void clp_document_end(clp_document *document);
void clp_document_free(clp_document *document);

/** A section's heading, or one below it. */
void clp_document_section(clp_document *document, const char *title);
void clp_document_heading(clp_document *document, const char *title);
void clp_document_paragraph(clp_document *document, const char *sentence);

/** The first column is text, the others are figures. */
void clp_document_table(clp_document *document, const char *const *heads, size_t count);
void clp_document_row(clp_document *document, const char *const *cells, size_t count);
void clp_document_table_end(clp_document *document);
#define CLP_DOCUMENT_TABLE(document, ...)                                                          \
    clp_document_table(document, (const char *const[]){__VA_ARGS__},                               \
                       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))
#define CLP_DOCUMENT_ROW(document, ...)                                                            \
    clp_document_row(document, (const char *const[]){__VA_ARGS__},                                 \
                     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/** One bar of a chart; its parts, from left to right, sum up to it. */
typedef struct clp_bar {
    const char *label, *figure;
    const double *parts;
    double least, most; /**< a whisker; both 0 for none */
} clp_bar;

/** Horizontal bars on a common scale. `legend`: the names of the parts; NULL for a single one. */
void clp_document_chart(clp_document *document, const char *title, const clp_bar *bars,
                        size_t count, const char *const *legend, size_t part_count);

#endif
