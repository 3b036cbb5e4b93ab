/* A growing byte buffer.  Must not return NULL or fail: see buf.h. */

#include "nvcache/base/buf.h"

#include "nvcache/base/guard.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_fini(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf)BUF_INIT;
}

void
buf_give_back(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

void
buf_clear(struct buf *buf)
{
    buf->len = 0;
}

static void
grow(struct buf *buf, size_t need)
{
    size_t cap = buf->cap < 256 ? 256 : buf->cap;
    uint8_t *data;

    while (cap < need)
        if (__builtin_mul_overflow(cap, (size_t)2, &cap))
            guard_give_up(NVC_ERR_NOMEM);
    data = realloc(buf->data, cap);
    if (data == NULL)
        guard_give_up(NVC_ERR_NOMEM);
    buf->data = data;
    buf->cap = cap;
}

uint8_t *
buf_reserve(struct buf *buf, size_t extra)
{
    size_t need;

    if (__builtin_add_overflow(buf->len, extra, &need))
        guard_give_up(NVC_ERR_NOMEM);
    if (need > buf->cap || buf->data == NULL)
        grow(buf, need);
    return buf->data + buf->len;
}

void
buf_append(struct buf *buf, const void *data, size_t len)
{
    if (len == 0)
        return;
    memcpy(buf_reserve(buf, len), data, len);
    buf->len += len;
}

void
buf_append_str(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

void
buf_append_char(struct buf *buf, char c)
{
    buf_append(buf, &c, 1);
}

void
buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_list again;
    int n;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n > 0) {
        vsnprintf((char *)buf_reserve(buf, (size_t)n + 1), (size_t)n + 1, format, again);
        buf->len += (size_t)n;
    }
    va_end(again);
}

char *
buf_str(struct buf *buf)
{
    *buf_reserve(buf, 1) = 0;
    return (char *)buf->data;
}
