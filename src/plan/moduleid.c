/* Module ids: telling those that nvcc's own tools make for one run only, and others in
 * place of these.  Two objects of one program must never have the same. */

#include "nvcache/plan/moduleid.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    SYMBOL_MAX = 8, /* a longer one is there as its checksum */
    OWN_DIGITS = 16
};

static size_t
count_of(const char *text, const char *chars)
{
    return strspn(text, chars);
}

/* What follows "_HHHHHHHH_N_" and the N characters of the source's name, or NULL. */
static const char *
suffix_of(const char *id)
{
    char *end;
    unsigned long len;

    if (*id++ != '_')
        return NULL;
    id += count_of(id, "0123456789abcdef");
    if (*id++ != '_' || !isdigit((unsigned char)*id))
        return NULL;
    len = strtoul(id, &end, 10);
    if (*end++ != '_' || len >= strlen(end) || end[len] != '_')
        return NULL;
    return end + len + 1;
}

bool
module_id_is_passing(const char *id)
{
    const char *suffix = suffix_of(id);
    size_t n;

    if (suffix == NULL || strlen(suffix) <= SYMBOL_MAX)
        return false;
    n = count_of(suffix, "0123456789abcdef");
    if (n == 0 || suffix[n] != '_')
        return false;
    suffix += n + 1;
    n = count_of(suffix, "0123456789");
    return n > 0 && suffix[n] == '\0';
}

bool
module_id_is_own(const char *id)
{
    const char *suffix = suffix_of(id);

    return suffix != NULL && count_of(suffix, "0123456789abcdef") == OWN_DIGITS &&
           suffix[OWN_DIGITS] == '\0';
}

char *
module_id(struct arena *arena, const struct digest *command, const struct digest *text,
          const char *source)
{
    char *name = arena_strdup(arena, path_base(source));
    char hex[DIGEST_HEX_SIZE];
    struct hasher hasher;
    struct digest digest;

    for (char *at = name; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at))
            *at = '_';
    hasher_init(&hasher, "nvcache module id v3");
    hasher_digest(&hasher, command);
    hasher_digest(&hasher, text);
    hasher_final(&hasher, &digest);
    digest_hex(&digest, hex);
    return arena_printf(arena, "_%.8s_%zu_%s_%.*s", hex, strlen(name), name,
                        (int)OWN_DIGITS, hex + 8);
}
