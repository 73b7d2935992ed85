/* Each importer on a text that shows all of its grammar, and on files of the real tools. */
#include "tests/unit/trace/import_check.h"

static const char *data_directory;

static struct rh_import_report import_sample(const char *name, const char *format) {
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", data_directory, name);
    struct rh_import_report report = import_file(path, NULL);
    assert_string_equal(report.format, format);
    return report;
}

static void android(void **state) {
    (void)state;
    struct rh_import_report report = import_text("android",
                                                 "12: malloc 0x1000 100 1000 1010\n"
                                                 "12: calloc 0x2000 3 8 1020 1030\r\n"
                                                 "13: memalign 0x3000 64 100 1040 1050\n"
                                                 "\n"
                                                 "13: realloc 0x4000 0x1000 200 1060 1070 4097\n"
                                                 "12: free 0x4000 1080 1090 -1\n"
                                                 "12: free 0x0 1100 1110\n"
                                                 "12: realloc 0x5000 0x0 8 1120 1130\n"
                                                 "12: realloc 0x0 0x5000 0 1140 1150\n"
                                                 "12: thread_done 0x0 1160\n"
                                                 "12: free 3000 1170 1180 8192\n",
                                                 "0 0 thread-start\n"
                                                 "0 0 malloc 0 size=100\n"
                                                 "20 0 calloc 1 size=24\n"
                                                 "40 1 thread-start\n"
                                                 "40 1 aligned 2 size=100 align=64\n"
                                                 "60 1 realloc 0 3 size=200 touched=1\n"
                                                 "70 0 free 3\n"
                                                 "90 0 free-null\n"
                                                 "120 0 malloc 4 size=8\n"
                                                 "140 0 free 4\n"
                                                 "150 0 thread-end\n"
                                                 "160 2 thread-start\n"
                                                 "160 2 free 2 touched=1\n");
    assert_int_equal(report.records, 10);
    assert_int_equal(report.unknown_frees, 0);
    import_refused(NULL, "1: malloc 0x1000 10\n1: mmap 0x2000 10\n", 38, "line 2");
    import_refused("android", "1: malloc 0x1000 10 7\n", 22, "line 1");
}

static void logalloc(void **state) {
    (void)state;
    struct rh_import_report report = import_text("logalloc",
                                                 "1 7 jemalloc_stats()\n"
                                                 "1 7 malloc(42)=#1\n"
                                                 "2 9 malloc(42)=#1\n"
                                                 "1 8 calloc(4,42)=#3\n"
                                                 "1 7 realloc(#3,84)=#2\n"
                                                 "1 7 posix_memalign(4096,1024)=#4\n"
                                                 "1 7 valloc(10)=#5\n"
                                                 "1 7 aligned_alloc(256,1)=(nil)\n"
                                                 "1 7 free(#1)\n"
                                                 "1 8 free(#2)\n",
                                                 "- 0 thread-start\n"
                                                 "- 0 marker\n"
                                                 "- 0 malloc 0 size=42\n"
                                                 "- 1 thread-start\n"
                                                 "- 1 calloc 1 size=168\n"
                                                 "- 0 realloc 1 2 size=84\n"
                                                 "- 0 aligned 3 size=1024 align=4096\n"
                                                 "- 0 aligned 4 size=10 align=4096\n"
                                                 "- 0 failed size=1 align=256\n"
                                                 "- 0 free 0\n"
                                                 "- 1 free 2\n");
    assert_int_equal(report.other_processes, 1);
    assert_int_equal(report.failed, 1);
    import_text("logalloc", "5 malloc(8)=7f0000001230\n5 free(0x7f0000001230)\n",
                "- 0 thread-start\n- 0 malloc 0 size=8\n- 0 free 0\n");
    import_refused("logalloc", "1 1 malloc(x)=#1\n", 17, "line 1");
}

