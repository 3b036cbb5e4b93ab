#ifndef NVCACHE_NVCC_MESSAGES_H
#define NVCACHE_NVCC_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>

/* Where compilers name files in their messages.
 *
 * gcc, clang and cudafe++ begin a line with the file's name, maybe behind escape
 * sequences, or write "In file included from NAME" and "  from NAME"; cudafe++ ends its
 * deeply indented lines on instantiations with "at line N of NAME" (gcc 12, clang 14,
 * cudafe++ 11.8 to 13.5).  A path elsewhere may be out of a source line that is shown, of
 * #warning, or of a string. */

/* Does a compiler name a file at `at` of these messages, and nothing else? */
bool message_names_file(const char *text, size_t len, size_t at);

#endif
