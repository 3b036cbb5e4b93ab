#ifndef NVCACHE_BASE_UNITS_H
#define NVCACHE_BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

/* Sizes, durations and counts as people write and read them. */

#define UNITS_MAX_SIZE ((uint64_t)1 << 50)

/* "20G", "1.5T", "800 MiB", "64k": K, M, G and T are powers of 1024, with or without an
 * `i` and a `B`; "512B" is bytes; a bare number counts GiB, as in ccache.  False when it
 * is not a size, or more than UNITS_MAX_SIZE. */
bool units_parse_size(const char *text, uint64_t *out);

/* "512 bytes", "1.5 MiB", "50 GiB": three digits are enough for a person. */
void units_put_size(struct buf *out, uint64_t bytes);

/* As units_parse_size reads it back exactly: "50G", "1536M", "1000B". */
void units_put_exact_size(struct buf *out, uint64_t bytes);

/* "0.42 s", "12.3 s", "4 min 10 s", "3 h 12 min", "2 d 5 h". */
void units_put_duration(struct buf *out, uint64_t us);

/* "1,234,567" */
void units_put_count(struct buf *out, uint64_t count);

#endif
