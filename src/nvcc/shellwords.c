/* nvcc joins what it hands on to other tools into one text and gives it to `sh -c`.
 *
 * -Xcompiler, -Xptxas, -Xcudafe, ... and words forwarded to the host compiler stand in
 * that text unquoted: `-Xcompiler "-fPIC -Wall"` are two words for the compiler,
 * `--compiler-options
 * "'-fPIC'"` (what setuptools writes) is one without its quotes.  Macros, paths and file
 * names stand in double quotes with their double quotes escaped, nothing else: -D
 * 'A=$HOME' is expanded, -D 'A=`date`' runs date (measured with nvcc 13.0).
 *
 * What a shell would expand depends on more than the command, so it is refused; so is
 * every character with a meaning to some shell that may be /bin/sh. Must never accept a
 * text whose words depend on the environment or on files. */

#include "words_priv.h"

#include "nvcache/base/arena.h"

#include <string.h>

struct reader {
    const char *at;
    char *word;
    size_t len;
    bool in_word;
};

static void
take(struct reader *reader, char c)
{
    reader->word[reader->len++] = c;
    reader->in_word = true;
}

static bool
read_single_quoted(struct reader *reader)
{
    reader->in_word = true;
    for (; *reader->at != '\''; reader->at++) {
        if (*reader->at == '\0')
            return false;
        take(reader, *reader->at);
    }
    reader->at++;
    return true;
}

static bool
read_double_quoted(struct reader *reader)
{
    reader->in_word = true;
    for (; *reader->at != '"'; reader->at++) {
        if (*reader->at == '\0' || strchr("$`", *reader->at) != NULL)
            return false;
        if (*reader->at == '\\' && reader->at[1] != '\0' &&
            strchr("$`\"\\", reader->at[1]) != NULL)
            reader->at++;
        else if (*reader->at == '\\' && reader->at[1] == '\n')
            return false;
        take(reader, *reader->at);
    }
    reader->at++;
    return true;
}

/* One character outside of quotes, not a blank. */
static bool
read_plain(struct reader *reader)
{
    const char c = *reader->at++;

    if (c == '\'')
        return read_single_quoted(reader);
    if (c == '"')
        return read_double_quoted(reader);
    if (c == '\\') {
        if (*reader->at == '\0' || *reader->at == '\n')
            return false;
        take(reader, *reader->at++);
        return true;
    }
    if (strchr("$`;&|<>()*?[]{}~\n\r\v\f", c) != NULL || (c == '#' && !reader->in_word))
        return false;
    take(reader, c);
    return true;
}

static void
finish_word(struct reader *reader, struct strlist *out)
{
    if (reader->in_word)
        strlist_add(out, arena_strndup(out->arena, reader->word, reader->len));
    reader->len = 0;
    reader->in_word = false;
}

bool
words_of_shell(const char *text, struct strlist *out)
{
    struct reader reader = {.at = text,
                            .word = arena_alloc(out->arena, strlen(text) + 1)};

    while (*reader.at != '\0') {
        if (*reader.at == ' ' || *reader.at == '\t') {
            finish_word(&reader, out);
            reader.at++;
        } else if (!read_plain(&reader)) {
            return false;
        }
    }
    finish_word(&reader, out);
    return true;
}

bool
text_is_expanded(const char *text)
{
    return strpbrk(text, "$`") != NULL;
}

bool
path_is_plain(const char *path)
{
    return strpbrk(path, "$`\\\"'\n") == NULL;
}
