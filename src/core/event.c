#include "core/event.h"

static const char *text(const char *string) {
    return string ? string : "";
}

void clp_event_tell(clproc_event event, clproc_event_fn report, void *user) {
    event.input = text(event.input);
    event.output = text(event.output);
    event.message = text(event.message);
    event.digest = text(event.digest);
    event.kind_name = text(event.kind_name);
    if (report) {
        report(&event, user);
    }
}
