/* The journal of --resume, as any other program may have left it: reading never fails on its
 * content, and what it does not hold is not taken for made. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch/journal.h"
#include "core/file.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char folder[] = "/tmp/clproc-fuzz-XXXXXX", path[64];
    static bool made;
    clproc_run_params params;
    clp_journal *journal = NULL;
    clproc_run_params_init(&params);
    if (!made && !mkdtemp(folder)) {
        abort();
    }
    made = true;
    snprintf(path, sizeof path, "%s/.clproc-journal", folder);
    FUZZ_PROMISE(clp_file_write(path, data, size, false, NULL) == CLPROC_OK);
    FUZZ_PROMISE(clp_journal_create(&journal, folder, &params, NULL) == CLPROC_OK);
    /* Of this input no journal can know. */
    clp_key source = clp_journal_source(journal, "/dev/null");
    FUZZ_PROMISE(!clp_journal_has(journal, source, path));
    clp_journal_destroy(&journal);
    unlink(path);
    return 0;
}
