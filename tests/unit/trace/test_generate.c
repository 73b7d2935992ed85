/* Synthetic workloads obey the rules of a trace, are the same each time, and end; what cannot be
 * made is refused. */
#include "tests/unit/trace/workload.h"

/* ---- roles and phases ---- */

static void parts_share_the_steps(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_SLOTS, 40000);
    simple.part->weight = 3;
    struct rh_synthetic_part *part = NULL;
    assert_int_equal(rh_synthetic_add_part(simple.role, RH_BEHAVIOUR_LIFETIMES, NULL, &part), 0);
    part->lifetimes.steps = rh_distribution_constant(1 << 30);
    part->size = rh_distribution_constant(1000);
    part->stay = true;
    struct trace trace = play(&simple);
    /* Of four steps three make two events and one makes one. */
    assert_in_range(trace.summary.end_live_objects, 5500, 5950);
    assert_int_equal(trace.summary.end_live_bytes, 1000 * trace.summary.end_live_objects);
    trace_finish(&trace);
}

static void threads_come_and_go(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_BATCH, 30000);
    simple.role->threads = 3;
    simple.role->restart_after = 100;
    simple.part->batch.count = 70;
    struct trace trace = play(&simple);
    assert_in_range(trace.summary.threads, 200, 304);
    assert_int_equal(threads_at_once(&trace), 5);
    assert_int_equal(trace.summary.end_live_objects, 0);
    assert_int_equal(trace.summary.cross_thread_releases, 0);
    for (size_t i = 1; i < trace.count; i++)
        if (trace.events[i].kind == RH_EVENT_THREAD_START)
            assert_int_equal(trace.events[i].parent, 0);
    trace_finish(&trace);
}

static void phases_follow_one_another(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_BATCH, 1000);
    simple.role->on_main = true;
    struct rh_synthetic_phase *phase = NULL;
    struct rh_synthetic_role *role = NULL;
    struct rh_synthetic_part *part = NULL;
    assert_int_equal(rh_synthetic_add_phase(&simple.synthetic, NULL, &phase), 0);
    phase->events = 3000;
    assert_int_equal(rh_synthetic_add_role(phase, NULL, &role), 0);
    assert_int_equal(rh_synthetic_add_part(role, RH_BEHAVIOUR_BATCH, NULL, &part), 0);
    part->size = rh_distribution_constant(1);
    prepare(&simple.synthetic);
    assert_int_equal(rh_synthetic_set_events(&simple.synthetic, 8000, NULL), 0);
    struct trace trace = generate(&simple.synthetic);
    assert_in_range(trace.summary.events, 8000, 8010);
    assert_int_equal(trace.summary.threads, 2);
    for (size_t i = 0; i < trace.count; i++)
        assert_int_equal(trace.events[i].thread, i >= 2001);
    trace_finish(&trace);
    rh_synthetic_finish(&simple.synthetic);
}

static void a_seed_names_a_trace(void **state) {
    (void)state;
    struct simple simple = queue_make(30000, 100, 5);
    simple.part->size = (struct rh_distribution){
        .kind = RH_DISTRIBUTION_LOGNORMAL, .max = 100000, .median = 100, .sigma = 1};
    prepare(&simple.synthetic);
    struct trace first = generate(&simple.synthetic);
    struct trace second = generate(&simple.synthetic);
    assert_int_equal(first.summary.content_hash, second.summary.content_hash);
    simple.synthetic.seed++;
    struct trace third = generate(&simple.synthetic);
    assert_true(first.summary.content_hash != third.summary.content_hash);
    trace_finish(&first);
    trace_finish(&second);
    trace_finish(&third);
    rh_synthetic_finish(&simple.synthetic);
}

/* ---- what goes wrong ---- */

