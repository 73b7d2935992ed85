/* settings.h - environment variables that change which allocator a process has, or how it works. */
#ifndef RH_MEASURE_SETTINGS_H
#define RH_MEASURE_SETTINGS_H

#include <stdbool.h>

/* Is "NAME=value" one of them? */
bool rh_is_allocator_setting(const char *entry);

#endif
