/* Finding the files of a toolchain by asking nvcc (`--dryrun`) and the host compiler
 * (`-v`).
 *
 * nvcc prints its variables as `#$ NAME=value` and the commands it would run as `#$
 * command`, on standard error.  Its tools are looked up in the PATH it prints, cicc in
 * CICC_PATH. Must never guess: what is not understood is BYPASS_TOOLCHAIN. */

#include "nvcache/nvcc/toolchain.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/nvcc/wrapper.h"
#include "answer_priv.h"
#include "libraries_priv.h"
#include "profile_priv.h"
#include "words_priv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PROFILE_MAX = 1 << 20
};

static bool
is_binary(const char *path)
{
    char magic[4];
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 && read(fd, magic, 4) == 4 && memcmp(magic, "\177ELF", 4) == 0;
}

/* The directories behind `flag`, glued or not, in text that nvcc gives to the shell.
 * False for text that the shell would change. */
static bool
take_directories(const struct answer *answer, const char *name, const char *flag,
                 struct strlist *out)
{
    const char *value = answer_variable(answer, name);
    const size_t len = strlen(flag);
    struct strlist words;

    strlist_init(&words, answer->arena);
    if (value != NULL && !words_of_shell(value, &words))
        return false;
    for (size_t i = 0; i < words.n; i++) {
        if (str_equal(words.v[i], flag) && i + 1 < words.n)
            strlist_add(out, words.v[++i]);
        else if (str_starts(words.v[i], flag) && words.v[i][len] != '\0')
            strlist_add(out, words.v[i] + len);
    }
    return true;
}

static bool
exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* A tool that every compile may need. */
static bool
add_tool(struct toolchain_layout *layout, struct arena *arena, const char *name,
         const char *search)
{
    char *path = fs_find_program(arena, name, search, NULL, NULL);

    if (path != NULL)
        strlist_add(&layout->files, path);
    return path != NULL;
}

static void
add_if_there(struct toolchain_layout *layout, struct arena *arena, const char *dir,
             const char *name)
{
    char *path = path_join(arena, dir, name);

    if (exists(path))
        strlist_add(&layout->files, path);
}

/* Whatever else is in the environment does not change what the profile says. */
static bool
has_closed_profile(struct arena *arena, const char *dir)
{
    AUTO_BUF text = BUF_INIT;
    const char *path = path_join(arena, dir, "nvcc.profile");
    bool is_closed;

    if (!exists(path))
        return true;
    is_closed = fs_read(path, PROFILE_MAX, &text) == NVC_OK &&
                profile_is_closed(arena, buf_str(&text));
    if (!is_closed)
        log_event("toolchain.profile", "file=%s", path);
    return is_closed;
}

static enum nvc_status
read_nvcc(const struct answer *answer, struct toolchain_layout *out)
{
    static const char *const optional[] = {"nvcc.profile", "crt/link.stub",
                                           "crt/prelink.stub"};
    struct arena *arena = answer->arena;
    const char *top = answer_variable(answer, "TOP");
    const char *here = answer_variable(answer, "_HERE_");
    const char *cicc = answer_variable(answer, "CICC_PATH");
    const char *next = answer_variable(answer, "CICC_NEXT_PATH");
    const char *libdevice = answer_variable(answer, "NVVMIR_LIBRARY_DIR");
    const char *search = answer_variable(answer, "PATH");
    const char *query;

    if (top == NULL || here == NULL || cicc == NULL || search == NULL ||
        !has_closed_profile(arena, here))
        return NVC_BYPASS_TOOLCHAIN;
    out->top = arena_strdup(arena, top);
    strlist_add(&out->files, path_join(arena, cicc, "cicc"));
    if (next != NULL) /* CUDA 12.5 to 12.9 have another one for the newest GPUs */
        add_if_there(out, arena, next, "cicc");
    if (!add_tool(out, arena, "cudafe++", search) ||
        !add_tool(out, arena, "ptxas", search) ||
        !add_tool(out, arena, "fatbinary", search))
        return NVC_BYPASS_TOOLCHAIN;
    (void)add_tool(out, arena, "nvlink", search);
    query = fs_find_program(arena, "__nvcc_device_query", search, NULL, NULL);
    out->device_query = query != NULL ? query : "";
    for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
        add_if_there(out, arena, here, optional[i]);
    if (libdevice != NULL)
        add_if_there(out, arena, libdevice, "libdevice.10.bc");
    if (!take_directories(answer, "INCLUDES", "-I", &out->normal) ||
        !take_directories(answer, "SYSTEM_INCLUDES", "-isystem", &out->system))
        return NVC_BYPASS_TOOLCHAIN;
    return NVC_OK;
}

