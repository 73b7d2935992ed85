/* checks_memory.c - how the kernel hands out and takes back memory. */
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>

#include "base/memory.h"
#include "base/text.h"
#include "doctor/checks.h"
#include "measure/resident.h"

#define MM "/sys/kernel/mm/"

void rh_doctor_aslr(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    uint64_t value = 0;
    if (!rh_doctor_number(options, "/proc/sys/kernel/randomize_va_space", &value))
        return;
    int flags = options->root[0] == '\0' ? personality(0xffffffff) : 0;
    if (flags > 0 && (flags & ADDR_NO_RANDOMIZE) != 0) {
        rh_doctor_say(answer, RH_FINDING_WARNING, "off for this shell");
        snprintf(answer->fix, sizeof(answer->fix),
                 "start reheap without setarch -R and without gdb");
        return;
    }
    static const char *const meanings[] = {"off", "without the heap", "on"};
    rh_doctor_say(answer, value == 2 ? RH_FINDING_GOOD : RH_FINDING_WARNING, "%s",
                  value <= 2 ? meanings[value] : "unknown mode");
}

void rh_doctor_huge_pages(const struct rh_doctor_options *options,
                          struct rh_doctor_answer *answer) {
    char text[128];
    if (!rh_doctor_read(options, MM "transparent_hugepage/enabled", text, sizeof(text)))
        return;
    const char *open = strchr(text, '[');
    const char *close = open != NULL ? strchr(open, ']') : NULL;
    if (close == NULL)
        return;
    bool always = strncmp(open, "[always]", 8) == 0;
    rh_doctor_say(answer, always ? RH_FINDING_NOTE : RH_FINDING_GOOD, "%.*s",
                  (int)(close - open - 1), open + 1);
}

static bool memory_line(const char *meminfo, const char *key, uint64_t *ret_bytes) {
    return rh_resident_parse(meminfo, key, NULL, ret_bytes) == 0;
}

void rh_doctor_swap(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    uint64_t total = 0;
    uint64_t left = 0;
    char *meminfo = rh_doctor_read_all(options, "/proc/meminfo");
    if (meminfo != NULL && memory_line(meminfo, "SwapTotal", &total) &&
        memory_line(meminfo, "SwapFree", &left)) {
        char size[RH_HUMAN_BYTES];
        char used[RH_HUMAN_BYTES];
        if (total == 0)
            rh_doctor_say(answer, RH_FINDING_GOOD, "none");
        else
            rh_doctor_say(answer, left < total ? RH_FINDING_WARNING : RH_FINDING_NOTE,
                          "%s, of which %s in use", rh_human_bytes(size, (double)total),
                          rh_human_bytes(used, (double)(total - left)));
    }
    rh_free(meminfo);
}

void rh_doctor_overcommit(const struct rh_doctor_options *options,
                          struct rh_doctor_answer *answer) {
    static const char *const meanings[] = {"0 (heuristic)", "1 (always)", "2 (never)"};
    uint64_t value = 0;
    if (rh_doctor_number(options, "/proc/sys/vm/overcommit_memory", &value) && value <= 2)
        rh_doctor_say(answer, value < 2 ? RH_FINDING_GOOD : RH_FINDING_WARNING, "%s",
                      meanings[value]);
}

/* The sixth feature bit of a balloon device (Virtual I/O Device Version 1.2, 5.5.3:
 * VIRTIO_BALLOON_F_REPORTING is 5), as a row of digits with bit 0 first. */
void rh_doctor_reporting(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    char features[80];
    if (!rh_doctor_read_first(options, "/sys/bus/virtio/drivers/virtio_balloon/virtio*/features",
                              features, sizeof(features)))
        rh_doctor_say(answer, RH_FINDING_GOOD, "no balloon device");
    else if (strlen(features) > 5 && features[5] == '1')
        rh_doctor_say(answer, RH_FINDING_WARNING, "on");
    else
        rh_doctor_say(answer, RH_FINDING_GOOD, "off");
}

void rh_doctor_damon(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    char state[64];
    uint64_t threads = 0;
    static const char *const modules[] = {"reclaim", "lru_sort", "stat"};
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        char path[80];
        snprintf(path, sizeof(path), "/sys/module/damon_%s/parameters/enabled", modules[i]);
        if (rh_doctor_read(options, path, state, sizeof(state)) && state[0] == 'Y') {
            rh_doctor_say(answer, RH_FINDING_WARNING, "damon_%s is on", modules[i]);
            snprintf(answer->fix, sizeof(answer->fix), "echo N | sudo tee %s", path);
            return;
        }
    }
    if (!rh_doctor_number(options, MM "damon/admin/kdamonds/nr_kdamonds", &threads))
        rh_doctor_say(answer, RH_FINDING_GOOD, "not in this kernel");
    else if (threads > 0 &&
             rh_doctor_read_first(options, MM "damon/admin/kdamonds/*/state", state, sizeof(state)))
        rh_doctor_say(answer, strcmp(state, "on") == 0 ? RH_FINDING_WARNING : RH_FINDING_GOOD,
                      "%.40s", state);
    else
        rh_doctor_say(answer, RH_FINDING_GOOD, "off");
}

void rh_doctor_ksm(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    uint64_t value = 0;
    if (rh_doctor_number(options, MM "ksm/run", &value))
        rh_doctor_say(answer, value == 1 ? RH_FINDING_WARNING : RH_FINDING_GOOD,
                      value == 1 ? "on" : "off");
    else
        rh_doctor_say(answer, RH_FINDING_GOOD, "not in this kernel");
}
