/* finding.c - what the checks of the machine said, as JSON. */
#include <stdio.h>

#include "base/memory.h"
#include "result/codec.h"

enum { MOST_FINDINGS = 256 };

static const char *const names[] = {
#define X(name, text) text,
    RH_FINDING_MAP(X)
#undef X
        NULL};

const char *rh_finding_name(unsigned finding) {
    return finding < RH_FINDINGS ? names[finding] : "?";
}

void rh_result_findings_free(struct rh_result_finding *findings, size_t count) {
    for (size_t i = 0; i < count; i++) {
        rh_free(findings[i].name);
        rh_free(findings[i].value);
        rh_free(findings[i].why);
        rh_free(findings[i].fix);
    }
    rh_free(findings);
}

static json_t *encode_finding(const struct rh_result_finding *finding) {
    struct rh_json_out out = {.object = json_object()};
    rh_json_put_text(&out, "name", finding->name);
    rh_json_put_text(&out, "value", finding->value);
    rh_json_put_text(&out, "verdict", rh_finding_name(finding->verdict));
    rh_json_put_text(&out, "why", finding->why);
    rh_json_put_text(&out, "fix", finding->fix);
    if (!out.failed)
        return out.object;
    json_decref(out.object);
    return NULL;
}

json_t *rh_findings_encode(const struct rh_result_finding *findings, size_t count) {
    json_t *array = json_array();
    bool failed = array == NULL;
    for (size_t i = 0; !failed && i < count; i++)
        failed = json_array_append_new(array, encode_finding(&findings[i])) != 0;
    if (!failed)
        return array;
    json_decref(array);
    return NULL;
}

int rh_result_findings_json(const struct rh_result_finding *findings, size_t count,
                            struct rh_error *error, struct rh_text *ret_text) {
    rh_json_use_memory();
    json_t *array = rh_findings_encode(findings, count);
    if (array == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the findings");
    int result = rh_json_dump(array, JSON_INDENT(2), error, ret_text);
    json_decref(array);
    return result;
}

static int decode_finding(const struct rh_json_place *place, const json_t *value,
                          struct rh_result_finding *finding) {
    rh_try(rh_json_need_text(place, value, "name", &finding->name));
    rh_try(rh_json_need_text(place, value, "value", &finding->value));
    rh_try(rh_json_get_name(place, value, "verdict", names, &finding->verdict));
    rh_try(rh_json_need_text(place, value, "why", &finding->why));
    return rh_json_get_text(place, value, "fix", &finding->fix);
}

int rh_findings_decode(const struct rh_json_place *place, const json_t *object,
                       struct rh_manifest *manifest) {
    const json_t *array = NULL;
    if (json_object_get(object, "doctor") == NULL)
        return 0;
    rh_try(rh_json_get_array(place, object, "doctor", MOST_FINDINGS, &array));
    size_t count = json_array_size(array);
    manifest->findings = rh_alloc_zeroed(count, sizeof(*manifest->findings));
    if (manifest->findings == NULL)
        return rh_fail(place->error, RH_ERR_MEMORY, "no memory for %s", place->file);
    for (size_t i = 0; i < count; i++) {
        struct rh_json_place inner = *place;
        snprintf(inner.within, sizeof(inner.within), "doctor[%zu]", i);
        manifest->finding_count = i + 1;
        if (!json_is_object(json_array_get(array, i)))
            return rh_json_fail(&inner, RH_ERR_FORMAT, "", "must be an object");
        rh_try(decode_finding(&inner, json_array_get(array, i), &manifest->findings[i]));
    }
    return 0;
}