/* The words of the line that runs the compiler proper (" /usr/lib/.../cc1plus -E ...").
 */
static bool
compiler_words(const struct answer *answer, struct strlist *out)
{
    for (size_t i = 0; i < answer->lines.n; i++) {
        const char *line = answer->lines.v[i];

        strlist_init(out, answer->arena);
        if (line[0] == ' ' && words_of_shell(line, out) && out->n > 1 &&
            path_is_absolute(out->v[0]) && strlist_has(out, "-E"))
            return true;
    }
    return false;
}

/* Whatever puts words in front of the command's (a script, a program, specs) can put some
 * there by which the object shows where it was made or on what machine, or for which
 * files are read that the command does not name.  In a command we would know them. */
static bool
is_told_more(const struct strlist *words)
{
    static const char *const more[] = {"-include",
                                       "-imacros",
                                       "-g",
                                       "-debug-info-kind",
                                       "-fsanitize",
                                       "-fplugin",
                                       "-load",
                                       "-fprofile",
                                       "@",
                                       "-ftest-coverage",
                                       "l1-cache-size=",
                                       "-finstrument-functions-exclude"};

    for (size_t i = 1; i < words->n; i++)
        for (size_t k = 0; k < sizeof(more) / sizeof(more[0]); k++)
            if (str_starts(words->v[i], more[k]) && !str_equal(words->v[i], "-g0"))
                return true;
    return false;
}

/* Directories that do not exist are searched too as soon as they do. */
static void
take_search_path(const struct answer *answer, struct strlist *out)
{
    static const char ignored[] = "ignoring nonexistent directory \"";
    bool inside = false;

    for (size_t i = 0; i < answer->lines.n; i++) {
        const char *line = answer->lines.v[i];

        if (str_starts(line, ignored))
            strlist_add(out, arena_strndup(answer->arena, line + strlen(ignored),
                                           strcspn(line + strlen(ignored), "\"")));
        else if (str_starts(line, "#include <...> search"))
            inside = true;
        else if (str_starts(line, "End of search list"))
            inside = false;
        else if (inside && line[0] == ' ')
            strlist_add_copy(out, line + 1);
    }
}

/* Specs of gcc, configuration files of clang. */
static void
take_specs(const struct answer *answer, struct strlist *out)
{
    static const char *const marks[] = {"Reading specs from ", "Configuration file: "};

    for (size_t i = 0; i < answer->lines.n; i++)
        for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]); m++)
            if (str_starts(answer->lines.v[i], marks[m]))
                strlist_add_copy(out, answer->lines.v[i] + strlen(marks[m]));
}

static enum nvc_status
ask_host(struct arena *arena, const char *host, const char *const *words,
         struct answer *out)
{
    struct strlist argv;

    strlist_init(&argv, arena);
    strlist_add_copy(&argv, host);
    strlist_add_words(&argv, words);
    return answer_ask(arena, &argv, NULL, out);
}

/* The assembler, as the host compiler finds it in the PATH that nvcc gives it.  A
 * compiler with its own has none. */
static enum nvc_status
add_assembler(struct arena *arena, const char *host, const char *search,
              struct toolchain_layout *out)
{
    static const char *const words[] = {"-print-prog-name=as", NULL};
    struct answer answer;
    const enum nvc_status st = ask_host(arena, host, words, &answer);

    if (st == NVC_OK && answer.lines.n > 0)
        (void)add_tool(out, arena, answer.lines.v[0], search);
    return st;
}

/* The word between `#$ ` and the first macro in nvcc's first command: `gcc`,
 * `"/dir"/gcc`.
 */
static const char *
planned_host(const struct answer *answer)
{
    for (size_t i = 0; i < answer->lines.n; i++) {
        const char *line = answer->lines.v[i];
        const char *end = strstr(line, " -D__CUDA");
        char *name;
        size_t n = 0;

        if (!str_starts(line, "#$ ") || end == NULL)
            continue;
        name = arena_strndup(answer->arena, line + 3, (size_t)(end - line - 3));
        for (const char *at = name; *at != '\0'; at++)
            if (*at != '"')
                name[n++] = *at;
        name[n] = '\0';
        return fs_find_program(answer->arena, name, answer_variable(answer, "PATH"), NULL,
                               NULL);
    }
    return NULL;
}

/* The host compiler that nvcc really runs: nvcc.profile, and the directories it puts in
 * front of PATH, have a say in it. */
static enum nvc_status
correct_seat(const struct answer *answer, struct toolchain_seat *seat,
             struct toolchain_layout *out)
{
    const char *program = planned_host(answer);
    struct wrapper host;
    enum nvc_status st;

