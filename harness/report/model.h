/* model.h - everything that a report shows, computed once from a result; each format only lays it
 * out. Internal to report/. */
#ifndef RH_REPORT_MODEL_H
#define RH_REPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "result/result.h"
#include "stats/stats.h"

#define RH_REPORT_NOBODY SIZE_MAX

/* One allocator on one trace. Figures that nobody measured are NaN; bytes are doubles because they
 * are medians of differences. */
struct rh_report_cell {
    uint32_t measured; /* throughput samples that count: measured, and not of the warm-up round */
    uint32_t failed;   /* samples of any pass and round that ended in another way */
    uint32_t memory_measured;
    enum rh_sample_end end; /* MEASURED, or how the first failed sample ended; of an allocator that
                               was not available NOT_LOADED; UNFINISHED: no sample at all */
    const char *reason;     /* the sentence to it, or NULL; borrowed from the result */
    const char *object;     /* the file that owned the functions, or NULL; borrowed */

    /* Medians over the counted rounds. */
    double ns_per_op;
    double net_ns;           /* ns_per_op less the null allocator's: what the replay itself costs */
    double deviation_ns;     /* robust deviation of ns_per_op over the rounds */
    struct rh_interval time; /* ratio to the baseline of the same round; < 1 is faster */
    enum rh_verdict time_verdict;
    double wall_ns, stall_share; /* stall / (busy + stall) */
    double user_ns, system_ns;
    double minor_faults, major_faults;
    double voluntary_switches, involuntary_switches;
    uint32_t outliers; /* rounds beyond 10 robust deviations: drawn, never dropped */

    /* Memory, over the memory rounds; what the null worker holds is subtracted, where it ran. */
    double live_bytes;          /* max L */
    double replayed_live_bytes; /* the same as the threads of the replays made it; NaN */
    double peak_bytes;          /* max R */
    double peak_over_peak;      /* max R / max L */
    double at_peak_live;        /* R / L at the mark with the highest L */
    double at_peak_resident;
    double mean_over_mean;     /* integral of R over integral of L, by recorded time, else by ops */
    struct rh_interval memory; /* ratio of max R to the baseline's */
    enum rh_verdict memory_verdict;
    double freed_bytes[RH_SAMPLE_IDLE_STEPS]; /* R after everything was freed, and so much idling */
    double freed_idle_ns[RH_SAMPLE_IDLE_STEPS];
    double purged_bytes;
    const char *purge_call;         /* borrowed, or NULL */
    const struct rh_sample *series; /* the first memory sample with marks, or NULL; borrowed */
    double series_floor_bytes;      /* what to subtract from its marks */
};

struct rh_report_trace {
    bool synthetic;             /* somebody thought it up; no program was recorded */
    bool in_means;              /* the means go over it */
    size_t comparisons;         /* over which the level of its intervals is shared */
    struct rh_interval control; /* second run of the baseline / first */
    enum rh_verdict control_verdict;
    double floor_share; /* dearest floor / fastest ranked allocator; NaN */
    size_t floor;       /* that floor, or RH_REPORT_NOBODY */
    size_t fastest;     /* smallest median, or RH_REPORT_NOBODY */
    bool work_differs;  /* measured samples disagree about operations or checksum */
    double live_error;  /* replayed / recorded peak of live bytes - 1; NaN */
    size_t *order;      /* [allocators]: ranked by ns/op, then unmeasured, then floors */
};

/* One allocator over the traces of the means. */
struct rh_report_mean {
    size_t traces;           /* traces of the means that it was measured on */
    bool whole;              /* that is all of them: only then may means be ranked */
    struct rh_interval time; /* geometric mean of the ratios to the baseline */
    enum rh_verdict time_verdict;
    double smallest, largest; /* of the ratios per trace */
    struct rh_interval memory;
    enum rh_verdict memory_verdict;
    struct rh_interval behind; /* geometric mean of the ratios to the best */
    enum rh_verdict behind_verdict;
    bool leads; /* the best, or cannot be told apart from it */
};

