/* Our own module ids. */

#include "nvcache/plan/moduleid.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"

#include <ctype.h>
#include <string.h>

char *
module_id(struct arena *arena, const struct digest *unit, const char *source)
{
    char *name = arena_strdup(arena, path_base(source));
    char hex[DIGEST_HEX_SIZE];
    struct hasher hasher;
    struct digest digest;

    for (char *at = name; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at))
            *at = '_';
    hasher_init(&hasher, "nvcache module id v1");
    hasher_digest(&hasher, unit);
    hasher_final(&hasher, &digest);
    digest_hex(&digest, hex);
    return arena_printf(arena, "_%.8s_%zu_%s_%.16s", hex, strlen(name), name, hex + 8);
}
