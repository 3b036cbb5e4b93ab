#ifndef NVCACHE_NVCC_SHELLWORDS_H
#define NVCACHE_NVCC_SHELLWORDS_H

#include "nvcache/base/status.h"
#include "nvcache/base/strlist.h"

#include <stdbool.h>

/* The words that `sh -c` makes of text that stands unquoted in a command line; appended
 * to `out`.  False also for anything the shell would expand or act on: variables,
 * commands, patterns. */
NVC_NODISCARD bool words_of_shell(const char *text, struct strlist *out);

/* Would a shell expand something in this text inside double quotes? */
bool text_is_expanded(const char *text);

#endif
