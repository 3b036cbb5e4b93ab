#ifndef NVCACHE_CACHE_SEARCHPATH_PRIV_H
#define NVCACHE_CACHE_SEARCHPATH_PRIV_H

#include <stdbool.h>

struct search;
struct session;
struct strlist;

/* Fill in the chain and its places, in the session's arena. */
void searchpath_build(const struct session *session, struct search *search);

/* The directories of system headers that the command and its environment give, as they
 * are written; with `all`, those of other headers, too. */
void searchpath_given(const struct session *session, bool all, struct strlist *out);

/* The directories of the toolkit and the system, also by their real names: the host
 * compiler shortens what it can.  What is not below one of them is the user's. */
void searchpath_others(const struct session *session, struct strlist *out);
bool searchpath_is_below(const struct strlist *dirs, const char *path);

#endif