static void rep(void **state) {
    (void)state;
    static const char expected[] = "- 0 thread-start\n"
                                   "- 0 malloc 0 size=2040\n"
                                   "- 0 malloc 1 size=48\n"
                                   "- 0 realloc 1 2 size=4072\n"
                                   "- 0 free 0\n"
                                   "- 0 malloc 3 size=8589934592\n"
                                   "- 0 free 2\n"
                                   "- 0 free 3\n";
    static const char operations[] = "a 0 2040\na 1 48\nr 1 4072\nf 0\na 0 8589934592\nf 1\nf 0\n";
    char text[256];
    snprintf(text, sizeof(text), "20000\n2\n7\n1\n%s", operations);
    import_text("rep", text, expected);
    snprintf(text, sizeof(text), "1\n2\n7\n8589934592\n%s", operations);
    import_text("rep", text, expected);
    snprintf(text, sizeof(text), "2\n7\n%s", operations);
    import_text("rep", text, expected);
    import_refused("rep", "1\n2\n3\na 0 1\n", 12, "header of 3 numbers");
    import_refused("rep", "2\n2\na 0 1\nx 1\n", 14, "line 4");
}

/* The two files are of the same run: all but which object of a kind dies can be compared. */
static void heaptrack(void **state) {
    (void)state;
    struct rh_import_report raw = import_sample("heaptrack-raw.txt", "heaptrack");
    struct rh_import_report interpreted = import_sample("heaptrack-interpreted.txt", "heaptrack");
    assert_int_equal(raw.summary.events_by_kind[RH_EVENT_MALLOC], 11);
    assert_int_equal(raw.unknown_frees, 1);
    assert_int_equal(raw.summary.peak_live_bytes, interpreted.summary.peak_live_bytes);
    assert_int_equal(raw.summary.end_live_bytes, interpreted.summary.end_live_bytes);

    struct rh_import_report report = import_text("heaptrack",
                                                 "v 10400 3\nX /bin/x y\nI 1000 100\n"
                                                 "a 20 1\n+ 0\nc a\n+ 0\n- 0\n- 0\n- 0\nR 10\n",
                                                 "0 0 thread-start\n"
                                                 "0 0 malloc 0 size=32\n"
                                                 "10000000 0 malloc 1 size=32\n"
                                                 "10000000 0 free 0\n"
                                                 "10000000 0 free 1\n");
    assert_int_equal(report.guessed_releases, 1);
    assert_int_equal(report.unknown_frees, 1);
    struct rh_trace_reader *reader = NULL;
    assert_int_equal(rh_trace_reader_open(import_output, NULL, &reader), 0);
    assert_string_equal(rh_trace_reader_meta(reader)->program, "x");
    assert_string_equal(rh_trace_reader_meta(reader)->command, "/bin/x y");
    assert_int_equal(rh_trace_reader_meta(reader)->peak_rss_bytes, 0x10000);
    rh_trace_reader_close(reader);
    import_refused(NULL, "v 10400 3\n+ 5\n", 14, "line 2");
}

static void valgrind(void **state) {
    (void)state;
    struct rh_import_report sample = import_sample("valgrind-trace-malloc.txt", "valgrind");
    assert_int_equal(sample.calls, 20);
    assert_int_equal(sample.other_processes, 8);
    struct rh_import_report report =
        import_text("valgrind",
                    "==5== Memcheck\n"
                    "--5-- _Znwm(8) = 0x4A43040\n"
                    "--5-- _ZnamSt11align_val_t(size 100, al 64) = 0x4A43080\n"
                    "--5-- calloc(3,7) = 0x4A43090\n"
                    "--5-- realloc(0x0,33)malloc(33) = 0x4A430A0\n"
                    "--5-- realloc(0x4A430A0,0)free(0x4A430A0)\n"
                    "--5--  = 0\n"
                    "--5-- memalign(al 128, size 256) = 0x4A43100\n"
                    "--5-- _ZdlPvm(0x4A43040)\n"
                    "--5-- free(0x0)\n",
                    "- 0 thread-start\n"
                    "- 0 new 0 size=8\n"
                    "- 0 new-aligned 1 size=100 align=64\n"
                    "- 0 calloc 2 size=21\n"
                    "- 0 malloc 3 size=33\n"
                    "- 0 free 3\n"
                    "- 0 aligned 4 size=256 align=128\n"
                    "- 0 free 0\n");
    assert_int_equal(report.dropped_null_frees, 1);
    assert_int_equal(report.ignored, 2);
}

