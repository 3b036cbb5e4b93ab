/* Building the closure of a finished compile.  Each file is read once: for its digest and
 * for what its text can depend on.
 *
 * Must never record a file that may have been written while the compiler ran: what the
 * compiler saw and what is there now could differ. */

#include "closure_priv.h"

#include "asked_priv.h"
#include "names_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/filedigest.h"
#include "nvcache/nvcc/mentions.h"
#include "nvcache/nvcc/probe.h"
#include "nvcache/nvcc/scan.h"
#include "headers_priv.h"
#include "searchpath_priv.h"
#include "session_priv.h"
#include "shown_priv.h"
#include "twins_priv.h"
#include "unlisted_priv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reader {
    struct session *session;
    struct closure *closure;
    struct name_set *names;
    const char *dir;         /* of the file being scanned */
    struct strlist not_user; /* directories of the toolkit and the system */
    struct strlist macros;   /* names in quotes that macros stand for */
    struct probes *probes;   /* who asks by __has_include, and for what */
    bool is_user;            /* is the file being scanned none of `not_user`? */
    bool is_file;            /* or is it the command line? */
    struct strlist askers;  /* directories of the user's files with a computed #include */
    struct strlist all;     /* directories of the user's files */
    struct mentions *shown; /* shown_priv.h */
    struct buf text;        /* of the file being scanned */
};

static void
on_name(enum scan_name_kind kind, const char *name, size_t len, void *arg)
{
    struct reader *reader = arg;

    if (kind == SCAN_DEFINE)
        probes_add_define(reader->probes, name, len, reader->is_user);
    if (kind == SCAN_CONDITION)
        probes_add_condition(reader->probes, name, len, reader->is_user);
    if ((kind == SCAN_DEFINE || kind == SCAN_COMPUTES) && reader->is_file)
        shown_spell(&reader->session->roots, name, len, reader->closure->spelled);
    if (kind >= SCAN_DEFINE) {
        asked_read_line(reader->session->arena, name, len, &reader->closure->asked);
        return;
    }
    if (kind == SCAN_MACRO && scan_is_header_like(name, len))
        strlist_add(&reader->macros, arena_strndup(reader->session->arena, name, len));
    names_add(reader->names, kind == SCAN_MACRO ? SCAN_QUOTE : kind, reader->dir, name,
              len);
}

/* Nobody adds headers beside those of the toolkit and the system; and they compute names
 * in angle brackets only. */
static void
note_user_file(struct reader *reader, unsigned flags)
{
    if (!reader->is_user)
        return;
    if (flags & SCAN_ASKS)
        reader->closure->asks = true;
    strlist_add(&reader->all, (char *)(uintptr_t)reader->dir);
    if (flags & SCAN_COMPUTED)
        strlist_add(&reader->askers, (char *)(uintptr_t)reader->dir);
}

static enum nvc_status
refuse(struct session *session, enum nvc_status why, const char *path)
{
    session->culprit = arena_strdup(session->arena, path);
    return why;
}

static enum nvc_status
check_moved(struct session *session, const struct stat *info, const char *path,
            struct stamp *out)
{
    if (!S_ISREG(info->st_mode))
        return refuse(session, NVC_NOSTORE_CLOSURE, path);
    *out = stamp_of(info);
    if (stamp_is_since(out, session->begin_ns))
        return refuse(session, NVC_NOSTORE_MOVED, path);
    return NVC_OK;
}

static enum nvc_status
read_file(struct reader *reader, struct closure_file *file)
{
    struct buf *const text = &reader->text;
    AUTO_FD fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat info;
    unsigned flags;
    enum nvc_status st;

    if (fd < 0 || fstat(fd, &info) != 0)
        return refuse(reader->session, NVC_NOSTORE_MOVED, file->path);
    st = check_moved(reader->session, &info, file->path, &file->stamp);
    if (st != NVC_OK)
        return st;
    buf_clear(text);
    if (fs_read_fd(fd, FILEDIGEST_MAX_SIZE, text) != NVC_OK ||
        text->len != file->stamp.size)
        return refuse(reader->session, NVC_NOSTORE_MOVED, file->path);
    filedigest_of_read(reader->session->memo, &file->stamp, clock_file_ns(), text->data,
                       text->len, &file->digest);
    reader->dir = path_dir(reader->session->arena, file->path);
    reader->is_user = !searchpath_is_below(&reader->not_user, file->path);
    reader->is_file = true;
    flags = scan_text((const char *)text->data, text->len, on_name, reader);
    shown_read(reader->shown, &reader->session->roots, file->path, text);
    reader->closure->flags |= flags;
    reader->closure->says_system |=
        reader->is_user && scan_says_system((const char *)text->data, text->len);
    note_user_file(reader, flags);
    return NVC_OK;
}

