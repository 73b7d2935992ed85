/* thread_local.h - thread-local variables that cost one instruction. The allocators are linked into
 * programs, never loaded later, so the model that needs no call is always right. */
#ifndef REHEAP_THREAD_LOCAL_H
#define REHEAP_THREAD_LOCAL_H

#define RH_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))

#endif
