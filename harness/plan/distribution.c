/* distribution.c - distributions of numbers from YAML. */
#include "plan/distribution.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "plan/fields.h"

/* ---- uniform: [min, max] ---- */

struct bounds {
    uint64_t values[2];
    size_t count;
};

static int parse_value(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                       const char *text, uint64_t *ret_value) {
    if (rh_parse_bytes(text, ret_value) < 0)
        return rh_yaml_fail(yaml, node, "%s: \"%.40s\" is not a whole number", what, text);
    return 0;
}

static int read_bound(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                      void *context) {
    struct bounds *bounds = context;
    const char *text = NULL;
    rh_try(rh_yaml_scalar(yaml, value, key, &text));
    if (bounds->count >= 2)
        return rh_yaml_fail(yaml, value, "uniform has two numbers: [min, max]");
    return parse_value(yaml, value, key, text, &bounds->values[bounds->count++]);
}

static int read_uniform(struct rh_yaml *yaml, const yaml_node_t *node,
                        struct rh_distribution *distribution) {
    struct bounds bounds = {.count = 0};
    rh_try(rh_yaml_sequence(yaml, node, "uniform", read_bound, &bounds));
    if (bounds.count != 2)
        return rh_yaml_fail(yaml, node, "uniform has two numbers: [min, max]");
    distribution->min = bounds.values[0];
    distribution->max = bounds.values[1];
    return 0;
}

/* ---- table: {value: weight, first-last: weight} ---- */

static int parse_range(struct rh_yaml *yaml, const yaml_node_t *node, const char *text,
                       struct rh_distribution_row *row) {
    char first[40];
    const char *dash = strchr(text, '-');
    size_t length = dash != NULL ? (size_t)(dash - text) : strlen(text);
    if (length >= sizeof(first))
        return rh_yaml_fail(yaml, node, "table: \"%.40s\" is not a number or a range", text);
    memcpy(first, text, length);
    first[length] = '\0';
    rh_try(parse_value(yaml, node, "table", first, &row->first));
    return parse_value(yaml, node, "table", dash != NULL ? dash + 1 : first, &row->last);
}

static int read_row(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                    void *context) {
    struct rh_distribution *distribution = context;
    if (distribution->row_count >= RH_DISTRIBUTION_ROWS_MOST)
        return rh_yaml_fail(yaml, value, "a table has at most %d rows", RH_DISTRIBUTION_ROWS_MOST);
    struct rh_distribution_row row = {0};
    rh_try(parse_range(yaml, value, key, &row));
    rh_try(rh_fields_number(yaml, value, "weight", &row.weight));
    distribution->rows[distribution->row_count++] = row;
    return 0;
}

static int read_table(struct rh_yaml *yaml, const yaml_node_t *node,
                      struct rh_distribution *distribution) {
    distribution->rows = rh_alloc_zeroed(RH_DISTRIBUTION_ROWS_MOST, sizeof(*distribution->rows));
    if (distribution->rows == NULL)
        return rh_fail(yaml->error, RH_ERR_MEMORY, "no memory to read %s", yaml->path);
    return rh_yaml_each_pair(yaml, node, "table", read_row, distribution);
}

/* ---- the kinds with named numbers ---- */

#define AT(member) offsetof(struct rh_distribution, member)

static const struct rh_field power_law_fields[] = {
    {.name = "min", .type = RH_FIELD_BYTES, .offset = AT(min), .most = UINT64_MAX},
    {.name = "max", .type = RH_FIELD_BYTES, .offset = AT(max), .most = UINT64_MAX},
    {.name = "exponent", .type = RH_FIELD_NUMBER, .offset = AT(exponent)},
    {.name = NULL}};

static const struct rh_field lognormal_fields[] = {
    {.name = "min", .type = RH_FIELD_BYTES, .offset = AT(min), .most = UINT64_MAX},
    {.name = "max", .type = RH_FIELD_BYTES, .offset = AT(max), .most = UINT64_MAX},
    {.name = "median", .type = RH_FIELD_NUMBER, .offset = AT(median)},
    {.name = "sigma", .type = RH_FIELD_NUMBER, .offset = AT(sigma)},
    {.name = NULL}};

static const struct rh_field exponential_fields[] = {
    {.name = "min", .type = RH_FIELD_BYTES, .offset = AT(min), .most = UINT64_MAX},
    {.name = "max", .type = RH_FIELD_BYTES, .offset = AT(max), .most = UINT64_MAX},
    {.name = "mean", .type = RH_FIELD_NUMBER, .offset = AT(mean)},
    {.name = NULL}};

static int read_numbers(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                        const struct rh_field *fields, struct rh_distribution *distribution) {
    struct rh_field_target target = {.bases = {distribution}};
    return rh_fields_read(yaml, node, what, fields, &target);
}

/* ---- all ---- */

static const char *const kind_names[] = {
#define X(name, text) text,
    RH_DISTRIBUTION_MAP(X)
#undef X
        NULL};

static int read_kind(struct rh_yaml *yaml, const yaml_node_t *value,
                     struct rh_distribution *distribution) {
    switch (distribution->kind) {
    case RH_DISTRIBUTION_UNIFORM:
        return read_uniform(yaml, value, distribution);
    case RH_DISTRIBUTION_POWER_LAW:
        return read_numbers(yaml, value, "a power law", power_law_fields, distribution);
    case RH_DISTRIBUTION_LOGNORMAL:
        return read_numbers(yaml, value, "a lognormal distribution", lognormal_fields,
                            distribution);
    case RH_DISTRIBUTION_EXPONENTIAL:
        return read_numbers(yaml, value, "an exponential distribution", exponential_fields,
                            distribution);
    case RH_DISTRIBUTION_TABLE:
        return read_table(yaml, value, distribution);
    default:
        return rh_yaml_fail(yaml, value, "write a constant as a plain number");
    }
}

struct choice {
    struct rh_distribution *distribution;
    const char *what;
    size_t pairs;
};

static int read_pair(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                     void *context) {
    struct choice *choice = context;
    if (choice->pairs++ > 0)
        return rh_yaml_fail(yaml, value, "%s has one distribution, and this is another",
                            choice->what);
    for (int kind = 0; kind_names[kind] != NULL; kind++)
        if (strcmp(kind_names[kind], key) == 0) {
            choice->distribution->kind = (enum rh_distribution_kind)kind;
            return read_kind(yaml, value, choice->distribution);
        }
    return rh_fields_unknown(yaml, value, "distribution", key, kind_names + 1);
}

static int read_constant(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                         struct rh_distribution *distribution) {
    const char *text = NULL;
    uint64_t value = 0;
    rh_try(rh_yaml_scalar(yaml, node, what, &text));
    rh_try(parse_value(yaml, node, what, text, &value));
    *distribution = rh_distribution_constant(value);
    return 0;
}

int rh_yaml_distribution(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                         uint64_t most, struct rh_distribution *ret_distribution) {
    rh_distribution_finish(ret_distribution);
    ret_distribution->max = most;
    if (node->type != YAML_MAPPING_NODE) {
        rh_try(read_constant(yaml, node, what, ret_distribution));
    } else {
        struct choice choice = {.distribution = ret_distribution, .what = what};
        rh_try(rh_yaml_each_pair(yaml, node, what, read_pair, &choice));
        if (choice.pairs == 0)
            return rh_yaml_fail(yaml, node, "%s is empty: use a number or a distribution", what);
    }
    int result = rh_distribution_prepare(ret_distribution, most, yaml->error);
    if (result < 0)
        rh_error_prefix(yaml->error, "%s", what);
    return rh_yaml_place(yaml, node, result);
}
