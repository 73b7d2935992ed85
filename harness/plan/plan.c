/* plan.c - a plan in memory: entries, defaults, checks. */
#include "plan/plan.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/plan_internal.h"

static const uint64_t default_time_limit_ns = UINT64_C(120) * 1000000000u;

int rh_plan_create(struct rh_error *error, struct rh_plan **ret_plan) {
    struct rh_plan *plan = rh_alloc_zeroed(1, sizeof(*plan));
    if (plan == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    plan->touch = RH_TOUCH_RECORDED;
    plan->time_limit_ns = default_time_limit_ns;
    *ret_plan = plan;
    return 0;
}

void rh_plan_strings_free(char **strings) {
    for (size_t i = 0; strings != NULL && strings[i] != NULL; i++)
        rh_free(strings[i]);
    rh_free(strings);
}

void rh_plan_allocator_finish(struct rh_plan_allocator *entry) {
    rh_free(entry->name);
    rh_free(entry->label);
    rh_free(entry->sweep);
    rh_free(entry->setting);
    rh_plan_strings_free(entry->options);
    rh_plan_strings_free(entry->environment);
    *entry = (struct rh_plan_allocator){0};
}

void rh_plan_destroy(struct rh_plan *plan) {
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->allocator_count; i++)
        rh_plan_allocator_finish(&plan->allocators[i]);
    for (size_t i = 0; i < plan->trace_count; i++) {
        rh_free(plan->traces[i].name);
        rh_free(plan->traces[i].path);
    }
    for (size_t i = 0; i < plan->program_count; i++)
        rh_plan_program_finish(&plan->programs[i]);
    rh_free(plan->programs);
    rh_free(plan->allocators);
    rh_free(plan->traces);
    rh_free(plan->path);
    rh_free(plan->text);
    rh_free(plan->title);
    rh_free(plan->baseline_label);
    rh_free(plan->cpus);
    rh_free(plan);
}

