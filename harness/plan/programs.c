/* programs.c - the programs of a plan: reading, and one program for every combination of
 * parameters.
 */
#include "plan/programs.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

enum { PARAMETERS_MOST = 8, VALUES_MOST = 32 };

struct parameter {
    const char *name;
    const char *values[VALUES_MOST];
    size_t value_count, at;
};

/* A program being read. Strings belong to the document. */
struct entry {
    const char *directory; /* the plan's */
    const char *name, *command, *folder, *input, *prepare, *cleanup, *check, *floor, *trace,
        *status;
    const char *words[RH_PLAN_WORDS_MOST];
    size_t word_count; /* 0: `command` is one text */
    const char *environment_names[RH_PLAN_SETTINGS_MOST];
    const char *environment_values[RH_PLAN_SETTINGS_MOST];
    size_t environment_count;
    struct parameter parameters[PARAMETERS_MOST];
    size_t parameter_count;
};

/* ---- reading ---- */

#define READ_TEXT(key, member)                                                                     \
    static int read_##key(struct rh_yaml *yaml, const yaml_node_t *value, const char *name,        \
                          void *context) {                                                         \
        return rh_yaml_scalar(yaml, value, name, &((struct entry *)context)->member);              \
    }

READ_TEXT(name, name)
READ_TEXT(directory, folder)
READ_TEXT(input, input)
READ_TEXT(prepare, prepare)
READ_TEXT(cleanup, cleanup)
READ_TEXT(check, check)
READ_TEXT(floor, floor)
READ_TEXT(trace, trace)
READ_TEXT(status, status)

static int read_word(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                     void *context) {
    struct entry *entry = context;
    if (entry->word_count == RH_PLAN_WORDS_MOST)
        return rh_yaml_fail(yaml, value, "a command of more than %d words", RH_PLAN_WORDS_MOST);
    return rh_yaml_scalar(yaml, value, key, &entry->words[entry->word_count++]);
}

/* One text, which is divided like a shell's, or a list of words. */
static int read_command(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                        void *context) {
    struct entry *entry = context;
    if (value->type == YAML_SEQUENCE_NODE)
        return rh_yaml_sequence(yaml, value, key, read_word, context);
    return rh_yaml_scalar(yaml, value, key, &entry->command);
}

static int read_variable(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                         void *context) {
    struct entry *entry = context;
    if (entry->environment_count == RH_PLAN_SETTINGS_MOST)
        return rh_yaml_fail(yaml, value, "a program has at most %d variables",
                            RH_PLAN_SETTINGS_MOST);
    if (key[0] == '\0' || strchr(key, '=') != NULL)
        return rh_yaml_fail(yaml, value, "\"%.100s\" cannot be the name of a variable", key);
    entry->environment_names[entry->environment_count] = key;
    return rh_yaml_scalar(yaml, value, key, &entry->environment_values[entry->environment_count++]);
}

static int read_environment(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                            void *context) {
    return rh_yaml_each_pair(yaml, value, key, read_variable, context);
}

static int read_parameter_value(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                                void *context) {
    struct parameter *parameter = context;
    if (parameter->value_count == VALUES_MOST)
        return rh_yaml_fail(yaml, value, "\"%s\" has more than %d values", key, VALUES_MOST);
    return rh_yaml_scalar(yaml, value, key, &parameter->values[parameter->value_count++]);
}

static int read_parameter(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                          void *context) {
    struct entry *entry = context;
    if (entry->parameter_count == PARAMETERS_MOST)
        return rh_yaml_fail(yaml, value, "a program has at most %d parameters", PARAMETERS_MOST);
    struct parameter *parameter = &entry->parameters[entry->parameter_count++];
    parameter->name = key;
    if (value->type != YAML_SEQUENCE_NODE)
        return read_parameter_value(yaml, value, key, parameter);
    rh_try(rh_yaml_sequence(yaml, value, key, read_parameter_value, parameter));
    return parameter->value_count > 0 ? 0 : rh_yaml_fail(yaml, value, "\"%s\" has no value", key);
}

