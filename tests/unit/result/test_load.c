/* Damaged results: each is refused with file, line and key, or skipped and counted where an
 * interruption explains it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/unit/result/fake.h"
#include "tests/unit/test.h"

static char directory[128];

static int make_result(void **state) {
    (void)state;
    fake_directory(directory, sizeof(directory));
    struct fake_options options = {.traces = 2, .allocators = 2, .rounds = 2, .marks = 4};
    return fake_write(directory, &options, NULL);
}

static int remove_result(void **state) {
    (void)state;
    fake_remove(directory);
    return 0;
}

static int load(struct rh_error *error, struct rh_result **ret_result) {
    *error = (struct rh_error){0};
    *ret_result = NULL;
    return rh_result_load(directory, error, ret_result);
}

static char *read_text(const char *name, char **ret_path) {
    *ret_path = rh_path_join(directory, name);
    char *text = NULL;
    assert_int_equal(rh_file_read(*ret_path, 1 << 24, NULL, &text, NULL), 0);
    return text;
}

/* Replaces the first `old` of a file (the whole text when NULL). */
static void edit(const char *name, const char *old, const char *new) {
    char *path = NULL;
    char *text = read_text(name, &path);
    struct rh_text edited = {0};
    char *found = old != NULL ? strstr(text, old) : text;
    assert_non_null(found);
    rh_text_add_bytes(&edited, text, (size_t)(found - text));
    rh_text_add(&edited, new);
    if (old != NULL)
        rh_text_add(&edited, found + strlen(old));
    assert_int_equal(rh_file_write(path, rh_text_get(&edited), edited.length, NULL), 0);
    rh_text_finish(&edited);
    rh_free(text);
    rh_free(path);
}

static void expect_refusal(int code, const char *sentence) {
    struct rh_error error;
    struct rh_result *result;
    int got = load(&error, &result);
    if (got != code || strstr(error.message, sentence) == NULL)
        fail_msg("expected %d \"%s\", got %d \"%s\"", code, sentence, got, error.message);
    assert_null(result);
}

static void a_whole_result_loads(void **state) {
    (void)state;
    struct rh_error error;
    struct rh_result *result;
    assert_int_equal(load(&error, &result), 0);
    /* (2 + 2 floors + A/A) x 2 traces x 3 rounds, and a memory pass for each allocator. */
    assert_int_equal(result->sample_count, 5 * 2 * 3 + 4 * 2);
    assert_int_equal(result->damaged_lines, 0);
    rh_result_destroy(result);
}

static void missing_files_are_named(void **state) {
    (void)state;
    struct rh_error error = {0};
    struct rh_result *result = NULL;
    assert_int_equal(rh_result_load("/nonexistent", &error, &result), RH_ERR_SYSTEM);
    assert_non_null(strstr(error.message, "/nonexistent/manifest.json"));
}

