#ifndef NVCACHE_CLI_VERIFY_PRIV_H
#define NVCACHE_CLI_VERIFY_PRIV_H

#include "nvcache/store/store.h"

#include <stdbool.h>

struct buf;

/* What `nvcache verify` prints; the JSON's format number rises as that of `stats --json`.
 */
#define VERIFY_JSON_FORMAT 1

void verify_put_json(struct buf *out, const char *dir,
                     const struct store_verify_report *report);
void verify_put_page(struct buf *out, const struct store_verify_report *report,
                     bool repaired);

#endif
