/* The tokens of preprocessed text, as a digest.
 *
 * The text is copied into blocks of fixed size without what does not count, and the
 * blocks are hashed.  Literals are copied as they are, raw strings included: white space
 * and number signs in them mean themselves.  Must never drop a byte of a token, or join
 * two tokens that were apart.
 *
 * A compile has megabytes of it, so what stays as it is, is copied in runs: from one
 * thing that is left out to the next.  Most of a run is only looked over
 * (plain.c). */

#include "tokens_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/digest/digest.h"
#include "plain_priv.h"

#include <stdint.h>
#include <string.h>

enum {
    BLOCK = 8192
};

struct scan {
    const char *at;
    const char *end;
    const char *run; /* from here to `at`: tokens, and single blanks between them */
    bool at_line_start;
    bool has_space; /* white space since the last token */
    bool has_tokens;
    bool is_bad;
    bool is_system; /* what the last marker said, and what the hash knows */
    bool was_system;
    const char *number; /* the last that was read because of a separator ends here */
    unsigned skipped;   /* how deep in conditional groups behind `#if 0` */
    struct buf *directives;
    struct hasher hasher;
    size_t n;
    char block[BLOCK];
};

static void
put(struct scan *scan, char c)
{
    scan->block[scan->n++] = c;
    if (scan->n == BLOCK) {
        hasher_bytes(&scan->hasher, scan->block, BLOCK);
        scan->n = 0;
    }
}

static void
copy_run(struct scan *scan)
{
    while (scan->run < scan->at) {
        const size_t rest = (size_t)(scan->at - scan->run);
        const size_t n = rest < BLOCK - scan->n ? rest : BLOCK - scan->n;

        memcpy(scan->block + scan->n, scan->run, n);
        scan->run += n;
        scan->n += n;
        if (scan->n == BLOCK) {
            hasher_bytes(&scan->hasher, scan->block, BLOCK);
            scan->n = 0;
        }
    }
}

/* Go on at `to`, without what lies between. */
static void
leave_out(struct scan *scan, const char *to)
{
    if (scan->skipped == 0)
        copy_run(scan);
    scan->at = scan->run = to;
}

/* Before a token: the space that was in front of it, and where its text comes from. */
static void
begin_token(struct scan *scan)
{
    scan->at_line_start = false;
    if (scan->skipped > 0)
        return;
    if (scan->has_space && scan->has_tokens)
        put(scan, ' ');
    scan->has_space = false;
    scan->has_tokens = true;
    if (scan->is_system != scan->was_system) {
        put(scan, '\n');
        put(scan, scan->is_system ? 'S' : 'U');
        put(scan, '\n');
        scan->was_system = scan->is_system;
    }
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
    leave_out(scan, end);
    if (begins(at, end, "if"))
        scan->skipped++;
    else if (begins(at, end, "endif"))
        scan->skipped--;
    else if (begins(at, end, "el") && scan->skipped == 1)
        scan->is_bad = true;
}

static void
take_text_directive(struct scan *scan, const char *at, const char *end)
{
    if (begins(at, end, "if 0") && end - at == 4) {
        leave_out(scan, end);
        scan->skipped = 1;
        return;
    }
    begin_token(scan);
    copy_run(scan);
    if (scan->directives != NULL) {
        buf_append(scan->directives, scan->at, (size_t)(end - scan->at));
        buf_append_char(scan->directives, '\n');
    }
    put(scan, '\n');
    scan->at = end;
    copy_run(scan);
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
        leave_out(scan, end);
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
        scan->at = at + 1;
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
            scan->at = at + len + 2;
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

/* Does the word lead to a position? */
static bool
is_position(const char *word, size_t len)
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

    switch (len > 7 && word[1] == '_' ? word[2] : '\0') {
    case 'b':
    case 'L':
    case 'F':
    case 'B':
    case 'I':
    case 'D':
    case 'T':
        return is_one_of(word, len, positions);
    default:
        return false;
    }
}

static bool
is_raw_prefix(const char *word, size_t len)
{
    static const char *const raw[] = {"R", "LR", "uR", "UR", "u8R", NULL};

    return is_one_of(word, len, raw);
}

