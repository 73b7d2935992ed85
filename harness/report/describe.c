/* describe.c - sentences that more than one format says. */
#include <math.h>
#include <string.h>

#include "report/format.h"
#include "report/formats.h"

const char rh_report_limits[] =
    "A replay measures allocator calls and memory, not the program's own cache misses on the "
    "memory "
    "it got. Times hold for these traces on this machine; an allocator that places blocks well "
    "gains more in the real program than here, and one whose metadata competes for the cache loses "
    "more.";

static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

void rh_report_describe_trace(const struct rh_report_model *model, size_t trace,
                              struct rh_text *text) {
    const struct rh_result_trace *facts = &model->result->manifest.traces[trace];
    char figure[RH_REPORT_FIGURE_BYTES];
    rh_text_addf(text, "%s: ", facts->name);
    if (facts->ops != UINT64_MAX)
        rh_text_addf(text, "%s operations", rh_report_count(figure, (double)facts->ops));
    if (facts->threads != UINT64_MAX)
        rh_text_addf(text, " on %llu thread%s", (unsigned long long)facts->threads,
                     plural(facts->threads));
    if (facts->cross_thread_releases != UINT64_MAX && facts->cross_thread_releases > 0)
        rh_text_addf(text, ", %s freed across threads",
                     rh_report_count(figure, (double)facts->cross_thread_releases));
    if (facts->peak_live_bytes != UINT64_MAX)
        rh_text_addf(text, ", up to %s live",
                     rh_report_bytes(figure, (double)facts->peak_live_bytes));
    if (facts->source != NULL)
        rh_text_addf(text, " (%s%s%s)", facts->source, facts->program != NULL ? " from " : "",
                     facts->program != NULL ? facts->program : "");
    char found[RH_THINK_FOUND_BYTES];
    if (facts->think.plain_ns != 0)
        rh_text_addf(text, "; thinks %s", rh_think_found_text(&facts->think, found));
}

void rh_report_describe_method(const struct rh_report_model *model, struct rh_text *text) {
    char level[RH_REPORT_FIGURE_BYTES];
    const struct rh_manifest *manifest = &model->result->manifest;
    bool ordered = manifest->order != NULL && strcmp(manifest->order, "dependency") != 0;
    bool paced = manifest->pace != NULL && strcmp(manifest->pace, "fast") != 0;
    bool thinks = manifest->think != NULL && strcmp(manifest->think, "off") != 0;
    rh_text_addf(
        text,
        "%zu round%s after one of warm-up, one fresh process a sample, seed %llu, touch "
        "%s%s%s%s%s%s%s. "
        "Ratios are paired within a round; the intervals of a table hold together with %s.",
        model->rounds, plural(model->rounds), (unsigned long long)manifest->seed,
        manifest->touch != NULL ? manifest->touch : "unknown", ordered ? ", order " : "",
        ordered ? manifest->order : "", paced ? ", " : "", paced ? manifest->pace : "",
        thinks ? ", think " : "", thinks ? manifest->think : "",
        rh_report_percent(level, model->level));
}

void rh_report_describe_noise(const struct rh_report_model *model, struct rh_text *text) {
    char ratio[RH_REPORT_FIGURE_BYTES];
    char percent[RH_REPORT_FIGURE_BYTES];
    if (model->control.cells == 0) {
        rh_text_add(text, "There is no A/A control.");
        return;
    }
    rh_text_addf(text,
                 "A/A control: the baseline against itself is at worst %s; noise of a contrast %s.",
                 rh_report_ratio(ratio, model->control.worst_ratio),
                 rh_report_percent(percent, model->control.noise_floor));
    if (isfinite(model->detectable))
        rh_text_addf(text, " A difference of %s would have been seen with 80 %% power.",
                     rh_report_percent(percent, model->detectable));
    if (model->rounds < RH_REPORT_ROUNDS_DEFAULT && isfinite(model->detectable_by_default))
        rh_text_addf(text, " With %d rounds (--rounds default), one of %s would be.",
                     RH_REPORT_ROUNDS_DEFAULT,
                     rh_report_percent(percent, model->detectable_by_default));
}

void rh_report_describe_host(const struct rh_report_model *model, struct rh_text *text) {
    const struct rh_host *host = &model->result->manifest.host;
    const char *const parts[] = {host->cpu,    host->cpus,   host->virtualisation,
                                 host->memory, host->kernel, host->libc};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i] != NULL)
            rh_text_addf(text, "%s%s", text->length > 0 ? ", " : "", parts[i]);
    if (host->governor != NULL)
        rh_text_addf(text, ", governor %s", host->governor);
    if (host->thp != NULL)
        rh_text_addf(text, ", THP %s", host->thp);
    if (host->swap != NULL)
        rh_text_addf(text, ", swap %s", host->swap);
}
