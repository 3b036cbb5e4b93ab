/* The shared libraries of a toolchain's programs.
 *
 * Debian's clang is 140 KB; what compiles is in libclang-cpp and libLLVM.  cc1plus folds
 * constants with libmpfr, as writes objects with libbfd, cicc computes with libm.  Each
 * program names its loader, which lists what it would load (`ld.so --list PROGRAM`, glibc
 * and musl alike) without running the program.
 *
 * A library that appears in front of another is seen by the time of the directory, for
 * those of LD_LIBRARY_PATH, the toolkit's lib and what ldconfig knows; not in a program's
 * own RPATH. */

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
#include "installations_priv.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEGMENTS_MAX = 64,
    NAME_MAX_LEN = 4096
};

struct search {
    struct arena *arena;
    struct toolchain_layout *layout;
    const char *path;     /* LD_LIBRARY_PATH for the tools */
    struct strlist names; /* of libraries, as programs ask for them */
};

static bool
read_at(int fd, void *data, size_t len, uint64_t at)
{
    size_t n = 0;

    return at <= INT64_MAX && fs_pread_full(fd, data, len, (off_t)at, &n) == NVC_OK &&
           n == len;
}

/* The loader that a program names.  NULL for a static one, and for what is no program. */
static enum nvc_status
find_loader(struct arena *arena, const char *path, const char **out)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    Elf64_Ehdr head = {0};
    Elf64_Phdr segments[SEGMENTS_MAX];

    *out = NULL;
    if (!read_at(fd, &head, sizeof(head), 0) ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return NVC_OK;
    if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof(segments[0]) ||
        head.e_phnum > SEGMENTS_MAX ||
        !read_at(fd, segments, head.e_phnum * sizeof(segments[0]), head.e_phoff))
        return NVC_BYPASS_TOOLCHAIN;
    for (size_t i = 0; i < head.e_phnum; i++) {
        char name[NAME_MAX_LEN + 1] = "";

        if (segments[i].p_type != PT_INTERP)
            continue;
        if (segments[i].p_filesz > NAME_MAX_LEN ||
            !read_at(fd, name, segments[i].p_filesz, segments[i].p_offset))
            return NVC_BYPASS_TOOLCHAIN;
        *out = arena_strdup(arena, name);
    }
    return NVC_OK;
}

static void
add_once(struct strlist *list, const char *text)
{
    if (!strlist_has(list, text))
        strlist_add_copy(list, text);
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
    add_once(&search->layout->files,
             arena_strndup(search->arena, path, (size_t)(end - path)));
    if (arrow != NULL)
        add_once(&search->names,
                 arena_strndup(search->arena, start, (size_t)(arrow - start)));
    return true;
}

static enum nvc_status
list_libraries(struct search *search, const char *program, const char *path)
{
    const char *loader;
    struct strlist argv;
    struct answer answer;
    enum nvc_status st = find_loader(search->arena, program, &loader);

    if (st != NVC_OK || loader == NULL)
        return st;
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

/* An empty or relative directory of the search path leads elsewhere in each working
 * directory.  As long as no library lies there, it does not matter. */
static void
add_absent(struct search *search)
{
    char *rest =
        search->path[0] != '\0' ? arena_strdup(search->arena, search->path) : NULL;

    for (char *dir; (dir = strsep(&rest, ":;")) != NULL;)
        for (size_t i = 0; dir[0] != '/' && i < search->names.n; i++)
            add_once(
                &search->layout->absent,
                path_join(search->arena, dir[0] != '\0' ? dir : ".", search->names.v[i]));
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
