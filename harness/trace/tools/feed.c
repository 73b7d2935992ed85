/* feed.c - reading a trace event by event, and metadata for what comes of it. */
#include "trace/tools/feed.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/text.h"

int rh_feed_open(struct rh_feed *feed, const char *path, struct rh_error *error) {
    *feed = (struct rh_feed){0};
    return rh_trace_reader_open(path, error, &feed->reader);
}

void rh_feed_close(struct rh_feed *feed) {
    rh_trace_reader_close(feed->reader);
    *feed = (struct rh_feed){0};
}

int rh_feed_rewind(struct rh_feed *feed, struct rh_error *error) {
    *feed = (struct rh_feed){.reader = feed->reader};
    return rh_trace_reader_rewind(feed->reader, error);
}

int rh_feed_more(struct rh_feed *feed, struct rh_error *error, const struct rh_event **ret_event) {
    rh_assert(feed->at == feed->count);
    feed->at = 0;
    feed->count = 0;
    rh_try(rh_trace_reader_next(feed->reader, error, &feed->events, &feed->count));
    *ret_event = feed->count > 0 ? feed->events : NULL;
    return 0;
}

int rh_feed_fail_dead(const struct rh_feed *feed, uint64_t object, struct rh_error *error) {
    return rh_fail(error, RH_ERR_CHECK,
                   "event %" PRIu64 ": object %" PRIu64 " is not live: see reheap trace verify",
                   feed->index - 1, object);
}

bool rh_tools_is_synthetic(const struct rh_trace_meta *meta) {
    return meta->source != NULL && strstr(meta->source, "synthetic:") != NULL;
}

int rh_tools_set_text(char **target, const char *text, struct rh_error *error) {
    char *copy = text != NULL ? rh_strdup(text) : NULL;
    if (text != NULL && copy == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for metadata");
    rh_free(*target);
    *target = copy;
    return 0;
}

static int add_sentence(char **note, const char *sentence, struct rh_error *error) {
    if (*note == NULL)
        return rh_tools_set_text(note, sentence, error);
    struct rh_text text = {0};
    rh_text_addf(&text, "%s; %s", *note, sentence);
    int result = text.failed < 0 ? rh_fail(error, text.failed, "no memory for metadata")
                                 : rh_tools_set_text(note, rh_text_get(&text), error);
    rh_text_finish(&text);
    return result;
}

int rh_tools_meta(const struct rh_trace_meta *meta, const char *prefix, const char *sentence,
                  struct rh_error *error, struct rh_trace_meta *ret_meta) {
    struct rh_trace_meta copy = {0};
    struct rh_text source = {0};
    rh_text_addf(&source, "%s %s", prefix, meta->source != NULL ? meta->source : "unknown");
    int result = rh_trace_meta_copy(meta, error, &copy);
    copy.cpu_ns = copy.recorder_ns = 0; /* that of the whole */
    if (result == 0 && source.failed < 0)
        result = rh_fail(error, source.failed, "no memory for metadata");
    if (result == 0)
        result = rh_tools_set_text(&copy.source, rh_text_get(&source), error);
    if (result == 0)
        result = add_sentence(&copy.note, sentence, error);
    rh_text_finish(&source);
    if (result < 0)
        rh_trace_meta_finish(&copy);
    else
        *ret_meta = copy;
    return result;
}
