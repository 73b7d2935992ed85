/* The answer in a sentence, and what a reader must know before believing it. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "report/model.h"
#include "tests/unit/report/tiny.h"
#include "tests/unit/test.h"

static void expect_headline(const struct rh_result *result, const char *expected) {
    struct rh_report_model model;
    assert_int_equal(rh_report_model_init(result, 0.95, NULL, &model), 0);
    assert_string_equal(model.headline, expected);
    rh_report_model_finish(&model);
}

/* The banner of that kind, or NULL: a copy that the next call overwrites. */
static const char *banner_of(const struct rh_result *result, enum rh_report_banner_kind kind,
                             bool *ret_grave) {
    static char text[1024];
    struct rh_report_model model;
    const char *found = NULL;
    assert_int_equal(rh_report_model_init(result, 0.95, NULL, &model), 0);
    for (size_t i = 0; i < model.banner_count && found == NULL; i++)
        if (model.banners[i].kind == kind) {
            snprintf(text, sizeof(text), "%s", model.banners[i].text);
            *ret_grave = model.banners[i].grave;
            found = text;
        }
    rh_report_model_finish(&model);
    return found;
}

static void expect_banner(const struct rh_result *result, enum rh_report_banner_kind kind,
                          bool grave, const char *expected) {
    bool got = !grave;
    const char *text = banner_of(result, kind, &got);
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(got, grave);
}

static void expect_no_banner(const struct rh_result *result, enum rh_report_banner_kind kind) {
    bool grave = false;
    const char *text = banner_of(result, kind, &grave);
    if (text != NULL)
        fail_msg("did not expect \"%s\"", text);
}

static void rename_allocators(struct rh_result *result, const char *const *names) {
    for (size_t a = 0; a < result->manifest.allocator_count; a++) {
        rh_free(result->manifest.allocators[a].label);
        result->manifest.allocators[a].label = rh_strdup(names[a]);
    }
}

static void a_winner_with_peers(void **state) {
    (void)state;
    static const char *const names[] = {"glibc", "mimalloc", "jemalloc", "tcmalloc"};
    struct rh_result *result = tiny_create(4, 3, 20);
    rename_allocators(result, names);
    for (unsigned t = 0; t < 3; t++)
        for (unsigned r = 1; r <= 20; r++) {
            tiny_time(result, t, 0, r, 100);
            tiny_time(result, t, 1, r, r % 2 == 0 ? 49.8 : 50.4);
            tiny_time(result, t, 2, r, 80);
            tiny_time(result, t, 3, r, 50);
        }
    for (unsigned t = 0; t < 3; t++)
        for (unsigned a = 0; a < 4; a++)
            tiny_memory(result, t, a, 1, 1000, 1000 + 30 * a);
    expect_headline(result,
                    "On these 3 traces tcmalloc is 2.00x as fast as glibc [2.00, 2.00] and "
                    "needs 9.0 % more memory; mimalloc (3.0 % more memory) is as fast within "
                    "2 %. glibc needs the least memory.");
    rh_result_destroy(result);
}

static void a_group_that_is_not_resolved(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(3, 1, 20);
    for (unsigned r = 1; r <= 20; r++) {
        tiny_time(result, 0, 0, r, 100);
        tiny_time(result, 0, 1, r, 50);
        tiny_time(result, 0, 2, r, r % 2 == 0 ? 48 : 53);
    }
    expect_headline(result,
                    "On this trace a1 is 2.00x as fast as a0 [2.00, 2.00]; a2 cannot be told "
                    "apart from it.");
    rh_result_destroy(result);
}

static void nobody_beats_the_baseline(void **state) {
    (void)state;
    static const double factors[] = {1.3, 1.2};
    struct rh_result *result = tiny_create(3, 2, 20);
    tiny_fill(result, factors);
    for (unsigned t = 0; t < 2; t++)
        for (unsigned a = 0; a < 3; a++)
            tiny_memory(result, t, a, 1, 1000, 1000 - 100 * a);
    expect_headline(result,
                    "On these 2 traces nothing is faster than a0: a2, the next, takes 1.20x its "
                    "time [1.20, 1.20] and needs 20 % less memory.");
    for (size_t i = 0; i < result->sample_count; i++)
        if (result->samples[i].allocator == 1)
            result->samples[i].sample.peak_resident_bytes = 500;
    expect_headline(result,
                    "On these 2 traces nothing is faster than a0: a2, the next, takes 1.20x its "
                    "time [1.20, 1.20] and needs 20 % less memory. a1 needs the least memory, "
                    "50 % less than a0.");
    rh_result_destroy(result);
}

