#ifndef NVCACHE_NVCC_UNCOMMENT_PRIV_H
#define NVCACHE_NVCC_UNCOMMENT_PRIV_H

#include <stdbool.h>
#include <stddef.h>

/* Copy source text to `out` (room for `len`) with blanks where its comments are: as many
 * bytes, and a comment over lines joins them.
 *
 * What is no comment is never taken for one.  Where that is hard to tell (raw strings,
 * digit separators, a quote that does not end on its line, a comment's marks with a
 * spliced line between them, trigraphs, lone carriage returns, two slashes in C, where
 * C90 divides by a comment), the rest of the text is copied as it is.  Returns how much
 * of it could be told. */
size_t uncomment(const char *text, size_t len, bool is_c, char *out);

#endif
