/* What was read and is in no list: equal headers, of which the compiler lists one, and
 * names that look like the compiler's own.  Must never leave one out: an edit of it would
 * not be seen. */

#include "twins_priv.h"

#include "closure_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/filedigest.h"
#include "session_priv.h"

#include <stdlib.h>
#include <sys/stat.h>

static int64_t
second_of(const struct stamp *stamp)
{
    return stamp->mtime_ns / 1000000000;
}

/* By what gcc compares before it reads. */
static int
compare_outsides(const void *a, const void *b)
{
    const struct stamp *x = &(*(const struct closure_file *const *)a)->stamp;
    const struct stamp *y = &(*(const struct closure_file *const *)b)->stamp;

    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return second_of(x) == second_of(y) ? 0 : second_of(x) < second_of(y) ? -1 : 1;
}

static const struct closure_file **
sorted_files(const struct session *session, const struct closure *closure)
{
    const struct closure_file **files =
        arena_array(session->arena, closure->n, sizeof(*files));

    for (size_t i = 0; i < closure->n; i++)
        files[i] = &closure->files[i];
    if (closure->n > 1)
        qsort(files, closure->n, sizeof(struct closure_file *), compare_outsides);
    return files;
}

/* The first of the sorted files that is no less. */
static size_t
first_alike(const struct closure_file *const *files, size_t n,
            const struct closure_file *wanted)
{
    size_t low = 0;
    size_t high = n;

    while (low < high) {
        const size_t middle = (low + high) / 2;

        if (compare_outsides(&files[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* `is_alone`: it has no hard links, so one of the same inode is itself by another name. A
 * file that cannot be read is a twin: closure_build will say why it cannot be kept. */
static bool
has_twin(const struct session *session, const struct closure_file *const *files, size_t n,
         struct closure_file *found, bool is_alone)
{
    bool is_read = false;

    for (size_t i = first_alike(files, n, found);
         i < n && compare_outsides(&files[i], &found) == 0; i++) {
        if (is_alone && files[i]->stamp.ino == found->stamp.ino &&
            files[i]->stamp.dev == found->stamp.dev)
            return false;
        if (!is_read && filedigest_get(session->memo, found->path, &found->stamp,
                                       clock_file_ns(), &found->digest) != NVC_OK)
            return true;
        is_read = true;
        if (digest_equal(&files[i]->digest, &found->digest))
            return true;
    }
    return false;
}

/* nvcc (11.8 to 13.5) leaves "<built-in>" out of its lists, and all that begins so. */
static bool
is_never_listed(const char *path)
{
    return path_base(path)[0] == '<';
}

void
twins_find(const struct session *session, const struct closure *closure,
           struct strlist *out)
{
    const struct closure_file **files = sorted_files(session, closure);

    for (size_t i = 0; i < closure->found.n; i++) {
        struct closure_file found = {.path =
                                         path_clean(session->arena, closure->found.v[i])};
        struct stat info;

        if (closure_has(closure, found.path) || stat(found.path, &info) != 0 ||
            !S_ISREG(info.st_mode))
            continue;
        found.stamp = stamp_of(&info);
        if (is_never_listed(found.path) ||
            has_twin(session, files, closure->n, &found, info.st_nlink == 1))
            strlist_add_copy(out, found.path);
    }
    strlist_unique(out);
}
