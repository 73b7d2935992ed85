/* build_settings.c - what an importer tells of the whole trace. */
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "trace/importers/build_state.h"

struct rh_trace_meta *rh_import_meta(struct rh_import *import) {
    return &import->meta;
}

void rh_import_set_timed(struct rh_import *import, uint64_t quantum_ns) {
    rh_assert(quantum_ns > 0 && import->tail == 0);
    import->timed = true;
    import->meta.time_quantum_ns = quantum_ns;
}

void rh_import_set_exact(struct rh_import *import) {
    rh_assert(import->tail == 0);
    import->exact = true;
}

void rh_import_set_late_frees(struct rh_import *import) {
    rh_assert(import->tail == 0);
    import->late_frees = true;
}

const struct rh_import_options *rh_import_options(const struct rh_import *import) {
    return &import->options;
}

struct rh_import_report *rh_import_report(struct rh_import *import) {
    return &import->report;
}

int rh_import_set_string(char **string, const char *value, size_t length, struct rh_error *error) {
    char *copy = rh_alloc(length + 1);
    if (copy == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for metadata");
    memcpy(copy, value, length);
    copy[length] = '\0';
    rh_free(*string);
    *string = copy;
    return 0;
}

int rh_import_guess(struct rh_import *import, const char *sentence, struct rh_error *error) {
    const char *note = import->meta.note;
    if (note != NULL && strstr(note, sentence) != NULL)
        return 0;
    struct rh_text text = {0};
    rh_text_addf(&text, "%s%s%s", note != NULL ? note : "", note != NULL ? "; " : "", sentence);
    int result = text.failed
                     ? rh_fail(error, RH_ERR_MEMORY, "no memory for metadata")
                     : rh_import_set_string(&import->meta.note, text.data, text.length, error);
    rh_text_finish(&text);
    return result;
}
