#ifndef NVCACHE_PLAN_PLAN_PRIV_H
#define NVCACHE_PLAN_PLAN_PRIV_H

#include "nvcache/plan/plan.h"

/* Placeholders in words: PLACEHOLDER, a kind, and for files three hexadecimal digits. */
#define PLACEHOLDER     '\001'
#define PLACE_FILE      'F' /* a file's path */
#define PLACE_FILE_NAME 'N' /* a file's name without its directory */
#define PLACE_SOURCE    'S'
#define PLACE_REAL      'P' /* the source's absolute path */
#define PLACE_OWN       'E' /* in the environment: the variable's value as it is */

/* What intermediate files are called before the source's stem, instead of a process id
 * and a number.  6 is the number that nvcc gives the host's C++, whose name is in the
 * object. */
#define PLAN_FILE_PREFIX "tmpxft_00000000_00000000-6_"

/* A plan being read. */
struct plan_draft {
    struct arena *arena;
    const struct plan_names *names;
    const char *stem;
    struct plan *plan;
    const char *host; /* the word that names the host compiler */
    int named_stub;   /* the file that cudafe++ includes, or -1 */
    int named_fatbin; /* the file that stubs include, or -1 */
    const char *cicc_path;
    const char *culprit;
};

/* Append a step for these words of one line.  UNPLANNED_LINE, UNPLANNED_FILE. */
NVC_NODISCARD enum nvc_status plan_add_step(struct plan_draft *draft,
                                            const struct strlist *words);

/* After the last line: who reads what, and is everything read? */
NVC_NODISCARD enum nvc_status plan_close(struct plan_draft *draft);

#endif
