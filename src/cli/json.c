/* Writing JSON (RFC 8259).
 *
 * Always valid: strings are escaped and made UTF-8, numbers are written from integers, so
 * that no locale and no NaN can get in.  The caller pairs json_open and json_close. */

#include "json_priv.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

void
json_begin(struct json *json, struct buf *out)
{
    *json = (struct json){.out = out, .is_empty = true};
}

/* The length of the UTF-8 sequence at `at`, or 0 when it is none (also overlong forms,
 * surrogates and what lies beyond U+10FFFF). */
static size_t
utf8_len(const unsigned char *at)
{
    static const struct {
        unsigned char first, last, low, high;
        size_t len;
    } rows[] = {
        {0x01, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (at[0] < rows[i].first || at[0] > rows[i].last)
            continue;
        if (rows[i].len > 1 && (at[1] < rows[i].low || at[1] > rows[i].high))
            return 0;
        for (size_t k = 2; k < rows[i].len; k++)
            if ((at[k] & 0xc0) != 0x80)
                return 0;
        return rows[i].len;
    }
    return 0;
}

static void
put_escaped(struct buf *out, unsigned char c)
{
    static const char plain[] = "\"\\\n\t\r\b\f";
    static const char escaped[] = "\"\\ntrbf";
    const char *const at = strchr(plain, c);

    if (at != NULL)
        buf_printf(out, "\\%c", escaped[at - plain]);
    else if (c < 0x20 || c == 0x7f)
        buf_printf(out, "\\u%04x", (unsigned)c);
    else
        buf_append_char(out, (char)c);
}

static void
put_string(struct buf *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    buf_append_char(out, '"');
    while (*at != '\0') {
        const size_t len = utf8_len(at);

        if (len == 0)
            buf_append_str(out, "\\ufffd");
        else if (len == 1)
            put_escaped(out, *at);
        else
            buf_append(out, at, len);
        at += len == 0 ? 1 : len;
    }
    buf_append_char(out, '"');
}

static void
new_line(struct json *json)
{
    buf_append_char(json->out, '\n');
    for (int i = 0; i < json->depth; i++)
        buf_append_str(json->out, "  ");
}

/* What comes before a value. */
static void
lead_in(struct json *json, const char *key)
{
    if (!json->is_empty)
        buf_append_char(json->out, ',');
    if (json->depth > 0)
        new_line(json);
    if (key != NULL) {
        put_string(json->out, key);
        buf_append_str(json->out, ": ");
    }
    json->is_empty = false;
}

void
json_open(struct json *json, const char *key, char bracket)
{
    lead_in(json, key);
    buf_append_char(json->out, bracket);
    json->depth++;
    json->is_empty = true;
}

void
json_close(struct json *json, char bracket)
{
    json->depth--;
    if (!json->is_empty)
        new_line(json);
    buf_append_char(json->out, bracket);
    json->is_empty = false;
    if (json->depth == 0)
        buf_append_char(json->out, '\n');
}

void
json_string(struct json *json, const char *key, const char *text)
{
    lead_in(json, key);
    if (text == NULL)
        buf_append_str(json->out, "null");
    else
        put_string(json->out, text);
}

void
json_count(struct json *json, const char *key, uint64_t count)
{
    lead_in(json, key);
    buf_printf(json->out, "%" PRIu64, count);
}

void
json_int(struct json *json, const char *key, int value)
{
    lead_in(json, key);
    buf_printf(json->out, "%d", value);
}

void
json_bool(struct json *json, const char *key, bool value)
{
    lead_in(json, key);
    buf_append_str(json->out, value ? "true" : "false");
}

void
json_seconds(struct json *json, const char *key, uint64_t us)
{
    lead_in(json, key);
    buf_printf(json->out, "%" PRIu64 ".%03" PRIu64, us / 1000000, us / 1000 % 1000);
}
