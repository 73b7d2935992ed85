/* environment.c - reads the recorder's settings, and puts them into environments that lack them. */
#include "record/preload/environment.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct rh_environment settings;
static bool settings_are_known;

/* "NAME=value" of each setting, as it was found; empty: there was none. */
enum { SPOOL, CLOCK, ONLY, SETTINGS_COUNT };
static const char *const names[SETTINGS_COUNT] = {
    [SPOOL] = RH_SPOOL_ENV, [CLOCK] = RH_SPOOL_ENV_CLOCK, [ONLY] = RH_SPOOL_ENV_ONLY};
static char words_found[SETTINGS_COUNT][RH_SPOOL_PATH_BYTES + 32];
static char library_path[RH_SPOOL_PATH_BYTES];

static void find_library_path(void) {
    Dl_info info = {0};
    if (dladdr(&settings, &info) != 0 && info.dli_fname != NULL &&
        strlen(info.dli_fname) < sizeof(library_path))
        memcpy(library_path, info.dli_fname, strlen(info.dli_fname) + 1);
}

static void read_settings(void) {
    const char *values[SETTINGS_COUNT];
    for (int i = 0; i < SETTINGS_COUNT; i++) {
        values[i] = getenv(names[i]);
        if (values[i] != NULL)
            snprintf(words_found[i], sizeof(words_found[i]), "%s=%s", names[i], values[i]);
    }
    settings.clock = RH_SPOOL_CLOCK_MONOTONIC;
    if (values[SPOOL] == NULL || strlen(values[SPOOL]) >= sizeof(settings.directory))
        return;
    settings.is_wanted = true;
    memcpy(settings.directory, values[SPOOL], strlen(values[SPOOL]) + 1);
    if (values[CLOCK] != NULL && strcmp(values[CLOCK], "tsc") == 0)
        settings.clock = RH_SPOOL_CLOCK_TSC;
    if (values[ONLY] != NULL)
        settings.only_pid = strtoull(values[ONLY], NULL, 10);
    find_library_path();
}

bool rh_environment_is_there(void) {
    return settings_are_known || environ != NULL;
}

const struct rh_environment *rh_environment_read(void) {
    if (!settings_are_known)
        read_settings();
    settings_are_known = true;
    return &settings;
}

/* ---- environments of others ---- */

static const char *value_of(const char *word, const char *name) {
    size_t length = strlen(name);
    return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static bool names_library(const char *preload) {
    size_t length = strlen(library_path);
    for (const char *found = preload; (found = strstr(found, library_path)) != NULL;
         found += length) {
        bool begins = found == preload || found[-1] == ':' || found[-1] == ' ';
        bool ends = found[length] == '\0' || found[length] == ':' || found[length] == ' ';
        if (begins && ends)
            return true;
    }
    return false;
}

static bool is_complete(char *const *words) {
    bool has_spool = false;
    bool has_library = false;
    for (; *words != NULL; words++) {
        const char *preload = value_of(*words, "LD_PRELOAD");
        has_spool |= value_of(*words, names[SPOOL]) != NULL;
        has_library |= preload != NULL && names_library(preload);
    }
    return has_spool && has_library;
}

/* One of those that are put in anew? */
static bool is_replaced(const char *word) {
    bool replaced = value_of(word, "LD_PRELOAD") != NULL;
    for (int i = 0; i < SETTINGS_COUNT; i++)
        replaced |= value_of(word, names[i]) != NULL;
    return replaced;
}

static bool put_preload(const char *others, struct rh_environment_patch *patch) {
    int length = snprintf(patch->preload, sizeof(patch->preload), "LD_PRELOAD=%s%s%s", library_path,
                          others[0] != '\0' ? ":" : "", others);
    return length > 0 && (size_t)length < sizeof(patch->preload);
}

char *const *rh_environment_complete(char *const *words, struct rh_environment_patch *patch) {
    bool is_ours = settings.is_wanted && library_path[0] != '\0' &&
                   (settings.only_pid == 0 || settings.only_pid == (uint64_t)getpid());
    if (!is_ours || words == NULL || is_complete(words))
        return words;
    const char *preload = "";
    size_t count = 0;
    for (char *const *word = words; *word != NULL; word++) {
        const char *value = value_of(*word, "LD_PRELOAD");
        if (value != NULL && !names_library(value))
            preload = value;
        if (is_replaced(*word))
            continue;
        if (count + SETTINGS_COUNT + 2 >= RH_ENVIRONMENT_WORDS_MOST)
            return words;
        patch->words[count++] = *word;
    }
    if (!put_preload(preload, patch))
        return words;
    patch->words[count++] = patch->preload;
    for (int i = 0; i < SETTINGS_COUNT; i++)
        if (words_found[i][0] != '\0')
            patch->words[count++] = words_found[i];
    patch->words[count] = NULL;
    return (char *const *)(const void *)patch->words;
}
