/* table.c - all importers, and the course of an import. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"
#include "trace/meta.h"

static const struct rh_importer *const importers[] = {
#define X(name) &rh_importer_##name,
    RH_IMPORTER_MAP(X)
#undef X
        NULL,
};

const struct rh_importer *rh_importer_at(size_t index) {
    return index < sizeof(importers) / sizeof(importers[0]) ? importers[index] : NULL;
}

/* ---- which format ---- */

static int find_named(const char *name, struct rh_error *error,
                      const struct rh_importer **ret_importer) {
    const char *names[sizeof(importers) / sizeof(importers[0])] = {NULL};
    for (size_t i = 0; importers[i] != NULL; i++) {
        names[i] = importers[i]->name;
        if (strcmp(name, names[i]) == 0) {
            *ret_importer = importers[i];
            return 0;
        }
    }
    const char *near = rh_text_nearest(name, names);
    return near != NULL ? rh_fail(error, RH_ERR_INVALID, "no format \"%s\": did you mean \"%s\"?",
                                  name, near)
                        : rh_fail(error, RH_ERR_INVALID,
                                  "no format \"%s\": see reheap trace import --list", name);
}

/* The first that is sure, else the first that could be. */
static int find_out(struct rh_input *input, struct rh_error *error,
                    const struct rh_importer **ret_importer) {
    const uint8_t *head = NULL;
    size_t bytes = 0;
    rh_try(rh_input_peek(input, error, &head, &bytes));
    if (bytes == 0)
        return rh_fail(error, RH_ERR_FORMAT, "%s is empty", rh_input_path(input));
    const struct rh_importer *best = NULL;
    int best_score = RH_DETECT_NO;
    for (size_t i = 0; importers[i] != NULL; i++) {
        int score = importers[i]->detect(head, bytes);
        if (score > best_score) {
            best = importers[i];
            best_score = score;
        }
    }
    if (best == NULL)
        return rh_fail(error, RH_ERR_FORMAT,
                       "%s: no known format: name it with --format (see reheap trace import "
                       "--list)",
                       rh_input_path(input));
    *ret_importer = best;
    return 0;
}

/* ---- the course ---- */

/* The text form brings its own. */
static int fill_meta(struct rh_import *import, const char *format, struct rh_error *error) {
    struct rh_trace_meta *meta = rh_import_meta(import);
    if (strcmp(format, "text") == 0)
        return 0;
    char source[64];
    int length = snprintf(source, sizeof(source), "imported:%s", format);
    rh_assert(length > 0 && (size_t)length < sizeof(source));
    if (meta->source == NULL)
        rh_try(rh_import_set_string(&meta->source, source, (size_t)length, error));
    if (meta->tool == NULL)
        rh_try(rh_import_set_string(&meta->tool, "reheap " RH_VERSION, strlen("reheap " RH_VERSION),
                                    error));
    return 0;
}

static int import_all(struct rh_import *import, struct rh_input *input,
                      const struct rh_importer *importer, struct rh_error *error,
                      struct rh_import_report *ret_report) {
    struct rh_import_report *report = rh_import_report(import);
    report->format = importer->name;
    rh_try(importer->run(import, input, error));
    report->cut_short += rh_input_is_truncated(input);
    if (report->calls == 0 && strcmp(importer->name, "text") != 0)
        return rh_fail(error, RH_ERR_FORMAT, "%s: not a single call of format %s",
                       rh_input_path(input), importer->name);
    rh_try(fill_meta(import, importer->name, error));
    return rh_import_finish(import, error, ret_report);
}

int rh_import_file(const char *from, const char *to, const struct rh_import_options *options,
                   struct rh_error *error, struct rh_import_report *ret_report) {
    struct rh_input *input = NULL;
    struct rh_import *import = NULL;
    const struct rh_importer *importer = NULL;
    rh_try(rh_input_open(from, error, &input));
    int result = options->format != NULL ? find_named(options->format, error, &importer)
                                         : find_out(input, error, &importer);
    if (result == 0)
        result = rh_import_create(to, options, error, &import);
    if (result == 0)
        result = import_all(import, input, importer, error, ret_report);
    rh_import_destroy(import);
    rh_input_close(input);
    return result;
}

/* ---- the report ---- */

void rh_import_report_text(const struct rh_import_report *report, struct rh_text *ret_text) {
    rh_text_addf(
        ret_text, "format %s: %" PRIu64 " events, %" PRIu64 " objects, %" PRIu64 " threads\n",
        report->format, report->summary.events, report->summary.objects, report->summary.threads);
#define X(member, text)                                                                            \
    if (report->member != 0)                                                                       \
        rh_text_addf(ret_text, "%12" PRIu64 "  %s\n", report->member, text);
    RH_IMPORT_COUNT_MAP(X)
#undef X
}

int rh_import_report_json(const struct rh_import_report *report, struct rh_error *error,
                          struct rh_text *ret_text) {
    json_t *json = json_object();
    int failed = json_object_set_new(json, "format", json_string(report->format));
    failed |= json_object_set_new(json, "events", json_integer((json_int_t)report->summary.events));
    failed |=
        json_object_set_new(json, "objects", json_integer((json_int_t)report->summary.objects));
    failed |=
        json_object_set_new(json, "threads", json_integer((json_int_t)report->summary.threads));
#define X(member, text)                                                                            \
    failed |= json_object_set_new(json, #member, json_integer((json_int_t)report->member));
    RH_IMPORT_COUNT_MAP(X)
#undef X
    int result = failed ? rh_fail(error, RH_ERR_MEMORY, "no memory for JSON")
                        : rh_trace_json_dump(json, JSON_INDENT(1), error, ret_text);
    rh_text_add(ret_text, "\n");
    json_decref(json);
    return result;
}