/* By directory, then by name: a directory's own files stand together. */
static int
compare_files(const void *a, const void *b)
{
    const char *x = ((const struct closure_file *)a)->path;
    const char *y = ((const struct closure_file *)b)->path;
    const size_t n = (size_t)(path_base(x) - x);
    const size_t m = (size_t)(path_base(y) - y);
    const int by_dir = memcmp(x, y, n < m ? n : m);

    if (by_dir != 0 || n != m)
        return by_dir != 0 ? by_dir : n < m ? -1 : 1;
    return strcmp(x + n, y + m);
}

bool
closure_has(const struct closure *closure, const char *path)
{
    const struct closure_file key = {.path = path};

    return bsearch(&key, closure->files, closure->n, sizeof(key), compare_files) != NULL;
}

static enum nvc_status
list_files(struct session *session, char *const *listed, size_t n,
           struct closure *closure)
{
    struct strlist paths;
    size_t unique = 0;

    strlist_init(&paths, session->arena);
    for (size_t i = 0; i < n; i++)
        strlist_add(&paths, path_clean(session->arena, listed[i]));
    if (!unlisted_headers(session, &paths))
        return refuse(session, NVC_NOSTORE_HIDDEN,
                      "a header that the last pass reads, by a name that macros make");
    closure->files = arena_array(session->arena, paths.n, sizeof(*closure->files));
    for (; closure->n < paths.n; closure->n++)
        closure->files[closure->n].path = paths.v[closure->n];
    qsort(closure->files, closure->n, sizeof(*closure->files), compare_files);
    for (size_t i = 0; i < closure->n; i++)
        if (i == 0 ||
            strcmp(closure->files[unique - 1].path, closure->files[i].path) != 0)
            closure->files[unique++] = closure->files[i];
    closure->n = unique;
    return NVC_OK;
}

/* An #include with a macro for a name: the file it found is in the list, so look for
 * every file's name below each directory of the path. */
static void
add_found_names(const struct closure *closure, const struct reader *reader)
{
    for (size_t k = 0; k < reader->closure->search.n_chain; k++) {
        for (size_t i = 0; i < closure->n; i++) {
            const char *rest =
                path_below(reader->closure->search.chain[k], closure->files[i].path);

            if (rest != NULL && rest[0] != '\0')
                names_add(reader->names, SCAN_ANGLE, NULL, rest, strlen(rest));
        }
    }
}

/* The found file's name below the first directory of the path that it lies under. */
static const char *
name_on_path(const struct search *search, const char *path)
{
    for (size_t k = 0; k < search->n_chain; k++) {
        const char *rest = path_below(search->chain[k], path);

        if (rest != NULL && rest[0] != '\0')
            return rest;
    }
    return path_base(path);
}

/* In quotes, a computed name is looked for first beside the file that asks for it. */
static void
add_beside(const struct closure *closure, const struct reader *reader,
           const struct strlist *dirs)
{
    for (size_t d = 0; d < dirs->n; d++)
        if (d == 0 || !str_equal(dirs->v[d], dirs->v[d - 1]))
            names_compute_in(reader->names, dirs->v[d]);
    if (dirs->n == 0)
        return;
    for (size_t i = 0; i < reader->macros.n; i++)
        names_add_beside(reader->names, reader->macros.v[i]);
    for (size_t i = 0; i < closure->n; i++)
        if (!searchpath_is_below(&reader->not_user, closure->files[i].path))
            names_add_beside(reader->names, name_on_path(&reader->closure->search,
                                                         closure->files[i].path));
}

/* Names that no directive spells out. */
static void
add_computed_names(const struct closure *closure, const struct reader *reader,
                   unsigned probes)
{
    if (closure->flags & SCAN_COMPUTED)
        add_found_names(closure, reader);
    add_beside(closure, reader, probes & PROBES_QUOTED ? &reader->all : &reader->askers);
}

