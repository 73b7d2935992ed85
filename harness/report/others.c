/* others.c - how much of the machine went to somebody else while workers ran. */
#include <math.h>

#include "report/model.h"

struct shares {
    double busy_ns, idle_ns, steal_ns, own_ns;
};

static void add(struct shares *shares, const struct rh_result_machine *machine) {
    if (machine->machine_busy_ns == UINT64_MAX || machine->own_cpu_ns == UINT64_MAX)
        return;
    shares->busy_ns += (double)machine->machine_busy_ns;
    shares->idle_ns += (double)machine->machine_idle_ns;
    shares->steal_ns += (double)machine->machine_steal_ns;
    shares->own_ns += (double)machine->own_cpu_ns;
}

/* Sums over all samples: /proc/stat counts in steps of 10 ms, too coarse for one. */
void rh_report_fill_others(struct rh_report_model *model) {
    struct shares shares = {0};
    for (size_t i = 0; i < model->result->sample_count; i++)
        add(&shares, &model->result->samples[i].machine);
    for (size_t i = 0; i < model->result->program_line_count; i++)
        add(&shares, &model->result->program_lines[i].machine);
    double all_ns = shares.busy_ns + shares.idle_ns + shares.steal_ns;
    model->others_share = all_ns > 0 ? fmax(0, shares.busy_ns - shares.own_ns) / all_ns : NAN;
    model->steal_share = all_ns > 0 ? shares.steal_ns / all_ns : NAN;
}
