#ifndef NVCACHE_CLI_JSON_PRIV_H
#define NVCACHE_CLI_JSON_PRIV_H

#include "nvcache/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Writing JSON, indented, in the order of the calls.
 *
 * `key` is the member's name inside an object and NULL inside an array and at the top. */

struct json {
    struct buf *out;
    int depth;
    bool is_empty; /* nothing yet in the object or array that is open */
};

void json_begin(struct json *json, struct buf *out);
void json_open(struct json *json, const char *key, char bracket);
/* The last one also ends the line. */
void json_close(struct json *json, char bracket);

/* Bytes that are not UTF-8 become U+FFFD: a path may have any, JSON may not.  NULL is
 * null. */
void json_string(struct json *json, const char *key, const char *text);
void json_count(struct json *json, const char *key, uint64_t count);
void json_int(struct json *json, const char *key, int value);
void json_bool(struct json *json, const char *key, bool value);
/* Microseconds as seconds with three decimals. */
void json_seconds(struct json *json, const char *key, uint64_t us);

#endif
