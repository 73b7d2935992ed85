/* Names, completion, where libraries lie, who owns the functions. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocator/complete.h"
#include "allocator/locate.h"
#include "allocator/registry.h"
#include "tests/unit/test.h"

static char reason[512];

static void builtins_are_complete(void **state) {
    (void)state;
    size_t count = 0;
    for (const struct rh_allocator_ops *const *list = rh_registry_builtins(); *list != NULL;
         list++) {
        const struct rh_allocator_ops *ops = *list;
        assert_non_null(ops->probe);
        assert_non_null(ops->thread_init);
        assert_non_null(ops->thread_fini);
        assert_non_null(ops->alloc_zeroed);
        assert_non_null(ops->resize);
        assert_non_null(ops->remap);
        assert_non_null(ops->free_sized);
        assert_non_null(ops->usable_size);
        assert_non_null(ops->purge);
        assert_non_null(ops->stats);
        assert_non_null(ops->check);
        assert_ptr_equal(rh_registry_find(ops->name, reason, sizeof(reason)), ops);
        count++;
    }
    assert_true(count >= 3);
}

static void unknown_names_are_refused_with_the_known_ones(void **state) {
    (void)state;
    assert_null(rh_registry_find("jemaloc", reason, sizeof(reason)));
    assert_non_null(strstr(reason, "\"jemaloc\""));
    assert_non_null(strstr(reason, "glibc"));
    assert_non_null(strstr(reason, "preload:PATH"));
    assert_null(rh_registry_find("", reason, sizeof(reason)));
}

static void preload_is_the_malloc_api(void **state) {
    (void)state;
    assert_ptr_equal(rh_registry_find("preload:libx.so", reason, sizeof(reason)),
                     rh_registry_find("glibc", reason, sizeof(reason)));
}

static void libraries_are_found_without_being_loaded(void **state) {
    (void)state;
    char path[PATH_MAX] = "?";
    assert_int_equal(rh_registry_locate("glibc", path, sizeof(path), reason, sizeof(reason)), 0);
    assert_string_equal(path, "");
    assert_int_equal(
        rh_registry_locate("preload:libc.so.6", path, sizeof(path), reason, sizeof(reason)), 0);
    assert_int_equal(path[0], '/');
    assert_int_equal(rh_locate_library("/lib*/x86_64-linux-gnu/libc.so.[0-9]", path, sizeof(path)),
                     0);
    char small[4] = "abc";
    assert_int_equal(
        rh_registry_locate("preload:libc.so.6", small, sizeof(small), reason, sizeof(reason)), -1);
    assert_string_equal(small, "abc");
}

static void the_library_path_comes_first(void **state) {
    (void)state;
    char directory[] = "/tmp/reheap-locate-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char file[64], search_path[128], path[PATH_MAX];
    snprintf(file, sizeof(file), "%s/libc.so.6", directory);
    snprintf(search_path, sizeof(search_path), "/nowhere::%s", directory);
    FILE *stream = fopen(file, "w");
    assert_non_null(stream);
    fclose(stream);
    setenv("LD_LIBRARY_PATH", search_path, 1);
    assert_int_equal(rh_locate_library("libc.so.6", path, sizeof(path)), 0);
    unsetenv("LD_LIBRARY_PATH");
    assert_string_equal(path, file);
    unlink(file);
    rmdir(directory);
}

static void missing_libraries_have_a_sentence(void **state) {
    (void)state;
    char path[PATH_MAX] = "?";
    assert_int_equal(
        rh_registry_locate("preload:libnothing.so.9", path, sizeof(path), reason, sizeof(reason)),
        -1);
    assert_string_equal(path, "?");
    assert_non_null(strstr(reason, "libnothing.so.9"));
    /* A directory is not a library. */
    assert_int_equal(rh_registry_locate("preload:/usr", path, sizeof(path), reason, sizeof(reason)),
                     -1);
    assert_int_equal(rh_registry_locate("preload:", path, sizeof(path), reason, sizeof(reason)),
                     -1);
}

static void glibc_owns_its_functions(void **state) {
    (void)state;
    const struct rh_allocator_ops *ops = rh_registry_find("glibc", reason, sizeof(reason));
    char object[PATH_MAX] = "";
    assert_int_equal(rh_registry_verify(ops, "", object, sizeof(object), reason, sizeof(reason)),
                     0);
    assert_int_equal(object[0], '/');
}