int rh_plan_string_set(char **target, const char *text, struct rh_error *error) {
    char *copy = rh_strdup(text);
    if (copy == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    rh_free(*target);
    *target = copy;
    return 0;
}

static char *duplicate(const char *text, size_t length) {
    char *copy = rh_alloc(length + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* "preload:/usr/lib/libtbbmalloc_proxy.so.2" -> "tbbmalloc_proxy"; a built-in keeps its name. */
static char *short_name(const char *name) {
    const char *colon = strchr(name, ':');
    if (colon == NULL)
        return rh_strdup(name);
    const char *base = rh_path_base(colon + 1);
    if (strncmp(base, "lib", 3) == 0 && base[3] != '\0' && base[3] != '.')
        base += 3;
    const char *end = strstr(base, ".so");
    size_t length = end != NULL && end != base ? (size_t)(end - base) : strlen(base);
    return duplicate(base, length);
}

static int check_label(const struct rh_plan *plan, const char *label, struct rh_error *error) {
    if (label[0] == '\0' || strlen(label) > RH_PLAN_LABEL_BYTES_MOST ||
        !rh_text_is_printable(label))
        return rh_fail(
            error, RH_ERR_INVALID,
            "a label is 1 to %d bytes of printable text: give this allocator a \"label\"",
            RH_PLAN_LABEL_BYTES_MOST);
    for (size_t i = 0; i < plan->allocator_count; i++)
        if (strcmp(plan->allocators[i].label, label) == 0)
            return rh_fail(error, RH_ERR_INVALID,
                           "the label \"%s\" is taken: give one of the two another \"label\"",
                           label);
    return 0;
}

static int copy_strings(char *const *strings, struct rh_error *error, char ***ret_copy) {
    if (strings == NULL || strings[0] == NULL) {
        *ret_copy = NULL;
        return 0;
    }
    size_t count = 0;
    while (strings[count] != NULL)
        count++;
    char **copy = rh_alloc_zeroed(count + 1, sizeof(*copy));
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = rh_strdup(strings[i]);
        if (copy[i] == NULL) {
            rh_plan_strings_free(copy);
            copy = NULL;
        }
    }
    if (copy == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    *ret_copy = copy;
    return 0;
}

static int copy_allocator(const struct rh_plan_allocator *entry, struct rh_error *error,
                          struct rh_plan_allocator *copy) {
    const char *name = NULL;
    rh_try(rh_plan_resolve_name(entry->name, error, &name));
    copy->name = rh_strdup(name);
    copy->label = entry->label != NULL ? rh_strdup(entry->label) : short_name(entry->name);
    if (copy->name == NULL || copy->label == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    if (entry->sweep != NULL) {
        copy->sweep = rh_strdup(entry->sweep);
        copy->setting = rh_strdup(entry->setting);
        if (copy->sweep == NULL || copy->setting == NULL)
            return rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    }
    rh_try(copy_strings(entry->options, error, &copy->options));
    return copy_strings(entry->environment, error, &copy->environment);
}

int rh_plan_add_allocator(struct rh_plan *plan, const struct rh_plan_allocator *entry,
                          struct rh_error *error) {
    rh_assert(entry->name != NULL);
    if (plan->allocator_count >= RH_PLAN_ALLOCATORS_MOST)
        return rh_fail(error, RH_ERR_LIMIT, "more than %d allocators (each variant counts)",
                       RH_PLAN_ALLOCATORS_MOST);
    rh_try(rh_grow((void **)&plan->allocators, &plan->allocator_capacity, plan->allocator_count + 1,
                   sizeof(*plan->allocators), error));

    struct rh_plan_allocator copy = {0};
    int result = copy_allocator(entry, error, &copy);
    if (result == 0)
        result = check_label(plan, copy.label, error);
    if (result < 0) {
        rh_plan_allocator_finish(&copy);
        return result;
    }
    plan->allocators[plan->allocator_count++] = copy;
    return 0;
}

static int check_trace(const struct rh_plan *plan, const char *path, const char *name,
                       struct rh_error *error) {
    struct stat status;
    if (stat(path, &status) != 0 || access(path, R_OK) != 0)
        return rh_fail_errno(error, "cannot read the trace %s", path);
    if (!S_ISREG(status.st_mode))
        return rh_fail(error, RH_ERR_INVALID, "the trace %s is not a file", path);
    if (name[0] == '\0' || strlen(name) > RH_PLAN_LABEL_BYTES_MOST || !rh_text_is_printable(name))
        return rh_fail(error, RH_ERR_INVALID,
                       "the name of a trace is 1 to %d bytes of printable text: give %s a \"name\"",
                       RH_PLAN_LABEL_BYTES_MOST, path);
    for (size_t i = 0; i < plan->trace_count; i++)
        if (strcmp(plan->traces[i].name, name) == 0)
            return rh_fail(error, RH_ERR_INVALID,
                           "two traces are named \"%s\" (%s and %s): give one of them a \"name\"",
                           name, plan->traces[i].path, path);
    return 0;
}

static char *trace_name(const char *path) {
    const char *base = rh_path_base(path);
    size_t length = strlen(base);
    if (length > 4 && strcmp(base + length - 4, ".rht") == 0)
        length -= 4;
    return duplicate(base, length);
}

int rh_plan_add_trace(struct rh_plan *plan, const char *path, const char *name,
                      struct rh_error *error) {
    if (plan->trace_count >= RH_PLAN_TRACES_MOST)
        return rh_fail(error, RH_ERR_LIMIT, "more than %d traces", RH_PLAN_TRACES_MOST);
    rh_try(rh_grow((void **)&plan->traces, &plan->trace_capacity, plan->trace_count + 1,
                   sizeof(*plan->traces), error));

    struct rh_plan_trace trace = {
        .name = name != NULL ? rh_strdup(name) : trace_name(path),
        .path = rh_strdup(path),
    };
    int result = trace.name != NULL && trace.path != NULL
                     ? check_trace(plan, path, trace.name, error)
                     : rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    if (result < 0) {
        rh_free(trace.name);
        rh_free(trace.path);
        return result;
    }
    plan->traces[plan->trace_count++] = trace;
    return 0;
}

void rh_plan_program_finish(struct rh_plan_program *program) {
    rh_free(program->name);
    rh_plan_strings_free(program->words);
    rh_free(program->directory);
    rh_free(program->input);
    rh_free(program->prepare);
    rh_free(program->cleanup);
    rh_free(program->check);
    rh_plan_strings_free(program->floor_words);
    rh_plan_strings_free(program->environment);
    rh_free(program->trace_name);
    *program = (struct rh_plan_program){0};
}

static int check_program(const struct rh_plan *plan, const char *name, struct rh_error *error) {
    if (plan->program_count >= RH_PLAN_PROGRAMS_MOST)
        return rh_fail(error, RH_ERR_LIMIT, "more than %d programs (each combination counts)",
                       RH_PLAN_PROGRAMS_MOST);
    if (name[0] == '\0' || strlen(name) > RH_PLAN_LABEL_BYTES_MOST || !rh_text_is_printable(name))
        return rh_fail(error, RH_ERR_INVALID,
                       "the name of a program is 1 to %d bytes of printable text: give it a "
                       "\"name\"",
                       RH_PLAN_LABEL_BYTES_MOST);
    for (size_t i = 0; i < plan->program_count; i++)
        if (strcmp(plan->programs[i].name, name) == 0)
            return rh_fail(error, RH_ERR_INVALID,
                           "two programs are named \"%s\": give one of them a \"name\"", name);
    return 0;
}

int rh_plan_add_program(struct rh_plan *plan, struct rh_plan_program *entry,
                        struct rh_error *error) {
    int result = check_program(plan, entry->name, error);
    if (result == 0)
        result = rh_grow((void **)&plan->programs, &plan->program_capacity, plan->program_count + 1,
                         sizeof(*plan->programs), error);
    if (result < 0) {
        rh_plan_program_finish(entry);
        return result;
    }
    plan->programs[plan->program_count] = *entry;
    plan->programs[plan->program_count++].trace = RH_PLAN_NO_TRACE;
    return 0;
}

int rh_plan_link_programs(struct rh_plan *plan, struct rh_error *error) {
    for (size_t i = 0; i < plan->program_count; i++) {
        struct rh_plan_program *program = &plan->programs[i];
        for (uint32_t t = 0; program->trace_name != NULL && t < plan->trace_count; t++)
            if (strcmp(plan->traces[t].name, program->trace_name) == 0)
                program->trace = t;
        if (program->trace_name != NULL && program->trace == RH_PLAN_NO_TRACE)
            return rh_fail(error, RH_ERR_INVALID,
                           "the trace \"%s\" of the program %s is not in the plan",
                           program->trace_name, program->name);
    }
    return 0;
}

/* glob(3) walks every directory that a wildcard in the middle matches: a plan from elsewhere could
 * keep it busy for hours. */
static int expand(struct rh_plan *plan, const char *pattern, struct rh_error *error) {
    const char *wildcard = strpbrk(pattern, "*?[");
    if (strchr(wildcard, '/') != NULL)
        return rh_fail(error, RH_ERR_INVALID,
                       "%s: wildcards are for the last part of the path only", pattern);
    glob_t found = {0};
    int status = glob(pattern, 0, NULL, &found);
    int result = 0;
    if (status == GLOB_NOMATCH)
        result = rh_fail(error, RH_ERR_MISSING, "no file matches %s", pattern);
    else if (status != 0)
        result = rh_fail(error, RH_ERR_SYSTEM, "cannot list the files that match %s", pattern);
    for (size_t i = 0; result == 0 && i < found.gl_pathc; i++)
        result = rh_plan_add_trace(plan, found.gl_pathv[i], NULL, error);
    globfree(&found);
    return result;
}

int rh_plan_add_traces(struct rh_plan *plan, const char *pattern, struct rh_error *error) {
    if (access(pattern, F_OK) == 0 || strpbrk(pattern, "*?[") == NULL)
        return rh_plan_add_trace(plan, pattern, NULL, error);
    return expand(plan, pattern, error);
}

int rh_plan_find_baseline(struct rh_plan *plan, struct rh_error *error) {
    const char *wanted = plan->baseline_label;
    plan->baseline = 0;
    for (uint32_t i = 0; i < plan->allocator_count; i++) {
        if (strcmp(plan->allocators[i].label, wanted != NULL ? wanted : "glibc") == 0) {
            plan->baseline = i;
            return 0;
        }
    }
    if (wanted == NULL)
        return 0;
    return rh_fail(error, RH_ERR_INVALID,
                   "the baseline \"%s\" is not among the allocators: add it, or name another",
                   wanted);
}

int rh_plan_complete(struct rh_plan *plan, struct rh_error *error) {
    if (plan->allocator_count == 0)
        return rh_fail(error, RH_ERR_INVALID, "no allocators: list at least one");
    if (plan->trace_count == 0 && plan->program_count == 0)
        return rh_fail(error, RH_ERR_INVALID, "no traces and no programs: list at least one");
    rh_try(rh_plan_link_programs(plan, error));
    if (!plan->passes_set)
        plan->passes[RH_PASS_THROUGHPUT] = plan->passes[RH_PASS_MEMORY] = true;
    rh_try(rh_plan_fill_rounds(plan, error));
    if (plan->title == NULL) {
        const char *title = plan->path != NULL ? rh_path_base(plan->path) : "Comparison";
        rh_try(rh_plan_string_set(&plan->title, title, error));
    }
    return rh_plan_find_baseline(plan, error);
}
