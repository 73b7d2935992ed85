/* event.c - names and properties of the event kinds. */
#include "trace/event.h"

#include <stddef.h>

static const struct kind {
    const char *name;
    bool releases, acquires;
} kinds[] = {
#define X(name, value, text, releases, acquires) [value] = {text, releases, acquires},
    RH_EVENT_MAP(X)
#undef X
};

_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == RH_EVENT_KINDS, "a kind is missing");

const char *rh_event_kind_name(unsigned kind) {
    return kind < RH_EVENT_KINDS ? kinds[kind].name : NULL;
}

bool rh_event_acquires(unsigned kind) {
    return kind < RH_EVENT_KINDS && kinds[kind].acquires;
}

bool rh_event_releases(unsigned kind) {
    return kind < RH_EVENT_KINDS && kinds[kind].releases;
}

bool rh_event_refers(unsigned kind) {
    return rh_event_releases(kind) || kind == RH_EVENT_USABLE || kind == RH_EVENT_RESIDENT;
}
