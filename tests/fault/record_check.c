/* record_check.c - does a trace hold the calls that record-returned had logged as returned?
 *
 * record-check TRACE LOG [stopped]: verifies the trace, then walks it beside the two sequences.
 * Each thread's own events must be a beginning of its sequence, at least as long as the log says.
 * Prints one line. Exit status 0 or 1. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "record_sequence.h"
#include "trace/trace.h"

/* Where an object of the sequences lives: thread and place, by object id. */
struct owner {
    bool is_own;
    uint8_t thread;
    uint8_t place;
};

static struct owner *owners;
static uint64_t owners_count;

static struct sequence sequences[2];
static uint64_t events_count[2];

static int fail(const char *what, uint64_t event) {
    fprintf(stderr, "record-check: %s at event %" PRIu64 "\n", what, event);
    return 1;
}

static bool is_own(const struct rh_event *event) {
    bool acquires = rh_event_acquires(event->kind);
    bool own_size = event->size >= SEQUENCE_SIZE_LEAST && event->size < SEQUENCE_SIZE_LEAST + 2000;
    return acquires ? own_size : event->released != RH_NO_OBJECT && owners[event->released].is_own;
}

static int check_event(const struct rh_event *event, uint64_t index) {
    unsigned thread = event->thread;
    if (!is_own(event) || event->flags != 0)
        return 0;
    if (thread > 1)
        return fail("a third thread", index);
    struct call call = sequence_next(&sequences[thread]);
    static const uint8_t kinds[] = {[CALL_MALLOC] = RH_EVENT_MALLOC,
                                    [CALL_REALLOC] = RH_EVENT_REALLOC,
                                    [CALL_FREE] = RH_EVENT_FREE};
    if (event->kind != kinds[call.kind])
        return fail("another kind of call", index);
    if (event->released != RH_NO_OBJECT &&
        (owners[event->released].place != call.place || owners[event->released].thread != thread))
        return fail("another block", index);
    if (call.kind != CALL_FREE && event->size != call.size)
        return fail("another size", index);
    if (event->acquired != RH_NO_OBJECT)
        owners[event->acquired] =
            (struct owner){.is_own = true, .thread = (uint8_t)thread, .place = (uint8_t)call.place};
    events_count[thread]++;
    return 0;
}

static int check_trace(struct rh_trace_reader *reader, struct rh_error *error) {
    uint64_t index = 0;
    for (;;) {
        const struct rh_event *events = NULL;
        size_t count = 0;
        if (rh_trace_reader_next(reader, error, &events, &count) < 0)
            return fail(error->message, index);
        if (count == 0)
            return 0;
        for (size_t i = 0; i < count; i++, index++)
            if (check_event(&events[i], index) != 0)
                return 1;
    }
}

static int check_log(const char *path, bool has_stopped) {
    struct returned_log log = {0};
    int fd = open(path, O_RDONLY);
    if (fd < 0 || read(fd, &log, sizeof(log)) != sizeof(log))
        return fail("cannot read the log", 0);
    close(fd);
    int status = 0;
    for (int thread = 0; thread < 2; thread++) {
        uint64_t returned = atomic_load(&log.returned[thread]);
        printf("thread %d: %" PRIu64 " returned, %" PRIu64 " recorded; ", thread, returned,
               events_count[thread]);
        if (events_count[thread] < returned && !has_stopped)
            status = fail("calls that had returned are missing", events_count[thread]);
    }
    printf("\n");
    return status;
}

int main(int argc, char **argv) {
    struct rh_error error = {0};
    struct rh_trace_reader *reader = NULL;
    if (argc < 3)
        return 2;
    bool has_stopped = argc > 3;
    if (rh_trace_verify(argv[1], &error, NULL) < 0 ||
        rh_trace_reader_open(argv[1], &error, &reader) < 0)
        return fail(error.message, 0);
    const struct rh_trace_meta *meta = rh_trace_reader_meta(reader);
    if (meta->unknown_frees + meta->torn + (has_stopped ? 0 : meta->drops) != 0)
        return fail("unknown frees, drops or torn threads", 0);
    owners_count = rh_trace_reader_summary(reader)->objects;
    owners = calloc(owners_count + 1, sizeof(*owners));
    if (owners == NULL)
        return fail("no memory", 0);
    sequence_init(&sequences[0], 0);
    sequence_init(&sequences[1], 1);
    int status = check_trace(reader, &error);
    rh_trace_reader_close(reader);
    free(owners);
    return status == 0 ? check_log(argv[2], has_stopped) : status;
}
