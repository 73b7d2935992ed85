/* The rules that all importers share, told in Android's words; and what can be wrong with a file.
 */
#include "tests/unit/trace/import_check.h"

#include <zlib.h>
#include <zstd.h>

/* R2 */
static void unknown_addresses(void **state) {
    (void)state;
    struct rh_import_report report = import_text("android",
                                                 "1: free 0x9000\n"
                                                 "1: realloc 0x2000 0x1000 10\n"
                                                 "1: free 0x2000\n",
                                                 "- 0 thread-start\n"
                                                 "- 0 malloc 0 size=10\n"
                                                 "- 0 free 0\n");
    assert_int_equal(report.unknown_frees, 1);
    assert_int_equal(report.unknown_reallocs, 1);
    struct rh_trace_reader *reader = NULL;
    assert_int_equal(rh_trace_reader_open(import_output, NULL, &reader), 0);
    assert_int_equal(rh_trace_reader_meta(reader)->unknown_frees, 1);
    assert_string_equal(rh_trace_reader_meta(reader)->source, "imported:android");
    rh_trace_reader_close(reader);
}

/* R3: the free that was recorded too late comes before the reuse. */
static void a_late_release_is_moved(void **state) {
    (void)state;
    struct rh_import_report report = import_text("android",
                                                 "1: malloc 0x1000 10\n"
                                                 "2: malloc 0x1000 20\n"
                                                 "2: malloc 0x2000 30\n"
                                                 "1: free 0x1000\n"
                                                 "2: free 0x1000\n",
                                                 "- 0 thread-start\n"
                                                 "- 0 malloc 0 size=10\n"
                                                 "- 0 free 0\n"
                                                 "- 1 thread-start\n"
                                                 "- 1 malloc 1 size=20\n"
                                                 "- 1 malloc 2 size=30\n"
                                                 "- 1 free 1\n");
    assert_int_equal(report.moved_releases, 1);
    assert_int_equal(report.assumed_releases, 0);

    /* A realloc moves with all that it does, also if its result is a race again. */
    report = import_text("android",
                         "1: malloc 0x1000 10\n"
                         "3: malloc 0x3000 11\n"
                         "2: malloc 0x1000 20\n"
                         "1: realloc 0x3000 0x1000 40\n"
                         "2: free 0x3000\n",
                         "- 0 thread-start\n"
                         "- 0 malloc 0 size=10\n"
                         "- 1 thread-start\n"
                         "- 1 malloc 1 size=11\n"
                         "- 2 thread-start\n"
                         "- 2 free 1\n"
                         "- 0 realloc 0 2 size=40\n"
                         "- 2 malloc 3 size=20\n");
    assert_int_equal(report.moved_releases, 2);
}

static void a_release_that_never_comes_is_assumed(void **state) {
    (void)state;
    struct rh_import_report report = import_text("android",
                                                 "1: malloc 0x1000 10\n"
                                                 "2: malloc 0x1000 20\n"
                                                 "2: free 0x1000\n",
                                                 "- 0 thread-start\n"
                                                 "- 0 malloc 0 size=10\n"
                                                 "- 1 thread-start\n"
                                                 "- 1 free 0\n"
                                                 "- 1 malloc 1 size=20\n"
                                                 "- 1 free 1\n");
    assert_int_equal(report.moved_releases, 0);
    assert_int_equal(report.assumed_releases, 1);
}

/* R4, R5, R7 */
static void null_results(void **state) {
    (void)state;
    struct rh_import_report report = import_text("android",
                                                 "1: malloc 0x1000 10\n"
                                                 "1: malloc 0x0 999\n"
                                                 "1: realloc 0x0 0x1000 888\n"
                                                 "1: realloc 0x2000 0x1000 0\n"
                                                 "1: realloc 0x0 0x2000 0\n"
                                                 "1: malloc 0x3000 1\n",
                                                 "- 0 thread-start\n"
                                                 "- 0 malloc 0 size=10\n"
                                                 "- 0 failed size=999\n"
                                                 "- 0 failed size=888\n"
                                                 "- 0 realloc 0 1 size=0\n"
                                                 "- 0 free 1\n"
                                                 "- 0 malloc 2 size=1\n");
    assert_int_equal(report.failed, 2);
    assert_int_equal(report.summary.end_live_objects, 1);
}

