/* think.c - the model of a program's use of memory from text and to text. */
#include "result/think.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define RATE_MOST 1e6

static const struct rh_think_model defaults = {
    .uniform_percent = 30,
    .walk = 4,
    .recent = 64,
    .write_percent = 20,
};

static int refuse(const char *text, struct rh_error *error) {
    return rh_fail(
        error, RH_ERR_INVALID,
        "think is \"%.100s\": use off, auto, or cache lines a recorded microsecond, as in 8, "
        "and where it is to be another model uniform=PERCENT, walk=BLOCKS, recent=BLOCKS "
        "(1 to %d each), writes=PERCENT, as in 8,uniform=30,walk=4,recent=64,writes=20",
        text, RH_THINK_RECENT_MOST);
}

static bool read_rate(const char *text, struct rh_think_model *model) {
    double rate = 0;
    model->automatic = strcmp(text, "auto") == 0;
    if (model->automatic)
        return true;
    if (rh_parse_double(text, &rate) < 0 || !(rate >= 0.001 && rate <= RATE_MOST))
        return false;
    model->lines_per_ms = (uint64_t)llround(rate * 1000);
    return true;
}

/* "name=N", N at most `most`. */
static bool read_number(const char *text, const char *name, uint64_t most, uint32_t *number) {
    size_t length = strlen(name);
    uint64_t value = 0;
    if (strncmp(text, name, length) != 0 || text[length] != '=' ||
        rh_parse_u64(text + length + 1, &value) < 0 || value > most)
        return false;
    *number = (uint32_t)value;
    return true;
}

static bool read_part(const char *text, struct rh_think_model *model) {
    return read_number(text, "uniform", 100, &model->uniform_percent) ||
           read_number(text, "writes", 100, &model->write_percent) ||
           (read_number(text, "walk", RH_THINK_WALK_MOST, &model->walk) && model->walk > 0) ||
           (read_number(text, "recent", RH_THINK_RECENT_MOST, &model->recent) && model->recent > 0);
}

int rh_think_parse(const char *text, struct rh_error *error, struct rh_think_model *ret_model) {
    struct rh_think_model model = defaults;
    char copy[RH_THINK_BYTES];
    if (strcmp(text, "off") == 0) {
        *ret_model = (struct rh_think_model){0};
        return 0;
    }
    if (strlen(text) >= sizeof(copy))
        return refuse(text, error);
    snprintf(copy, sizeof(copy), "%s", text);
    char *rest = copy;
    if (!read_rate(strsep(&rest, ","), &model))
        return refuse(text, error);
    while (rest != NULL)
        if (!read_part(strsep(&rest, ","), &model))
            return refuse(text, error);
    *ret_model = model;
    return 0;
}

const char *rh_think_text(const struct rh_think_model *model, char buffer[RH_THINK_BYTES]) {
    char rate[32] = "auto";
    if (!rh_think_wants_times(model)) {
        snprintf(buffer, RH_THINK_BYTES, "off");
        return buffer;
    }
    if (!model->automatic)
        snprintf(rate, sizeof(rate), "%.10g", (double)model->lines_per_ms / 1000);
    snprintf(buffer, RH_THINK_BYTES, "%s,uniform=%u,walk=%u,recent=%u,writes=%u", rate,
             model->uniform_percent, model->walk, model->recent, model->write_percent);
    return buffer;
}

const char *rh_think_found_text(const struct rh_think_found *found,
                                char buffer[RH_THINK_FOUND_BYTES]) {
    char program[RH_HUMAN_BYTES], plain[RH_HUMAN_BYTES], thinking[RH_HUMAN_BYTES];
    rh_human_ns(program, (double)found->program_ns);
    rh_human_ns(plain, (double)found->plain_ns);
    rh_human_ns(thinking, (double)found->thinking_ns);
    if (found->lines_per_ms == 0)
        snprintf(buffer, RH_THINK_FOUND_BYTES,
                 "not at all: the program took %s of CPU time, and a plain replay under %.100s "
                 "takes %s",
                 program, found->allocator, plain);
    else
        snprintf(buffer, RH_THINK_FOUND_BYTES,
                 "%.4g lines/us: the program took %s of CPU time, and a replay under %.100s takes "
                 "%s so (plain %s)%s",
                 (double)found->lines_per_ms / 1000, program, found->allocator, thinking, plain,
                 found->lines_per_ms == RH_THINK_LINES_PER_MS_MOST ? "; more lines are never used"
                                                                   : "");
    return buffer;
}
