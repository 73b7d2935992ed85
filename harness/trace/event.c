/* event.c - names of the event kinds. */
#include "trace/event.h"

#include <stddef.h>

static const char *const names[] = {
#define X(name, value, text, releases, acquires) [value] = text,
    RH_EVENT_MAP(X)
#undef X
};

_Static_assert(sizeof(names) / sizeof(names[0]) == RH_EVENT_KINDS, "a kind is missing");

const char *rh_event_kind_name(unsigned kind) {
    return kind < RH_EVENT_KINDS ? names[kind] : NULL;
}