static void refused(struct simple *simple, const char *words) {
    struct rh_error error = {0};
    assert_int_equal(rh_synthetic_prepare(&simple->synthetic, &error), RH_ERR_INVALID);
    if (strstr(error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    rh_synthetic_finish(&simple->synthetic);
}

static void what_is_refused(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_SLOTS, 0);
    refused(&simple, "phase 1: without an end");
    simple = simple_make(RH_BEHAVIOUR_SLOTS, 10);
    simple.part->slots.count = 0;
    refused(&simple, "phase 1: role 1: count of slots is 0");
    simple = simple_make(RH_BEHAVIOUR_SLOTS, 10);
    simple.part->slots.pick = rh_distribution_uniform(0, 1);
    refused(&simple, "pick: 1 is too large");
    simple = simple_make(RH_BEHAVIOUR_SLOTS, 10);
    simple.role->on_main = true;
    simple.role->threads = 2;
    refused(&simple, "main thread");
    simple = simple_make(RH_BEHAVIOUR_SLOTS, 10);
    simple.part->calls[RH_EVENT_FREE] = 1;
    refused(&simple, "free makes no block");
    simple = simple_make(RH_BEHAVIOUR_PRODUCE, 10);
    refused(&simple, "no queue");
    simple = simple_make(RH_BEHAVIOUR_GROW, 10);
    simple.part->grow.factor = 1;
    refused(&simple, "does not grow");
    simple = simple_make(RH_BEHAVIOUR_BATCH, 10);
    simple.part->batch.keep = 0.95;
    refused(&simple, "keep is 0.95");
    simple = simple_make(RH_BEHAVIOUR_BATCH, 10);
    simple.synthetic.name[0] = '/';
    refused(&simple, "name");
}

static void idle_descriptions_end(void **state) {
    (void)state;
    struct simple simple = simple_make(RH_BEHAVIOUR_SLOTS, 10);
    simple.part->slots.actions[RH_SLOT_FREE] = 1;
    prepare(&simple.synthetic);
    struct rh_error error = {0};
    const char *path = files_path("never.rht");
    assert_int_equal(rh_synthetic_generate(&simple.synthetic, path, &error, NULL), RH_ERR_INVALID);
    assert_non_null(strstr(error.message, "made no event"));
    assert_int_equal(access(path, F_OK), -1);
    rh_synthetic_finish(&simple.synthetic);
}

/* Every allocation may fail; nothing is left behind and nothing is lost. */
static void no_memory(void **state) {
    (void)state;
    struct simple simple = queue_make(3000, 10, 3);
    struct rh_synthetic_part *part = NULL;
    const enum rh_behaviour_kind more[] = {RH_BEHAVIOUR_SLOTS, RH_BEHAVIOUR_BATCH,
                                           RH_BEHAVIOUR_LIFETIMES, RH_BEHAVIOUR_GROW};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(rh_synthetic_add_part(simple.role, more[i], NULL, &part), 0);
    simple.role->parts[1].slots.actions[RH_SLOT_EXCHANGE] = 1;
    simple.role->parts[1].slots.actions[RH_SLOT_TOGGLE] = 1;
    prepare(&simple.synthetic);
    const char *path = files_path("memory.rht");
    int result = RH_ERR_MEMORY;
    uint64_t nth = 0;
    while (result != 0) {
        rh_memory_fail_at(++nth);
        struct rh_error error = {0};
        result = rh_synthetic_generate(&simple.synthetic, path, &error, NULL);
        rh_memory_fail_at(0);
        if (result != 0) {
            assert_int_equal(result, RH_ERR_MEMORY);
            assert_int_equal(access(path, F_OK), -1);
        }
        nth += nth / 64; /* the later ones are alike */
    }
    assert_true(nth > 50);
    struct trace trace = trace_take(path);
    trace_finish(&trace);
    rh_synthetic_finish(&simple.synthetic);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_share_the_steps),
        cmocka_unit_test(threads_come_and_go),
        cmocka_unit_test(phases_follow_one_another),
        cmocka_unit_test(a_seed_names_a_trace),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(idle_descriptions_end),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("trace/generate", tests, files_make_directory,
                                       files_remove_directory);
}
