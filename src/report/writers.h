/** The further formats of a profile; JSON and the tables have headers of their own. */
#ifndef CLP_REPORT_WRITERS_H
#define CLP_REPORT_WRITERS_H

#include "report/findings.h"
#include "report/text.h"

/** One line per kernel, transfer, stage and thread. */
void clp_csv_write(clp_text *text, const clp_analysis *analysis, const clp_findings *findings);
/** Chrome's trace events, as Perfetto opens them: a track per thread and per device queue. */
void clp_trace_write(clp_text *text, const clp_analysis *analysis, const clp_findings *findings);
/** Collapsed stacks: "clproc;decode;metadata 1234", ns of self time. */
void clp_folded_write(clp_text *text, const clp_analysis *analysis, const clp_findings *findings);
/** A profile per thread and queue for speedscope. */
void clp_speedscope_write(clp_text *text, const clp_analysis *analysis,
                          const clp_findings *findings);
/** Prometheus' text format, for a node exporter's folder. */
void clp_prometheus_write(clp_text *text, const clp_analysis *analysis,
                          const clp_findings *findings);
/** One self-contained page. */
void clp_html_write(clp_text *text, const clp_analysis *analysis, const clp_findings *findings);

#endif
