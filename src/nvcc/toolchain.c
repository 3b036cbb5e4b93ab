/* The identity of the toolchain, and the layout it is computed from.  Must never start a
 * process: that is discover.c. */

#include "nvcache/nvcc/toolchain.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/processor.h"
#include "nvcache/digest/filebatch.h"
#include "nvcache/digest/memo.h"
#include "nvcache/digest/stamp.h"
#include "nvcache/entry/wire.h"
#include "nvcache/nvcc/wrapper.h"
#include "installations_priv.h"
#include "libraries_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FILES_MAX = 256,
    STR_MAX = 65536,
    STR_MIN = 5,
    SEED_TOOLCHAIN = 2
};

/* Variables that decide which programs and directories the host compiler uses, or that
 * nvcc.profile appends to (variables.def has those that go into the command key). */
static const char *const steering[] = {
    "GCC_EXEC_PREFIX",    "COMPILER_PATH",  "INCLUDES",        "SYSTEM_INCLUDES", "CPATH",
    "CPLUS_INCLUDE_PATH", "C_INCLUDE_PATH", "compiler-bindir", "LIBRARY_PATH",    "LPATH",
    "NVCC_CCBIN"};

static bool
is_directory(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* nvcc takes -ccbin as a program, or as a directory with gcc (or clang) in it; without
 * it, it runs `gcc` from PATH.  As of 13.0, seen with --dryrun. */
static const char *
host_program(struct arena *arena, const char *ccbin)
{
    const char *name = ccbin != NULL && ccbin[0] != '\0' ? ccbin : "gcc";

    if (is_directory(name))
        name = path_join(arena, name, "gcc");
    return fs_find_program(arena, name, NULL, NULL, NULL);
}

/* A wrapper around nvcc must hand the command on as it is: added words would change what
 * it means to us.  Words for the host compiler are part of the toolchain like the script.
 */
enum nvc_status
toolchain_seat_init(struct arena *arena, const char *program, const char *ccbin,
                    struct toolchain_seat *out)
{
    const char *asked = ccbin != NULL ? ccbin : getenv("NVCC_CCBIN");
    const char *host_path = host_program(arena, asked);
    struct wrapper nvcc;
    struct wrapper host;
    enum nvc_status st =
        host_path == NULL ? NVC_BYPASS_TOOLCHAIN : wrapper_resolve(arena, program, &nvcc);

    if (st == NVC_OK && nvcc.has_words)
        st = NVC_BYPASS_WRAPPER;
    if (st == NVC_OK)
        st = wrapper_resolve(arena, host_path, &host);
    if (st != NVC_OK)
        return st;
    *out = (struct toolchain_seat){.program = program,
                                   .nvcc = nvcc.binary,
                                   .ccbin = ccbin,
                                   .host_program = host_path,
                                   .plain_host =
                                       asked != ccbin ? host_program(arena, NULL) : NULL,
                                   .host = host.binary,
                                   .host_scripts = host.scripts,
                                   .host_has_words = host.has_words};
    return NVC_OK;
}

/* Those of them that are lists of directories.  gcc tells of the ones that do not exist
 * before the others, so that its answer depends on that. */
static const char *const searched[] = {"CPATH", "CPLUS_INCLUDE_PATH", "C_INCLUDE_PATH"};

static void
hash_existence(struct hasher *hasher, struct arena *arena, const char *dirs)
{
    char *rest = dirs == NULL ? NULL : arena_strdup(arena, dirs);

    for (char *dir; (dir = strsep(&rest, ":")) != NULL;)
        hasher_u64(hasher, is_directory(dir));
}

static void
hash_environment(struct hasher *hasher, struct arena *arena)
{
    for (size_t i = 0; i < sizeof(steering) / sizeof(steering[0]); i++) {
        const char *value = getenv(steering[i]);

        hasher_u64(hasher, value != NULL);
        hasher_str(hasher, value != NULL ? value : "");
    }
    for (size_t i = 0; i < sizeof(searched) / sizeof(searched[0]); i++)
        hash_existence(hasher, arena, getenv(searched[i]));
}

/* nvcc puts its own directory and cicc's in front of PATH, and lib in front of
 * LD_LIBRARY_PATH: what appears in one of them, which changes the directory's time, may
 * be what it runs from then on. */
static void
hash_directories(struct hasher *hasher, struct arena *arena, const char *nvcc)
{
    static const char *const names[] = {".", "../nvvm/bin", "../lib"};
    const char *real = fs_realpath(arena, nvcc);
    const char *dir = path_dir(arena, real != NULL ? real : nvcc);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        installations_hash_stamp(hasher, path_join(arena, dir, names[i]));
    installations_hash_stamp(hasher, path_join(arena, dir, "nvcc.profile"));
}

enum nvc_status
toolchain_layout_key(const struct toolchain_seat *seat, struct digest *out)
{
    struct arena arena = ARENA_INIT;
    struct hasher hasher;
    const char *as = fs_find_program(&arena, "as", NULL, NULL, NULL);
    char *profile = path_join(&arena, path_dir(&arena, seat->nvcc), "nvcc.profile");
    enum nvc_status st = NVC_BYPASS_TOOLCHAIN;

    hasher_init(&hasher, "nvcache layout v2");
    hasher_u64(&hasher, TOOLCHAIN_VERSION);
    hasher_str(&hasher, seat->ccbin != NULL ? seat->ccbin : "");
    hasher_str(&hasher, as != NULL ? as : "");
    hasher_str(&hasher, seat->language != NULL ? seat->language : "");
    hash_environment(&hasher, &arena);
    installations_hash_stamp(&hasher, profile);
    hash_directories(&hasher, &arena, seat->nvcc);
    libraries_hash(&hasher, &arena);
    installations_hash(&hasher, &arena, seat->host_program);
    if (seat->plain_host != NULL && !str_equal(seat->plain_host, seat->host_program)) {
        installations_hash_stamp(&hasher, seat->plain_host);
        installations_hash(&hasher, &arena, seat->plain_host);
    }
    if (!str_equal(seat->host, seat->host_program))
        installations_hash(&hasher, &arena, seat->host);
    hasher_str(&hasher, seat->program);
    for (size_t i = 0; i < seat->host_scripts.n; i++)
        (void)installations_hash_stamp(&hasher, seat->host_scripts.v[i]);
    if (installations_hash_stamp(&hasher, seat->nvcc) &&
        installations_hash_stamp(&hasher, seat->host_program) &&
        installations_hash_stamp(&hasher, seat->host))
        st = NVC_OK;
    hasher_final(&hasher, out);
    arena_fini(&arena);
    return st;
}

static void
put_list(struct buf *out, const struct strlist *list)
{
    wire_put_u32(out, (uint32_t)list->n);
    for (size_t i = 0; i < list->n; i++)
        wire_put_str(out, list->v[i]);
}

static void
read_list(struct arena *arena, struct wire_reader *reader, struct strlist *list)
{
    const uint32_t n = wire_count(reader, FILES_MAX, STR_MIN);

    strlist_init(list, arena);
    for (uint32_t i = 0; i < n; i++)
        strlist_add_copy(list, wire_str(reader, STR_MAX));
}

void
toolchain_layout_encode(const struct toolchain_layout *layout, struct buf *out)
{
    wire_put_u16(out, TOOLCHAIN_VERSION);
    wire_put_str(out, layout->top);
    wire_put_str(out, layout->device_query);
    wire_put_u8(out, layout->is_unordered);
    put_list(out, &layout->files);
    put_list(out, &layout->normal);
    put_list(out, &layout->system);
    put_list(out, &layout->absent);
}

enum nvc_status
toolchain_layout_decode(struct arena *arena, const void *data, size_t len,
                        struct toolchain_layout *out)
{
    struct wire_reader reader;
    struct toolchain_layout layout;

    wire_read_init(&reader, data, len);
    if (wire_u16(&reader) != TOOLCHAIN_VERSION)
        return NVC_ERR_FORMAT;
    layout.top = arena_strdup(arena, wire_str(&reader, STR_MAX));
    layout.device_query = arena_strdup(arena, wire_str(&reader, STR_MAX));
    layout.is_unordered = wire_u8(&reader) != 0;
    read_list(arena, &reader, &layout.files);
    read_list(arena, &reader, &layout.normal);
    read_list(arena, &reader, &layout.system);
    read_list(arena, &reader, &layout.absent);
    if (!wire_done(&reader))
        return NVC_ERR_CORRUPT;
    *out = layout;
    return NVC_OK;
}

static enum nvc_status
digest_contents(struct memo *memo, const struct toolchain_layout *layout,
                const struct stamp *stamps, int64_t now_ns, struct digest *out)
{
    const size_t n = layout->files.n;
    AUTO_BUF room = BUF_INIT;
    struct filebatch_item *items = (void *)buf_reserve(&room, n * sizeof(*items));
    struct hasher hasher;

    for (size_t i = 0; i < n; i++)
        items[i] =
            (struct filebatch_item){.path = layout->files.v[i], .stamp = &stamps[i]};
    filebatch_get(memo, items, n, now_ns);
    hasher_init(&hasher, "nvcache toolchain v1");
    for (size_t i = 0; i < n; i++) {
        if (items[i].status != NVC_OK)
            return items[i].status;
        hasher_digest(&hasher, &items[i].digest);
    }
    hasher_final(&hasher, out);
    return NVC_OK;
}

bool
toolchain_has_gcc(const struct toolchain_layout *layout)
{
    for (size_t i = 0; i < layout->files.n; i++)
        if (str_starts(path_base(layout->files.v[i]), "cc1"))
            return true;
    return false;
}

bool
toolchain_is_since(const struct toolchain_layout *layout, int64_t moment_ns)
{
    for (size_t i = 0; i < layout->files.n; i++) {
        struct stat info;
        struct stamp stamp;

        if (stat(layout->files.v[i], &info) != 0)
            return true;
        stamp = stamp_of(&info);
        if (stamp_is_since(&stamp, moment_ns))
            return true;
    }
    return false;
}

static enum nvc_status
stamp_files(const struct toolchain_layout *layout, struct stamp *stamps,
            bool *out_settled, int64_t now_ns)
{
    *out_settled = true;
    for (size_t i = 0; i < layout->files.n; i++) {
        struct stat info;

        if (stat(layout->files.v[i], &info) != 0)
            return errno == ENOENT ? NVC_MISS : status_from_errno(errno);
        stamps[i] = stamp_of(&info);
        *out_settled = *out_settled && stamp_is_settled(&stamps[i], now_ns);
    }
    for (size_t i = 0; i < layout->absent.n; i++)
        if (access(layout->absent.v[i], F_OK) == 0)
            return NVC_MISS;
    return NVC_OK;
}

static enum nvc_status
digest_files(struct memo *memo, const struct toolchain_layout *layout, int64_t now_ns,
             struct digest *out)
{
    struct stamp stamps[FILES_MAX];
    struct checksum key;
    bool settled;
    enum nvc_status st;

    if (layout->files.n > FILES_MAX || layout->absent.n > FILES_MAX)
        return NVC_ERR_LIMIT;
    st = stamp_files(layout, stamps, &settled, now_ns);
    if (st != NVC_OK)
        return st;
    key = checksum128(stamps, layout->files.n * sizeof(stamps[0]), SEED_TOOLCHAIN);
    if (memo_get(memo, key, out))
        return NVC_OK;
    st = digest_contents(memo, layout, stamps, now_ns, out);
    if (st == NVC_OK && settled)
        memo_put(memo, key, out);
    return st;
}

/* The same libm computes other constants on another processor. */
enum nvc_status
toolchain_digest(struct memo *memo, const struct toolchain_layout *layout, int64_t now_ns,
                 struct digest *out)
{
    struct digest files;
    struct hasher hasher;
    const enum nvc_status st = digest_files(memo, layout, now_ns, &files);

    if (st != NVC_OK)
        return st;
    hasher_init(&hasher, "nvcache arithmetic v1");
    hasher_digest(&hasher, &files);
    hasher_u64(&hasher, processor_arithmetic());
    hasher_final(&hasher, out);
    return NVC_OK;
}
