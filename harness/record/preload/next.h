/* next.h - the definitions that this library stands before, and memory for the time until they are
 * known. */
#ifndef RH_RECORD_PRELOAD_NEXT_H
#define RH_RECORD_PRELOAD_NEXT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct rh_next {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    size_t (*malloc_usable_size)(void *);
    void (*free_sized)(void *, size_t);                 /* NULL: there is none */
    void (*free_aligned_sized)(void *, size_t, size_t); /* as above */
    pid_t (*_Fork)(void);                               /* NULL: glibc before 2.34 */
    int (*pthread_setname_np)(pthread_t, const char *);
    int (*pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
};

/* Until rh_next_resolve is through, the members serve from a small static buffer: dlsym itself may
 * allocate. */
extern struct rh_next rh_next __attribute__((visibility("hidden")));

/* Finds the next definitions; true when they are known. False while this is under way (a call from
 * within dlsym). */
bool rh_next_resolve(void);

/* Path of the file that owns the next malloc; "" when unknown. */
const char *rh_next_malloc_file(void);

#endif
