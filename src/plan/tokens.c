/* The tokens of preprocessed text, as a digest.
 *
 * The text is copied into blocks of fixed size without what does not count, and the
 * blocks are hashed.  Literals are copied as they are, raw strings included: white space
 * and number signs in them mean themselves.  Must never drop a byte of a token, or join
 * two tokens that were apart. */

#include "nvcache/plan/text.h"

#include "nvcache/base/buf.h"

#include <stdint.h>
#include <string.h>

enum {
    BLOCK = 8192
};

struct scan {
    const char *at;
    const char *end;
    bool at_line_start;
    bool has_space; /* white space since the last token */
    bool is_bad;
    bool is_system; /* what the last marker said, and what the hash knows */
    bool was_system;
    unsigned skipped; /* how deep in conditional groups behind `#if 0` */
    struct buf *directives;
    struct hasher hasher;
    size_t n;
    char block[BLOCK];
};

/* Letters, digits, _ and $, and all bytes beyond ASCII. */
static inline bool
is_word_char(char c)
{
    static const uint64_t words[4] = {UINT64_C(0x03ff001000000000),
                                      UINT64_C(0x07fffffe87fffffe), UINT64_MAX,
                                      UINT64_MAX};
    const unsigned char at = (unsigned char)c;

    return (words[at >> 6] >> (at & 63) & 1) != 0;
}

static inline bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
put(struct scan *scan, char c)
{
    if (scan->skipped > 0)
        return;
    scan->block[scan->n++] = c;
    if (scan->n == BLOCK) {
        hasher_bytes(&scan->hasher, scan->block, BLOCK);
        scan->n = 0;
    }
}

/* Before a token: the space that was in front of it, and where its text comes from. */
static void
begin_token(struct scan *scan)
{
    if (scan->has_space)
        put(scan, ' ');
    scan->has_space = false;
    scan->at_line_start = false;
    if (scan->skipped == 0 && scan->is_system != scan->was_system) {
        put(scan, '\n');
        put(scan, scan->is_system ? 'S' : 'U');
        put(scan, '\n');
        scan->was_system = scan->is_system;
    }
}

static void
copy(struct scan *scan, const char *to)
{
    while (scan->skipped == 0 && scan->at < to) {
        const size_t rest = (size_t)(to - scan->at);
        const size_t n = rest < BLOCK - scan->n ? rest : BLOCK - scan->n;

        memcpy(scan->block + scan->n, scan->at, n);
        scan->at += n;
        scan->n += n;
        if (scan->n == BLOCK) {
            hasher_bytes(&scan->hasher, scan->block, BLOCK);
            scan->n = 0;
        }
    }
    scan->at = to;
}

static const char *
line_end(const struct scan *scan)
{
    const char *end = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));

    return end != NULL ? end : scan->end;
}

/* ` 3` behind the closing quote: a system header.  Without a name it is the same file. */
static bool
has_system_flag(const char *from, const char *to, bool before)
{
    const char *quote = memrchr(from, '"', (size_t)(to - from));

    if (quote == NULL)
        return before;
    for (; quote != NULL && quote + 1 < to; quote++)
        if (quote[0] == ' ' && quote[1] == '3')
            return true;
    return false;
}

static bool
begins(const char *at, const char *end, const char *word)
{
    const size_t len = strlen(word);

    return (size_t)(end - at) >= len && memcmp(at, word, len) == 0;
}

/* A directive inside of a group that does not count. */
static void
skip_directive(struct scan *scan, const char *at, const char *end)
{
    if (begins(at, end, "if"))
        scan->skipped++;
    else if (begins(at, end, "endif"))
        scan->skipped--;
    else if (begins(at, end, "el") && scan->skipped == 1)
        scan->is_bad = true;
    scan->at = end;
}

static void
take_text_directive(struct scan *scan, const char *at, const char *end)
{
    if (begins(at, end, "if 0") && end - at == 4) {
        scan->skipped = 1;
        scan->at = end;
        return;
    }
    begin_token(scan);
    if (scan->directives != NULL) {
        buf_append(scan->directives, scan->at, (size_t)(end - scan->at));
        buf_append_char(scan->directives, '\n');
    }
    put(scan, '\n');
    copy(scan, end);
    put(scan, '\n');
}

/* A line that begins with a number sign: a marker, or a directive that stays. */
static void
take_directive(struct scan *scan)
{
    const char *end = line_end(scan);
    const char *at = scan->at + 1;

    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (scan->skipped > 0) {
        skip_directive(scan, at, end);
    } else if (at < end && is_digit(*at)) {
        scan->is_system = has_system_flag(at, end, scan->is_system);
        scan->at = end;
        scan->has_space = true;
    } else {
        take_text_directive(scan, at, end);
    }
}

/* From the opening quote to behind the closing one. */
static void
take_literal(struct scan *scan)
{
    const char quote = *scan->at;
    const char *at = scan->at + 1;

    while (at < scan->end && *at != quote && *at != '\n')
        at += *at == '\\' && at + 1 < scan->end ? 2 : 1;
    if (at >= scan->end || *at != quote)
        scan->is_bad = true;
    else
        copy(scan, at + 1);
}

