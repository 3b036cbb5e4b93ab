#ifndef NVCACHE_NVCC_PROBE_H
#define NVCACHE_NVCC_PROBE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Does a unit ask, by __has_include or __has_include_next, for a header whose name is not
 * spelled out where it asks?  Macros can make names (__has_include(STRING(x.h))), and
 * macros can ask, through any number of others.
 *
 * Nothing is preprocessed: comments and dead branches count, and all definitions of a
 * name together, so the answer may be yes too often, never too rarely.  (One edge: a
 * macro's name that is pasted together.) */

enum probes_answer {
    PROBES_UNSEEN = 1, /* a name that cannot be seen is asked for */
    PROBES_USER = 2,   /* the user's own text asks, or uses a macro that does */
    PROBES_QUOTED =
        4, /* a macro asks for a name in quotes: beside whatever file uses it */
};

struct probes;

struct probes *probes_new(struct arena *arena);

/* What stands behind `#define`, or behind `#if` or `#elif`, to the end of the logical
 * line. The text need not live on. */
void probes_add_define(struct probes *probes, const char *text, size_t len, bool is_user);
void probes_add_condition(struct probes *probes, const char *text, size_t len,
                          bool is_user);

/* A word of the command line, which may define a macro. */
void probes_add_option(struct probes *probes, const char *text);

/* After everything was added, once: a set of probes_answer. */
unsigned probes_finish(struct probes *probes);

#endif
