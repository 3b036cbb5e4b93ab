#ifndef NVCACHE_CACHE_PIECES_PRIV_H
#define NVCACHE_CACHE_PIECES_PRIV_H

#include "nvcache/base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct session;

/* Text of which other units have the most too: kept in pieces, each a record of its own
 * under the digest of its bytes, so that it is there once.  What a step keeps is their
 * list:
 *
 *   text_len u64 | n x digest
 */

/* Shorter texts are not worth it. */
#define PIECES_TEXT_MIN ((size_t)64 << 10)

/* Store the pieces that are not there yet and append their list to `out_list`.  False:
 * they cannot be stored, or the text is not worth it. */
bool pieces_put(struct session *session, const struct buf *text, struct buf *out_list);

/* Append the text of a list to `out_text`.  MISS: a piece is gone.  ERR_CORRUPT,
 * ERR_LIMIT. */
NVC_NODISCARD enum nvc_status pieces_get(struct session *session, const void *list,
                                         size_t len, struct buf *out_text);

/* How much of a text its first piece is.  A piece ends before a line marker that says so,
 * so that texts which differ in one place have the same pieces before and behind it. */
size_t pieces_first(const char *text, size_t len);

#endif
