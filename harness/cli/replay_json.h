/* replay_json.h - a sample of "reheap replay" for programs. */
#ifndef RH_CLI_REPLAY_JSON_H
#define RH_CLI_REPLAY_JSON_H

#include "replay/replay.h"
#include "result/course.h"

struct rh_cli_replayed {
    const struct rh_job *job;
    const struct rh_course *course;
    const struct rh_think_found *found;
    const struct rh_sample *sample;
};

/* To standard output; negative: it cannot be written. */
int rh_cli_replay_json(const struct rh_cli_replayed *replayed);

#endif