static bool
is_preinclude(const struct command_item *item)
{
    return item->is_path &&
           (str_starts(item->label, "--pre-include") ||
            str_ends(item->label, " -include") || str_ends(item->label, " -imacros"));
}

/* Names that come from the command line: -include (looked for in the working directory
 * first) and macros that hold a header name. */
static void
add_command_names(const struct session *session, struct name_set *names,
                  struct reader *reader)
{
    struct command_item *items;
    const size_t n = command_items(session->arena, &session->command, &items);

    reader->dir = ".";
    reader->is_file = false;
    for (size_t i = 0; i < unlisted_names_n; i++)
        names_add(names, SCAN_ANGLE, NULL, unlisted_names[i], strlen(unlisted_names[i]));
    names_add(names, SCAN_QUOTE, ".", "cuda_runtime.h", strlen("cuda_runtime.h"));
    for (size_t i = 0; i < n; i++) {
        /* a number: the name of no macro */
        char *line = arena_printf(session->arena, "#define 0 %s", items[i].text);

        reader->closure->flags |= scan_text(line, strlen(line), on_name, reader);
        if (!items[i].is_path)
            probes_add_option(reader->probes, items[i].text);
        if (reader->shown != NULL && !items[i].is_path)
            mentions_add_option(reader->shown, items[i].text);
        if (is_preinclude(&items[i]))
            names_add(names, SCAN_QUOTE, ".", items[i].text, strlen(items[i].text));
    }
}

/* The source in the command key must be the one that the compiler read. */
static enum nvc_status
check_source(struct session *session, const struct closure *closure)
{
    const char *source = path_clean(session->arena, session->command.source);

    for (size_t i = 0; i < closure->n; i++)
        if (str_equal(closure->files[i].path, source) &&
            digest_equal(&closure->files[i].digest, &session->source))
            return NVC_OK;
    return refuse(session, NVC_NOSTORE_MOVED, source);
}

/* gcc takes the time from SOURCE_DATE_EPOCH; clang does not before 16. */
static bool
has_fixed_time(const struct session *session)
{
    return toolchain_has_gcc(&session->layout) && getenv("SOURCE_DATE_EPOCH") != NULL;
}

static bool
has_preinclude(const struct session *session)
{
    struct command_item *items;
    const size_t n = command_items(session->arena, &session->command, &items);

    for (size_t i = 0; i < n; i++)
        if (is_preinclude(&items[i]))
            return true;
    return false;
}

/* gcc may have read NAME.gch in place of NAME: for the first header of a file that it
 * compiles without preprocessing it first, which nvcc has it do for C and C++; and
 * -include goes to all its runs. */
static enum nvc_status
check_precompiled(struct session *session, const struct closure *closure)
{
    if (str_equal(session->command.language, "cu") && !has_preinclude(session))
        return NVC_OK;
    for (size_t i = 0; i < closure->n; i++) {
        char *path = arena_printf(session->arena, "%s.gch", closure->files[i].path);

        if (access(path, F_OK) == 0)
            return refuse(session, NVC_NOSTORE_HIDDEN, path);
    }
    return NVC_OK;
}

static enum nvc_status
check_flags(struct session *session, unsigned flags)
{
    if (flags & SCAN_TIMESTAMP)
        return refuse(session, NVC_NOSTORE_TIME, "__TIMESTAMP__");
    if ((flags & SCAN_TIME) && !has_fixed_time(session))
        return refuse(session, NVC_NOSTORE_TIME, "__DATE__ or __TIME__");
    if (flags & SCAN_HIDDEN)
        return refuse(session, NVC_NOSTORE_HIDDEN,
                      "a file for the assembler, #embed, or __has_include of a name that "
                      "macros make");
    return NVC_OK;
}

/* A name that is found in one directory may be looked for in the next all the same: */
static bool
stays_open(const struct session *session, unsigned flags)
{
    struct search_dir *dirs;
    const size_t n = command_search_dirs(session->arena, &session->command, &dirs);

    /* what is found in an -iquote directory is found for names in quotes only, */
    for (size_t i = 0; i < n; i++)
        if (dirs[i].kind == SEARCH_QUOTE)
            return true;
    /* the order of the directories is not known, or the name is not. */
    return session->layout.is_unordered || (flags & SCAN_NEXT_COMPUTED) != 0;
}

