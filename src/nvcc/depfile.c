/* The dependency files nvcc writes (measured with 11.8, 12.4, 13.0 and 13.5):
 *
 *     out.o : source.cu \
 *         /usr/include/stdc-predef.h \
 *         dir\ with\ blanks/a.h
 *
 *     dir\ with\ blanks/a.h:
 *
 * - The target is -MT's value or the output's name, as it is: nothing is escaped, `-MT 'a
 * b'` makes two targets for make.
 * - One name a line: four blanks in front, " \" behind all but the last.  In it a blank
 * is escaped by a backslash and nothing else is: not '#', '$', ':', tab, quotes.  A
 * backslash in a name is written as a slash, so such a name is lost.
 * - With -MP an empty line and "NAME:" for each name but the source.
 *
 * gcc -M (measured with 12.2; nvcc has not been seen to hand that through) has no blank
 * before the colon and several names a line.  It writes '#' as "\#", '$' as "$$", a blank
 * or tab with a backslash in front and the backslashes before it doubled; other
 * backslashes are themselves.
 *
 * Must never guess: a text with more rules, or an escape that its dialect does not write,
 * is ERR_FORMAT.  Must never read past `len`. */

#include "nvcache/nvcc/depfile.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"

#include <string.h>

struct names {
    struct depfile_name *v;
    size_t n;
    size_t cap;
};

struct reader {
    struct arena *arena;
    const char *text;
    size_t len;
    size_t at;
    enum depfile_dialect dialect;
};

static char
peek(const struct reader *reader, size_t ahead)
{
    return reader->at + ahead < reader->len ? reader->text[reader->at + ahead] : '\0';
}

static enum nvc_status
names_add(struct arena *arena, struct names *names, struct depfile_name name)
{
    if (names->n == DEPFILE_MAX_NAMES)
        return NVC_ERR_LIMIT;
    if (names->n == names->cap) {
        const size_t cap = names->cap == 0 ? 256 : names->cap * 2;
        struct depfile_name *grown = arena_array(arena, cap, sizeof(*grown));

        if (names->n > 0)
            memcpy(grown, names->v, names->n * sizeof(*grown));
        names->v = grown;
        names->cap = cap;
    }
    names->v[names->n++] = name;
    return NVC_OK;
}

/* Blanks, and line ends that a backslash escapes. */
static void
skip_blanks(struct reader *reader)
{
    for (;;) {
        if (peek(reader, 0) == ' ' || peek(reader, 0) == '\t')
            reader->at++;
        else if (peek(reader, 0) == '\\' && peek(reader, 1) == '\n')
            reader->at += 2;
        else
            return;
    }
}

static bool
ends_name(const struct reader *reader)
{
    const char c = peek(reader, 0);

    if (reader->at == reader->len || c == '\n' || c == ' ')
        return true;
    if (c == '\t')
        return reader->dialect == DEPFILE_GCC;
    return c == '\\' && peek(reader, 1) == '\n';
}

/* A name being read.  Never longer than its bytes in the text. */
struct spelling {
    char path[DEPFILE_MAX_NAME + 1];
    size_t n;
    bool is_too_long;
};

static void
put(struct spelling *spelling, char c)
{
    if (spelling->n == DEPFILE_MAX_NAME)
        spelling->is_too_long = true;
    else
        spelling->path[spelling->n++] = c;
}

/* A run of backslashes and, if it escapes that, the character behind it. */
static void
read_gcc_backslashes(struct reader *reader, struct spelling *to)
{
    size_t n = 0;
    size_t kept;
    char next;

    while (peek(reader, n) == '\\')
        n++;
    next = peek(reader, n);
    kept = n;
    if (next == '\n')
        kept = n = n - 1; /* the last one continues the line */
    else if (next == '#')
        kept = n - 1;
    else if ((next == ' ' || next == '\t') && n % 2 == 1)
        kept = n / 2;
    for (size_t i = 0; i < kept; i++)
        put(to, '\\');
    reader->at += n;
    if (kept < n) {
        put(to, next);
        reader->at++;
    }
}

