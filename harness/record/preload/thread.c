/* thread.c - pthread_create: the thread's start is an event, and names its parent. */
#include "record/preload/thread.h"

#include <pthread.h>

#include "record/preload/export.h"
#include "record/preload/next.h"

static void *run_thread(void *argument) {
    struct rh_writer *writer = argument;
    void *(*start)(void *) = writer->start;
    void *start_argument = writer->start_argument;
    rh_thread_adopt(writer);
    return start(start_argument);
}

/* Another thread's new name is seen when that thread's slot is full or ends. */
RH_EXPORT int pthread_setname_np(pthread_t thread, const char *name) {
    int result = rh_next.pthread_setname_np(thread, name);
    if (result == 0 && pthread_equal(thread, pthread_self()))
        rh_thread_rename();
    return result;
}

RH_EXPORT int pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes,
                             void *(*start)(void *), void *argument) {
    struct rh_writer *parent = rh_writer_enter();
    struct rh_writer *child = parent != NULL ? rh_thread_prepare(parent) : NULL;
    if (parent != NULL)
        rh_writer_leave(parent, parent->cursor);
    if (child == NULL)
        return rh_next.pthread_create(ret_thread, attributes, start, argument);

    child->start = start;
    child->start_argument = argument;
    int result = rh_next.pthread_create(ret_thread, attributes, run_thread, child);
    if (result != 0)
        rh_thread_discard(child);
    return result;
}