static int read_parameters(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                           void *context) {
    return rh_yaml_each_pair(yaml, value, key, read_parameter, context);
}

static const struct rh_yaml_key keys[] = {
    {"name", read_name},
    {"command", read_command},
    {"directory", read_directory},
    {"input", read_input},
    {"prepare", read_prepare},
    {"cleanup", read_cleanup},
    {"check", read_check},
    {"status", read_status},
    {"floor", read_floor},
    {"environment", read_environment},
    {"trace", read_trace},
    {"parameters", read_parameters},
    {NULL, NULL},
};

/* ---- one combination of parameters ---- */

static bool advance(struct entry *entry) {
    for (size_t i = entry->parameter_count; i-- > 0;) {
        struct parameter *parameter = &entry->parameters[i];
        if (++parameter->at < parameter->value_count)
            return true;
        parameter->at = 0;
    }
    return false;
}

/* The value for "{NAME}" at `text`, and how long that is; NULL: it is none. */
static const char *value_at(const struct entry *entry, const char *text, size_t *ret_length) {
    for (size_t i = 0; i < entry->parameter_count; i++) {
        const struct parameter *parameter = &entry->parameters[i];
        size_t length = strlen(parameter->name);
        if (strncmp(text + 1, parameter->name, length) == 0 && text[length + 1] == '}') {
            *ret_length = length + 2;
            return parameter->values[parameter->at];
        }
    }
    return NULL;
}

/* Replaces "{NAME}" by the value, as hyperfine does; other braces stay. NULL text: NULL. */
static int fill_in(const struct entry *entry, const char *text, struct rh_error *error,
                   char **ret_text) {
    struct rh_text filled = {0};
    if (text == NULL)
        return 0;
    rh_text_add(&filled, "");
    for (const char *next = text; *next != '\0';) {
        size_t length = 0;
        const char *value = *next == '{' ? value_at(entry, next, &length) : NULL;
        if (value != NULL)
            rh_text_add(&filled, value);
        else
            rh_text_add_bytes(&filled, next, 1);
        next += value != NULL ? length : 1;
    }
    *ret_text = filled.failed == 0 ? rh_strdup(rh_text_get(&filled)) : NULL;
    rh_text_finish(&filled);
    return *ret_text != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
}

