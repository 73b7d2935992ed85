/* spool_bytes.c - what the records of a spool weigh: spool-bytes STEM... (PID-N, of the directory
 * that `reheap record --print-env` has made) prints for each process its program, its events, and
 * bytes an event: all, and of which times with first bytes, pauses, addresses of acquisitions and
 * of releases, sizes, and the rest. The rest is what belongs to rarer calls, and second halves of
 * reallocs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/image.h"
#include "record/stream.h"
#include "trace/event.h"

enum part { HEADS, PAUSES, ACQUIRED, RELEASED, SIZES, REST, PARTS };

struct weights {
    uint64_t events;
    uint64_t bytes[PARTS];
};

/* As spool.h says. */
static unsigned number_bytes(uint64_t number) {
    return 1u << ((number > 0xff) + (number > 0xffff) + (number > 0xffffffff));
}

static unsigned pause_bytes(uint64_t stamps) {
    return stamps > RH_SPOOL_TIME_MOST ? 1 + number_bytes(stamps >> RH_SPOOL_TIME_BITS) : 0;
}

/* `bytes`: from the end of the event before to the end of this one, `stamps` likewise. */
static void weigh(struct weights *weights, const struct rh_raw_event *event, uint64_t stamps,
                  uint64_t bytes) {
    static const bool has_size[RH_EVENT_KINDS] = {
        [RH_EVENT_MALLOC] = true,
        [RH_EVENT_CALLOC] = true,
        [RH_EVENT_NEW] = true,
        [RH_EVENT_FREE_SIZED] = true,
    };
    uint64_t pause = pause_bytes(stamps);
    bool is_plain = has_size[event->kind] || event->kind == RH_EVENT_FREE;
    uint64_t size = has_size[event->kind] ? number_bytes(event->size) : 0;
    weights->events++;
    weights->bytes[HEADS] += 2;
    weights->bytes[PAUSES] += pause;
    weights->bytes[SIZES] += size;
    bytes -= 2 + pause + size;
    if (!is_plain)
        weights->bytes[REST] += bytes;
    else
        weights->bytes[event->raw == RH_RAW_ACQUIRE ? ACQUIRED : RELEASED] += bytes;
}

static void weigh_frame(struct weights *weights, struct rh_frame_ref frame) {
    struct rh_stream stream;
    struct rh_raw_event event;
    frame.sequence = 0;
    rh_stream_init(&stream, &frame, 1);
    const uint8_t *before = frame.records;
    uint64_t stamp = frame.base_stamp;
    while (rh_stream_next(&stream, &event)) {
        weigh(weights, &event, event.stamp - stamp, (uint64_t)(stream.next - before));
        before = stream.next;
        stamp = stream.stamp;
    }
}

static void show(const struct rh_image *image, const struct weights *weights) {
    double events = (double)weights->events;
    printf("%-14s %9" PRIu64 " %5.2f  ", rh_image_program(&image->header), weights->events,
           (double)image->raw_bytes / events);
    for (unsigned part = 0; part < PARTS; part++)
        printf(" %5.2f", (double)weights->bytes[part] / events);
    printf("\n");
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        struct rh_image image;
        struct rh_error error = {0};
        struct weights weights = {0};
        if (rh_image_open(argv[i], &error, &image) < 0) {
            fprintf(stderr, "spool-bytes: %s\n", error.message);
            return 1;
        }
        for (size_t frame = 0; frame < image.frames_count; frame++)
            weigh_frame(&weights, image.frames[frame]);
        if (weights.events > 0)
            show(&image, &weights);
        rh_image_close(&image);
    }
    return 0;
}
