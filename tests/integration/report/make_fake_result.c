/* make_fake_result.c - writes a made-up result directory, for tests of reports. Nothing in it was
 * measured.
 *
 *   make-fake-result DIRECTORY [KEY=NUMBER...] [odd_name=TEXT]
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tests/unit/result/fake.h"

static int set_number(struct fake_options *options, const char *key, uint64_t value) {
    const struct {
        const char *key;
        unsigned *member;
    } numbers[] = {
        {"allocators", &options->allocators}, {"traces", &options->traces},
        {"rounds", &options->rounds},         {"memory_rounds", &options->memory_rounds},
        {"marks", &options->marks},
    };
    const struct {
        const char *key;
        bool *member;
    } flags[] = {
        {"no_floors", &options->no_floors},     {"no_samples", &options->no_samples},
        {"interrupted", &options->interrupted}, {"failures", &options->failures},
        {"unsteady", &options->unsteady},       {"slow_floor", &options->slow_floor},
        {"synthetic", &options->synthetic},     {"all_synthetic", &options->all_synthetic},
        {"passes", &options->passes},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (strcmp(key, numbers[i].key) == 0) {
            *numbers[i].member = (unsigned)value;
            return 0;
        }
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (strcmp(key, flags[i].key) == 0) {
            *flags[i].member = value != 0;
            return 0;
        }
    if (strcmp(key, "seed") != 0)
        return -1;
    options->seed = value;
    return 0;
}

static int set(struct fake_options *options, char *argument) {
    char *equals = strchr(argument, '=');
    uint64_t value = 0;
    if (equals == NULL)
        return -1;
    *equals = '\0';
    if (strcmp(argument, "odd_name") == 0) {
        options->odd_name = equals + 1;
        return 0;
    }
    return rh_parse_u64(equals + 1, &value) < 0 ? -1 : set_number(options, argument, value);
}

int main(int argc, char **argv) {
    struct fake_options options = {0};
    for (int i = 2; i < argc; i++)
        if (set(&options, argv[i]) != 0) {
            fprintf(stderr, "make-fake-result: what is \"%s\"?\n", argv[i]);
            return 2;
        }
    if (argc < 2) {
        fprintf(stderr, "usage: make-fake-result DIRECTORY [KEY=VALUE...]\n");
        return 2;
    }
    struct rh_error error = {0};
    if (fake_write(argv[1], &options, &error) < 0) {
        fprintf(stderr, "make-fake-result: %s\n", error.message);
        return 1;
    }
    return 0;
}
