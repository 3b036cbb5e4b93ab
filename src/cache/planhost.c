/* What the host compiler gets, without running its preprocessor over all of it again.
 *
 * The host's C++ has been preprocessed before cudafe++ read it.  What can still change is
 * in its few directives, and in the stub at its end with the headers of the toolkit that
 * it includes.  So the preprocessor is run over these alone, beside an image without
 * contents, and tells not only the text but all macros that there are (-dD), those of the
 * command line and of its -include as well.  The tokens of the C++ and of this text
 * decide what is compiled.
 *
 * The architectures are macros of the command line too, and do not count as long as
 * nothing asks for them by name. */

#include "planrun_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/digest/filedigest.h"
#include "nvcache/nvcc/scan.h"
#include "session_priv.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char define[] = "-D";
static const char architecture[] = "-D__CUDA_ARCH";

/* What CUDA's headers define of architectures that are like no other (sm_90a). */
static const char asking[] = "__CUDA_HAS_ARCH";

static bool
names_text(const struct buf *text, const char *word)
{
    return memmem(text->data, text->len, word, strlen(word)) != NULL;
}

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
static const char *
architecture_macro(struct arena *arena, const char *word)
{
    if (!str_starts(word, architecture))
        return NULL;
    word += strlen(define);
    return arena_strndup(arena, word, strcspn(word, "="));
}

static bool
asks_for_architectures(struct planned *run, const struct plan_step *host,
                       const struct buf *text)
{
    for (size_t i = 1; i < host->argv.n; i++) {
        const char *name = architecture_macro(run->session->arena, host->argv.v[i]);

        if (name != NULL && names_text(text, name))
            return true;
    }
    return names_text(text, asking);
}

/* ---- before ---- */

static bool
write_file(const char *path, const struct buf *text)
{
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    return fd >= 0 && fs_write_full(fd, text->data, text->len) == NVC_OK;
}

/* The directives of the host's C++ in place of it; its tokens are kept. */
static bool
write_directives(struct planned *run, const struct plan_step *host, const char *path,
                 const char *beside)
{
    AUTO_BUF text = BUF_INIT;
    AUTO_BUF directives = BUF_INIT;

    if (fs_read(path, FILEDIGEST_MAX_SIZE, &text) != NVC_OK)
        return false;
    run->is_host_read = true;
    run->host_takes_files = scan_takes_files(buf_str(&text), text.len);
    run->host_asks = asks_for_architectures(run, host, &text);
    run->has_host_tokens =
        !has_hidden_text(host) &&
        text_digest_tokens(buf_str(&text), text.len, &run->host_tokens, &directives);
    return write_file(beside, &directives);
}

bool
planhost_begin(struct planned *run, const struct plan_step *host)
{
    static const struct buf nothing;
    struct arena *arena = run->session->arena;
    const char *dir = path_join(arena, run->names.dir, "host");
    bool written = mkdir(dir, 0700) == 0 || run->host_text != NULL;

    for (size_t i = 0; i < host->n_inputs && written; i++) {
        const unsigned file = host->inputs[i];
        const char *path = plan_file_path(arena, &run->plan, file, &run->names);
        const char *beside = path_join(arena, dir, path_base(path));

        if (run->plan.files[file].role == PLAN_FATBIN)
            written = write_file(beside, &nothing);
        else if (run->plan.files[file].role == PLAN_CPP)
            written = write_directives(run, host, path, beside);
        else
            written = link(path, beside) == 0;
    }
    run->host_text = path_join(arena, dir, "output");
    return written;
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

bool
planhost_digest(struct planned *run, struct digest *out)
{
    const struct plan_step *host = &run->plan.steps[run->plan.n_steps - 1];
    AUTO_BUF text = BUF_INIT;
    struct digest around;
    struct hasher hasher;

    if (run->host_text == NULL || !run->has_host_tokens ||
        fs_read(run->host_text, FILEDIGEST_MAX_SIZE, &text) != NVC_OK)
        return false;
    blank_architectures(&text);
    if (!text_digest_tokens(buf_str(&text), text.len, &around, NULL))
        return false;
    hasher_init(&hasher, "nvcache host text v1");
    hasher_digest(&hasher, &run->host_tokens);
    hasher_digest(&hasher, &around);
    if (run->host_asks || asks_for_architectures(run, host, &text))
        hash_architectures(host, &hasher);
    hasher_final(&hasher, out);
    return true;
}