static void a_library_that_was_not_preloaded_is_refused(void **state) {
    (void)state;
    char path[PATH_MAX], object[PATH_MAX] = "?";
    const struct rh_allocator_ops *ops = rh_registry_find("glibc", reason, sizeof(reason));
    assert_int_equal(rh_locate_library("libm.so.6", path, sizeof(path)), 0);
    assert_int_equal(rh_registry_verify(ops, path, object, sizeof(object), reason, sizeof(reason)),
                     -1);
    assert_string_equal(object, "?");
    assert_non_null(strstr(reason, "malloc lies in"));
    assert_non_null(strstr(reason, path));
}

static int create(const struct rh_allocator_config *config, void **ret_ctx, char *ret_reason,
                  size_t reason_bytes) {
    (void)config;
    (void)ret_reason;
    (void)reason_bytes;
    *ret_ctx = NULL;
    return 0;
}

static void destroy(void *ctx) {
    (void)ctx;
}

static char block[256];

static void *alloc(void *ctx, size_t len, size_t align) {
    (void)ctx;
    (void)align;
    return len <= sizeof(block) ? block : NULL;
}

static void free_block(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx;
    (void)ptr;
    (void)len;
    (void)align;
}

static bool resize(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    (void)ctx;
    (void)ptr;
    (void)len;
    (void)align;
    return new_len <= sizeof(block);
}

static const struct rh_allocator_ops least = {
    .name = "least",
    .summary = "only what is mandatory",
    .abi_version = RH_ALLOCATOR_ABI,
    .create = create,
    .destroy = destroy,
    .alloc = alloc,
    .free = free_block,
};

static void defaults_do_what_the_contract_says(void **state) {
    (void)state;
    const struct rh_allocator_ops *ops = rh_complete(&least, reason, sizeof(reason));
    assert_non_null(ops);
    assert_ptr_equal(rh_complete(&least, reason, sizeof(reason)), ops);
    assert_int_equal(ops->probe(reason, sizeof(reason)), 0);
    memset(block, 1, sizeof(block));
    assert_ptr_equal(ops->alloc_zeroed(NULL, 8, 1), block);
    assert_int_equal(block[7], 0);
    assert_int_equal(block[8], 1);
    assert_null(ops->alloc_zeroed(NULL, sizeof(block) + 1, 1));
    assert_false(ops->resize(NULL, block, 8, 1, 4));
    assert_null(ops->remap(NULL, block, 8, 1, 4));
    assert_ptr_equal(ops->free_sized, free_block);
    assert_int_equal(ops->usable_size(NULL, block, 8, 1), 0);
    assert_null(ops->purge(NULL));
    struct rh_allocator_stats stats;
    ops->stats(NULL, &stats);
    assert_true(stats.live_bytes == RH_UNKNOWN && stats.metadata_bytes == RH_UNKNOWN);
    assert_int_equal(ops->check(NULL, reason, sizeof(reason)), 0);
}

static void the_default_remap_is_resize(void **state) {
    (void)state;
    struct rh_allocator_ops resizing = least;
    resizing.resize = resize;
    const struct rh_allocator_ops *ops = rh_complete(&resizing, reason, sizeof(reason));
    assert_non_null(ops);
    assert_ptr_equal(ops->remap(NULL, block, 8, 1, 9), block);
    assert_null(ops->remap(NULL, block, 8, 1, sizeof(block) + 1));
    assert_null(ops->remap(NULL, block, 8, 1, 0));
}

static void incomplete_operations_are_refused_by_name(void **state) {
    (void)state;
    struct rh_allocator_ops wrong = least;
    wrong.abi_version = RH_ALLOCATOR_ABI + 1;
    assert_null(rh_complete(&wrong, reason, sizeof(reason)));
    assert_non_null(strstr(reason, "abi_version"));
    wrong = least;
    wrong.free = NULL;
    assert_null(rh_complete(&wrong, reason, sizeof(reason)));
    assert_non_null(strstr(reason, "\"free\""));
    wrong = least;
    wrong.name = "Not A Name";
    assert_null(rh_complete(&wrong, reason, sizeof(reason)));
    assert_non_null(strstr(reason, "Not A Name"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builtins_are_complete),
        cmocka_unit_test(unknown_names_are_refused_with_the_known_ones),
        cmocka_unit_test(preload_is_the_malloc_api),
        cmocka_unit_test(libraries_are_found_without_being_loaded),
        cmocka_unit_test(the_library_path_comes_first),
        cmocka_unit_test(missing_libraries_have_a_sentence),
        cmocka_unit_test(glibc_owns_its_functions),
        cmocka_unit_test(a_library_that_was_not_preloaded_is_refused),
        cmocka_unit_test(defaults_do_what_the_contract_says),
        cmocka_unit_test(the_default_remap_is_resize),
        cmocka_unit_test(incomplete_operations_are_refused_by_name),
    };
    return cmocka_run_group_tests_name("allocator/registry", tests, NULL, NULL);
}
