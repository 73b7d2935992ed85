/* options.c - "name=value" options of an allocator. */
#include "allocator/options.h"

#include <stdio.h>
#include <string.h>

#include "allocator/reason.h"

static bool has_name(const char *option, const char *name) {
    size_t length = strlen(name);
    return strncmp(option, name, length) == 0 && option[length] == '=';
}

static bool is_listed(const char *option, const struct rh_allocator_option *options) {
    for (; options != NULL && options->name != NULL; options++)
        if (has_name(option, options->name))
            return true;
    return false;
}

/* "limit, source" */
static void list_names(const struct rh_allocator_option *options, char *ret_names, size_t bytes) {
    size_t used = 0;
    ret_names[0] = '\0';
    for (; options != NULL && options->name != NULL && used < bytes; options++) {
        int added =
            snprintf(ret_names + used, bytes - used, "%s%s", used > 0 ? ", " : "", options->name);
        used += added > 0 ? (size_t)added : 0;
    }
}

int rh_options_check(const struct rh_allocator_config *config,
                     const struct rh_allocator_option *options, char *ret_reason,
                     size_t reason_bytes) {
    if (config == NULL || config->options == NULL)
        return 0;
    for (const char *const *option = config->options; *option != NULL; option++) {
        char names[256];
        if (is_listed(*option, options))
            continue;
        list_names(options, names, sizeof(names));
        return rh_reason(ret_reason, reason_bytes, "unknown option \"%s\": %s%s", *option,
                         names[0] != '\0' ? "options here are " : "there are no options here",
                         names);
    }
    return 0;
}

const char *rh_options_value(const struct rh_allocator_config *config, const char *name) {
    const char *value = NULL;
    if (config == NULL || config->options == NULL)
        return NULL;
    for (const char *const *option = config->options; *option != NULL; option++)
        if (has_name(*option, name))
            value = *option + strlen(name) + 1;
    return value;
}

static unsigned suffix_shift(char suffix) {
    static const char suffixes[] = "KMGT";
    const char *found = suffix != '\0' ? strchr(suffixes, suffix) : NULL;
    return found != NULL ? 10 * (unsigned)(found - suffixes + 1) : 0;
}

/* Digits, then at most one suffix; false where it is anything else or does not fit. */
static bool parse_bytes(const char *text, uint64_t *ret_bytes) {
    uint64_t value = 0;
    const char *digit = text;
    for (; *digit >= '0' && *digit <= '9'; digit++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*digit - '0'), &value))
            return false;
    unsigned shift = suffix_shift(*digit);
    if (digit == text || digit[shift > 0 ? 1 : 0] != '\0' || value > UINT64_MAX >> shift)
        return false;
    *ret_bytes = value << shift;
    return true;
}

int rh_options_bytes(const struct rh_allocator_config *config, const char *name,
                     uint64_t *ret_bytes, char *ret_reason, size_t reason_bytes) {
    const char *value = rh_options_value(config, name);
    if (value == NULL || parse_bytes(value, ret_bytes))
        return 0;
    return rh_reason(ret_reason, reason_bytes,
                     "option \"%s\" is \"%s\": give bytes, such as 65536 or 512M", name, value);
}
