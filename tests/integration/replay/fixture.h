/* fixture.h - traces with one thread and with nine, their tapes, and a replay that must end well.
 */
#ifndef RH_TESTS_REPLAY_FIXTURE_H
#define RH_TESTS_REPLAY_FIXTURE_H

#include "replay/replay.h"
#include "trace/trace.h"

enum { FIXTURE_EVENTS = 30000 };

extern char fixture_directory[64];
extern char fixture_single_path[128];
extern char *fixture_single, *fixture_threaded; /* tapes */
extern struct rh_sample sample;                 /* of the latest replay */

/* For cmocka's groups. The second asserts that nothing was left behind. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

struct rh_event fixture_event(uint32_t thread, unsigned kind);
void fixture_write(const char *path, const struct rh_event *events, size_t count);
/* The caller unlinks the tape and frees its path with rh_free. */
char *fixture_compile(const char *path);
int fixture_try_compile(const char *path, struct rh_error *error, char **ret_tape);
/* Replays into `sample`, which must have been measured without a remark. */
void fixture_replay(const struct rh_job *job);

#endif
