#ifndef NVCACHE_DIGEST_MEMO_H
#define NVCACHE_DIGEST_MEMO_H

#include "nvcache/base/status.h"
#include "nvcache/digest/checksum.h"
#include "nvcache/digest/digest.h"

#include <stdbool.h>

/* A small shared table "what did this stamp mean": from the XXH3 of stamps to the digest
 * that was computed when they were last seen.  It saves reading files again, and nothing
 * depends on it: entries may vanish at any time (a fixed number of slots, the oldest of
 * four makes way), a damaged one does not answer.
 *
 * The table is one file of fixed size.  Reading is from a read-only mapping (on tmpfs,
 * one pread), writing is one pwrite per entry, so that parallel processes need no lock.
 * Only settled stamps (stamp.h) may be entered: that is the caller's duty. */

/* Its name in the cache directory; the number is the version of its format. */
#define MEMO_FILE "memo-v1"

struct memo;

/* Open or create the table.  When it cannot be opened, memo_get answers no and memo_put
 * does nothing: *out is never NULL.  `read_only`: never create or write. */
void memo_open(const char *path, int umask, bool read_only, struct memo **out);
void memo_close(struct memo *memo);

/* Threads may ask while one of them enters something. */
bool memo_get(const struct memo *memo, struct checksum key, struct digest *out);
void memo_put(struct memo *memo, struct checksum key, const struct digest *digest);

#endif