static void manifests_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *old, *new;
        int code;
        const char *sentence;
    } cases[] = {
        {NULL, "", RH_ERR_FORMAT, "manifest.json:1:"},
        {NULL, "[]", RH_ERR_FORMAT, "expected a JSON object"},
        {NULL, "{\"format\": \"reheap-result\", \"version\": 1", RH_ERR_FORMAT, "not JSON"},
        {NULL, "{\"a\": 1, \"a\": 2}", RH_ERR_FORMAT, "duplicate"},
        {"\"reheap-result\"", "\"other\"", RH_ERR_FORMAT, "key \"format\""},
        {"\"version\": 1", "\"version\": 2", RH_ERR_VERSION, "use the one that wrote it"},
        {"\"version\": 1", "\"version\": 0", RH_ERR_VERSION, "key \"version\""},
        {"\"rounds\": 2", "\"rounds\": -2", RH_ERR_FORMAT, "key \"rounds\" must not be negative"},
        {"\"rounds\": 2", "\"rounds\": 4000000000", RH_ERR_LIMIT, "at most 100000"},
        {"\"rounds\": 2", "\"rounds\": 2.5", RH_ERR_FORMAT, "and is a fraction"},
        {"\"rounds\": 2", "\"rounds\": 1e99", RH_ERR_FORMAT, "and is a fraction"},
        {"\"rounds\": 2", "\"rounds\": 99999999999999999999", RH_ERR_FORMAT, "too big"},
        {"\"baseline\": 2", "\"baseline\": 4", RH_ERR_LIMIT, "key \"baseline\" is 4"},
        {"\"complete\": true", "\"complete\": 1", RH_ERR_FORMAT, "true or false"},
        {"\"seed\": \"18446744073709551557\"", "\"seed\": \"18446744073709551657\"", RH_ERR_FORMAT,
         "key \"seed\""},
        {"\"lines_per_ms\": 4700", "\"lines_per_ms\": 16001", RH_ERR_LIMIT, "at most 16000"},
        {"\"think\": {", "\"think\": [], \"nothink\": {", RH_ERR_FORMAT, "must be an object"},
        {"\"touch\"", "\"tuch\"", RH_ERR_FORMAT, "key \"touch\" is missing"},
        {"\"host\": {", "\"host\": [], \"nohost\": {", RH_ERR_FORMAT, "must be an object"},
        {"\"kernel\": \"Linux", "\"kernel\": 4, \"x\": \"Linux", RH_ERR_FORMAT,
         "key \"host.kernel\" must be a string or null"},
        {"\"label\": \"bump\"", "\"label\": \"null\"", RH_ERR_FORMAT,
         "key \"allocators[1].label\" is that of allocators[0]"},
        {"\"label\": \"bump\"", "\"label\": null", RH_ERR_FORMAT, "allocators[1].label"},
        {"\"name\": \"sqlite\"", "\"name\": \"json\"", RH_ERR_FORMAT, "traces[1].name"},
        {"\"options\": null", "\"options\": [1]", RH_ERR_FORMAT, "an array of strings"},
        {"\"options\": null", "\"options\": {}", RH_ERR_FORMAT, "must be an array"},
        {"\"allocators\": [", "\"allocators\": [7,", RH_ERR_FORMAT, "key \"allocators[0]\""},
        {"\"events\": ", "\"events\": \"-1\", \"e\": ", RH_ERR_FORMAT, "traces[0].events"},
        {"\"tool\": \"reheap 0.1.0\"", "\"tool\": \"\\ud800\"", RH_ERR_FORMAT, "not JSON"},
        {"\"tool\": \"reheap 0.1.0\"", "\"tool\": \"\\u0000\"", RH_ERR_FORMAT, "not JSON"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_result(NULL);
        edit("manifest.json", cases[i].old, cases[i].new);
        expect_refusal(cases[i].code, cases[i].sentence);
        remove_result(NULL);
    }
    make_result(NULL);
}

