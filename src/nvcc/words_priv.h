#ifndef NVCACHE_NVCC_WORDS_PRIV_H
#define NVCACHE_NVCC_WORDS_PRIV_H

#include "options_priv.h"

#include "nvcache/base/strlist.h"
#include "nvcache/nvcc/shellwords.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Taking text apart into words the way nvcc, and the shell behind it, do.  Each function
 * appends to `out` and returns false when nvcc or the shell would not accept the text, or
 * when it means something that this text alone does not tell. */

/* NVCC_PREPEND_FLAGS and NVCC_APPEND_FLAGS. */
NVC_NODISCARD bool words_of_environment(const char *text, struct strlist *out);

/* The contents of an options file. */
NVC_NODISCARD bool words_of_file(const char *text, size_t len, struct strlist *out);

/* The elements of a list option's value.  `arity` is ARITY_TEXTS, _PATHS or _RAWS. */
NVC_NODISCARD bool words_of_list(const char *value, enum option_arity arity,
                                 struct strlist *out);

/* What to write behind a list option so that it is read as this one element, which
 * words_of_list gave. */
char *words_quote_element(struct arena *arena, const char *element,
                          enum option_arity arity);

/* Does this path survive nvcc's double quotes as it is?  (Inside them nvcc writes \' for
 * ', and the shell removes backslashes.) */
bool path_is_plain(const char *path);

#endif
