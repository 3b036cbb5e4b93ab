#ifndef NVCACHE_PLAN_HOSTTEXT_H
#define NVCACHE_PLAN_HOSTTEXT_H

#include "nvcache/base/buf.h"
#include "nvcache/digest/digest.h"

#include <stdbool.h>
#include <stddef.h>

/* What of C++ that cudafe++ wrote decides which object the host compiler makes of it.  It
 * is a few hundred bytes where the text is megabytes, and as long as the object is there
 * nobody needs the text.
 *
 *   takes_files u8 | tokens digest | directives str | architectures str
 */
struct hosttext {
    bool is_known;
    bool takes_files; /* scan_takes_files */
    bool has_tokens;  /* and all that follows; else only the text itself tells */
    struct digest tokens;
    struct buf directives;
    struct buf architectures; /* the names in it that are of architectures' macros */
};
void hosttext_fini(struct hosttext *of);

/* `text` has a NUL behind it. */
void hosttext_look(const char *text, size_t len, struct hosttext *out);

/* False when it has no tokens, or this would be long. */
bool hosttext_encode(struct hosttext *of, struct buf *out);
/* False: these are the bytes of none. */
bool hosttext_decode(const void *data, size_t len, struct hosttext *out);

/* All names that macros of architectures can have begin with one of these two. */
#define HOSTTEXT_ARCH     "__CUDA_ARCH"
#define HOSTTEXT_HAS_ARCH "__CUDA_HAS_ARCH"
/* How much of what begins there is a name. */
size_t hosttext_name_len(const char *at);

#endif
