#ifndef NVCACHE_CACHE_SEARCHPATH_PRIV_H
#define NVCACHE_CACHE_SEARCHPATH_PRIV_H

struct search;
struct session;

/* Fill in the chain and its places, in the session's arena. */
void searchpath_build(const struct session *session, struct search *search);

#endif