/* One allocator under one real program. Figures that nobody measured are NaN. */
struct rh_report_program_cell {
    uint32_t measured, failed; /* counted runs; runs of any round that ended in another way */
    enum rh_sample_end end;    /* MEASURED, or how the first of those ended; UNFINISHED: no run */
    const char *reason;        /* of the first that failed, or a gap; or NULL; borrowed */
    const char *object;        /* the file that owned malloc, or NULL; borrowed */
    double wall_ns, user_ns, system_ns; /* medians */
    struct rh_interval time;            /* wall time over the baseline's of the same round */
    enum rh_verdict time_verdict;
    double peak_bytes;       /* median of the largest resident memory of a process */
    double floor_peak_bytes; /* the same of its floor command; NaN: it has none */
    struct rh_interval memory;
    enum rh_verdict memory_verdict;

    /* Fidelity, where the program has a trace; else NaN. */
    struct rh_interval real_difference;   /* ns more than the baseline, end to end */
    struct rh_interval replay_difference; /* ns more than the baseline, in the replay */
    double net_peak_bytes; /* less its floor; without one the highest private memory seen */
    double peak_error;     /* replayed over real peak - 1 */
    double curve_error;    /* mean distance of the two curves of resident memory, over the mean */
};

struct rh_report_program {
    struct rh_report_program_cell *cells; /* [allocators] */
    double *wall, *peak;                  /* [columns * rounds], the last column the second run */
    size_t *order;                        /* [allocators]: by wall time, then what was not run */
    size_t comparisons;
    struct rh_interval control;
    enum rh_verdict control_verdict;

    /* Only of pairs whose intervals are apart on both sides. */
    size_t signs, signs_same;
    size_t ranks, ranks_same;
    double slope; /* replay = slope * real, least squares through 0; NaN */
};

/* X(NAME, text) - why a reader should be careful; the text is what formats key on. */
#define RH_REPORT_BANNER_MAP(X)                                                                    \
    X(INCOMPLETE, "incomplete")                                                                    \
    X(CONTROL, "control")         /* the A/A control is off */                                     \
    X(NO_CONTROL, "no-control")   /* there is none */                                              \
    X(FAILED, "failed")           /* cells that did not end well */                                \
    X(UNAVAILABLE, "unavailable") /* allocators that were not there */                             \
    X(FEW_ROUNDS, "few-rounds")                                                                    \
    X(FLOOR, "floor")                                                                              \
    X(WORK, "work")           /* allocators did different work on a trace */                       \
    X(LIVE, "live")           /* replayed and recorded live bytes differ */                        \
    X(NO_NULL, "no-null")     /* memory holds what the worker itself takes */                      \
    X(OTHERS, "others")       /* somebody else had the CPUs */                                     \
    X(SAME_FILE, "same-file") /* two rows are the same library */                                  \
    X(SYNTHETIC, "synthetic")

enum rh_report_banner_kind {
#define X(name, text) RH_REPORT_BANNER_##name,
    RH_REPORT_BANNER_MAP(X)
#undef X
        RH_REPORT_BANNERS
};

struct rh_report_banner {
    enum rh_report_banner_kind kind;
    bool grave; /* the verdicts themselves are in doubt; else a remark */
    char *text; /* one or two sentences */
};

enum { RH_REPORT_ROUNDS_DEFAULT = 20 }; /* of a plan (docs/plan-format.md) */

