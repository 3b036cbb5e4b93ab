#ifndef NVCACHE_NVCC_HOSTOPTS_PRIV_H
#define NVCACHE_NVCC_HOSTOPTS_PRIV_H

#include "nvcache/base/status.h"

#include <stddef.h>

struct arena;
struct nvcc_command;

/* What a word for the host compiler means for caching. */
enum host_kind {
    HOST_KEY,        /* decides the output; the word goes into the key */
    HOST_DEBUG,      /* the same, and paths get into the output: -ggdb, -fsanitize=... */
    HOST_NATIVE,     /* the same, and the processor decides what it means */
    HOST_MACRO,      /* -D, -U */
    HOST_QUOTE,      /* -iquote directory */
    HOST_NORMAL,     /* -I directory */
    HOST_SYSTEM,     /* -isystem directory */
    HOST_AFTER,      /* -idirafter directory */
    HOST_PREINCLUDE, /* -include, -imacros file */
    HOST_LINK,       /* ignored by a compile */
    HOST_DENY,       /* adds outputs or hidden inputs, or changes what a compile is */
    HOST_VERBOSE,    /* -v, -###: the output is meant to be parsed */
};

/* Where the option ends and its value begins. */
enum host_form {
    FORM_EXACT,  /* this word and no other */
    FORM_PREFIX, /* all words that begin so; the rest is no path */
    FORM_MAP,    /* the same, but the rest may have slashes */
    FORM_SINGLE, /* as FORM_PREFIX, and no comma in the rest: not a list */
    FORM_GLUED,  /* the value follows in the same word or is the next word */
    FORM_NEXT,   /* the value is the next word */
};

struct host_rule {
    const char *name;
    enum host_kind kind;
    enum host_form form;
};

struct host_word {
    const struct host_rule *rule;
    const char *word;  /* as the host compiler gets it */
    const char *value; /* FORM_GLUED and FORM_NEXT: the value; else NULL */
};

/* All words the command hands to the host compiler, in the order in which it gets them:
 * what is behind -Xcompiler first, then the forwarded words.  BYPASS_SHELL,
 * BYPASS_VERBOSE or BYPASS_HOST_OPTION with *out_culprit when one may not be cached. */
NVC_NODISCARD enum nvc_status host_words(struct arena *arena,
                                         const struct nvcc_command *command,
                                         struct host_word **out, size_t *out_n,
                                         const char **out_culprit);

#endif