/* A record of glibc's dj/malloc branch. */
static size_t put_record(uint8_t *out, uint32_t thread, uint32_t type, uint64_t ptr1, uint64_t ptr2,
                         uint64_t size, uint64_t size2) {
    const uint64_t words[4] = {ptr1, ptr2, size, size2};
    memset(out, 0, 64);
    memcpy(out, &thread, 4);
    memcpy(out + 4, &type, 4);
    memcpy(out + 8, words, sizeof(words));
    return 64;
}

static void dj(void **state) {
    (void)state;
    uint8_t data[64 * 8];
    size_t bytes = put_record(data, 1, 255, 0x1234, 0, 8, 0);
    bytes += put_record(data + bytes, 7, 1 | 0x1100, 0, 0x1000, 100, 0);
    bytes += put_record(data + bytes, 7, 2, 0, 0x2000, 24, 0);
    bytes += put_record(data + bytes, 8, 4, 0x1000, 0x3000, 300, 0);
    bytes += put_record(data + bytes, 8, 8, 12, 0x4000, 50, 64);
    bytes += put_record(data + bytes, 8, 5, 0, 0x4000, 50, 64);
    bytes += put_record(data + bytes, 7, 3, 0x3000, 0, 0, 0);
    bytes += put_record(data + bytes, 0, 0, 0, 0, 0, 0);
    import_put(data, bytes);
    struct rh_import_report report = import_file(import_input, NULL);
    assert_string_equal(report.format, "dj");
    assert_int_equal(report.failed, 1);
    assert_int_equal(report.ignored, 1);
    char *lines = import_lines();
    assert_string_equal(lines, "- 0 thread-start\n"
                               "- 0 malloc 0 size=100\n"
                               "- 0 calloc 1 size=24\n"
                               "- 1 thread-start\n"
                               "- 1 realloc 0 2 size=300\n"
                               "- 1 failed size=50 align=64\n"
                               "- 1 aligned 3 size=50 align=64\n"
                               "- 0 free 2\n");
    rh_free(lines);
    data[24] = 4;
    import_refused(NULL, data, bytes, "pointers of 4 bytes");
}

/* Two threads: the second waits for what the first signals. */
static void wl(void **state) {
    (void)state;
    static const uint8_t data[] = {
        8, 3, 9, 1, 10, 2,    11,   13, 11, 23, 1,  0,  0, /* header, and two bytes of nothing */
        2, 1, 5, 3, 2,  0x81, 0x00, 6,  1,  1,             /* malloc, calloc of 128, signal, done */
        7, 1, 4, 3, 1,  9,    5,    3,  12, 1,  64, 10, 1, /* wait, realloc, free, memalign, done */
    };
    import_put(data, sizeof(data));
    struct rh_import_report report = import_file(import_input, NULL);
    assert_string_equal(report.format, "wl");
    char *lines = import_lines();
    assert_string_equal(lines, "- 0 thread-start\n"
                               "- 0 malloc 0 size=5\n"
                               "- 0 calloc 1 size=128\n"
                               "- 1 thread-start\n"
                               "- 1 realloc 0 2 size=9\n"
                               "- 1 free 2\n"
                               "- 1 aligned 3 size=10 align=64\n");
    rh_free(lines);
    uint8_t stuck[sizeof(data)];
    memcpy(stuck, data, sizeof(data));
    stuck[20] = 0; /* two nops instead of the signal */
    stuck[21] = 0;
    import_refused(NULL, stuck, sizeof(stuck), "waits thread 1");
}