static void samples_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *old, *new;
        int code;
        const char *sentence;
    } cases[] = {
        {"{", "", RH_ERR_FORMAT, "samples.jsonl:1:"},
        {"\"index\":3", "\"index\":2", RH_ERR_FORMAT,
         "samples.jsonl:4: key \"index\" is that of line 3"},
        {"\"index\":3", "\"index\":99999999", RH_ERR_LIMIT, "samples.jsonl:4: key \"index\""},
        {"\"round\":2", "\"round\":3", RH_ERR_LIMIT, "key \"round\" is 3, and may be at most 2"},
        {"\"trace\":1", "\"trace\":2", RH_ERR_LIMIT, "key \"trace\""},
        {"\"allocator\":3", "\"allocator\":4", RH_ERR_LIMIT, "key \"allocator\""},
        {"\"copy\":1", "\"copy\":2", RH_ERR_LIMIT, "key \"copy\""},
        {"\"allocator\":0,\"copy\":0", "\"allocator\":0,\"copy\":1", RH_ERR_FORMAT,
         "may be 1 for the baseline only"},
        {"\"copy\":1", "\"copy\":0", RH_ERR_FORMAT, "are those of line"},
        {"\"pass\":\"throughput\"", "\"pass\":\"warp\"", RH_ERR_FORMAT, "does not know \"warp\""},
        {"\"end\":\"measured\"", "\"end\":\"\"", RH_ERR_FORMAT, "key \"end\""},
        {"\"signal\":0", "\"signal\":-9", RH_ERR_FORMAT, "key \"signal\""},
        {"\"busy_ns\":", "\"busy\":", RH_ERR_FORMAT, "key \"busy_ns\" is missing"},
        {"\"checksum\":\"f", "\"checksum\":\"", RH_ERR_FORMAT, "16 hexadecimal digits"},
        {"\"checksum\":\"f", "\"checksum\":\"F", RH_ERR_FORMAT, "16 hexadecimal digits"},
        {"\"segment_ops\":[", "\"segment_ops\":[1,", RH_ERR_FORMAT, "key \"segment_busy_ns\""},
        {"\"segment_ops\":[", "\"segment_ops\":[1,2,3,4,5,6,7,8,9,10,11,12,13,", RH_ERR_LIMIT,
         "at most 32"},
        {"\"freed_idle_ns\":[", "\"freed_idle_ns\":[null,", RH_ERR_LIMIT, "at most 5"},
        {"\"marks\":4", "\"marks\":5", RH_ERR_FORMAT, "the sample says 5 marks"},
        {"\"marks\":4", "\"marks\":4000", RH_ERR_LIMIT, "key \"marks\""},
        {"\"marks\":0", "\"marks\":4", RH_ERR_FORMAT, "has none for sample"},
        {"\"marks\":4", "\"marks\":[]", RH_ERR_FORMAT, "and is an array"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_result(NULL);
        edit("samples.jsonl", cases[i].old, cases[i].new);
        expect_refusal(cases[i].code, cases[i].sentence);
        remove_result(NULL);
    }
    make_result(NULL);
}

static void series_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *old, *new, *sentence;
    } cases[] = {
        {"\"op\":[", "\"op\":[0,", "key \"recorded_ns\" has 4 entries"},
        {"\"live_bytes\":[", "\"live_bytes\":[-1,", "series.jsonl:1: key \"live_bytes\""},
        {"\"usable_bytes\"", "\"usable\"", "key \"usable_bytes\" is missing"},
        {"\"index\":", "\"index\":null,\"i\":", "series.jsonl:1: key \"index\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_result(NULL);
        edit("series.jsonl", cases[i].old, cases[i].new);
        expect_refusal(RH_ERR_FORMAT, cases[i].sentence);
        remove_result(NULL);
    }
    make_result(NULL);
}

static void long_reasons_are_refused(void **state) {
    (void)state;
    struct rh_text reason = {0};
    rh_text_add(&reason, "\"reason\":\"");
    for (int i = 0; i < RH_SAMPLE_REASON_BYTES; i++)
        rh_text_add(&reason, "x");
    rh_text_add(&reason, "\"");
    edit("samples.jsonl", "\"reason\":\"\"", rh_text_get(&reason));
    expect_refusal(RH_ERR_LIMIT, "key \"reason\" has 512 bytes, and may have at most 511");
    rh_text_finish(&reason);
}

static void endless_lines_are_refused(void **state) {
    (void)state;
    struct rh_text line = {0};
    for (int i = 0; i < (1 << 20) + 100; i++)
        rh_text_add_bytes(&line, " ", 1);
    rh_text_add(&line, "\n");
    edit("samples.jsonl", NULL, rh_text_get(&line));
    expect_refusal(RH_ERR_LIMIT, "samples.jsonl:1: a line of");
    rh_text_finish(&line);
}

static void deep_nesting_is_refused(void **state) {
    (void)state;
    struct rh_text line = {0};
    for (int i = 0; i < 100000; i++)
        rh_text_add(&line, "[");
    edit("manifest.json", NULL, rh_text_get(&line));
    expect_refusal(RH_ERR_FORMAT, "manifest.json:1:");
    rh_text_finish(&line);
}

static void later_keys_may_be_missing(void **state) {
    (void)state;
    edit("samples.jsonl", "\"skipped_events\":", "\"other\":");
    struct rh_error error;
    struct rh_result *result;
    assert_int_equal(load(&error, &result), 0);
    assert_true(result->samples[0].sample.skipped_events == UINT64_MAX);
    assert_true(result->samples[1].sample.skipped_events != UINT64_MAX);
    rh_result_destroy(result);
    edit("samples.jsonl", "\"skipped_events\":", "\"skipped_events\":-1,\"other\":");
    expect_refusal(RH_ERR_FORMAT, "samples.jsonl:2: key \"skipped_events\"");
}

