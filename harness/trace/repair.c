/* repair.c - what is sound of a damaged trace. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "trace/reader_state.h"

/* What is copied, and what is learned on the way. */
struct copying {
    struct rh_trace_reader *reader;
    struct rh_trace_writer *writer;
    uint64_t kept;
    uint64_t quantum_ns; /* the greatest that divides all steps; 0: there is none */
    uint64_t time_ns;
};

static void learn_quantum(struct copying *copying, uint64_t time_ns) {
    uint64_t a = time_ns - copying->time_ns;
    uint64_t b = copying->quantum_ns;
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    copying->quantum_ns = a;
    copying->time_ns = time_ns;
}

/* Until the end, the first damage, or the first broken rule; only other failures are returned. */
static int copy_events(struct copying *copying, struct rh_error *error) {
    const struct rh_event *events = NULL;
    size_t count = 0;
    do {
        if (rh_trace_reader_next(copying->reader, NULL, &events, &count) < 0)
            return 0;
        for (size_t i = 0; i < count; i++) {
            struct rh_error own = {0};
            int result = rh_trace_writer_add(copying->writer, &events[i], 1, &own);
            if (result == RH_ERR_CHECK)
                return 0;
            if (result < 0)
                return rh_fail(error, result, "%s", own.message);
            learn_quantum(copying, events[i].time_ns);
            copying->kept++;
        }
    } while (count > 0);
    return 0;
}

/* The note says what was done; a resolution that was lost is taken from the times. */
static int finish_copy(struct copying *copying, const char *reason, struct rh_error *error) {
    struct rh_trace_meta meta = {0};
    struct rh_text note = {0};
    rh_try(rh_trace_meta_copy(rh_trace_reader_meta(copying->reader), error, &meta));
    if (meta.note != NULL)
        rh_text_addf(&note, "%s; ", meta.note);
    rh_text_addf(&note, "repaired: %s", reason);
    rh_free(meta.note);
    meta.note = note.data;
    if (meta.time_quantum_ns == 0)
        meta.time_quantum_ns = copying->quantum_ns;
    int result = note.failed ? rh_fail(error, note.failed, "no memory for metadata")
                             : rh_trace_writer_finish(copying->writer, &meta, error, NULL);
    rh_trace_meta_finish(&meta);
    return result;
}

static int copy_sound(const char *from, const char *to, const char *reason, struct rh_error *error,
                      struct rh_trace_repair *repair) {
    struct copying copying = {0};
    rh_try(rh_reader_open_damaged(from, error, &copying.reader));
    int result = rh_trace_writer_create(to, error, &copying.writer);
    if (result == 0)
        result = copy_events(&copying, error);
    if (result == 0)
        result = finish_copy(&copying, reason, error);
    repair->events = copying.kept;
    repair->stated = rh_trace_reader_summary(copying.reader)->events;
    repair->metadata_lost = !copying.reader->meta_loaded;
    rh_trace_writer_destroy(copying.writer);
    rh_trace_reader_close(copying.reader);
    return result;
}

int rh_trace_repair(const char *from, const char *to, struct rh_error *error,
                    struct rh_trace_repair *ret_repair) {
    struct rh_error own = {0};
    struct rh_trace_repair repair = {0};
    int result = rh_trace_verify(from, &own, NULL);
    repair.whole = result == 0;
    if (result != 0 && result != RH_ERR_FORMAT && result != RH_ERR_CHECK)
        return rh_fail(error, result, "%s", own.message);
    snprintf(repair.reason, sizeof(repair.reason), "%s",
             repair.whole ? "nothing was wrong" : own.message);
    rh_try(copy_sound(from, to, repair.reason, error, &repair));
    *ret_repair = repair;
    return 0;
}
