/** Profiles as JSON, described in docs/profiling-format.md. What is written can be read back
 * without loss; the part "derived" is for other programs and is not read. */
#ifndef CLP_REPORT_JSON_H
#define CLP_REPORT_JSON_H

#include "report/findings.h"
#include "report/text.h"

#define CLP_JSON_FAMILY "clproc-profile/"
#define CLP_JSON_FORMAT CLP_JSON_FAMILY "1"
/** Where not all commands are kept: whoever adds up the rows would be wrong. */
#define CLP_JSON_FORMAT_SUMS CLP_JSON_FAMILY "2"

/** Members of clproc_profile that are plain numbers, and their names in the file. */
#define CLP_JSON_NUMBERS(X)                                                                        \
    X(wall_ns)                                                                                     \
    X(user_ns)                                                                                     \
    X(system_ns)                                                                                   \
    X(peak_resident)                                                                               \
    X(repaired)                                                                                    \
    X(lost)

/** Numbers of a command's row, after the index of its kind and name. */
#define CLP_JSON_COMMAND(X)                                                                        \
    X(queued)                                                                                      \
    X(submitted)                                                                                   \
    X(started)                                                                                     \
    X(ended)                                                                                       \
    X(bytes_read)                                                                                  \
    X(bytes_written)                                                                               \
    X(operations)                                                                                  \
    X(batch)                                                                                       \
    X(images)                                                                                      \
    X(first)

/** Numbers of a clp_tally, and their names in the file. */
#define CLP_JSON_TALLY(X)                                                                          \
    X(calls)                                                                                       \
    X(total_ns)                                                                                    \
    X(first_calls)                                                                                 \
    X(first_ns)                                                                                    \
    X(most_images)                                                                                 \
    X(steady_ns)                                                                                   \
    X(least_ns)                                                                                    \
    X(most_ns)                                                                                     \
    X(bytes)                                                                                       \
    X(operations)                                                                                  \
    X(delay_ns)

/** Names of the times covered, by clp_cover_kind. */
extern const char *const clp_json_covers[CLP_COVER_COUNT];
extern const char *const clp_json_levels[3];

void clp_json_write(clp_text *text, const clp_analysis *analysis, const clp_findings *findings);
/** `path` names the text in errors. */
clproc_status clp_json_read(clproc_profile **profile, const void *data, size_t size,
                            const char *path, clproc_error *error);

#endif
