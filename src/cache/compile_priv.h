#ifndef NVCACHE_CACHE_COMPILE_PRIV_H
#define NVCACHE_CACHE_COMPILE_PRIV_H

#include "nvcache/base/process.h"
#include "nvcache/base/status.h"
#include "nvcache/base/strlist.h"

#include <stdbool.h>

struct session;

/* What a run of the user's own compiler left. */
struct compiled {
    struct process_result process;
    bool takes_files; /* as cudafe++ wrote it, the host's code has the assembler read some
                       */
    bool has_dependencies; /* `dependencies` is what the compiler listed */
    struct strlist dependencies;
    struct buf depfile; /* its text; the user's when the command asks for one */
};

/* Run the compiler in a private temporary directory (two nvcc with one process id, in two
 * containers with one /tmp, overwrite each other's files), its output passed on as it
 * comes. Asks for a dependency list when the command does not.  The directory is gone
 * afterwards. ERR_EXEC, ERR_IO: the compiler did not run. */
NVC_NODISCARD enum nvc_status compile_run(struct session *session, struct compiled *out);
void compiled_fini(struct compiled *compiled);

#endif
