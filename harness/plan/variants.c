/* variants.c - a list value for a setting makes one allocator per value. */
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/plan_internal.h"

/* Which value each setting has at the moment: an odometer. */
struct odometer {
    const struct rh_plan_setting *settings;
    size_t count;
    size_t at[RH_PLAN_SETTINGS_MOST];
};

/* The next combination; false: that was the last. */
static bool advance(struct odometer *odometer) {
    for (size_t i = odometer->count; i-- > 0;) {
        if (++odometer->at[i] < odometer->settings[i].value_count)
            return true;
        odometer->at[i] = 0;
    }
    return false;
}

static bool has_variants(const struct odometer *odometer) {
    for (size_t i = 0; i < odometer->count; i++)
        if (odometer->settings[i].value_count > 1)
            return true;
    return false;
}

static const char *value_of(const struct odometer *odometer, size_t i) {
    return odometer->settings[i].values[odometer->at[i]];
}

/* "name=value" of one kind; NULL: no memory. */
static char **strings_of(const struct odometer *odometer, bool environment) {
    char **strings = rh_alloc_zeroed(odometer->count + 1, sizeof(*strings));
    size_t used = 0;
    for (size_t i = 0; strings != NULL && i < odometer->count; i++) {
        if (odometer->settings[i].environment != environment)
            continue;
        struct rh_text text = {0};
        rh_text_addf(&text, "%s=%s", odometer->settings[i].name, value_of(odometer, i));
        if (text.failed != 0) {
            rh_text_finish(&text);
            rh_plan_strings_free(strings);
            return NULL;
        }
        strings[used++] = text.data;
    }
    return strings;
}

static void add_label(const struct odometer *odometer, const char *label, struct rh_text *text) {
    rh_text_add(text, label);
    for (size_t i = 0; i < odometer->count; i++) {
        const struct rh_plan_setting *setting = &odometer->settings[i];
        if (setting->value_count < 2)
            continue;
        /* Environment variables of allocators hold settings that have a name of their own. */
        if (setting->environment)
            rh_text_addf(text, " %s", value_of(odometer, i));
        else
            rh_text_addf(text, " %s=%s", setting->name, value_of(odometer, i));
    }
}

static int add_one(struct rh_plan *plan, const char *name, const char *label,
                   const struct odometer *odometer, struct rh_error *error) {
    struct rh_text full_label = {0};
    bool labelled = label != NULL || has_variants(odometer);
    if (labelled)
        add_label(odometer, label != NULL ? label : name, &full_label);
    struct rh_text owned_name = {0};
    rh_text_add(&owned_name, name);
    bool variant = labelled && has_variants(odometer) && full_label.failed == 0;
    size_t base_bytes = strlen(label != NULL ? label : name);
    struct rh_text sweep = {0};
    if (variant)
        rh_text_add_bytes(&sweep, rh_text_get(&full_label), base_bytes);
    struct rh_plan_allocator entry = {
        .sweep = sweep.data,
        .setting = variant ? full_label.data + base_bytes + 1 : NULL,
        .name = owned_name.data,
        .label = labelled ? full_label.data : NULL,
        .options = strings_of(odometer, false),
        .environment = strings_of(odometer, true),
    };
    int result = 0;
    if (owned_name.failed != 0 || sweep.failed != 0 || full_label.failed != 0 ||
        entry.options == NULL || entry.environment == NULL)
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for a plan");
    else
        result = rh_plan_add_allocator(plan, &entry, error);
    rh_text_finish(&full_label);
    rh_text_finish(&owned_name);
    rh_text_finish(&sweep);
    rh_plan_strings_free(entry.options);
    rh_plan_strings_free(entry.environment);
    return result;
}

int rh_plan_add_variants(struct rh_plan *plan, const char *name, const char *label,
                         const struct rh_plan_setting *settings, size_t setting_count,
                         struct rh_error *error) {
    rh_assert(setting_count <= RH_PLAN_SETTINGS_MOST);
    struct odometer odometer = {.settings = settings, .count = setting_count};
    do
        rh_try(add_one(plan, name, label, &odometer, error));
    while (advance(&odometer));
    return 0;
}