/* From the quote of R"delimiter( to behind the quote of )delimiter". */
static void
take_raw_string(struct scan *scan)
{
    const char *open = memchr(scan->at, '(', (size_t)(scan->end - scan->at));
    const char *at = open;
    size_t len;

    if (open == NULL || open - scan->at > 17) {
        scan->is_bad = true;
        return;
    }
    len = (size_t)(open - scan->at) - 1;
    while ((at = memchr(at, ')', (size_t)(scan->end - at))) != NULL) {
        if ((size_t)(scan->end - at) >= len + 2 &&
            memcmp(at + 1, scan->at + 1, len) == 0 && at[1 + len] == '"') {
            copy(scan, at + len + 2);
            return;
        }
        at++;
    }
    scan->is_bad = true;
}

static bool
is_one_of(const char *word, size_t len, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strlen(*list) == len && memcmp(*list, word, len) == 0)
            return true;
    return false;
}

static void
take_word(struct scan *scan)
{
    static const char *const positions[] = {"__builtin_LINE",
                                            "__builtin_FILE",
                                            "__builtin_COLUMN",
                                            "__builtin_source_location",
                                            "__LINE__",
                                            "__FILE__",
                                            "__FILE_NAME__",
                                            "__BASE_FILE__",
                                            "__INCLUDE_LEVEL__",
                                            "__DATE__",
                                            "__TIME__",
                                            "__TIMESTAMP__",
                                            NULL};
    static const char *const raw[] = {"R", "LR", "uR", "UR", "u8R", NULL};
    const char *begin = scan->at;
    const char *end = begin;
    size_t len;

    while (end < scan->end && is_word_char(*end))
        end++;
    len = (size_t)(end - begin);
    if (len > 7 && begin[0] == '_' && strchr("bLFBIDT", begin[2]) != NULL &&
        is_one_of(begin, len, positions))
        scan->is_bad = true;
    copy(scan, end);
    if (scan->at < scan->end && *scan->at == '"' && is_one_of(begin, len, raw))
        take_raw_string(scan);
}

/* A number, with its digit separators and signs: 1'000, 0x1p-3. */
static void
take_number(struct scan *scan)
{
    const char *end = scan->at + 1;

    while (end < scan->end) {
        const bool is_sign = (*end == '+' || *end == '-') && strchr("eEpP", end[-1]);
        const bool is_separator =
            *end == '\'' && end + 1 < scan->end && is_word_char(end[1]);

        if (!is_word_char(*end) && *end != '.' && !is_sign && !is_separator)
            break;
        end++;
    }
    copy(scan, end);
}

static void
take_token(struct scan *scan)
{
    const char c = *scan->at;
    const char next = scan->at + 1 < scan->end ? scan->at[1] : '\0';

    begin_token(scan);
    if (c == '"' || c == '\'')
        take_literal(scan);
    else if (is_digit(c) || (c == '.' && is_digit(next)))
        take_number(scan);
    else if (is_word_char(c))
        take_word(scan);
    else if (c == '/' && next == '/')
        scan->is_bad = true;
    else
        put(scan, *scan->at++);
}

/* cudafe++ writes some.  A blank, as the language has it. */
static void
take_comment(struct scan *scan)
{
    const char *from = scan->at + 2;
    const char *end = memmem(from, (size_t)(scan->end - from), "*/", 2);

    scan->has_space = true;
    if (end == NULL)
        scan->is_bad = true;
    else
        scan->at = end + 2;
}

static void
take_space(struct scan *scan)
{
    const char *at = scan->at;

    for (; at < scan->end && is_space(*at); at++)
        scan->at_line_start |= *at == '\n';
    scan->has_space = true;
    scan->at = at;
}

static void
take(struct scan *scan)
{
    const char c = *scan->at;

    if (is_space(c)) {
        take_space(scan);
    } else if (c == '#' && scan->at_line_start) {
        take_directive(scan);
    } else if (c == '/' && scan->at + 1 < scan->end && scan->at[1] == '*') {
        take_comment(scan);
    } else {
        take_token(scan);
    }
}

bool
text_digest_tokens(const char *text, size_t len, struct digest *out,
                   struct buf *out_directives)
{
    struct scan scan;

    scan.at = text;
    scan.end = text + len;
    scan.at_line_start = true;
    scan.has_space = scan.is_bad = scan.is_system = scan.was_system = false;
    scan.skipped = 0;
    scan.directives = out_directives;
    scan.n = 0;
    hasher_init(&scan.hasher, "nvcache tokens v2");
    while (scan.at < scan.end && !scan.is_bad)
        take(&scan);
    if (scan.is_bad || scan.skipped > 0)
        return false;
    hasher_bytes(&scan.hasher, scan.block, scan.n);
    hasher_final(&scan.hasher, out);
    return true;
}
