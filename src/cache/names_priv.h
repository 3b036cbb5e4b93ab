#ifndef NVCACHE_CACHE_NAMES_PRIV_H
#define NVCACHE_CACHE_NAMES_PRIV_H

#include "nvcache/entry/manifest.h"
#include "nvcache/nvcc/scan.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Header names collected from the inputs, each once, by where they are looked for. */

struct name_set;

struct name_set *names_new(struct arena *arena);

/* `dir` is the directory of the file that mentions the name: quoted names are looked for
 * there first. NULL: not in a file. */
void names_add(struct name_set *set, enum scan_name_kind kind, const char *dir,
               const char *name, size_t len);

/* Sorted; `places` turns a directory into its place. */
void names_finish(struct name_set *set, struct place (*place)(void *arg, const char *dir),
                  void *arg, struct search_record *out);

#endif
