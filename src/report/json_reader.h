/** Reading JSON, shared by the files that read a profile. */
#ifndef CLP_REPORT_JSON_READER_H
#define CLP_REPORT_JSON_READER_H

#include <jansson.h>

#include "report/json.h"

/** What is being read, for messages. */
typedef struct clp_json_reader {
    const char *path;
    clproc_error *error;
    uint32_t stages[CLP_PROF_STAGE_COUNT * 2]; /**< the file's stage numbers as ours */
    size_t stage_count;
} clp_json_reader;

clproc_status clp_json_damaged(const clp_json_reader *from, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
clproc_status clp_json_number(const clp_json_reader *from, const json_t *object, const char *name,
                              uint64_t *value);
clproc_status clp_json_string(const clp_json_reader *from, const json_t *object, const char *name,
                              char *text, size_t size);
/** The array `name`, and room for its items. */
clproc_status clp_json_array(const clp_json_reader *from, const json_t *object, const char *name,
                             const json_t **array, void *items, size_t size);
/** A row of numbers; null is UINT64_MAX. */
clproc_status clp_json_row(const clp_json_reader *from, const json_t *array, size_t index,
                           const char *name, uint64_t *values, size_t count);
/** The place of a name among `count` names. */
bool clp_json_find_name(const char *name, const char *(*name_of)(int), int count, uint32_t *place);

/* json_read_commands.c */
/** Devices, which only a file of several has; before its commands. */
clproc_status clp_json_read_devices(const clp_json_reader *from, const json_t *root,
                                    clproc_profile *profile);
clproc_status clp_json_read_commands(const clp_json_reader *from, const json_t *root,
                                     clproc_profile *profile);
/** Of a file of CLP_JSON_FORMAT_SUMS, after its commands. */
clproc_status clp_json_read_sums(const clp_json_reader *from, const json_t *root,
                                 clproc_profile *profile);
clproc_status clp_json_read_links(const clp_json_reader *from, const json_t *root,
                                  clproc_profile *profile);

#endif
