#ifndef NVCACHE_NVCC_INSTALLATIONS_PRIV_H
#define NVCACHE_NVCC_INSTALLATIONS_PRIV_H

#include <stdbool.h>

struct arena;
struct hasher;

/* Add to `hasher` the state of every place where the host compiler `program` would find
 * another part of itself than it does now (another cc1plus, as, specs, configuration or
 * gcc installation): when one of them changes, the toolchain has to be looked for again.
 */
void installations_hash(struct hasher *hasher, struct arena *arena, const char *program);

/* Add a path and its stamp.  False, and only the path, when nothing is there. */
bool installations_hash_stamp(struct hasher *hasher, const char *path);

#endif