static void faster_but_not_resolved(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(2, 1, 20);
    for (unsigned r = 1; r <= 20; r++) {
        tiny_time(result, 0, 0, r, 100);
        tiny_time(result, 0, 1, r, r <= 11 ? 90 : 115);
    }
    expect_headline(result,
                    "On this trace nothing is shown to be faster than a0: a1 takes 0.90x its "
                    "time [0.90, 1.15], which is not resolved.");
    rh_result_destroy(result);
}

static void equal_to_the_baseline(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(2, 1, 20);
    for (unsigned r = 1; r <= 20; r++) {
        tiny_time(result, 0, 0, r, 100);
        tiny_time(result, 0, 1, r, r <= 12 ? 99 : 101);
    }
    expect_headline(result,
                    "On this trace nothing is shown to be faster than a0: a1 takes 0.99x its "
                    "time [0.99, 1.01], which is equal within 2 %.");
    rh_result_destroy(result);
}

static void alone_and_empty(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(1, 1, 4);
    expect_headline(result, "Nothing was measured.");
    for (unsigned r = 1; r <= 4; r++)
        tiny_time(result, 0, 0, r, 10);
    expect_headline(result,
                    "On this trace only a0 was measured, so that there is nothing to compare "
                    "it with.");
    rh_result_destroy(result);

    result = tiny_create(0, 0, 0);
    expect_headline(result, "Nothing was measured.");
    rh_result_destroy(result);

    result = tiny_create(2, 1, 4);
    tiny_time(result, 0, 1, 1, 10);
    expect_headline(result,
                    "The baseline a0 was measured on no trace, so that nothing can be compared "
                    "with it.");
    rh_result_destroy(result);
}

static void few_rounds(void **state) {
    (void)state;
    static const double factors[] = {0.5, 0.7};
    struct rh_result *result = tiny_create(3, 1, 4);
    tiny_fill(result, factors);
    expect_banner(
        result, RH_REPORT_BANNER_FEW_ROUNDS, true,
        "4 rounds are too few for an interval at 95 % over 2 comparisons: 7 are needed. The "
        "brackets show the extremes, and nothing is resolved.");
    rh_result_destroy(result);
    result = tiny_create(3, 1, 7);
    tiny_fill(result, factors);
    expect_no_banner(result, RH_REPORT_BANNER_FEW_ROUNDS);
    rh_result_destroy(result);
}

static void a_control_that_is_off(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(1, 2, 10);
    for (unsigned r = 1; r <= 10; r++)
        for (unsigned t = 0; t < 2; t++) {
            tiny_time(result, t, 0, r, 100);
            tiny_again(result, t, r, t == 0 ? 100 : 103);
        }
    expect_banner(result, RH_REPORT_BANNER_CONTROL, true,
                  "The baseline differs from itself (A/A control): t1 1.030 [1.030, 1.030]. "
                  "Differences of that size mean nothing in this run.");
    expect_no_banner(result, RH_REPORT_BANNER_NO_CONTROL);
    rh_result_destroy(result);
}

static void no_control_at_all(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(1, 1, 2);
    tiny_time(result, 0, 0, 1, 100);
    expect_banner(result, RH_REPORT_BANNER_NO_CONTROL, false,
                  "The baseline did not run twice in a round: nothing shows how quiet the machine "
                  "was.");
    rh_result_destroy(result);
}

static void failures_and_missing_allocators(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(3, 1, 2);
    struct rh_sample *crash = &tiny_time(result, 0, 1, 1, 100)->sample;
    crash->end = RH_SAMPLE_CRASHED;
    snprintf(crash->reason, sizeof(crash->reason), "killed by signal 11");
    tiny_time(result, 0, 1, 2, 100);
    tiny_time(result, 0, 2, 1, 100)->sample.end = RH_SAMPLE_NOT_LOADED;
    result->manifest.allocators[2].unavailable = rh_strdup("libx.so is not installed");
    expect_banner(
        result, RH_REPORT_BANNER_FAILED, false,
        "1 of 3 workers did not end well: a1 on t0 crashed 1 time (killed by signal 11).");
    expect_banner(result, RH_REPORT_BANNER_UNAVAILABLE, false,
                  "a2 could not be used: libx.so is not installed.");
    rh_result_destroy(result);
}

static void a_dear_floor(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(2, 2, 1);
    tiny_make_floor(result, 1, "bump");
    tiny_time(result, 0, 0, 1, 100);
    tiny_time(result, 0, 1, 1, 20);
    tiny_time(result, 1, 0, 1, 100);
    tiny_time(result, 1, 1, 1, 21);
    expect_banner(
        result, RH_REPORT_BANNER_FLOOR, false,
        "A floor is above 20 % of the fastest allocator's time, so that part of every row "
        "is not the allocator's: bump on t1 is 21 % of a0.");
    rh_result_destroy(result);
}

