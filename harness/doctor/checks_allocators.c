/* checks_allocators.c - settings and builds that make an allocator another one. */
#include <stdio.h>
#include <string.h>

#include "allocator/registry.h"
#include "base/file.h"
#include "base/text.h"
#include "doctor/checks.h"
#include "measure/settings.h"

void rh_doctor_environment(const struct rh_doctor_options *options,
                           struct rh_doctor_answer *answer) {
    struct rh_text found = {0};
    struct rh_text fix = {0};
    for (const char *const *entry = options->environment; *entry != NULL; entry++) {
        if (!rh_is_allocator_setting(*entry))
            continue;
        rh_text_addf(&found, "%s%s", found.length > 0 ? ", " : "", *entry);
        rh_text_addf(&fix, " %.*s", (int)strcspn(*entry, "="), *entry);
    }
    if (found.length == 0)
        rh_doctor_say(answer, RH_FINDING_GOOD, "no settings of allocators");
    else
        rh_doctor_say(answer, RH_FINDING_NOTE, "%.250s", rh_text_get(&found));
    snprintf(answer->fix, sizeof(answer->fix), "unset%.140s", rh_text_get(&fix));
    rh_text_finish(&found);
    rh_text_finish(&fix);
}

const char *rh_doctor_debug_sign(const char *path, const char *content, size_t bytes) {
    static const char *const parts[] = {"debug", "_dbg", "-dbg", "valgrind"};
    static const struct {
        const char *text, *meaning;
    } signs[] = {{"__asan_init", "AddressSanitizer"},
                 {"__tsan_init", "ThreadSanitizer"},
                 {"__ubsan_handle", "UndefinedBehaviorSanitizer"},
                 {"__gcov_init", "coverage"}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strstr(rh_path_base(path), parts[i]) != NULL)
            return "its name";
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (bytes > 0 && memmem(content, bytes, signs[i].text, strlen(signs[i].text)) != NULL)
            return signs[i].meaning;
    return NULL;
}

/* The sanitizers' own runtimes, of which scudo is one, define these names. */
static bool is_runtime(const char *path) {
    return strncmp(rh_path_base(path), "libclang_rt.", 12) == 0;
}

void rh_doctor_builds(const struct rh_doctor_options *options, struct rh_doctor_answer *answer) {
    (void)options;
    size_t looked = 0;
    for (const struct rh_allocator_ops *const *ops = rh_registry_builtins(); *ops != NULL; ops++) {
        char path[PATH_MAX] = "";
        char reason[256];
        struct rh_file_map map;
        if (rh_registry_locate((*ops)->name, path, sizeof(path), reason, sizeof(reason)) != 0 ||
            path[0] == '\0' || is_runtime(path) || rh_file_map(path, 0, NULL, &map) < 0)
            continue;
        const char *sign = rh_doctor_debug_sign(path, (const char *)map.data, map.bytes);
        rh_file_unmap(&map);
        looked++;
        if (sign != NULL) {
            rh_doctor_say(answer, RH_FINDING_WARNING, "%s (%.150s): %s", (*ops)->name, path, sign);
            return;
        }
    }
    rh_doctor_say(answer, RH_FINDING_GOOD, "none among %zu libraries", looked);
}