static void unknown_keys_are_passed_over(void **state) {
    (void)state;
    edit("manifest.json", "\"version\": 1", "\"version\": 1, \"colour\": {\"of\": [\"tea\"]}");
    edit("samples.jsonl", "{", "{\"mood\":null,");
    edit("series.jsonl", "{", "{\"mood\":[1,2],");
    struct rh_error error;
    struct rh_result *result;
    assert_int_equal(load(&error, &result), 0);
    rh_result_destroy(result);
}

/* Cut at every byte of the last two lines: whole lines stay, the torn one is counted. */
static void torn_tails_are_counted(void **state) {
    (void)state;
    char *path = NULL;
    char *text = read_text("samples.jsonl", &path);
    size_t length = strlen(text);
    size_t lines = 0;
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    for (size_t cut = 1; cut < 2000 && cut < length; cut += 7) {
        assert_int_equal(rh_file_write(path, text, length - cut, NULL), 0);
        size_t whole = 0;
        for (size_t i = 0; i < length - cut; i++)
            whole += text[i] == '\n';
        bool torn = text[length - cut - 1] != '\n';
        struct rh_error error;
        struct rh_result *result;
        assert_int_equal(load(&error, &result), 0);
        assert_int_equal(result->sample_count, whole);
        /* A sample that is gone may leave its marks behind: they are counted as well. */
        assert_true(result->damaged_lines >= (uint64_t)torn);
        assert_true(result->damaged_lines <= (uint64_t)torn + (lines - whole));
        rh_result_destroy(result);
    }
    rh_free(text);
    rh_free(path);
}

static void empty_files_are_an_early_interruption(void **state) {
    (void)state;
    edit("samples.jsonl", NULL, "");
    edit("series.jsonl", NULL, "");
    struct rh_error error;
    struct rh_result *result;
    assert_int_equal(load(&error, &result), 0);
    assert_int_equal(result->sample_count, 0);
    assert_int_equal(result->damaged_lines, 0);
    rh_result_destroy(result);
}

static void samples_without_a_manifest_for_them_are_refused(void **state) {
    (void)state;
    struct fake_options options = {0};
    struct rh_manifest manifest;
    fake_make_manifest(&options, &manifest);
    edit("manifest.json", "\"allocators\": [", "\"allocators\": [], \"old\": [");
    edit("manifest.json", "\"baseline\": 2", "\"baseline\": 0");
    expect_refusal(RH_ERR_FORMAT, "no trace or no allocator");
    rh_manifest_finish(&manifest);
}

/* Every 13th allocation in turn fails: an error, and nothing leaks (the sanitizer looks). */
static void no_memory_is_an_error(void **state) {
    (void)state;
    for (uint64_t nth = 1;; nth += nth < 200 ? 1 : 97) {
        struct rh_error error;
        struct rh_result *result;
        rh_memory_fail_at(nth);
        int got = load(&error, &result);
        rh_memory_fail_at(0);
        if (got == 0) {
            rh_result_destroy(result);
            assert_true(nth > 1000);
            return;
        }
        assert_int_equal(got, RH_ERR_MEMORY);
        assert_int_equal(error.code, RH_ERR_MEMORY);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_result, remove_result)
    const struct CMUnitTest tests[] = {
        TEST(a_whole_result_loads),
        TEST(missing_files_are_named),
        TEST(manifests_are_checked),
        TEST(samples_are_checked),
        TEST(series_are_checked),
        TEST(long_reasons_are_refused),
        TEST(endless_lines_are_refused),
        TEST(deep_nesting_is_refused),
        TEST(later_keys_may_be_missing),
        TEST(unknown_keys_are_passed_over),
        TEST(torn_tails_are_counted),
        TEST(empty_files_are_an_early_interruption),
        TEST(samples_without_a_manifest_for_them_are_refused),
        TEST(no_memory_is_an_error),
    };
#undef TEST
    return cmocka_run_group_tests_name("result/load", tests, NULL, NULL);
}
