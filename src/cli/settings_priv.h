#ifndef NVCACHE_CLI_SETTINGS_PRIV_H
#define NVCACHE_CLI_SETTINGS_PRIV_H

#include "nvcache/cache/config.h"

struct arena;
struct buf;

/* What `nvcache config` prints; the JSON's format number rises as that of `stats --json`.
 */
#define CONFIG_JSON_FORMAT 1

void settings_put_page(struct buf *out, struct arena *arena, const struct config *config);
void settings_put_json(struct buf *out, struct arena *arena, const struct config *config);

#endif