/* Behind a number, with its digit separators and signs: 1'000, 0x1p-3. */
static const char *
number_end(const char *at)
{
    for (at++;; at++) {
        const bool is_sign = (*at == '+' || *at == '-') && strchr("eEpP", at[-1]);
        const bool is_separator = *at == '\'' && is_word_char(at[1]);

        if (!is_word_char(*at) && *at != '.' && !is_sign && !is_separator)
            return at;
    }
}

static bool
begins_number(const char *at)
{
    return is_digit(*at) || (*at == '.' && is_digit(at[1]));
}

/* The word, number or sign of the run that ends at `to`, or reaches over it, and its end.
 * NULL: it is a literal. */
static const char *
find_token(const struct scan *scan, const char *to, const char **out_end)
{
    const char *at = to;

    while (at > scan->run && (is_word_char(at[-1]) || strchr(".+-", at[-1]) != NULL))
        at--;
    while (at < to) {
        const char *begin = at;

        if (begins_number(at))
            at = number_end(at);
        else
            do
                at++;
            while (is_word_char(*begin) && is_word_char(*at));
        *out_end = at;
        if (at >= to)
            return begin;
    }
    return NULL;
}

/* Between digits, behind a prefix, or for itself. */
static void
take_quote(struct scan *scan)
{
    const char *const quote = scan->at;
    const char *end = quote;
    const char *before = quote == scan->number ? NULL : find_token(scan, quote, &end);

    if (before != NULL && end > quote)
        scan->at = scan->number = end;
    else if (before != NULL && *quote == '"' &&
             is_raw_prefix(before, (size_t)(quote - before)))
        take_raw_string(scan);
    else
        take_literal(scan);
}

/* Or is it the end of a number or of a longer word? */
static bool
begins_token(const struct scan *scan, const char *word)
{
    const char *end = word;

    return word != scan->number &&
           (find_token(scan, word, &end) == NULL || end == word) &&
           (word == scan->run || !is_word_char(word[-1]));
}

/* All up to where something else begins. */
static void
take_plain(struct scan *scan)
{
    const char *at = scan->at;

    for (;;) {
        const char *word;

        at = plain_skip(at, scan->end);
        if (*at != '_')
            break;
        word = at;
        while (is_word_char(*at))
            at++;
        if (is_position(word, (size_t)(at - word)) && begins_token(scan, word))
            scan->is_bad = true;
    }
    scan->at = at;
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
        leave_out(scan, end + 2);
}

static void
take_slash(struct scan *scan)
{
    if (scan->at[1] == '*') {
        take_comment(scan);
        return;
    }
    begin_token(scan);
    scan->is_bad |= scan->at[1] == '/';
    scan->at++;
}

static void
take_space(struct scan *scan)
{
    const char *at = scan->at;

    for (; is_space(*at); at++)
        scan->at_line_start |= *at == '\n';
    scan->has_space = true;
    leave_out(scan, at);
}

static void
take(struct scan *scan)
{
    const enum kind kind = kind_of(*scan->at);

    if (kind == B) {
        take_space(scan);
    } else if (kind == H && scan->at_line_start) {
        take_directive(scan);
    } else if (kind == L) {
        take_slash(scan);
    } else if (kind == Q) {
        begin_token(scan);
        take_quote(scan);
    } else {
        begin_token(scan);
        scan->at += kind != W; /* a control character ends what is plain */
        take_plain(scan);
    }
}

bool
tokens_digest(const char *text, size_t len, struct digest *out, bool *out_empty,
              struct buf *out_directives)
{
    struct scan scan;

    scan.at = scan.run = text;
    scan.end = text + len;
    scan.at_line_start = true;
    scan.has_space = scan.is_bad = scan.is_system = scan.was_system = false;
    scan.has_tokens = false;
    scan.skipped = 0;
    scan.number = NULL;
    scan.directives = out_directives;
    scan.n = 0;
    hasher_init(&scan.hasher, "nvcache passage v1");
    while (scan.at < scan.end && !scan.is_bad)
        take(&scan);
    *out_empty = !scan.has_tokens;
    if (scan.is_bad || scan.skipped > 0)
        return false;
    copy_run(&scan);
    hasher_bytes(&scan.hasher, scan.block, scan.n);
    hasher_final(&scan.hasher, out);
    return true;
}
