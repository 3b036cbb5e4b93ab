/* The words a command hands to its host compiler, and what they mean.
 *
 * nvcc writes all values of -Xcompiler first, then all words that it did not know itself
 * (-forward-unknown-to-host-compiler), into one shell text, in front of its own -I and
 * -isystem (measured with nvcc 13.0).  So `-Xcompiler -I -Xcompiler dir` is one
 * directory, and a directory behind -Xcompiler is searched before those behind -I.  nvcc
 * hands the words to every preprocessor run and to the host compile.
 *
 * Must never pass a word it does not understand: the caller then runs nvcc uncached. */

#include "hostopts_priv.h"

#include "hostrules_priv.h"
#include "options_priv.h"
#include "words_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/nvcc/command.h"

#include <string.h>

struct reader {
    const struct strlist *words;
    size_t next;
    const char *culprit;
};

static enum nvc_status
refuse(struct reader *reader, enum nvc_status why, const char *word)
{
    reader->culprit = word;
    return why;
}

/* Append the shell words of the arguments for which `forwarded` is as given. */
static enum nvc_status
collect(const struct nvcc_command *command, bool forwarded, struct strlist *out,
        const char **out_culprit)
{
    for (size_t i = 0; i < command->nargs; i++) {
        const struct command_arg *arg = &command->args[i];
        const bool is_host = arg->option != NULL && arg->option->class == CLASS_HOST;

        if (forwarded ? !arg->forwarded : !is_host)
            continue;
        if (!words_of_shell(arg->value, out)) {
            *out_culprit = arg->value;
            return NVC_BYPASS_SHELL;
        }
    }
    return NVC_OK;
}

/* A directory or file the host compiler finds under exactly this name: not "=dir" (below
 * the system root) and not "-" (-I- splits the search path). */
static bool
is_plain_name(const char *value)
{
    return value[0] != '\0' && value[0] != '=' && value[0] != '-';
}

static bool
names_file(enum host_kind kind)
{
    return kind == HOST_QUOTE || kind == HOST_NORMAL || kind == HOST_SYSTEM ||
           kind == HOST_AFTER || kind == HOST_PREINCLUDE;
}

static enum nvc_status
take_value(struct reader *reader, struct host_word *out)
{
    const size_t len = strlen(out->rule->name);

    if (out->rule->form == FORM_GLUED && out->word[len] != '\0') {
        out->value = out->word + len;
    } else {
        if (reader->next == reader->words->n)
            return refuse(reader, NVC_BYPASS_HOST_OPTION, out->word);
        out->value = reader->words->v[reader->next++];
    }
    if (names_file(out->rule->kind) && !is_plain_name(out->value))
        return refuse(reader, NVC_BYPASS_HOST_OPTION, out->word);
    return NVC_OK;
}

/* No path, and for FORM_SINGLE no list, behind the option's name. */
static bool
is_simple(const struct host_word *word)
{
    const char *rest = word->word + strlen(word->rule->name);

    switch (word->rule->form) {
    case FORM_PREFIX:
        return strchr(rest, '/') == NULL;
    case FORM_SINGLE:
        return strpbrk(rest, "/,") == NULL;
    case FORM_EXACT:
    case FORM_MAP:
    case FORM_GLUED:
    case FORM_NEXT:
        break;
    }
    return true;
}

static enum nvc_status
read_word(struct reader *reader, struct host_word *out)
{
    out->word = reader->words->v[reader->next++];
    out->value = NULL;
    out->rule = host_rule_find(out->word);
    if (out->rule == NULL || out->rule->kind == HOST_DENY)
        return refuse(reader, NVC_BYPASS_HOST_OPTION, out->word);
    if (out->rule->kind == HOST_VERBOSE)
        return refuse(reader, NVC_BYPASS_VERBOSE, out->word);
    if (out->rule->form == FORM_GLUED || out->rule->form == FORM_NEXT)
        return take_value(reader, out);
    if (!is_simple(out))
        return refuse(reader, NVC_BYPASS_HOST_OPTION, out->word);
    return NVC_OK;
}

enum nvc_status
host_words(struct arena *arena, const struct nvcc_command *command,
           struct host_word **out, size_t *out_n, const char **out_culprit)
{
    struct strlist words;
    struct reader reader = {.words = &words};
    struct host_word *found;
    size_t n = 0;
    enum nvc_status st;

    strlist_init(&words, arena);
    st = collect(command, false, &words, out_culprit);
    if (st == NVC_OK)
        st = collect(command, true, &words, out_culprit);
    if (st != NVC_OK)
        return st;
    found = arena_array(arena, words.n, sizeof(*found));
    while (reader.next < words.n) {
        st = read_word(&reader, &found[n++]);
        if (st != NVC_OK) {
            *out_culprit = reader.culprit;
            return st;
        }
    }
    *out = found;
    *out_n = n;
    return NVC_OK;
}
