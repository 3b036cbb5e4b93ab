/* Reading one nvcc command line.
 *
 * nvcc acts on NVCC_PREPEND_FLAGS, then its arguments, then NVCC_APPEND_FLAGS, as if they
 * were one line (an option at the end of one takes its value from the next).  An options
 * file is read where it is named, relative to the working directory also when another
 * options file names it; it may not end in the middle of an option.
 * -forward-unknown-to-host-compiler is valid for the whole line, wherever it stands.  Of
 * an option given twice the last value counts and nvcc prints a warning; list options
 * accumulate.
 *
 * Must never take another word for a value, or a source, than nvcc does: everything
 * unclear is a BYPASS_ status.  Must never read an options file that is not a regular
 * file. */

#include "nvcache/nvcc/command.h"

#include "options_priv.h"
#include "words_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/strlist.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct parser {
    struct arena *arena;
    struct command_arg *args;
    size_t n;
    size_t cap;
    size_t file_bytes; /* read from options files so far */
    const struct options_file *files;
    const char *culprit;
};

static enum nvc_status
refuse(struct parser *parser, enum nvc_status why, const char *culprit)
{
    parser->culprit = culprit;
    return why;
}

static enum nvc_status
add(struct parser *parser, const struct nvcc_option *option, const char *value)
{
    if (parser->n == COMMAND_MAX_ARGS)
        return refuse(parser, NVC_BYPASS_USAGE, value == NULL ? "" : value);
    if (parser->n == parser->cap) {
        const size_t cap = parser->cap == 0 ? 64 : parser->cap * 2;
        struct command_arg *grown = arena_array(parser->arena, cap, sizeof(*grown));

        if (parser->n > 0)
            memcpy(grown, parser->args, parser->n * sizeof(*grown));
        parser->args = grown;
        parser->cap = cap;
    }
    parser->args[parser->n++] = (struct command_arg){.option = option, .value = value};
    return NVC_OK;
}

static enum nvc_status
add_unknown(struct parser *parser, const char *word)
{
    const enum nvc_status st = add(parser, NULL, word);

    if (st == NVC_OK)
        parser->args[parser->n - 1].forwarded = true;
    return st;
}

static enum nvc_status parse_words(struct parser *parser, const struct strlist *words,
                                   int depth);

static void
remember_file(struct parser *parser, const char *path, const struct buf *text)
{
    struct options_file *file = arena_alloc(parser->arena, sizeof(*file));
    char *copy = arena_alloc(parser->arena, text->len + 1);

    if (text->len > 0)
        memcpy(copy, text->data, text->len);
    *file = (struct options_file){
        .next = parser->files, .path = path, .text = copy, .len = text->len};
    parser->files = file;
}

static enum nvc_status
parse_file(struct parser *parser, const char *path, int depth)
{
    AUTO_BUF text = BUF_INIT;
    struct strlist words;
    struct stat info;

    if (depth == COMMAND_MAX_FILE_DEPTH)
        return refuse(parser, NVC_BYPASS_USAGE, path);
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return refuse(parser, NVC_BYPASS_OPTIONS_FILE, path);
    if (fs_read(path, COMMAND_MAX_FILE_BYTES - parser->file_bytes, &text) != NVC_OK)
        return refuse(parser, NVC_BYPASS_OPTIONS_FILE, path);
    parser->file_bytes += text.len;
    remember_file(parser, path, &text);
    strlist_init(&words, parser->arena);
    if (!words_of_file((const char *)text.data, text.len, &words))
        return refuse(parser, NVC_BYPASS_USAGE, path);
    return parse_words(parser, &words, depth + 1);
}

static enum nvc_status
add_list(struct parser *parser, const struct nvcc_option *option, const char *value,
         int depth)
{
    struct strlist elements;
    enum nvc_status st = NVC_OK;

    strlist_init(&elements, parser->arena);
    if (!words_of_list(value, option->arity, &elements))
        return refuse(parser, NVC_BYPASS_USAGE, option->long_name);
    for (size_t i = 0; i < elements.n && st == NVC_OK; i++) {
        if (option->class == CLASS_FILE)
            st = parse_file(parser, elements.v[i], depth);
        else
            st = add(parser, option, elements.v[i]);
    }
    return st;
}

static enum nvc_status
add_option(struct parser *parser, const struct nvcc_option *option, const char *value,
           int depth)
{
    switch (option->arity) {
    case ARITY_NONE:
        if (value != NULL)
            return refuse(parser, NVC_BYPASS_USAGE, option->long_name);
        break;
    case ARITY_BOOL:
        if (!str_equal(value, "true") && !str_equal(value, "false"))
            return refuse(parser, NVC_BYPASS_USAGE, option->long_name);
        break;
    case ARITY_TEXTS:
    case ARITY_PATHS:
    case ARITY_RAWS:
        return add_list(parser, option, value, depth);
    case ARITY_ONE:
    case ARITY_OPTIONAL:
    case ARITY_LIST:
        break;
    }
    return add(parser, option, value);
}

/* The next word is the value: always for an option that needs one, and if it does not
 * begin with a dash for one whose value is optional. */
static bool
takes_next(const struct nvcc_option *option, const char *next)
{
    if (option->arity == ARITY_NONE)
        return false;
    return option->arity != ARITY_OPTIONAL || (next != NULL && next[0] != '-');
}

