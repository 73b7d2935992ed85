/* groups.h - what the control groups of this process allow it, and how much memory there is. */
#ifndef RH_BASE_GROUPS_H
#define RH_BASE_GROUPS_H

#include <stdint.h>

/* Calls `look` with what stands in `file` of every group, from that of this process in the
 * hierarchy of `controller` ("": version 2) up to the one at `mount`. In a container the path may
 * name a group that is not mounted there: what is missing is passed over. `root`: where /proc and
 * /sys lie. */
void rh_groups_visit(const char *root, const char *mount, const char *controller, const char *file,
                     void (*look)(const char *text, void *context), void *context);

/* The least limit of memory, of either version; UINT64_MAX or nearly: there is none. */
uint64_t rh_groups_memory_limit(const char *root);

/* Memory that can be had without swapping: what the kernel says, and within the limit. */
uint64_t rh_memory_available(const char *root);

#endif
