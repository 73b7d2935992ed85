/* launch.h - the parts of the parent side of one sample. */
#ifndef RH_REPLAY_LAUNCH_H
#define RH_REPLAY_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "replay/job.h"
#include "replay/replay.h"

enum { RH_LAUNCH_WORDS = 12 };

/* What the parent has seen of the threads' progress. */
struct rh_progress {
    struct rh_tape tape;
    const struct rh_player *players; /* NULL: not seen yet */
    size_t bytes;
    uint64_t signature;
    uint64_t since_ns; /* when it was first what it is */
};

/* A worker's shared file, as the parent sees it. */
struct rh_launch {
    const char *worker;  /* its file name */
    const char *under;   /* the tool that starts it; NULL: none */
    const char *library; /* to be preloaded; "": none */
    int shared_fd, log_fd;
    struct rh_shared *shared;
    size_t shared_bytes;
    char **environment; /* NULL-terminated, owned */
    pid_t pid;
    int calls_fd, worker_calls_fd; /* both ends of a socket; later what tells of system calls. -1 */
    bool listens;
    bool timed_out;
    bool stuck; /* no thread of it can go on */
    struct rh_progress progress;
    int status; /* as from waitpid */
};

/* ---- replay.c ---- */

/* The shared file, with an empty sample, and the log. Closed by rh_launch_close also on failure. */
int rh_launch_open(struct rh_launch *launch, const struct rh_job *job, struct rh_error *error);
void rh_launch_close(struct rh_launch *launch);

/* ---- launch_job.c ---- */

/* Puts a text where the worker finds it; its offset. */
int rh_launch_add_text(struct rh_launch *launch, const char *text, struct rh_error *error,
                       uint32_t *ret_offset);

/* Writes the job where the worker finds it. RH_ERR_MISSING, where the allocator's library is not
 * there: `ret_library` then has nothing, and the sentence is the sample's. */
int rh_launch_write_job(struct rh_launch *launch, const struct rh_job *job, const char *library,
                        struct rh_error *error);
/* "0-1,3" as a bit set. */
int rh_launch_parse_cpus(const char *text, uint64_t ret_cpus[RH_SHARED_CPU_WORDS],
                         struct rh_error *error);

/* ---- launch_under.c ---- */

/* What is executed: the worker, or a tool with the worker as its last words. */
struct rh_launch_words {
    const char *words[RH_LAUNCH_WORDS + 1]; /* NULL-terminated */
    size_t count;
    char preload[RH_SAMPLE_PATH_BYTES + 64];
    char number[16]; /* of the shared file */
};

/* `worker` is the path of its file. */
void rh_launch_make_words(const struct rh_launch *launch, const char *worker,
                          struct rh_launch_words *ret_words);
/* The tool could not be executed: says which package has it. */
int rh_launch_refuse_tool(const struct rh_launch *launch, struct rh_error *error);

/* ---- launch_environment.c ---- */

/* What the worker gets: a few names of the parent's, the library, the job's own, the padding. */
int rh_launch_make_environment(const struct rh_job *job, const char *library,
                               struct rh_error *error, char ***ret_environment);
void rh_launch_free_environment(char **environment);

/* ---- launch_watch.c ---- */

/* Which worker has the allocator: "reheap-worker", or one that is linked with its malloc. */
const char *rh_launch_worker_for(const char *allocator);

int rh_launch_start(struct rh_launch *launch, struct rh_error *error);
/* Waits for its end, and makes it end at the time limit, when its threads stand still on the tape
 * (NULL: it plays none), or on interruption (then RH_ERR_INTERRUPTED). */
int rh_launch_watch(struct rh_launch *launch, const char *tape_path, uint64_t time_limit_ns,
                    const volatile bool *interrupted, struct rh_error *error);

/* ---- launch_calls.c: of a pass that counts system calls ---- */

/* A way for the worker to send what is to be listened to. */
int rh_launch_open_calls(struct rh_launch *launch, struct rh_error *error);
void rh_launch_close_calls(struct rh_launch *launch);
/* poll(2) says that calls_fd has something, or nobody behind it. */
void rh_launch_serve_calls(struct rh_launch *launch, short events);
/* The worker has ended: takes away what was not the allocator's. */
void rh_launch_settle_calls(struct rh_launch *launch);

/* ---- launch_progress.c ---- */

/* Looks once; sets launch->stuck when no thread has been able to go on for seconds. */
void rh_launch_watch_progress(struct rh_launch *launch, const char *tape_path);
void rh_launch_end_progress(struct rh_launch *launch);
/* Maps the `count` players of the tape. RH_ERR_MISSING: they are not there. */
int rh_launch_players(const struct rh_launch *launch, uint64_t count,
                      const struct rh_player **ret_players, size_t *ret_bytes);
/* Where the thread is in the tape; 0: it has not begun. */
uint64_t rh_launch_position(const struct rh_player *player);
/* The op there is one at which threads meet. */
bool rh_launch_meets(const struct rh_tape *tape, uint64_t position);

/* ---- launch_verdict.c ---- */

/* How it ended, in words, where the worker could not write it. */
void rh_launch_judge(struct rh_launch *launch, const struct rh_job *job,
                     struct rh_sample *ret_sample);

#endif
