#ifndef NVCACHE_CACHE_SESSION_PRIV_H
#define NVCACHE_CACHE_SESSION_PRIV_H

#include "key_priv.h"
#include "memory_priv.h"
#include "nvcache/base/status.h"
#include "nvcache/cache/roots.h"
#include "nvcache/digest/digest.h"
#include "nvcache/digest/stamp.h"
#include "nvcache/nvcc/command.h"
#include "nvcache/nvcc/toolchain.h"
#include "nvcache/store/counters.h"

#include <stdint.h>

struct arena;
struct config;
struct memo;
struct store;
struct last_pass;
struct vigil;

/* Everything one invocation knows.  Filled in from top to bottom by invocation.c. */
struct session {
    struct arena *arena;
    const struct config *config;
    const char *program; /* the compiler to run */
    int argc;
    char **argv;
    const char *cwd;
    int64_t begin_ns; /* clock_file_ns when the command began; of a miss: when the
                         compiler did */

    struct nvcc_command command;
    struct store *store;
    struct memo *memo;
    struct toolchain_layout layout;
    struct digest toolchain;
    const char *native; /* what -arch=native means (native_priv.h); NULL: not asked for */
    const char *processor; /* the same of the host's -march=native */
    struct roots roots;
    struct digest source;
    struct command_key key;

    struct last_pass *last_pass; /* unlisted_priv.h; NULL: not looked for yet */
    struct vigil *vigil;         /* of the compile that runs; may be NULL */
    struct memory memory;
    struct digest result; /* the record that recorder_store wrote */

    struct counters_event event;
    const char *culprit; /* what the log says besides the status */
};

/* Note an error that did not stop the build, or what memory did to it; the first
 * COUNTERS_MAX_ERRORS are counted.
 */
void session_error(struct session *session, enum nvc_status status);

/* Append the event to the counters.  The process ends, or becomes another program, after
 * that. */
void session_end(struct session *session);

#endif