static void mtrace(void **state) {
    (void)state;
    struct rh_import_report sample = import_sample("glibc-mtrace3.txt", "mtrace");
    assert_int_equal(sample.calls, 20);
    import_text("mtrace",
                "= Start\n"
                "@ ./a] b:(f+0x1)[0x11bb] + 0x1000 0xa\n"
                "@ ./ops:[0x11e3] < 0x1000\n"
                "@ ./ops:[0x11e3] > 0x2000 0x3e8\n"
                "! 0x2000 0xffff\n"
                "+ (nil) 0x10\n"
                "+ 0x3000 0\n"
                "- 0x2000\n"
                "= End\n",
                "- 0 thread-start\n"
                "- 0 malloc 0 size=10\n"
                "- 0 realloc 0 1 size=1000\n"
                "- 0 failed size=65535\n"
                "- 0 failed size=16\n"
                "- 0 malloc 2 size=0\n"
                "- 0 free 1\n");
}

static void lttng(void **state) {
    (void)state;
    struct rh_import_report sample = import_sample("lttng-ust-libc.babeltrace2.txt", "lttng");
    assert_int_equal(sample.calls, 24);
    assert_int_equal(sample.unknown_frees, 3);
    import_text(
        "lttng",
        "[23:59:59.999999999] (+?) vm lttng_ust_libc:malloc: { cpu_id = 1 }, { vtid = 5, vpid = 4 "
        "}, { size = 10, ptr = 0x55DE1 }\n"
        "[00:00:00.000000009] (+0.00000001) vm lttng_ust_libc:posix_memalign: { cpu_id = 1 }, { "
        "vtid = 5, vpid = 4 }, { out_ptr = 0x66D, alignment = 64, size = 3, result = 0 }\n"
        "[00:00:00.000000019] (+0.00000001) vm lttng_ust_libc:realloc: { cpu_id = 0 }, { vtid = 6, "
        "vpid = 4 }, { in_ptr = 0x55DE1, size = 0, ptr = 0x0 }\n",
        "0 0 thread-start\n"
        "0 0 malloc 0 size=10\n"
        "10 0 aligned 1 size=3 align=64\n"
        "20 1 thread-start\n"
        "20 1 free 0\n");
}

static void wee_alloc(void **state) {
    (void)state;
    struct rh_import_report report = import_text("wee_alloc",
                                                 "Alloc(552),\nAlloc(120),\nFree(1),\nFree(1),\n"
                                                 "Alloc(9)",
                                                 "- 0 thread-start\n"
                                                 "- 0 malloc 0 size=552\n"
                                                 "- 0 malloc 1 size=120\n"
                                                 "- 0 free 1\n"
                                                 "- 0 malloc 2 size=9\n");
    assert_int_equal(report.unknown_frees, 1);
    assert_int_equal(report.cut_short, 1);
}

static void sri(void **state) {
    (void)state;
    struct rh_import_report sample = import_sample("sri-mhook.txt", "sri");
    assert_int_equal(sample.calls, 399);
    assert_int_equal(sample.summary.objects, 268);
    import_text("sri",
                "i 0x0\nm 0x05 0x1000 0x9\nc 0x2 0x8 0x2000 0x9\nr 0x1000 0x20 0x1000 0x9\n"
                "f 0x2000 0x9\ne 0x0\n",
                "- 0 thread-start\n"
                "- 0 malloc 0 size=5\n"
                "- 0 calloc 1 size=16\n"
                "- 0 realloc 0 2 size=32\n"
                "- 0 free 1\n");
    /* A free may stand behind the reuse of its address. */
    struct rh_import_report report =
        import_text("sri", "m 0x05 0x1000 0x9\nm 0x06 0x1000 0x9\nf 0x1000 0x9\nf 0x1000 0x9\n",
                    "- 0 thread-start\n"
                    "- 0 malloc 0 size=5\n"
                    "- 0 free 0\n"
                    "- 0 malloc 1 size=6\n"
                    "- 0 free 1\n");
    assert_int_equal(report.moved_releases, 1);
    assert_int_equal(report.unknown_frees, 0);
}