/* The next character of a name.  ERR_FORMAT for what the dialect does not write. */
static enum nvc_status
read_gcc_character(struct reader *reader, struct spelling *to)
{
    const char c = peek(reader, 0);

    if (c == '\\') {
        read_gcc_backslashes(reader, to);
        return NVC_OK;
    }
    if (c == '#' || (c == '$' && peek(reader, 1) != '$'))
        return NVC_ERR_FORMAT;
    put(to, c);
    reader->at += c == '$' ? 2 : 1;
    return NVC_OK;
}

static enum nvc_status
read_nvcc_character(struct reader *reader, struct spelling *to)
{
    if (peek(reader, 0) == '\\') {
        if (peek(reader, 1) != ' ')
            return NVC_ERR_FORMAT;
        reader->at++;
    }
    put(to, peek(reader, 0));
    reader->at++;
    return NVC_OK;
}

static enum nvc_status
read_name(struct reader *reader, struct depfile_name *out)
{
    const size_t begin = reader->at;
    struct spelling to = {.n = 0};
    enum nvc_status st = NVC_OK;

    while (st == NVC_OK && !to.is_too_long && !ends_name(reader))
        st = reader->dialect == DEPFILE_GCC ? read_gcc_character(reader, &to)
                                            : read_nvcc_character(reader, &to);
    if (st == NVC_OK && to.is_too_long)
        st = NVC_ERR_LIMIT;
    if (st != NVC_OK)
        return st;
    *out = (struct depfile_name){.offset = begin,
                                 .len = reader->at - begin,
                                 .path = arena_strndup(reader->arena, to.path, to.n)};
    return NVC_OK;
}

/* The target ends at ` : ` (nvcc) or at a colon before a blank (gcc), in the first line.
 */
static enum nvc_status
read_target(struct reader *reader, struct depfile_name *out)
{
    size_t end = 0;

    for (;; end++) {
        if (end + 1 >= reader->len || reader->text[end] == '\n')
            return NVC_ERR_FORMAT;
        if (reader->text[end] == ':' && strchr(" \t\n", reader->text[end + 1]) != NULL)
            break;
    }
    reader->at = end + 1;
    reader->dialect = DEPFILE_GCC;
    if (end > 0 && reader->text[end - 1] == ' ') {
        reader->dialect = DEPFILE_NVCC;
        end--;
    }
    if (end > DEPFILE_MAX_NAME)
        return NVC_ERR_LIMIT;
    *out = (struct depfile_name){.len = end,
                                 .path = arena_strndup(reader->arena, reader->text, end)};
    return NVC_OK;
}

static enum nvc_status
read_prerequisites(struct reader *reader, struct names *names)
{
    enum nvc_status st = NVC_OK;

    for (;;) {
        struct depfile_name name;

        skip_blanks(reader);
        if (reader->at == reader->len || peek(reader, 0) == '\n')
            return NVC_OK;
        st = read_name(reader, &name);
        if (st == NVC_OK)
            st = names_add(reader->arena, names, name);
        if (st != NVC_OK)
            return st;
    }
}

/* "NAME:" and the end of the line. */
static enum nvc_status
read_phony(struct reader *reader, struct names *names)
{
    struct depfile_name name;
    size_t n;
    enum nvc_status st = read_name(reader, &name);

    if (st != NVC_OK)
        return st;
    n = strlen(name.path);
    if (n < 2 || name.path[n - 1] != ':' ||
        (reader->at < reader->len && peek(reader, 0) != '\n'))
        return NVC_ERR_FORMAT;
    name.path = arena_strndup(reader->arena, name.path, n - 1);
    name.len--;
    return names_add(reader->arena, names, name);
}

static enum nvc_status
read_phonies(struct reader *reader, struct names *names)
{
    for (;;) {
        enum nvc_status st;

        while (peek(reader, 0) == '\n')
            reader->at++;
        if (reader->at == reader->len)
            return NVC_OK;
        st = read_phony(reader, names);
        if (st != NVC_OK)
            return st;
    }
}

