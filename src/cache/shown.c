/* Which roots' paths can be seen in a result.  Must never leave out one that can: the
 * result would be served where another path is right. */

#include "shown_priv.h"

#include "closure_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/strlist.h"
#include "nvcache/entry/template.h"
#include "nvcache/nvcc/mentions.h"
#include "nvcache/nvcc/messages.h"
#include "nvcache/nvcc/scan.h"
#include "session_priv.h"

#include <string.h>

/* Files are grouped by the root whose path they would show; 0: by none that matters. */
static size_t
group_of(const struct roots *roots, const char *path)
{
    return roots_may_show(roots, path)
               ? 0
               : 1 + (size_t)(roots_match(roots, path) - roots->v);
}

static unsigned
flags_for(const struct session *session)
{
    return (toolchain_has_gcc(&session->layout) ? 0U : MENTIONS_CLANG) |
           (str_equal(session->command.language, "c") ? MENTIONS_C : 0U);
}

struct mentions *
shown_start(const struct session *session, const struct closure *closure)
{
    const struct roots *roots = &session->roots;

    for (size_t i = 0; i < closure->n && !session->command.debug_info; i++)
        if (group_of(roots, closure->files[i].path) != 0)
            return mentions_new(session->arena, 1 + roots->n, flags_for(session));
    return NULL;
}

void
shown_read(struct mentions *shown, const struct roots *roots, const char *path,
           const struct buf *text)
{
    if (shown != NULL)
        mentions_add_file(shown, group_of(roots, path), (const char *)text->data,
                          text->len);
}

/* Does the root's path begin as what stands here?  The rest may come from other macros.
 */
static bool
begins_as(const char *at, size_t left, const char *path)
{
    const size_t len = 1 + strcspn(path + 1, "/");

    return left >= len && memcmp(at, path, len) == 0;
}

/* In quotes a name stands as a whole, and is looked for as that. */
void
shown_spell(const struct roots *roots, const char *line, size_t len, bool *spelled)
{
    bool is_quoted = false;

    for (size_t at = 0; at < len; at++) {
        is_quoted ^= line[at] == '"';
        if (line[at] != '/' || is_quoted)
            continue;
        for (size_t i = 0; i < roots->n; i++)
            spelled[i] |= begins_as(line + at, len - at, roots->v[i].path);
    }
}

/* An #include by a name that macros make of a whole path reads from there, wherever the
 * root is. */
static void
show_spelled(const struct roots *roots, struct closure *closure)
{
    for (size_t i = 0; i < roots->n && (closure->flags & SCAN_COMPUTED) != 0; i++)
        closure->shows[i] |= closure->spelled[i];
}

/* Debug information names the working directory and the directories of all files. */
static void
show_debugged(const struct roots *roots, struct closure *closure)
{
    for (size_t i = 0; i < roots->n; i++)
        closure->shows[i] = roots->v[i].kind == ROOT_CWD && !roots->v[i].is_free;
    for (size_t i = 0; i < closure->n; i++) {
        const size_t group = group_of(roots, closure->files[i].path);

        if (group != 0)
            closure->shows[group - 1] = true;
    }
}

void
shown_finish(const struct session *session, struct mentions *shown,
             struct closure *closure)
{
    const struct roots *roots = &session->roots;

    closure->shows = arena_array(session->arena, roots->n, sizeof(bool));
    if (session->command.debug_info)
        show_debugged(roots, closure);
    show_spelled(roots, closure);
    if (shown == NULL)
        return;
    mentions_finish(shown);
    for (size_t i = 0; i < closure->n; i++) {
        const size_t group = group_of(roots, closure->files[i].path);

        if (group != 0 && mentions_shows(shown, group))
            closure->shows[group - 1] = true;
    }
}

void
shown_messages(const struct roots *roots, const struct buf *text, struct closure *closure)
{
    const struct template_root *root;
    const char *chars = (const char *)text->data;

    closure->has_messages |= text->len > 0;
    for (size_t at = 0; (root = template_next(chars, text->len, roots->template_roots,
                                              roots->n, &at)) != NULL;
         at += strlen(root->path))
        if (!message_names_file(chars, text->len, at))
            closure->shows[root - roots->template_roots] = true;
}