static void protobuf(void **state) {
    (void)state;
    static const uint8_t data[] = {
        0x0a, 6,    0x0a, 4, 0x08, 1, 0x10, 100,           /* malloc id 1, 100 bytes */
        0x0a, 8,    0x0a, 6, 0x08, 2, 0x10, 16,  0x18, 64, /* malloc id 2, aligned */
        0x0a, 8,    0x1a, 6, 0x08, 3, 0x10, 1,   0x18, 50, /* realloc id 1 to id 3, 50 bytes */
        0x0a, 8,    0x22, 6, 0x08, 1, 0x10, 3,   0x18, 7,  /* calloc id 1 */
        0x0a, 2,    0x12, 0,                               /* free(NULL) */
        0x0a, 6,    0x12, 4, 0x08, 2, 0x10, 16,            /* free id 2, sized */
        0x0a, 4,    0x12, 2, 0x08, 3,                      /* free id 3 */
        0x10, 0xac, 0x02,                                  /* field 2 */
    };
    import_put(data, sizeof(data));
    struct rh_import_report report = import_file(import_input, NULL);
    assert_string_equal(report.format, "malloc-bench");
    assert_int_equal(report.records, 7);
    char *lines = import_lines();
    assert_string_equal(lines, "- 0 thread-start\n"
                               "- 0 malloc 0 size=100\n"
                               "- 0 aligned 1 size=16 align=64\n"
                               "- 0 realloc 0 2 size=50\n"
                               "- 0 calloc 3 size=21\n"
                               "- 0 free-null\n"
                               "- 0 free-sized 1 size=16\n"
                               "- 0 free 2\n");
    rh_free(lines);
    static const uint8_t absurd[] = {0x0a, 6,    0x0a, 4,    0x08, 1,    0x10, 100,
                                     0x0a, 0x80, 0xc2, 0xd7, 0x2f, 0x0a, 0};
    import_refused("malloc-bench", absurd, sizeof(absurd), "a line of 100000000 bytes");
}

static void ltrace(void **state) {
    (void)state;
    struct rh_import_report sample = import_sample("ltrace.txt", "ltrace");
    assert_int_equal(sample.calls, 20);
    assert_int_equal(sample.unusable, 1);
    assert_int_equal(sample.unknown_frees, 1);
    import_text("ltrace",
                "15 ops->malloc(10)           = 0x1000\n"
                "15 ops->calloc(3, 7 <unfinished ...>\n"
                "16 realloc(0x1000, 99, 4, 5)   = 0x3000\n"
                "15 <... calloc resumed> )      = 0x2000\n"
                "15 aligned_alloc(128, 256, 0x55, 2) = 0x4000\n"
                "16 free(0x2000)                 = <void>\n"
                "15 +++ exited (status 0) +++\n",
                "- 0 thread-start\n"
                "- 0 malloc 0 size=10\n"
                "- 1 thread-start\n"
                "- 1 realloc 0 1 size=99\n"
                "- 0 calloc 2 size=21\n"
                "- 0 aligned 3 size=256 align=128\n"
                "- 1 free 2\n");
}

static void webkit(void **state) {
    (void)state;
    struct rh_import_report report = import_sample("webkit-synthetic.ops", "webkit");
    assert_int_equal(report.records, 7);
    char *lines = import_lines();
    assert_string_equal(lines, "- 0 thread-start\n"
                               "- 0 malloc 0 size=100\n"
                               "- 0 malloc 1 size=200\n"
                               "- 1 thread-start\n"
                               "- 1 aligned 2 size=64 align=64\n"
                               "- 0 realloc 0 3 size=400\n"
                               "- 1 free 1\n"
                               "- 0 free 3\n"
                               "- 1 free 2\n");
    rh_free(lines);
    uint8_t bad[48] = {4};
    import_refused("webkit", bad, sizeof(bad), "byte 0: opcode 4");
}

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    data_directory = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(android),   cmocka_unit_test(logalloc), cmocka_unit_test(rep),
        cmocka_unit_test(heaptrack), cmocka_unit_test(valgrind), cmocka_unit_test(dj),
        cmocka_unit_test(wl),        cmocka_unit_test(mtrace),   cmocka_unit_test(lttng),
        cmocka_unit_test(wee_alloc), cmocka_unit_test(sri),      cmocka_unit_test(protobuf),
        cmocka_unit_test(ltrace),    cmocka_unit_test(webkit),
    };
    return cmocka_run_group_tests_name("trace/import", tests, import_set_up, import_tear_down);
}
