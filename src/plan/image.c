/* The device image as fatbinary writes it:
 *
 *     asm(
 *     ".section .nv_fatbin, \"a\"\n"
 *     ".align 8\n"
 *     "fatbinData:\n"
 *     ".quad 0x00100001ba55ed50,0x0000000000002f40,...\n"
 *     ...
 *     extern const unsigned long long fatbinData[1514];
 *
 * The quads and the length of the array are the image; all the rest is the frame. */

#include "nvcache/plan/image.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/strlist.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char quad[] = "\".quad ";
static const char array[] = "extern const unsigned long long fatbinData[";

static bool
has_prefix(const char *at, const char *end, const char *prefix)
{
    const size_t len = strlen(prefix);

    return (size_t)(end - at) >= len && memcmp(at, prefix, len) == 0;
}

static void
put_quad(struct buf *out, uint64_t value)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    buf_append(out, bytes, sizeof(bytes));
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `0x0123456789abcdef,` ... up to `\n"`. */
static bool
read_quads(const char *at, const char *end, struct buf *out)
{
    for (;;) {
        uint64_t value = 0;
        int n = 0;

        while (at < end && *at == ' ')
            at++;
        if (!has_prefix(at, end, "0x"))
            return false;
        for (at += 2; at < end && hex_digit(*at) >= 0; at++, n++)
            value = value << 4 | (uint64_t)hex_digit(*at);
        if (n == 0 || n > 16)
            return false;
        put_quad(out, value);
        if (at == end || *at != ',')
            break;
        at++;
    }
    return end - at == 3 && memcmp(at, "\\n\"", 3) == 0;
}

/* The declaration's length must be that of the image. */
static bool
check_array(const char *at, const char *end, size_t image_len)
{
    char *behind;
    const unsigned long long n = strtoull(at, &behind, 10);

    return isdigit((unsigned char)*at) && n == image_len / 8 && end - behind == 2 &&
           memcmp(behind, "];", 2) == 0;
}

static bool
read_line(const char *line, const char *end, struct buf *image, struct hasher *frame)
{
    if (has_prefix(line, end, quad))
        return read_quads(line + strlen(quad), end, image);
    if (has_prefix(line, end, array))
        return check_array(line + strlen(array), end, image->len);
    hasher_bytes(frame, line, (size_t)(end - line));
    return true;
}

bool
image_read(const char *text, size_t len, struct buf *out_image, struct digest *out_frame)
{
    const char *const text_end = text + len;
    const size_t before = out_image->len;
    AUTO_BUF image = BUF_INIT;
    struct hasher frame;

    hasher_init(&frame, "nvcache image frame v1");
    for (const char *line = text; line < text_end;) {
        const char *end = memchr(line, '\n', (size_t)(text_end - line));

        if (end == NULL || !read_line(line, end, &image, &frame))
            return false;
        line = end + 1;
    }
    hasher_final(&frame, out_frame);
    buf_append(out_image, image.data, image.len);
    return out_image->len > before;
}
