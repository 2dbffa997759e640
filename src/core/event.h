/** Telling the caller of a run what happened. */
#ifndef CLP_CORE_EVENT_H
#define CLP_CORE_EVENT_H

#include "clproc/clproc.h"

/** Calls `report` (may be NULL) with `event`, whose texts that are NULL become "". */
void clp_event_tell(clproc_event event, clproc_event_fn report, void *user);

#endif
