/* fields.h - YAML mappings into structs, by tables. Private to plan/. */
#ifndef RH_PLAN_FIELDS_H
#define RH_PLAN_FIELDS_H

#include "plan/document.h"

enum rh_field_type {
    RH_FIELD_COUNT,        /* uint32_t, 0 to `most` */
    RH_FIELD_LONG,         /* uint64_t, 0 to `most` */
    RH_FIELD_BYTES,        /* uint64_t, 0 to `most`, with K, M, G, T */
    RH_FIELD_NUMBER,       /* double, whole ones also with K, M, G, T */
    RH_FIELD_FLAG,         /* bool: yes, no, true, false */
    RH_FIELD_TEXT,         /* char *, a copy (rh_free) */
    RH_FIELD_CHOICE,       /* an enum, by the NULL-terminated `choices` */
    RH_FIELD_DISTRIBUTION, /* struct rh_distribution, values 0 to `most` */
    RH_FIELD_CUSTOM,       /* `read` with the target as context */
};

enum { RH_FIELD_BASES = 2 };

struct rh_field {
    const char *name; /* NULL ends the table */
    enum rh_field_type type;
    size_t offset;
    uint64_t most;
    const char *const *choices;
    rh_yaml_reader *read;
    unsigned base; /* which of the target's structs */
};

/* What fields are written to: structs, to which offsets relate, and what custom readers need. */
struct rh_field_target {
    void *bases[RH_FIELD_BASES];
    void *context;
};

/* Reads a mapping of known keys. */
int rh_fields_read(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                   const struct rh_field *fields, struct rh_field_target *target);

/* A whole number, with "_" between its digits, up to `most`. */
int rh_fields_whole(struct rh_yaml *yaml, const yaml_node_t *value, const char *key, uint64_t most,
                    uint64_t *ret_value);
/* A weight, a share, a factor, a mean; with K, M, G, T too. */
int rh_fields_number(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                     double *ret_value);

/* Refuses a word that is not in the NULL-terminated list; `what` says what it should be. */
int rh_fields_unknown(struct rh_yaml *yaml, const yaml_node_t *value, const char *what,
                      const char *word, const char *const *list);

#endif
