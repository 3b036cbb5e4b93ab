/* What the host compiler gets, without running its preprocessor over all of it again.
 *
 * The host's C++ has been preprocessed before cudafe++ read it.  What can still change is
 * in its few directives, and in those of the stub at its end, with the headers of the
 * toolkit that they include.  So the preprocessor is run over these alone, without what
 * is the unit's own, and tells not only the text but all macros that there are (-dD),
 * those of the command line and of its -include as well.  The tokens of the C++, of the
 * stub and of this text decide what is compiled.  Units have the same directives, so
 * what came of them is remembered (planaround.c).
 *
 * The architectures are macros of the command line too, and do not count as long as
 * nothing asks for them by name. */

#include "planrun_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/mapped.h"
#include "nvcache/base/path.h"
#include "nvcache/digest/filedigest.h"
#include "session_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char define[] = "-D";
static const char architecture[] = "-D" HOSTTEXT_ARCH;

/* What CUDA's headers define of architectures that are like no other (sm_90a), and what
 * all of these names begin with. */
static const char asking[] = HOSTTEXT_HAS_ARCH;
static const char common[] = "__CUDA_";

/* Text that every compile begins with is in no file that is looked into here, and a macro
 * could stand for a position. */
static bool
has_hidden_text(const struct plan_step *host)
{
    static const char *const hidden[] = {
        "__LINE__", "__FILE",      "__BASE_FILE__", "__INCLUDE_LEVEL__", "__DATE__",
        "__TIME",   "__COUNTER__", ",-include",     ",-imacros"};

    for (size_t i = 1; i < host->argv.n; i++) {
        const char *word = host->argv.v[i];

        if (word[0] == '@' || str_starts(word, "-include") ||
            str_starts(word, "-imacros"))
            return true;
        for (size_t k = 0; k < sizeof(hidden) / sizeof(hidden[0]); k++)
            if (strstr(word, hidden[k]) != NULL)
                return true;
    }
    return false;
}

/* The name of an architecture's macro in that word of the command line, or NULL. */
static char *
architecture_macro(struct arena *arena, const char *word)
{
    if (!str_starts(word, architecture))
        return NULL;
    word += strlen(define);
    return arena_strndup(arena, word, hosttext_name_len(word));
}

static bool
is_one_of(const char *at, const char *end, const struct strlist *words)
{
    for (size_t i = 0; i < words->n; i++) {
        const size_t len = strlen(words->v[i]);

        if ((size_t)(end - at) >= len && memcmp(at, words->v[i], len) == 0)
            return true;
    }
    return false;
}

static bool
asks_for_architectures(struct planned *run, const struct plan_step *host,
                       const char *text, size_t len)
{
    const char *const end = text + len;
    struct strlist names;

    strlist_init(&names, run->session->arena);
    strlist_add_copy(&names, asking);
    for (size_t i = 1; i < host->argv.n; i++) {
        char *name = architecture_macro(run->session->arena, host->argv.v[i]);

        if (name != NULL)
            strlist_add(&names, name);
    }
    for (const char *at = text;
         (at = memmem(at, (size_t)(end - at), common, strlen(common))) != NULL; at++)
        if (is_one_of(at, end, &names))
            return true;
    return false;
}

/* ---- before ---- */

static bool
write_file(const char *path, const struct buf *text)
{
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    return fd >= 0 && fs_write_full(fd, text->data, text->len) == NVC_OK;
}

/* The text of the input with that role. */
static bool
read_input(struct planned *run, const struct plan_step *host, enum plan_role role,
           struct mapped *out)
{
    const int file = plan_find_role(&run->plan, host->inputs, host->n_inputs, role);

    return file >= 0 && mapped_open(plan_file_path(run->session->arena, &run->plan,
                                                   (unsigned)file, &run->names),
                                    FILEDIGEST_MAX_SIZE, out) == NVC_OK;
}

/* Is it the directive that includes the input with that role? */
static bool
includes(struct planned *run, const struct plan_step *host, const char *line,
         enum plan_role role)
{
    static const char include[] = "#include \"";
    const int file = plan_find_role(&run->plan, host->inputs, host->n_inputs, role);
    const char *name;

    if (file < 0 || !str_starts(line, include))
        return false;
    name = path_base(
        plan_file_path(run->session->arena, &run->plan, (unsigned)file, &run->names));
    line += strlen(include);
    return str_starts(line, name) && line[strlen(name)] == '"';
}

/* The directives without what only this unit has, which its tokens tell: pragmas, the
 * value of one macro, its own files.  The stub's stand where it is included. */
static void
add_directives(struct planned *run, const struct plan_step *host, struct buf *lines,
               struct buf *stub)
{
    static const char own_macro[] = "#define _NV_ANON_NAMESPACE ";
    char *rest = (char *)lines->data;

    buf_append_char(lines, '\0');
    for (char *line; lines->len > 1 && (line = strsep(&rest, "\n")) != NULL;) {
        if (stub != NULL && includes(run, host, line, PLAN_STUB))
            add_directives(run, host, stub, NULL);
        else if (str_starts(line, own_macro))
            buf_printf(&run->host.directives, "%s\n", own_macro);
        else if (!str_starts(line, "#pragma") && !includes(run, host, line, PLAN_FATBIN))
            buf_printf(&run->host.directives, "%s\n", line);
    }
}

/* Nothing but these is compiled. */
static bool
has_known_inputs(const struct planned *run, const struct plan_step *host)
{
    static const enum plan_role known[] = {PLAN_CPP, PLAN_STUB, PLAN_FATBIN};
    const size_t n = sizeof(known) / sizeof(known[0]);

    for (size_t i = 0; i < n; i++)
        if (plan_find_role(&run->plan, host->inputs, host->n_inputs, known[i]) < 0)
            return false;
    return host->n_inputs == n;
}

