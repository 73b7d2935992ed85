/* words.c - a command line becomes words, as POSIX shells divide it (2.2 Quoting), but for
 * expansion.
 */
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "plan/plan_internal.h"

struct splitter {
    char **words;
    size_t count;
    struct rh_text word;
    bool open; /* a word has begun, though it may be empty */
};

static int end_word(struct splitter *splitter, struct rh_error *error) {
    if (!splitter->open)
        return 0;
    if (splitter->count == RH_PLAN_WORDS_MOST)
        return rh_fail(error, RH_ERR_LIMIT, "a command of more than %d words", RH_PLAN_WORDS_MOST);
    char *word = splitter->word.failed == 0 ? rh_strdup(rh_text_get(&splitter->word)) : NULL;
    if (word == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a command");
    splitter->words[splitter->count++] = word;
    rh_text_clear(&splitter->word);
    splitter->open = false;
    return 0;
}

/* What stands in quotes, from behind the opening one; *next moves behind the closing one. */
static int take_quoted(struct splitter *splitter, char quote, const char **next,
                       struct rh_error *error) {
    const char *at = *next;
    while (*at != '\0' && *at != quote) {
        if (quote == '"' && *at == '\\' && at[1] != '\0' && strchr("\\\"$`", at[1]) != NULL)
            at++;
        rh_text_add_bytes(&splitter->word, at++, 1);
    }
    if (*at == '\0')
        return rh_fail(error, RH_ERR_INVALID, "a quote (%c) is not closed", quote);
    *next = at + 1;
    return 0;
}

static int split(struct splitter *splitter, const char *text, struct rh_error *error) {
    for (const char *next = text; *next != '\0';) {
        char c = *next++;
        if (strchr(" \t\n", c) != NULL) {
            rh_try(end_word(splitter, error));
            continue;
        }
        splitter->open = true;
        if (c == '\'' || c == '"')
            rh_try(take_quoted(splitter, c, &next, error));
        else if (c == '\\' && *next != '\0')
            rh_text_add_bytes(&splitter->word, next++, 1);
        else
            rh_text_add_bytes(&splitter->word, &c, 1);
    }
    rh_try(end_word(splitter, error));
    return splitter->count > 0 ? 0 : rh_fail(error, RH_ERR_INVALID, "a command without a word");
}

int rh_plan_split_words(const char *text, struct rh_error *error, char ***ret_words) {
    struct splitter splitter = {.words = rh_alloc_zeroed(RH_PLAN_WORDS_MOST + 1, sizeof(char *))};
    if (splitter.words == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a command");
    int result = split(&splitter, text, error);
    rh_text_finish(&splitter.word);
    if (result == 0)
        *ret_words = splitter.words;
    else
        rh_plan_strings_free(splitter.words);
    return result;
}
