#ifndef NVCACHE_NVCC_HOSTRULES_PRIV_H
#define NVCACHE_NVCC_HOSTRULES_PRIV_H

#include "hostopts_priv.h"

/* The row that decides about a word for the host compiler, or NULL: not understood. */
const struct host_rule *host_rule_find(const char *word);

#endif
