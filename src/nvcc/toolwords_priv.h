#ifndef NVCACHE_NVCC_TOOLWORDS_PRIV_H
#define NVCACHE_NVCC_TOOLWORDS_PRIV_H

#include "nvcache/base/status.h"

#include <stdbool.h>

struct arena;
struct command_arg;

/* May a value of -Xptxas, -Xcudafe, -Xcicc or -Xfatbin be cached?  BYPASS_SHELL or
 * BYPASS_OPTION with *out_culprit when not.  Sets *debug when it makes paths get into the
 * output; leaves it alone otherwise. */
NVC_NODISCARD enum nvc_status tool_words_check(struct arena *arena,
                                               const struct command_arg *arg, bool *debug,
                                               const char **out_culprit);

/* The same for text that reaches a tool in another way; `tool` is the OPT_ of the option
 * that hands words to it. */
NVC_NODISCARD enum nvc_status tool_text_check(struct arena *arena, int tool,
                                              const char *text, bool *debug,
                                              const char **out_culprit);

#endif