enum nvc_status
depfile_parse(struct arena *arena, const char *text, size_t len, struct depfile *out)
{
    struct reader reader = {.arena = arena, .text = text, .len = len};
    struct names prerequisites = {.n = 0};
    struct names phony = {.n = 0};
    struct depfile_name target;
    enum nvc_status st;

    if (len > DEPFILE_MAX_BYTES)
        return NVC_ERR_LIMIT;
    if (len == 0 || memchr(text, '\0', len) != NULL)
        return NVC_ERR_FORMAT;
    st = read_target(&reader, &target);
    if (st == NVC_OK)
        st = read_prerequisites(&reader, &prerequisites);
    if (st == NVC_OK && prerequisites.n == 0)
        st = NVC_ERR_FORMAT;
    if (st == NVC_OK)
        st = read_phonies(&reader, &phony);
    if (st != NVC_OK)
        return st;
    *out = (struct depfile){.dialect = reader.dialect,
                            .target = target,
                            .prerequisites = prerequisites.v,
                            .n_prerequisites = prerequisites.n,
                            .phony = phony.v,
                            .n_phony = phony.n};
    return NVC_OK;
}

static void
escape_gcc(const char *path, struct buf *out)
{
    size_t backslashes = 0;

    for (; *path != '\0'; path++) {
        if (*path == ' ' || *path == '\t')
            for (size_t i = 0; i < backslashes; i++)
                buf_append_char(out, '\\');
        if (*path == ' ' || *path == '\t' || *path == '#')
            buf_append_char(out, '\\');
        if (*path == '$')
            buf_append_char(out, '$');
        backslashes = *path == '\\' ? backslashes + 1 : 0;
        buf_append_char(out, *path);
    }
}

void
depfile_escape(enum depfile_dialect dialect, const char *path, struct buf *out)
{
    if (dialect == DEPFILE_GCC) {
        escape_gcc(path, out);
        return;
    }
    for (; *path != '\0'; path++) {
        if (*path == ' ')
            buf_append_char(out, '\\');
        buf_append_char(out, *path == '\\' ? '/' : *path);
    }
}

bool
depfile_can_name(enum depfile_dialect dialect, const char *path)
{
    const size_t len = strlen(path);

    if (len == 0 || strchr(path, '\n') != NULL)
        return false;
    if (dialect == DEPFILE_NVCC)
        return strchr(path, '\\') == NULL;
    return path[len - 1] != '\\';
}

struct writer {
    const char *text;
    size_t at; /* everything before is written */
    const struct depfile *depfile;
    struct buf *out;
};

static void
copy_until(struct writer *writer, size_t offset)
{
    buf_append(writer->out, writer->text + writer->at, offset - writer->at);
    writer->at = offset;
}

static void
write_names(struct writer *writer, const struct depfile_name *names, size_t n,
            const char *(*rename_to)(const char *path, void *arg), void *arg)
{
    for (size_t i = 0; i < n; i++) {
        const char *path = rename_to(names[i].path, arg);

        if (path == NULL)
            continue;
        copy_until(writer, names[i].offset);
        depfile_escape(writer->depfile->dialect, path, writer->out);
        writer->at = names[i].offset + names[i].len;
    }
}

void
depfile_rewrite(const char *text, size_t len, const struct depfile *depfile,
                const char *target, const char *(*rename_to)(const char *path, void *arg),
                void *arg, struct buf *out)
{
    struct writer writer = {.text = text, .depfile = depfile, .out = out};

    if (target != NULL) {
        buf_append_str(out, target);
        writer.at = depfile->target.len;
    }
    write_names(&writer, depfile->prerequisites, depfile->n_prerequisites, rename_to,
                arg);
    write_names(&writer, depfile->phony, depfile->n_phony, rename_to, arg);
    copy_until(&writer, len);
}