/* R8, R10 */
static void impossible_numbers(void **state) {
    (void)state;
    struct rh_import_report report = import_text("android",
                                                 "1: calloc 0x1000 4294967296 4294967296\n"
                                                 "1: malloc 0x2000 9223372036854775808\n"
                                                 "1: memalign 0x3000 24 10\n"
                                                 "1: memalign 0x4000 1 10\n"
                                                 "1: memalign 0x5000 0 10\n"
                                                 "1: free 0x2000\n",
                                                 "- 0 thread-start\n"
                                                 "- 0 failed size=18446744073709551615\n"
                                                 "- 0 failed size=9223372036854775808\n"
                                                 "- 0 malloc 0 size=10\n"
                                                 "- 0 malloc 1 size=10\n"
                                                 "- 0 malloc 2 size=10\n");
    assert_int_equal(report.overflows, 1);
    assert_int_equal(report.impossible_sizes, 1);
    assert_int_equal(report.bad_alignments, 3);
    assert_int_equal(report.unknown_frees, 1);
    import_refused("android", "1: malloc 0x1000 99999999999999999999\n", 38, "line 1");
    import_refused("android", "1: malloc 0x12345678123456789 1\n", 32, "line 1");
}

static void times_never_go_back(void **state) {
    (void)state;
    struct rh_import_report report = import_text("android",
                                                 "1: malloc 0x1000 1 500 510\n"
                                                 "2: malloc 0x2000 1 480 490\n"
                                                 "1: malloc 0x3000 1 600 610\n",
                                                 "0 0 thread-start\n"
                                                 "0 0 malloc 0 size=1\n"
                                                 "0 1 thread-start\n"
                                                 "0 1 malloc 1 size=1\n"
                                                 "100 0 malloc 2 size=1\n");
    assert_int_equal(report.held_times, 1);
}

/* A race further ahead than the look-ahead is assumed, not searched for. */
static void the_look_ahead_is_bounded(void **state) {
    (void)state;
    struct rh_text text = {0};
    rh_text_add(&text, "1: malloc 0x1000 10\n2: malloc 0x1000 20\n");
    for (int i = 0; i < 10001; i++)
        rh_text_add(&text, "2: free 0x0\n");
    rh_text_add(&text, "1: free 0x1000\n");
    import_put(text.data, text.length);
    struct rh_import_report report = import_file(import_input, NULL);
    assert_int_equal(report.assumed_releases, 1);
    assert_int_equal(report.moved_releases, 0);
    rh_text_finish(&text);
}

/* ---- the text form ---- */

static void text_form(void **state) {
    (void)state;
    static const char head[] = "reheap-trace-text 1\n"
                               "meta {\"program\":\"x\",\"time_quantum_ns\":10,\"later\":[1]}\n";
    char text[1024];
    /* Labels of objects and threads may be any; fields come in any order. */
    snprintf(text, sizeof(text),
             "%s# a comment\n\n"
             "5 70 malloc 900 size=5 prologue\n"
             "10 70 thread-start\n",
             head);
    import_refused(NULL, text, strlen(text), "line 6: a thread starts that has started");
    snprintf(text, sizeof(text),
             "%s# a comment\n\n"
             "0 70 thread-start prologue\n"
             "0 70 aligned 900 size=5 align=32 prologue\n"
             "10 71 thread-start parent=70\n"
             "20 71 realloc 900 17 touched=4 size=10\n"
             "20 71 usable 17\n"
             "25 71 free-sized 17 size=9\n"
             "25 71 free 900\n"
             "30 71 failed align=8 size=18446744073709551615\n"
             "40 71 thread-end\n",
             head);
    struct rh_import_report report = import_text("text", text,
                                                 "0 0 thread-start prologue\n"
                                                 "0 0 aligned 0 size=5 align=32 prologue\n"
                                                 "10 1 thread-start parent=0\n"
                                                 "20 1 realloc 0 1 size=10 touched=4\n"
                                                 "20 1 usable 1\n"
                                                 "25 1 free-sized 1 size=9\n"
                                                 "30 1 failed size=18446744073709551615 align=8\n"
                                                 "40 1 thread-end\n");
    assert_int_equal(report.unknown_frees, 1);
    struct rh_trace_reader *reader = NULL;
    assert_int_equal(rh_trace_reader_open(import_output, NULL, &reader), 0);
    assert_string_equal(rh_trace_reader_meta(reader)->unknown_json, "{\"later\":[1]}");
    assert_null(rh_trace_reader_meta(reader)->source);
    rh_trace_reader_close(reader);

    snprintf(text, sizeof(text), "%s10 0 mallok 1 size=5\n", head);
    import_refused(NULL, text, strlen(text), "line 3");
    snprintf(text, sizeof(text), "%s- 0 malloc 1 size=5\n", head);
    import_refused(NULL, text, strlen(text), "line 3");
    import_refused(NULL, "reheap-trace-text 1\nmeta [1]\n", 29, "line 2");
    import_refused(NULL, "reheap-trace-text 1\n", 20, "metadata are missing");
}