static int fill_in_words(const struct entry *entry, struct rh_error *error, char ***ret_words) {
    *ret_words = rh_alloc_zeroed(entry->word_count + 1, sizeof(**ret_words));
    if (*ret_words == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    for (size_t i = 0; i < entry->word_count; i++)
        rh_try(fill_in(entry, entry->words[i], error, &(*ret_words)[i]));
    return 0;
}

static int split(const struct entry *entry, const char *command, struct rh_error *error,
                 char ***ret_words) {
    char *filled = NULL;
    int result = fill_in(entry, command, error, &filled);
    if (result == 0)
        result = rh_plan_split_words(filled, error, ret_words);
    rh_free(filled);
    return result;
}

/* Relative to the plan's directory; an absolute path, so that a program can run elsewhere. */
static int place(const struct entry *entry, const char *path, struct rh_error *error,
                 char **ret_path) {
    char *filled = NULL;
    rh_try(fill_in(entry, path, error, &filled));
    char *joined = rh_path_join(entry->directory, filled);
    char *real = joined != NULL ? realpath(joined, NULL) : NULL;
    int result = 0;
    if (joined == NULL)
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    else if (real == NULL)
        result = rh_fail_errno(error, "cannot find %s", joined);
    else if ((*ret_path = rh_strdup(real)) == NULL)
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    free(real);
    rh_free(joined);
    rh_free(filled);
    return result;
}

static int fill_environment(const struct entry *entry, struct rh_error *error,
                            struct rh_plan_program *program) {
    if (entry->environment_count == 0)
        return 0;
    program->environment = rh_alloc_zeroed(entry->environment_count + 1, sizeof(char *));
    if (program->environment == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    for (size_t i = 0; i < entry->environment_count; i++) {
        struct rh_text text = {0};
        char *value = NULL;
        rh_try(fill_in(entry, entry->environment_values[i], error, &value));
        rh_text_addf(&text, "%s=%s", entry->environment_names[i], value);
        rh_free(value);
        program->environment[i] = text.failed == 0 ? text.data : NULL;
        if (text.failed != 0)
            return rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    }
    return 0;
}

static int fill_name(const struct entry *entry, struct rh_error *error,
                     struct rh_plan_program *program) {
    struct rh_text name = {0};
    rh_text_add(&name, entry->name != NULL ? entry->name : rh_path_base(program->words[0]));
    for (size_t i = 0; i < entry->parameter_count; i++) {
        const struct parameter *parameter = &entry->parameters[i];
        if (parameter->value_count > 1)
            rh_text_addf(&name, " %s=%s", parameter->name, parameter->values[parameter->at]);
    }
    program->name = name.failed == 0 ? rh_strdup(rh_text_get(&name)) : NULL;
    rh_text_finish(&name);
    return program->name != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
}

static int fill_program(const struct entry *entry, struct rh_error *error,
                        struct rh_plan_program *program) {
    uint64_t status = 0;
    if (entry->status != NULL && (rh_parse_u64(entry->status, &status) < 0 || status > 255))
        return rh_fail(error, RH_ERR_INVALID, "status is \"%.40s\": use an exit status, 0 to 255",
                       entry->status);
    program->status = (uint32_t)status;
    rh_try(entry->word_count > 0 ? fill_in_words(entry, error, &program->words)
                                 : split(entry, entry->command, error, &program->words));
    if (entry->floor != NULL)
        rh_try(split(entry, entry->floor, error, &program->floor_words));
    rh_try(fill_name(entry, error, program));
    rh_try(place(entry, entry->folder != NULL ? entry->folder : ".", error, &program->directory));
    if (entry->input != NULL)
        rh_try(place(entry, entry->input, error, &program->input));
    rh_try(fill_in(entry, entry->prepare, error, &program->prepare));
    rh_try(fill_in(entry, entry->cleanup, error, &program->cleanup));
    rh_try(fill_in(entry, entry->check, error, &program->check));
    rh_try(fill_in(entry, entry->trace, error, &program->trace_name));
    return fill_environment(entry, error, program);
}

static int add_combination(struct rh_plan *plan, const struct entry *entry,
                           struct rh_error *error) {
    struct rh_plan_program program = {0};
    int result = fill_program(entry, error, &program);
    if (result == 0)
        return rh_plan_add_program(plan, &program, error);
    rh_plan_program_finish(&program);
    return result;
}

/* ---- the list ---- */

struct list {
    struct rh_plan *plan;
    const char *directory;
};

static int read_entry(struct rh_yaml *yaml, const yaml_node_t *value, struct entry *entry,
                      struct list *list) {
    entry->directory = list->directory;
    if (value->type != YAML_MAPPING_NODE)
        rh_try(rh_yaml_scalar(yaml, value, "a program", &entry->command));
    else
        rh_try(rh_yaml_mapping(yaml, value, "a program", keys, entry));
    if (entry->command == NULL && entry->word_count == 0)
        return rh_yaml_fail(yaml, value, "this program has no \"command\"");
    do
        rh_try(rh_yaml_place(yaml, value, add_combination(list->plan, entry, yaml->error)));
    while (advance(entry));
    return 0;
}

static int read_program(struct rh_yaml *yaml, const yaml_node_t *value, const char *key,
                        void *context) {
    (void)key;
    struct entry *entry = rh_alloc_zeroed(1, sizeof(*entry));
    if (entry == NULL)
        return rh_fail(yaml->error, RH_ERR_MEMORY, "no memory for a plan");
    int result = read_entry(yaml, value, entry, context);
    rh_free(entry);
    return result;
}

int rh_plan_read_programs(struct rh_yaml *yaml, const yaml_node_t *value, struct rh_plan *plan,
                          const char *directory) {
    struct list list = {plan, directory[0] != '\0' ? directory : "."};
    return rh_yaml_sequence(yaml, value, "programs", read_program, &list);
}
