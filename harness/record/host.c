/* host.c - metadata from a spool's header and from /proc. */
#include "record/host.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "record/image.h"

enum { PROC_BYTES_MOST = 4 << 20 };

/* ---- the clock ---- */

static bool is_this_boot(const struct rh_spool_header *header) {
    char *text = NULL;
    struct rh_error ignored = {0};
    if (rh_file_read("/proc/sys/kernel/random/boot_id", PROC_BYTES_MOST, &ignored, &text, NULL) < 0)
        return false;
    size_t length = strlen(header->boot_id);
    bool same = length > 0 && strncmp(text, header->boot_id, length) == 0;
    rh_free(text);
    return same;
}

double rh_host_ns_per_tick(const struct rh_spool_header *header) {
    enum { WINDOW_NS = 10000000 };
    if (header->clock == RH_SPOOL_CLOCK_MONOTONIC)
        return 1;
    uint64_t now_ns = rh_now_ns();
    uint64_t now_ticks = rh_tsc();
    if (is_this_boot(header) && now_ns > header->start_ns + WINDOW_NS &&
        now_ticks > header->start_ticks)
        return (double)(now_ns - header->start_ns) / (double)(now_ticks - header->start_ticks);
    return 1 / rh_tsc_per_ns(WINDOW_NS);
}

uint64_t rh_host_ns_of(uint64_t ticks, double ns_per_tick) {
    double ns = (double)ticks * ns_per_tick;
    uint64_t most = UINT64_C(1) << 61;
    return ns < (double)most ? (uint64_t)ns : most;
}

/* ---- strings ---- */

/* The arguments lie behind each other, a NUL after each. */
static char *command_line(const struct rh_spool_header *header) {
    struct rh_text text = {0};
    const char *end = header->command + header->command_bytes;
    for (const char *word = header->command; word < end; word += strlen(word) + 1) {
        if (text.length > 0)
            rh_text_add(&text, " ");
        rh_text_add_quoted(&text, word);
    }
    if (header->command_bytes == RH_SPOOL_COMMAND_BYTES - 1)
        rh_text_add(&text, " ...");
    char *line = text.failed == 0 ? rh_strdup(rh_text_get(&text)) : NULL;
    rh_text_finish(&text);
    return line;
}

static void add_cpu_model(struct rh_text *text) {
    char *info = NULL;
    struct rh_error ignored = {0};
    if (rh_file_read("/proc/cpuinfo", PROC_BYTES_MOST, &ignored, &info, NULL) < 0)
        return;
    const char *line = strstr(info, "model name");
    const char *colon = line != NULL ? strchr(line, ':') : NULL;
    if (colon != NULL) {
        colon += 1 + strspn(colon + 1, " \t");
        rh_text_add_bytes(text, colon, strcspn(colon, "\n"));
        rh_text_add(text, ", ");
    }
    rh_free(info);
}

static char *host_line(void) {
    struct rh_text text = {0};
    struct utsname name;
    add_cpu_model(&text);
    if (uname(&name) == 0)
        rh_text_addf(&text, "%s %s %s", name.sysname, name.release, name.machine);
    char *line = text.failed == 0 ? rh_strdup(rh_text_get(&text)) : NULL;
    rh_text_finish(&text);
    return line;
}

static char *date_of(uint64_t real_ns) {
    char text[32];
    struct tm parts;
    time_t seconds = (time_t)(real_ns / 1000000000u);
    if (gmtime_r(&seconds, &parts) == NULL)
        return rh_strdup("");
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return rh_strdup(text);
}

int rh_host_describe(const struct rh_spool_header *header, struct rh_error *error,
                     struct rh_trace_meta *meta) {
    meta->program = rh_strdup(rh_image_program(header));
    meta->executable = rh_strdup(header->program);
    meta->command = command_line(header);
    meta->source = rh_strdup("recorded");
    meta->host = host_line();
    meta->libc = rh_strdup(header->libc);
    meta->allocator = rh_strdup(header->allocator);
    meta->tool = rh_strdup("reheap " RH_VERSION);
    meta->date = date_of(header->start_real_ns);
    meta->pid = header->pid;
    if (meta->program == NULL || meta->executable == NULL || meta->command == NULL ||
        meta->source == NULL || meta->host == NULL || meta->libc == NULL ||
        meta->allocator == NULL || meta->tool == NULL || meta->date == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the metadata of a trace");
    return 0;
}
