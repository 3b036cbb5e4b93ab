#ifndef NVCACHE_CACHE_SETTING_PRIV_H
#define NVCACHE_CACHE_SETTING_PRIV_H

#include "nvcache/cache/config.h"

/* Read `text` into the setting's field of `config`.  NULL when it was accepted, else what
 * is wrong with it and what to write instead; then the field is as it was. */
const char *setting_parse(struct arena *arena, enum setting_id id, const char *text,
                          struct config *config);

/* Put the default into the field.  `dir` becomes NULL when HOME is needed and not set. */
void setting_reset(struct arena *arena, enum setting_id id, struct config *config);

/* The setting of an environment variable (`len` bytes of its name), or SETTING_COUNT. */
enum setting_id setting_find_variable(const char *variable, size_t len);

#endif
