/* launch_under.c - the command line of a worker, or of a tool that starts it. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "replay/launch.h"

enum { TOOL_WORDS = 4 };

struct tool {
    const char *package; /* Debian's */
    const char *words[TOOL_WORDS];
};

static const char *const tool_names[] = {"gdb", "valgrind", "perf", NULL};

/* gdb starts what it debugs through a shell, which the allocator would be loaded into. Valgrind
 * puts its own malloc in the place of any other, and would leave nothing of the allocator to look
 * at. */
static const struct tool tools[] = {
    {"gdb", {"-q", "-iex", "set startup-with-shell off"}},
    {"valgrind", {"--trace-children=yes", "--soname-synonyms=somalloc=nouserintercepts"}},
    {"linux-perf", {"record", "--"}},
};

const char *const *rh_replay_tools(void) {
    return tool_names;
}

static const struct tool *find(const char *name) {
    size_t i = 0;
    while (strcmp(tool_names[i], name) != 0)
        rh_assert(tool_names[++i] != NULL);
    return &tools[i];
}

static void add(struct rh_launch_words *words, const char *word) {
    rh_assert(words->count < RH_LAUNCH_WORDS);
    words->words[words->count++] = word;
}

/* The library goes into the worker, and not into the tool: gdb sets it itself, and to the others
 * env is what they look at first. */
static void add_preload(struct rh_launch_words *words, const char *library, bool is_gdb) {
    if (library[0] == '\0')
        return;
    snprintf(words->preload, sizeof(words->preload), "%sLD_PRELOAD%s%s",
             is_gdb ? "set environment " : "", is_gdb ? " " : "=", library);
    add(words, is_gdb ? "-iex" : "/usr/bin/env");
    add(words, words->preload);
}

static void add_tool(const struct rh_launch *launch, struct rh_launch_words *words) {
    const struct tool *tool = find(launch->under);
    bool is_gdb = strcmp(launch->under, "gdb") == 0;
    add(words, launch->under);
    for (int i = 0; i < TOOL_WORDS && tool->words[i] != NULL; i++)
        add(words, tool->words[i]);
    add_preload(words, launch->library, is_gdb);
    if (is_gdb)
        add(words, "--args");
}

void rh_launch_make_words(const struct rh_launch *launch, const char *worker,
                          struct rh_launch_words *ret_words) {
    *ret_words = (struct rh_launch_words){0};
    snprintf(ret_words->number, sizeof(ret_words->number), "%d", launch->shared_fd);
    if (launch->under != NULL)
        add_tool(launch, ret_words);
    add(ret_words, worker);
    add(ret_words, ret_words->number);
}

int rh_launch_refuse_tool(const struct rh_launch *launch, struct rh_error *error) {
    return rh_fail(error, RH_ERR_MISSING, "%s is not installed: apt install %s", launch->under,
                   find(launch->under)->package);
}
