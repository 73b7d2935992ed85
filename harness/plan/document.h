/* document.h - a YAML document with places: mappings with known keys, sequences, scalars. Private
 * to plan/. */
#ifndef RH_PLAN_DOCUMENT_H
#define RH_PLAN_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "base/error.h"

struct rh_yaml {
    const char *path; /* for messages */
    struct rh_error *error;
    yaml_document_t document;
};

/* Parses one document of bounded depth and size. rh_yaml_finish after success only. */
int rh_yaml_init(struct rh_yaml *yaml, const char *path, const char *text, size_t bytes,
                 struct rh_error *error);
void rh_yaml_finish(struct rh_yaml *yaml);

/* The top node; fails on an empty document. */
int rh_yaml_root(struct rh_yaml *yaml, const yaml_node_t **ret_root);

/* "PATH:LINE:COLUMN: SENTENCE" about a node; returns RH_ERR_INVALID. */
int rh_yaml_fail(struct rh_yaml *yaml, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts the place of the node before a sentence that another module has left in the error. */
int rh_yaml_place(struct rh_yaml *yaml, const yaml_node_t *node, int result);

/* The text of a scalar; `what` names it in messages. Refuses lists, mappings and no value. The text
 * belongs to the document. */
int rh_yaml_scalar(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                   const char **ret_text);

/* Reads one value; `context` is the caller's. */
typedef int rh_yaml_reader(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                           void *context);

struct rh_yaml_key {
    const char *name; /* NULL ends the table */
    rh_yaml_reader *read;
};

enum { RH_YAML_KEYS_MOST = 32 };

/* Each pair to the reader of its key; an unknown or repeated key is refused. */
int rh_yaml_mapping(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                    const struct rh_yaml_key *keys, void *context);

/* Each pair of a mapping with free keys to `read`; a repeated key is refused. */
int rh_yaml_each_pair(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                      rh_yaml_reader *read, void *context);

/* Each element of a list to `read`, with `what` as its key. */
int rh_yaml_sequence(struct rh_yaml *yaml, const yaml_node_t *node, const char *what,
                     rh_yaml_reader *read, void *context);

#endif
