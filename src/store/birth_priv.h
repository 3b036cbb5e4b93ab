#ifndef NVCACHE_STORE_BIRTH_PRIV_H
#define NVCACHE_STORE_BIRTH_PRIV_H

#include "store_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/entry/record.h"

/* The record every generation is born with: format version and boot id.  Its key is
 * longer than any record's, so that the two never meet. */

#define BIRTH_KEY_SIZE (RECORD_KEY_MAX + 1)

extern const char birth_key[BIRTH_KEY_SIZE];

void birth_encode(const char *boot_id, struct buf *out);

/* True when the generation was born under this boot of the machine, in this format. */
bool birth_matches(const void *data, size_t len, const char *boot_id);

/* Fill in store->boot_id unless it is there. */
void birth_read_boot_id(struct store *store);

#endif
