/* The shared libraries of a toolchain's programs.
 *
 * Debian's clang is 140 KB; what compiles is in libclang-cpp and libLLVM.  cc1plus folds
 * constants with libmpfr, as writes objects with libbfd, cicc computes with libm.  Each
 * program names its loader, which lists what it would load (`ld.so --list PROGRAM`, glibc
 * and musl alike) without running the program.
 *
 * A library that appears in front of another is seen by the time of the directory, for
 * those of LD_LIBRARY_PATH, the toolkit's lib and what ldconfig knows; in the directories
 * that programs and libraries name themselves (RUNPATH), by its name. */

#include "libraries_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/base/processor.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/digest.h"
#include "nvcache/nvcc/toolchain.h"
#include "answer_priv.h"
#include "elf_priv.h"
#include "installations_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct search {
    struct arena *arena;
    struct toolchain_layout *layout;
    const char *path;         /* LD_LIBRARY_PATH for the tools */
    struct strlist names;     /* of libraries, as programs ask for them */
    struct strlist own_names; /* of the program that is looked at */
    struct strlist own_files;
};

static void
add_once(struct strlist *list, const char *text)
{
    if (!strlist_has(list, text))
        strlist_add_copy(list, text);
}

/* Names of libraries that would be found in `dir` and must stay absent; those that are
 * there already only with `all`. */
static void
add_names(struct search *search, const char *dir, const struct strlist *names, bool all)
{
    for (size_t i = 0; i < names->n; i++) {
        const char *path = path_join(search->arena, dir, names->v[i]);

        if (all || access(path, F_OK) != 0)
            add_once(&search->layout->absent, path);
    }
}

/* `\tNAME => PATH (0x...)`; the loader itself and preloaded ones are `\tPATH (0x...)`,
 * what the kernel brings has no path, and the program itself, which glibc lists where
 * GLIBC_TUNABLES has hwcaps, no name.  False: something else. */
static bool
take_line(struct search *search, const char *line)
{
    const char *start = line + strspn(line, "\t ");
    const char *end = strstr(start, " (0x");
    const char *arrow = strstr(start, " => ");
    const char *path = arrow != NULL ? arrow + 4 : start;

    if (*start == '\0' || str_equal(start, "statically linked") ||
        str_starts(start, "(0x"))
        return true;
    if (end == NULL)
        return false;
    if (str_starts(start, "linux-vdso.") || str_starts(start, "linux-gate."))
        return true;
    if (*path != '/' || path >= end)
        return false;
    add_once(&search->own_files,
             arena_strndup(search->arena, path, (size_t)(end - path)));
    if (arrow != NULL)
        add_once(&search->own_names,
                 arena_strndup(search->arena, start, (size_t)(arrow - start)));
    return true;
}

static enum nvc_status
ask_loader(struct search *search, const char *loader, const char *program,
           const char *path)
{
    struct strlist argv;
    struct answer answer;
    enum nvc_status st;

    strlist_init(&argv, search->arena);
    strlist_add_copy(&argv, loader);
    strlist_add_copy(&argv, "--list");
    strlist_add_copy(&argv, program);
    st = answer_ask(search->arena, &argv, path, &answer);
    for (size_t i = 0; st == NVC_OK && i < answer.lines.n; i++) {
        if (take_line(search, answer.lines.v[i]))
            continue;
        log_event("toolchain.libraries", "program=%s line=%s", program,
                  answer.lines.v[i]);
        st = NVC_BYPASS_TOOLCHAIN;
    }
    return st;
}

/* A directory of `object`'s own RUNPATH.  What a library in it is called may not be
 * there, nor it itself, if it is not. */
static void
add_run_dir(struct search *search, const char *object, const char *written)
{
    static const char *const origins[] = {"$ORIGIN", "${ORIGIN}"};
    const char *real = fs_realpath(search->arena, object);
    const char *dir = written[0] != '\0' ? written : ".";

    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
        if (str_starts(written, origins[i]))
            dir = arena_printf(search->arena, "%s%s",
                               path_dir(search->arena, real != NULL ? real : object),
                               written + strlen(origins[i]));
    if (access(dir, F_OK) != 0)
        add_once(&search->layout->absent, dir);
    else
        add_names(search, dir, &search->own_names, false);
}

static void
add_run_path(struct search *search, const char *object)
{
    const char *path = elf_run_path(search->arena, object);
    char *rest = path == NULL ? NULL : arena_strdup(search->arena, path);

    for (char *dir; (dir = strsep(&rest, ":")) != NULL;)
        add_run_dir(search, object, dir);
}

static enum nvc_status
list_libraries(struct search *search, const char *program, const char *path)
{
    const char *loader;
    enum nvc_status st = elf_loader(search->arena, program, &loader);

    if (st != NVC_OK || loader == NULL)
        return st;
    strlist_init(&search->own_names, search->arena);
    strlist_init(&search->own_files, search->arena);
    st = ask_loader(search, loader, program, path);
    add_run_path(search, program);
    for (size_t i = 0; i < search->own_files.n; i++) {
        add_run_path(search, search->own_files.v[i]);
        add_once(&search->layout->files, search->own_files.v[i]);
    }
    for (size_t i = 0; i < search->own_names.n; i++)
        add_once(&search->names, search->own_names.v[i]);
    return st;
}

/* An empty or relative directory of the search path leads elsewhere in each working
 * directory.  As long as no library lies there, it does not matter. */
static void
add_absent(struct search *search)
{
    char *rest =
        search->path[0] != '\0' ? arena_strdup(search->arena, search->path) : NULL;

    for (char *dir; (dir = strsep(&rest, ":;")) != NULL;)
        if (dir[0] != '/')
            add_names(search, dir[0] != '\0' ? dir : ".", &search->names, true);
}

enum nvc_status
libraries_add(struct arena *arena, const char *path, struct toolchain_layout *layout)
{
    struct search search = {.arena = arena, .layout = layout, .path = path};
    const size_t n = layout->files.n; /* libraries are added behind them */
    enum nvc_status st = NVC_OK;

    if (strchr(path, '$') != NULL) /* $ORIGIN: another directory for each program */
        return NVC_BYPASS_TOOLCHAIN;
    strlist_init(&search.names, arena);
    for (size_t i = 0; st == NVC_OK && i < n; i++) {
        st = list_libraries(&search, layout->files.v[i], path);
        /* nvcc itself is found by the user's own, and it is the first. */
        if (st == NVC_OK && i == 0)
            st = list_libraries(&search, layout->files.v[i], NULL);
    }
    add_absent(&search);
    return st;
}

void
libraries_hash(struct hasher *hasher, struct arena *arena)
{
    const char *value = getenv("LD_LIBRARY_PATH");
    const char *preload = getenv("LD_PRELOAD");
    char *rest = value == NULL ? NULL : arena_strdup(arena, value);

    hasher_str(hasher, value != NULL ? value : "");
    for (char *dir; (dir = strsep(&rest, ":;")) != NULL;)
        if (dir[0] == '/')
            (void)installations_hash_stamp(hasher, dir);
    hasher_str(hasher, preload != NULL ? preload : "");
    (void)installations_hash_stamp(hasher, "/etc/ld.so.preload");
    (void)installations_hash_stamp(hasher, "/etc/ld.so.cache");
    hasher_u64(hasher, processor_arithmetic()); /* glibc-hwcaps/x86-64-v3 */
}
