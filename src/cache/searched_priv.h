#ifndef NVCACHE_CACHE_SEARCHED_PRIV_H
#define NVCACHE_CACHE_SEARCHED_PRIV_H

#include "nvcache/base/strlist.h"

#include <stddef.h>

struct command_item;
struct session;

/* Directories in which headers are searched, by their number: first those that the
 * command and its variables give, then the toolchain's. */
struct searched {
    struct strlist same;   /* "I J": directory J is I once more */
    struct strlist faults; /* "I ERRNO": given ones of which the compiler has something to
                              say; -1 for a file */
};

/* Look at them, for the command of these items. */
void searched_look(const struct session *session, const struct command_item *items,
                   size_t n, struct searched *out);

#endif