/* What counts of the input with that role, from its text if no record has told it. */
static bool
look_at(struct planned *run, const struct plan_step *host, enum plan_role role,
        struct hosttext *of)
{
    AUTO_MAPPED text = MAPPED_INIT;

    if (!of->is_known && read_input(run, host, role, &text))
        hosttext_look(text.text, text.len, of);
    return of->has_tokens;
}

static bool
asks_by_name(struct planned *run, const struct plan_step *host, struct hosttext *of)
{
    return asks_for_architectures(run, host, buf_str(&of->architectures),
                                  of->architectures.len);
}

bool
planhost_look(struct planned *run, const struct plan_step *host)
{
    struct plan_host *of = &run->host;
    AUTO_BUF lines = BUF_INIT;
    AUTO_BUF stub_lines = BUF_INIT;

    if (!has_known_inputs(run, host) || !look_at(run, host, PLAN_CPP, &of->cpp) ||
        has_hidden_text(host) || !look_at(run, host, PLAN_STUB, &of->stub))
        return true;
    of->has_tokens = true;
    of->asks = asks_by_name(run, host, &of->cpp) || asks_by_name(run, host, &of->stub);
    buf_append(&lines, buf_str(&of->cpp.directives), of->cpp.directives.len);
    buf_append(&stub_lines, buf_str(&of->stub.directives), of->stub.directives.len);
    add_directives(run, host, &lines, &stub_lines);
    return planaround_find(run, host);
}

bool
planhost_begin(struct planned *run, const struct plan_step *host)
{
    struct arena *arena = run->session->arena;
    const char *dir = path_join(arena, run->names.dir, "host");
    const int cpp = plan_find_role(&run->plan, host->inputs, host->n_inputs, PLAN_CPP);
    const char *path;

    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return false;
    path = path_base(plan_file_path(arena, &run->plan, (unsigned)cpp, &run->names));
    run->host.text = path_join(arena, dir, "output");
    return write_file(path_join(arena, dir, path), &run->host.directives);
}

/* The host compiler's words with -E for -c. */
char **
planhost_argv(struct planned *run, const struct plan_step *host)
{
    static char preprocess[] = "-E";
    static char with_macros[] = "-dD";
    static char no_warnings[] = "-w";
    struct arena *arena = run->session->arena;
    struct plan_names names = run->names;
    struct strlist words;
    char **argv;

    names.dir = path_join(arena, run->names.dir, "host");
    argv = plan_step_argv(arena, &run->plan, host, &names);
    strlist_init(&words, arena);
    for (; *argv != NULL; argv++)
        strlist_add(&words, str_equal(*argv, "-c") ? preprocess : *argv);
    strlist_add(&words, with_macros);
    strlist_add(&words, no_warnings);
    return words.v;
}

/* ---- and after ---- */

/* The lines that define macros whose names begin so and end in front of one of `ends`, as
 * blanks. */
static void
blank_definitions(struct buf *text, const char *line, const char *ends)
{
    char *at = (char *)text->data;
    char *const end = at + text->len;

    while ((at = memmem(at, (size_t)(end - at), line, strlen(line))) != NULL) {
        char *name = at + strlen("\n#define ");
        char *name_end = name + strcspn(name, " (\n");

        at++;
        if (*name_end != '\0' && strchr(ends, *name_end) != NULL)
            while (at < end && *at != '\n')
                *at++ = ' ';
    }
}

static void
blank_architectures(struct buf *text)
{
    blank_definitions(text, "\n#define __CUDA_ARCH", " ");
    blank_definitions(text, "\n#define __CUDA_HAS_ARCH", " (");
}

static void
hash_architectures(const struct plan_step *host, struct hasher *hasher)
{
    for (size_t i = 1; i < host->argv.n; i++)
        if (str_starts(host->argv.v[i], architecture))
            hasher_str(hasher, host->argv.v[i]);
}

/* What was printed: the headers that were read, and what came of them. */
static bool
learn_around(struct planned *run, const struct plan_step *host)
{
    struct plan_around *around = &run->host.around;
    AUTO_BUF text = BUF_INIT;

    if (run->host.text == NULL ||
        fs_read(run->host.text, FILEDIGEST_MAX_SIZE, &text) != NVC_OK)
        return false;
    text_inputs_init(&around->headers, run->session->arena);
    around->is_listed = text_inputs_add(&around->headers, buf_str(&text), text.len);
    blank_architectures(&text);
    around->asks = asks_for_architectures(run, host, buf_str(&text), text.len);
    around->is_known =
        text_digest_tokens(buf_str(&text), text.len, NULL, &around->tokens, NULL);
    return around->is_known;
}

bool
planhost_digest(struct planned *run, struct digest *out)
{
    const struct plan_step *host = &run->plan.steps[run->plan.n_steps - 1];
    const struct plan_host *of = &run->host;
    struct hasher hasher;

    if (!of->has_tokens || (!of->around.is_known && !learn_around(run, host)))
        return false;
    hasher_init(&hasher, "nvcache host text v2");
    hasher_digest(&hasher, &of->cpp.tokens);
    hasher_digest(&hasher, &of->stub.tokens);
    hasher_digest(&hasher, &of->around.tokens);
    if (of->asks || of->around.asks)
        hash_architectures(host, &hasher);
    hasher_final(&hasher, out);
    return true;
}

bool
planhost_is_told(const struct planned *run)
{
    const struct plan_step *last = &run->plan.steps[run->plan.n_steps - 1];
    const struct task *host = &run->tasks[run->plan.n_steps - 1];

    return last->tool == PLAN_HOST && host->has_tokens_key && !run->host.asks &&
           !run->host.around.asks && host->result.out.len + host->result.err.len == 0;
}
