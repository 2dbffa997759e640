/** The content of one folder, in the byte order of its names. */
#ifndef CLP_BATCH_FOLDER_H
#define CLP_BATCH_FOLDER_H

#include "core/error.h"

typedef enum clp_entry_kind { CLP_ENTRY_FILE, CLP_ENTRY_FOLDER, CLP_ENTRY_OTHER } clp_entry_kind;

typedef struct clp_folder_entry {
    char *name;
    clp_entry_kind kind; /**< links count as what they lead to; FILE if that is nothing */
} clp_folder_entry;

/** Zero-initialise; release with clp_folder_free(). */
typedef struct clp_folder {
    clp_folder_entry *entries;
    size_t count, capacity;
} clp_folder;

/** Reads a folder whole, without clproc's own temporary files. */
clproc_status clp_folder_read(clp_folder *folder, const char *path, clproc_error *error);
void clp_folder_free(clp_folder *folder);

#endif