static void interruptions_and_torn_lines(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(1, 1, 20);
    expect_no_banner(result, RH_REPORT_BANNER_INCOMPLETE);
    result->manifest.complete = false;
    result->damaged_lines = 2;
    tiny_time(result, 0, 0, 7, 100);
    expect_banner(result, RH_REPORT_BANNER_INCOMPLETE, false,
                  "The run did not come to its end: 7 of 20 rounds have samples. 2 torn lines were "
                  "skipped.");
    rh_result_destroy(result);
}

static void live_bytes_that_differ(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(2, 2, 1);
    result->manifest.traces[0].peak_live_bytes = 1000;
    result->manifest.traces[1].peak_live_bytes = 1000;
    tiny_memory(result, 0, 0, 1, 1009, 2000);
    tiny_memory(result, 0, 1, 1, 1000, 2000)->sample.replayed_peak_live_bytes = 1034;
    tiny_memory(result, 1, 0, 1, 991, 2000);
    expect_banner(
        result, RH_REPORT_BANNER_LIVE, false,
        "The replay's peak of live bytes is not the recorded one: t0 by +3.4 %. Threads ran "
        "ahead of each other; memory figures are off by about as much.");
    expect_banner(
        result, RH_REPORT_BANNER_NO_NULL, false,
        "The null allocator has no memory pass: resident bytes hold what the worker itself "
        "takes.");
    rh_result_destroy(result);
}

static void two_rows_of_one_library(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(3, 1, 1);
    for (unsigned a = 0; a < 3; a++) {
        struct rh_sample *sample = &tiny_time(result, 0, a, 1, 100)->sample;
        snprintf(sample->object, sizeof(sample->object), "/lib/libc.so.6");
        result->manifest.allocators[a].kind = rh_strdup("preload");
    }
    char **options = rh_alloc_zeroed(2, sizeof(char *));
    assert_non_null(options);
    options[0] = rh_strdup("a=b");
    result->manifest.allocators[1].options = options;
    expect_banner(
        result, RH_REPORT_BANNER_SAME_FILE, false,
        "a0 and a2 are the same file with the same settings (/lib/libc.so.6): two rows, one "
        "allocator.");
    rh_result_destroy(result);
}

static void work_and_synthetic(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(2, 2, 1);
    rh_free(result->manifest.traces[1].source);
    result->manifest.traces[1].source = rh_strdup("synthetic:larson");
    tiny_time(result, 0, 0, 1, 100);
    tiny_time(result, 0, 1, 1, 100)->sample.ops = 999;
    expect_banner(result, RH_REPORT_BANNER_WORK, true,
                  "Workers disagree about operation counts or checksums on t0: they did not do the "
                  "same work, and must not be compared there.");
    expect_banner(result, RH_REPORT_BANNER_SYNTHETIC, false,
                  "t1 is synthetic and stays out of the means.");
    rh_result_destroy(result);
}

static void long_lists_are_cut(void **state) {
    (void)state;
    struct rh_result *result = tiny_create(1, 9, 1);
    for (unsigned t = 0; t < 9; t++)
        tiny_time(result, t, 0, 1, 100)->sample.end = RH_SAMPLE_TIMED_OUT;
    expect_banner(
        result, RH_REPORT_BANNER_FAILED, false,
        "9 of 9 workers did not end well: a0 on t0 timed out, a0 on t1 timed out, a0 on t2 "
        "timed out, a0 on t3 timed out and 5 more.");
    rh_result_destroy(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_winner_with_peers),
        cmocka_unit_test(a_group_that_is_not_resolved),
        cmocka_unit_test(nobody_beats_the_baseline),
        cmocka_unit_test(faster_but_not_resolved),
        cmocka_unit_test(equal_to_the_baseline),
        cmocka_unit_test(alone_and_empty),
        cmocka_unit_test(few_rounds),
        cmocka_unit_test(a_control_that_is_off),
        cmocka_unit_test(no_control_at_all),
        cmocka_unit_test(failures_and_missing_allocators),
        cmocka_unit_test(a_dear_floor),
        cmocka_unit_test(interruptions_and_torn_lines),
        cmocka_unit_test(live_bytes_that_differ),
        cmocka_unit_test(two_rows_of_one_library),
        cmocka_unit_test(work_and_synthetic),
        cmocka_unit_test(long_lists_are_cut),
    };
    return cmocka_run_group_tests_name("report/headline", tests, NULL, NULL);
}
