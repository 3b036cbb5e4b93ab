#ifndef NVCACHE_BASE_BUF_H
#define NVCACHE_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

/* A growing byte buffer.  `data` may be NULL while `len` is 0.  Growth does not fail from
 * the caller's view (guard_give_up, as in arena.h); sizes that come from a file are
 * checked against their limit before they get here. */

struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
};

#define BUF_INIT                                                                         \
    {                                                                                    \
        NULL, 0, 0                                                                       \
    }

void buf_fini(struct buf *buf);

/* Give the system back what buffers have left behind: before waiting for programs that
 * need memory themselves.  Without glibc nothing. */
void buf_give_back(void);
/* Forget the contents, keep the memory. */
void buf_clear(struct buf *buf);
/* Room for `extra` more bytes behind `len`; returns where they begin. */
__attribute__((returns_nonnull)) uint8_t *buf_reserve(struct buf *buf, size_t extra);
void buf_append(struct buf *buf, const void *data, size_t len);
void buf_append_str(struct buf *buf, const char *text);
void buf_append_char(struct buf *buf, char c);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *buf, const char *format,
                                                      ...);
/* A NUL behind the contents (not counted in len); returns the contents as a string. */
__attribute__((returns_nonnull)) char *buf_str(struct buf *buf);

#define AUTO_BUF __attribute__((cleanup(buf_fini))) struct buf

#endif