    if (program == NULL)
        return NVC_BYPASS_TOOLCHAIN;
    if (str_equal(program, seat->host_program))
        return NVC_OK;
    st = wrapper_resolve(answer->arena, program, &host);
    if (st != NVC_OK)
        return st;
    if (host.scripts.n > 0) /* not in the layout's key, so it could be changed unseen */
        return NVC_BYPASS_WRAPPER;
    seat->host_program = program;
    seat->host = program;
    seat->host_has_words = false;
    strlist_add_copy(&out->files, program);
    return NVC_OK;
}

static enum nvc_status
read_host(struct arena *arena, const struct toolchain_seat *seat, const char *search,
          struct toolchain_layout *out)
{
    const char *const words[] = {
        "-v",        "-E", "-x", seat->language != NULL ? seat->language : "c++",
        "/dev/null", NULL};
    struct answer answer;
    struct strlist proper;
    enum nvc_status st;

    if (!is_binary(seat->host))
        return NVC_BYPASS_WRAPPER;
    for (size_t i = 0; seat->host_has_words && i < seat->host_scripts.n; i++)
        strlist_add_copy(&out->files, seat->host_scripts.v[i]);
    out->is_unordered = seat->host_has_words;
    strlist_add_copy(&out->files, seat->host);
    st = ask_host(arena, seat->host_program, words, &answer);
    if (st != NVC_OK)
        return st;
    if (!compiler_words(&answer, &proper) || !exists(proper.v[0]))
        return NVC_BYPASS_TOOLCHAIN;
    if (is_told_more(&proper))
        return NVC_BYPASS_WRAPPER;
    strlist_add_copy(&out->files, proper.v[0]);
    take_specs(&answer, &out->files);
    take_search_path(&answer, &out->system);
    return add_assembler(arena, seat->host_program, search, out);
}

/* An empty source for nvcc to plan for. */
static char *
make_probe(struct arena *arena, const char *work_dir)
{
    char *path = path_join(arena, work_dir, "probe.cu");
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    return fd >= 0 ? path : NULL;
}

static enum nvc_status
ask_nvcc(struct arena *arena, const struct toolchain_seat *seat, char *probe,
         struct answer *out)
{
    struct strlist argv;

    strlist_init(&argv, arena);
    strlist_add_copy(&argv, seat->program);
    strlist_add_copy(&argv, "--dryrun");
    strlist_add_copy(&argv, "-c");
    strlist_add(&argv, probe);
    strlist_add_copy(&argv, "-o");
    strlist_add(&argv, arena_printf(arena, "%s.o", probe));
    if (seat->ccbin != NULL) {
        strlist_add_copy(&argv, "-ccbin");
        strlist_add_copy(&argv, seat->ccbin);
    }
    return answer_ask(arena, &argv, NULL, out);
}

/* Where nvcc's tools find shared libraries: nvcc.profile puts directories in front. */
static const char *
library_path(const struct answer *answer)
{
    const char *path = answer_variable(answer, "LD_LIBRARY_PATH");

    if (path == NULL)
        path = getenv("LD_LIBRARY_PATH");
    return path != NULL ? path : "";
}

enum nvc_status
toolchain_discover(struct arena *arena, const struct toolchain_seat *seat,
                   const char *work_dir, struct toolchain_layout *out)
{
    struct toolchain_layout layout = {0};
    struct toolchain_seat actual = *seat;
    struct answer answer;
    char *probe = make_probe(arena, work_dir);
    enum nvc_status st;

    if (probe == NULL)
        return NVC_BYPASS_TOOLCHAIN;
    if (!is_binary(seat->nvcc))
        return NVC_BYPASS_WRAPPER;
    strlist_init(&layout.files, arena);
    strlist_init(&layout.normal, arena);
    strlist_init(&layout.system, arena);
    strlist_init(&layout.absent, arena);
    strlist_add_copy(&layout.files, seat->nvcc);
    st = ask_nvcc(arena, seat, probe, &answer);
    if (st == NVC_OK)
        st = read_nvcc(&answer, &layout);
    if (st == NVC_OK)
        st = correct_seat(&answer, &actual, &layout);
    if (st == NVC_OK)
        st = read_host(arena, &actual, answer_variable(&answer, "PATH"), &layout);
    if (st == NVC_OK)
        st = libraries_add(arena, library_path(&answer), &layout);
    log_event("toolchain.discover", "nvcc=%s host=%s status=%s", seat->nvcc, actual.host,
              status_word(st));
    if (st == NVC_OK)
        *out = layout;
    return st;
}