static enum nvc_status
parse_option(struct parser *parser, const struct strlist *words, size_t *at, int depth)
{
    const char *value = NULL;
    const struct nvcc_option *const option = option_find(words->v[*at], &value);

    if (option == NULL)
        return add_unknown(parser, words->v[*at]);
    if (value == NULL && takes_next(option, words->v[*at + 1])) {
        if (*at + 1 == words->n)
            return refuse(parser, NVC_BYPASS_USAGE, option->long_name);
        value = words->v[++*at];
    }
    return add_option(parser, option, value, depth);
}

static enum nvc_status
parse_words(struct parser *parser, const struct strlist *words, int depth)
{
    enum nvc_status st = NVC_OK;

    for (size_t i = 0; i < words->n && st == NVC_OK; i++) {
        const char *word = words->v[i];

        if (word[0] == '-' && word[1] != '\0')
            st = parse_option(parser, words, &i, depth);
        else
            st = add(parser, NULL, word);
    }
    return st;
}

/* Words nvcc does not know: an error, or forwarded to the host compiler, or only to the
 * host linker, which a compile does not start (nvcc then ignores them). */
static enum nvc_status
settle_unknown(struct parser *parser)
{
    bool to_compiler = false;
    bool to_linker = false;
    size_t kept = 0;

    for (size_t i = 0; i < parser->n; i++) {
        const int id =
            parser->args[i].option == NULL ? OPT_NONE : parser->args[i].option->id;

        to_compiler |= id == OPT_FORWARD_COMPILER || id == OPT_FORWARD_OPTS;
        to_linker |= id == OPT_FORWARD_LINKER;
    }
    for (size_t i = 0; i < parser->n; i++) {
        if (parser->args[i].forwarded && !to_compiler) {
            if (!to_linker)
                return refuse(parser, NVC_BYPASS_UNKNOWN_OPTION, parser->args[i].value);
            continue;
        }
        parser->args[kept++] = parser->args[i];
    }
    parser->n = kept;
    return NVC_OK;
}

static int
number_of(const char *value)
{
    const long number = strtol(value, NULL, 0);

    return number < 0 || number > 1 << 20 ? 1 : (int)number;
}

/* What follows from single options; the last one counts. */
static void
note_fact(struct nvcc_command *command, const struct command_arg *arg)
{
    switch (arg->option->id) {
    case OPT_COMPILER_BINDIR:
        command->ccbin = arg->value;
        break;
    case OPT_THREADS:
        command->threads = number_of(arg->value);
        break;
    case OPT_JOBSERVER:
        command->asks_jobserver = true;
        break;
    case OPT_DEPS_WITH_COMPILE:
        /* With both, -MMD's shorter list is what nvcc writes. */
        if (command->deps == DEPS_NONE)
            command->deps = DEPS_ALL;
        break;
    case OPT_NONSYSTEM_DEPS_WITH_COMPILE:
        command->deps = DEPS_NONSYSTEM;
        break;
    case OPT_GENERATE_DEPENDENCY_TARGETS:
        command->deps_phony = true;
        break;
    case OPT_DEPENDENCY_TARGET_NAME:
        command->deps_target = arg->value;
        break;
    case OPT_GPU_ARCHITECTURE:
        command->native_arch = str_equal(arg->value, "native");
        break;
    default:
        break;
    }
}

static bool
is_separable(const struct nvcc_command *command)
{
    bool rdc = false;
    bool other = false;

    for (size_t i = 0; i < command->nargs; i++) {
        const struct command_arg *arg = &command->args[i];
        const int id = arg->option == NULL ? OPT_NONE : arg->option->id;

        if (id == OPT_RELOCATABLE_DEVICE_CODE)
            rdc = str_equal(arg->value, "true");
        other |= id == OPT_DEVICE_C || id == OPT_DLINK_TIME_OPT || id == OPT_LTO;
    }
    return rdc || other;
}

/* All words of the line: the two variables' and argv's. */
static enum nvc_status
gather(struct parser *parser, int argc, char *const argv[], struct strlist *words)
{
    const char *prepend = getenv("NVCC_PREPEND_FLAGS");
    const char *append = getenv("NVCC_APPEND_FLAGS");

    if (prepend != NULL && !words_of_environment(prepend, words))
        return refuse(parser, NVC_BYPASS_USAGE, "NVCC_PREPEND_FLAGS");
    for (int i = 1; i < argc; i++)
        strlist_add(words, argv[i]);
    if (append != NULL && !words_of_environment(append, words))
        return refuse(parser, NVC_BYPASS_USAGE, "NVCC_APPEND_FLAGS");
    return NVC_OK;
}

enum nvc_status
command_parse(struct arena *arena, int argc, char *const argv[], struct nvcc_command *out)
{
    struct parser parser = {.arena = arena};
    struct strlist words;
    enum nvc_status st;

    *out = (struct nvcc_command){.threads = 1};
    strlist_init(&words, arena);
    st = gather(&parser, argc, argv, &words);
    if (st == NVC_OK)
        st = parse_words(&parser, &words, 0);
    if (st == NVC_OK)
        st = settle_unknown(&parser);
    out->culprit = parser.culprit;
    if (st != NVC_OK)
        return st;
    out->args = parser.args;
    out->nargs = parser.n;
    out->options_files = parser.files;
    for (size_t i = 0; i < out->nargs; i++)
        if (out->args[i].option != NULL)
            note_fact(out, &out->args[i]);
    out->separable = is_separable(out);
    return NVC_OK;
}
