/* Reading ELF files for what they load.  Must never start a program. */

#include "elf_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    SEGMENTS_MAX = 64,
    ENTRIES_MAX = 256,
    NAME_MAX_LEN = 4096
};

struct program {
    int fd;
    size_t n;
    Elf64_Phdr segments[SEGMENTS_MAX];
};

static bool
read_at(int fd, void *data, size_t len, uint64_t at)
{
    size_t n = 0;

    return at <= INT64_MAX && fs_pread_full(fd, data, len, (off_t)at, &n) == NVC_OK &&
           n == len;
}

/* No segments: it is no ELF file. */
static enum nvc_status
read_segments(struct program *program)
{
    Elf64_Ehdr head = {0};

    program->n = 0;
    if (!read_at(program->fd, &head, sizeof(head), 0) ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return NVC_OK;
    if (head.e_ident[EI_CLASS] != ELFCLASS64 ||
        head.e_phentsize != sizeof(program->segments[0]) || head.e_phnum > SEGMENTS_MAX ||
        !read_at(program->fd, program->segments,
                 head.e_phnum * sizeof(program->segments[0]), head.e_phoff))
        return NVC_BYPASS_TOOLCHAIN;
    program->n = head.e_phnum;
    return NVC_OK;
}

static const Elf64_Phdr *
find_segment(const struct program *program, uint32_t type)
{
    for (size_t i = 0; i < program->n; i++)
        if (program->segments[i].p_type == type)
            return &program->segments[i];
    return NULL;
}

enum nvc_status
elf_loader(struct arena *arena, const char *path, const char **out)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    struct program program = {.fd = fd};
    char name[NAME_MAX_LEN + 1] = "";
    const Elf64_Phdr *segment;
    const enum nvc_status st = read_segments(&program);

    *out = NULL;
    segment = st == NVC_OK ? find_segment(&program, PT_INTERP) : NULL;
    if (segment == NULL)
        return st;
    if (segment->p_filesz > NAME_MAX_LEN ||
        !read_at(fd, name, segment->p_filesz, segment->p_offset))
        return NVC_BYPASS_TOOLCHAIN;
    *out = arena_strdup(arena, name);
    return NVC_OK;
}

/* Where in the file is what will be at this address?  UINT64_MAX: nowhere. */
static uint64_t
offset_of(const struct program *program, uint64_t address)
{
    for (size_t i = 0; i < program->n; i++) {
        const Elf64_Phdr *segment = &program->segments[i];
        const uint64_t into = address - segment->p_vaddr;

        if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
            into < segment->p_filesz && segment->p_offset <= UINT64_MAX - into)
            return segment->p_offset + into;
    }
    return UINT64_MAX;
}

static const Elf64_Dyn *
find_entry(const Elf64_Dyn *entries, size_t n, int64_t tag)
{
    for (size_t i = 0; i < n && entries[i].d_tag != DT_NULL; i++)
        if (entries[i].d_tag == tag)
            return &entries[i];
    return NULL;
}

/* A file may end before the longest name would: so read what there is. */
static const char *
read_name(struct arena *arena, const struct program *program, uint64_t at)
{
    char name[NAME_MAX_LEN + 1] = "";
    size_t n = 0;

    if (at > INT64_MAX ||
        fs_pread_full(program->fd, name, NAME_MAX_LEN, (off_t)at, &n) != NVC_OK ||
        memchr(name, '\0', n) == NULL)
        return NULL;
    return arena_strdup(arena, name);
}

const char *
elf_run_path(struct arena *arena, const char *path)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    struct program program = {.fd = fd};
    Elf64_Dyn entries[ENTRIES_MAX];
    const Elf64_Phdr *segment =
        read_segments(&program) == NVC_OK ? find_segment(&program, PT_DYNAMIC) : NULL;
    const size_t n = segment == NULL ? 0 : segment->p_filesz / sizeof(entries[0]);
    const Elf64_Dyn *names;
    const Elf64_Dyn *name;

    if (n == 0 || n > ENTRIES_MAX ||
        !read_at(fd, entries, n * sizeof(entries[0]), segment->p_offset))
        return NULL;
    names = find_entry(entries, n, DT_STRTAB);
    name = find_entry(entries, n, DT_RUNPATH);
    if (name == NULL)
        name = find_entry(entries, n, DT_RPATH);
    if (names == NULL || name == NULL || name->d_un.d_val > UINT32_MAX)
        return NULL;
    return read_name(arena, &program,
                     offset_of(&program, names->d_un.d_ptr + name->d_un.d_val));
}