struct rh_report_model {
    const struct rh_result *result;
    double level;
    size_t allocators, traces, rounds; /* rounds: counted, as far as samples go */
    size_t columns;                    /* allocators + 1: the last is the baseline's second run */
    double *ns;   /* [(trace * columns + column) * rounds + round - 1]: ns/op, NaN where missing */
    double *peak; /* same shape: max R net, bytes */
    struct rh_report_cell *cells;       /* [trace * allocators + allocator] */
    struct rh_report_trace *trace;      /* [traces] */
    struct rh_report_mean *means;       /* [allocators]; of floors only `traces` */
    struct rh_report_program *programs; /* [manifest.program_count] */
    size_t *order; /* [allocators]: by mean, baseline among them; then the rest */

    size_t baseline;
    size_t null_allocator; /* RH_REPORT_NOBODY: there is none */
    size_t traces_in_means;
    bool only_synthetic; /* there is no other trace: the means go over synthetic ones */
    size_t comparisons;  /* of the table of means */
    size_t best;         /* smallest mean among those that are whole, or NOBODY */
    size_t leading;      /* how many lead */
    struct rh_control control;
    struct rh_interval control_mean; /* the second run's mean over the first's, as if it were one
                                        more allocator of the table of means */
    enum rh_verdict control_mean_verdict;
    double detectable; /* smallest effect that a table would have found with 80 % power; NaN */
    double detectable_by_default; /* the same in RH_REPORT_ROUNDS_DEFAULT rounds */
    size_t rounds_needed; /* fewest rounds that give intervals of this level in every table */
    uint64_t samples_measured, samples_failed;
    double others_share; /* of the CPUs, taken by other processes while workers ran; NaN */
    double steal_share;  /* of the CPUs, taken by the hypervisor; NaN. 0 is no proof of quiet */

    struct rh_report_banner *banners;
    size_t banner_count, banner_capacity;
    char *headline; /* the answer in a sentence */
};

/* `level` in (0, 1). On failure *ret_model is untouched. */
int rh_report_model_init(const struct rh_result *result, double level, struct rh_error *error,
                         struct rh_report_model *ret_model);
void rh_report_model_finish(struct rh_report_model *model);

/* ---- steps of init, in their order; each fills its part of the model ---- */

int rh_report_fill_cells(struct rh_report_model *model, struct rh_error *error);    /* cells.c */
int rh_report_compare_cells(struct rh_report_model *model, struct rh_error *error); /* compare.c */
int rh_report_fill_means(struct rh_report_model *model, struct rh_error *error);    /* means.c */
void rh_report_fill_others(struct rh_report_model *model);                          /* others.c */
int rh_report_fill_programs(struct rh_report_model *model, struct rh_error *error); /* programs.c */
void rh_report_fill_fidelity(struct rh_report_model *model);                        /* fidelity.c */
void rh_report_finish_programs(struct rh_report_model *model);
int rh_report_fill_banners(struct rh_report_model *model, struct rh_error *error);  /* banner.c */
int rh_report_fill_headline(struct rh_report_model *model, struct rh_error *error); /* headline.c */

/* ---- small helpers of all formats ---- */

static inline struct rh_report_cell *rh_report_cell_at(const struct rh_report_model *model,
                                                       size_t trace, size_t allocator) {
    return &model->cells[trace * model->allocators + allocator];
}

/* The per-round values of a column of `grid` (model->ns or model->peak). */
static inline double *rh_report_rounds_at(const struct rh_report_model *model, double *grid,
                                          size_t trace, size_t column) {
    return &grid[(trace * model->columns + column) * model->rounds];
}

static inline const char *rh_report_label(const struct rh_report_model *model, size_t allocator) {
    return model->result->manifest.allocators[allocator].label;
}

static inline bool rh_report_is_floor(const struct rh_report_model *model, size_t allocator) {
    return model->result->manifest.allocators[allocator].floor;
}

const char *rh_report_banner_name(enum rh_report_banner_kind kind);
/* "faster", "slower", "equal", "unresolved", "". */
const char *rh_report_time_word(enum rh_verdict verdict);
/* "less", "more", "equal", "unresolved", "". */
const char *rh_report_memory_word(enum rh_verdict verdict);

#endif