/* ---- files ---- */

static const char small[] = "1: malloc 0x1000 10\n1: free 0x1000\n";
static const char small_lines[] = "- 0 thread-start\n- 0 malloc 0 size=10\n- 0 free 0\n";

static void check_small(const void *data, size_t bytes) {
    import_put(data, bytes);
    import_file(import_input, NULL);
    char *lines = import_lines();
    assert_string_equal(lines, small_lines);
    rh_free(lines);
}

static size_t compress_zlib(const char *text, size_t length, int window, uint8_t *out,
                            size_t room) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)length;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t bytes = stream.total_out;
    deflateEnd(&stream);
    return bytes;
}

static size_t put_zip_header(uint8_t *out, unsigned method, size_t stored) {
    memset(out, 0, 30);
    memcpy(out, "PK\3\4\x14", 5);
    out[8] = (uint8_t)method;
    out[18] = (uint8_t)stored;
    out[26] = 1; /* a name of one letter */
    out[30] = 'a';
    return 31;
}

static void compressed_files(void **state) {
    (void)state;
    uint8_t data[512];
    size_t length = strlen(small);
    check_small(data, compress_zlib(small, length, 31, data, sizeof(data)));
    /* Two gzip members. */
    size_t first = compress_zlib(small, 20, 31, data, sizeof(data));
    check_small(data, first + compress_zlib(small + 20, length - 20, 31, data + first,
                                            sizeof(data) - first));
    check_small(data, ZSTD_compress(data, sizeof(data), small, length, 3));
    size_t header = put_zip_header(data, 8, 0);
    size_t body = compress_zlib(small, length, -15, data + header, sizeof(data) - header);
    memcpy(data + header + body, "PK\1\2", 4);
    check_small(data, header + body + 4);
    header = put_zip_header(data, 0, length);
    memcpy(data + header, small, length);
    memcpy(data + header + length, "PK\1\2", 4);
    check_small(data, header + length + 4);
}

static void damaged_files(void **state) {
    (void)state;
    uint8_t data[512];
    size_t bytes = compress_zlib(small, strlen(small), 31, data, sizeof(data));
    data[bytes - 1] ^= 0x40;
    import_refused(NULL, data, bytes, "damaged gzip data");
    bytes = ZSTD_compress(data, sizeof(data), small, strlen(small), 3);
    data[5] ^= 0xff;
    import_refused("android", data, bytes, "zstd");
    put_zip_header(data, 99, 0);
    import_refused(NULL, data, 31, "zip method 99");
    import_refused(NULL, "", 0, "is empty");
    import_refused(NULL, "GIF89a\n\1\2", 9, "no known format");
    import_refused("andriod", "x", 1, "did you mean \"android\"");
    import_refused("valgrind", "nothing\n", 8, "not a single call");
    import_refused("android", "1: malloc", 9, "not a single call");

    char *line = malloc(2 << 20);
    assert_non_null(line);
    memset(line, '1', 2 << 20);
    import_refused("android", line, 2 << 20, "line 1: longer than");
    free(line);
}

/* What comes before the end of a file that was cut short is kept, and that is counted. */
static void short_files(void **state) {
    (void)state;
    struct rh_import_report report = import_text("android", "1: malloc 0x1000 10\n1: mall",
                                                 "- 0 thread-start\n- 0 malloc 0 size=10\n");
    assert_int_equal(report.cut_short, 1);
    uint8_t data[512];
    size_t bytes = compress_zlib(small, strlen(small), 31, data, sizeof(data));
    import_put(data, bytes - 4);
    report = import_file(import_input, NULL);
    assert_int_equal(report.cut_short, 1);
    assert_int_equal(report.calls, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_addresses),
        cmocka_unit_test(a_late_release_is_moved),
        cmocka_unit_test(a_release_that_never_comes_is_assumed),
        cmocka_unit_test(null_results),
        cmocka_unit_test(impossible_numbers),
        cmocka_unit_test(times_never_go_back),
        cmocka_unit_test(the_look_ahead_is_bounded),
        cmocka_unit_test(text_form),
        cmocka_unit_test(compressed_files),
        cmocka_unit_test(damaged_files),
        cmocka_unit_test(short_files),
    };
    return cmocka_run_group_tests_name("trace/rules", tests, import_set_up, import_tear_down);
}
