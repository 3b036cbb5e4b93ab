#ifndef NVCACHE_CACHE_NATIVE_PRIV_H
#define NVCACHE_CACHE_NATIVE_PRIV_H

#include "nvcache/base/status.h"

#include <stdbool.h>

struct process_result;
struct session;

/* What -arch=native means here and now.  nvcc runs `__nvcc_device_query --silent` and
 * compiles for the architectures it prints; when it fails, nvcc warns and takes its
 * default (11.8 to 13.5, seen with strace and --dryrun).  The answer depends on the
 * driver, the devices and the environment, so the same program is asked for each such
 * command: the only process that a hit starts.
 *
 * What -march=native means to the host compiler is what the processor says of itself
 * (base/processor.h): no process. */

/* Ask, and keep the answers in session->native and session->processor; nothing for other
 * commands.  BYPASS_NATIVE: this nvcc has no such program, or it does not run;
 * BYPASS_HOST_OPTION: the processor's word is not all that compilers go by. */
NVC_NODISCARD enum nvc_status native_resolve(struct session *session);

/* Did the compiler that has just run get those answers?  nvcc's warning says when it got
 * none, and the answers must still be the same.  NOSTORE_MOVED if not. */
NVC_NODISCARD enum nvc_status native_check(struct session *session,
                                           const struct process_result *run);

#endif