static int
compare_places(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;

    if (x->kind != y->kind || x->index != y->index)
        return x->kind * 256 + x->index < y->kind * 256 + y->index ? -1 : 1;
    return strcmp(x->rest, y->rest);
}

/* A directory that was not read before would not be watched, and what appears in it later
 * would not be seen: the watched ones are part of the answer, wherever they are now. */
static void
hash_watched(const struct session *session, const struct strlist *watched,
             struct hasher *hasher)
{
    struct place *places = arena_array(session->arena, watched->n, sizeof(*places));

    for (size_t i = 0; i < watched->n; i++)
        places[i] = roots_place(&session->roots, watched->v[i]);
    if (watched->n > 1)
        qsort(places, watched->n, sizeof(*places), compare_places);
    for (size_t i = 0; i < watched->n; i++) {
        hasher_u64(hasher, places[i].kind);
        hasher_u64(hasher, places[i].index);
        hasher_str(hasher, places[i].rest);
    }
}

static void
search(struct session *session, struct reader *reader, struct closure *closure)
{
    struct search *search = &closure->search;
    struct hasher hasher;
    struct digest found;

    names_finish(reader->names, search);
    strlist_unique(&closure->asked);
    if (stays_open(session, closure->flags))
        for (size_t i = 0; i < search->n_names; i++)
            search->names[i].is_next = 1;
    strlist_init(&closure->watched, session->arena);
    strlist_init(&closure->found, session->arena);
    headers_search(session->arena, &session->roots, closure->listings, search, &found,
                   &closure->watched, &closure->found);
    names_parts(session->arena, search, &closure->names);
    hasher_init(&hasher, "nvcache searched v2");
    hasher_digest(&hasher, &found);
    hash_watched(session, &closure->watched, &hasher);
    hasher_final(&hasher, &closure->searched);
}

static void
reader_init(struct session *session, struct closure *closure, struct reader *reader)
{
    *reader = (struct reader){.session = session, .closure = closure};
    reader->names = names_new(session->arena);
    searchpath_others(session, &reader->not_user);
    strlist_init(&reader->macros, session->arena);
    reader->probes = probes_new(session->arena);
    strlist_init(&closure->asked, session->arena);
    closure->spelled = arena_array(session->arena, session->roots.n, sizeof(bool));
    strlist_init(&reader->askers, session->arena);
    strlist_init(&reader->all, session->arena);
    searchpath_build(session, &reader->closure->search);
}

enum nvc_status
closure_build(struct session *session, struct listings *listings, char *const *paths,
              size_t n, struct closure *out)
{
    struct closure closure = {.listings = listings};
    struct reader reader;
    struct strlist twins;
    unsigned probes;
    enum nvc_status st;

    roots_add_real(&session->roots);
    reader_init(session, &closure, &reader);
    st = list_files(session, paths, n, &closure);
    if (st != NVC_OK)
        return st;
    reader.shown = shown_start(session, &closure);
    for (size_t i = 0; i < closure.n && st == NVC_OK; i++)
        st = read_file(&reader, &closure.files[i]);
    buf_fini(&reader.text);
    if (st == NVC_OK)
        st = check_source(session, &closure);
    if (st == NVC_OK)
        st = check_precompiled(session, &closure);
    if (st != NVC_OK)
        return st;
    add_command_names(session, reader.names, &reader);
    shown_finish(session, reader.shown, &closure);
    probes = probes_finish(reader.probes);
    closure.asks |= (probes & PROBES_USER) != 0;
    st = check_flags(session, closure.flags | (probes & PROBES_UNSEEN ? SCAN_HIDDEN : 0));
    if (st != NVC_OK)
        return st;
    add_computed_names(&closure, &reader, probes);
    search(session, &reader, &closure);
    strlist_init(&twins, session->arena);
    twins_find(session, &closure, &twins);
    if (twins.n > 0) { /* what those mention is searched, too */
        for (size_t i = 0; i < n; i++)
            strlist_add(&twins, paths[i]);
        return closure_build(session, listings, twins.v, twins.n, out);
    }
    *out = closure;
    return NVC_OK;
}
