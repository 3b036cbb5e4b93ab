/* The files of a step: read for its record, and written from one.  What the command's
 * result holds already is kept as a place there, and of the host's C++ what counts of it,
 * if its object is kept as well.  That is kept without its device image, which the image
 * that belongs to this run takes the place of. */

#include "stepfile_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/plan/image.h"
#include "pieces_priv.h"
#include "session_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void
stepfile_texts_fini(struct stepfile_texts *texts)
{
    for (size_t i = 0; i < STEP_MAX_FILES; i++)
        buf_fini(&texts->files[i]);
}

static char *
path_of(struct planned *run, unsigned file)
{
    return plan_file_path(run->session->arena, &run->plan, file, &run->names);
}

bool
stepfile_read_image(struct planned *run, const struct plan_step *host,
                    struct buf *out_image, struct digest *out_frame)
{
    const int file =
        plan_find_role(&run->plan, host->inputs, host->n_inputs, PLAN_FATBIN);
    AUTO_BUF text = BUF_INIT;

    return file >= 0 &&
           fs_read(path_of(run, (unsigned)file), RESULT_MAX_PLAIN, &text) == NVC_OK &&
           image_read(buf_str(&text), text.len, out_image, out_frame);
}

/* ---- to the record ---- */

static bool
is_kept(const struct planned *run, unsigned file)
{
    return run->plan.files[file].role != PLAN_BYPRODUCT;
}

static bool
add_in_place_of(struct buf *text, const struct buf *bytes, enum result_role role,
                struct result *out)
{
    buf_clear(text);
    buf_append(text, bytes->data, bytes->len);
    return result_add(out, role, text->data, text->len);
}

static bool
add_object(struct planned *run, const struct plan_step *host, struct buf *object,
           struct result *out)
{
    AUTO_BUF image = BUF_INIT;
    AUTO_BUF stripped = BUF_INIT;
    AUTO_BUF place = BUF_INIT;
    struct digest frame;

    if (!stepfile_read_image(run, host, &image, &frame) ||
        image_strip(object->data, object->len, image.data, image.len, &stripped) !=
            NVC_OK)
        return false;
    if (within_put_object(run, &stripped, &image, &place))
        return add_in_place_of(object, &place, ROLE_WITHIN, out);
    return add_in_place_of(object, &stripped, ROLE_OUTPUT, out);
}

/* The host's C++, where it must be kept, is mostly headers', which other units have too:
 * their pieces are kept once.  Else the whole text. */
static bool
add_cpp(struct planned *run, struct buf *text, struct result *out)
{
    AUTO_BUF other = BUF_INIT;

    if (planhost_is_told(run) && hosttext_encode(&run->host.cpp, &other))
        return add_in_place_of(text, &other, ROLE_HOST_TEXT, out);
    buf_clear(&other);
    if (pieces_put(run->session, text, &other))
        return add_in_place_of(text, &other, ROLE_PIECES, out);
    return result_add(out, ROLE_OUTPUT, text->data, text->len);
}

static bool
add_output(struct planned *run, const struct plan_step *step, unsigned file,
           struct buf *text, struct result *out)
{
    const enum plan_role role = run->plan.files[file].role;
    AUTO_BUF place = BUF_INIT;

    if (fs_read(path_of(run, file), RESULT_MAX_PLAIN, text) != NVC_OK)
        return false;
    if (step->tool == PLAN_HOST)
        return add_object(run, step, text, out);
    if (step->tool == PLAN_CUDAFE && role == PLAN_CPP)
        return add_cpp(run, text, out);
    if (role == PLAN_PTX ? within_put_ptx(run, text, &place)
                         : within_put(run, text, &place))
        return add_in_place_of(text, &place, ROLE_WITHIN, out);
    return result_add(out, ROLE_OUTPUT, text->data, text->len);
}

bool
stepfile_get_outputs(struct planned *run, struct task *task, struct stepfile_texts *texts,
                     struct result *out)
{
    const struct plan_step *step = task->step;
    size_t n = 0;

    for (size_t i = 0; i < step->n_outputs; i++) {
        if (!is_kept(run, step->outputs[i]))
            continue;
        if (n == STEP_MAX_FILES ||
            !add_output(run, step, step->outputs[i], &texts->files[n++], out))
            return false;
    }
    return result_add(out, ROLE_STDOUT, task->result.out.data, task->result.out.len) &&
           result_add(out, ROLE_STDERR, task->result.err.data, task->result.err.len);
}

/* ---- from the record ---- */

static enum nvc_status
write_file(const char *path, const struct buf *text)
{
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return status_from_errno(errno);
    return fs_write_full(fd, text->data, text->len);
}

static enum nvc_status
splice_object(struct planned *run, const struct plan_step *host, struct buf *object)
{
    AUTO_BUF image = BUF_INIT;
    AUTO_BUF spliced = BUF_INIT;
    struct digest frame;
    enum nvc_status st;

    if (!stepfile_read_image(run, host, &image, &frame))
        return NVC_ERR_FORMAT;
    st = image_splice(object->data, object->len, image.data, image.len, &spliced);
    if (st != NVC_OK)
        return st;
    buf_clear(object);
    buf_append(object, spliced.data, spliced.len);
    return NVC_OK;
}

/* The bytes of a part, whatever stands for them. */
static enum nvc_status
read_part(struct planned *run, const struct result_part *part, struct buf *out)
{
    AUTO_BUF other = BUF_INIT;
    enum nvc_status st;

    if (part->role == ROLE_OUTPUT)
        return result_unpack(part, out);
    st = result_unpack(part, &other);
    if (st == NVC_OK && part->role == ROLE_PIECES)
        st = pieces_get(run->session, other.data, other.len, out);
    else if (st == NVC_OK)
        st = within_get(run, other.data, other.len, out);
    return st;
}

/* It is not written before somebody needs it (planunwritten.c). */
static enum nvc_status
put_host_text(struct planned *run, unsigned file, const struct result_part *part)
{
    struct hosttext *of = &run->host.cpp;
    AUTO_BUF told = BUF_INIT;
    const enum nvc_status st = result_unpack(part, &told);

    if (st != NVC_OK)
        return st;
    if (of->is_known || !hosttext_decode(told.data, told.len, of))
        return NVC_ERR_CORRUPT;
    run->files[file].is_unwritten = true;
    return NVC_OK;
}

/* A stub names itself by its place in the run that made it.  There gcc would look for the
 * lines that it prints under a message. */
static void
rename_stub(struct planned *run, const char *path, struct buf *text)
{
    struct arena *arena = run->session->arena;
    const char *name = arena_printf(arena, "/%s\"", path_base(path));
    const char *from = buf_str(text);
    AUTO_BUF renamed = BUF_INIT;

    for (const char *found; (found = strstr(from, name)) != NULL;) {
        const char *begin = found;

        while (begin > from && *begin != '"' && *begin != '\n')
            begin--;
        if (*begin != '"')
            return; /* no line of cicc's */
        buf_append(&renamed, from, (size_t)(begin + 1 - from));
        buf_append_str(&renamed, path);
        from = found + strlen(name) - 1;
    }
    buf_append_str(&renamed, from);
    buf_clear(text);
    buf_append(text, renamed.data, renamed.len);
}

static enum nvc_status
put_output(struct planned *run, const struct task *task, unsigned file,
           const struct result_part *part)
{
    AUTO_BUF text = BUF_INIT;
    enum nvc_status st;

    if (part->role == ROLE_HOST_TEXT)
        return put_host_text(run, file, part);
    st = read_part(run, part, &text);
    if (st == NVC_OK && task->step->tool == PLAN_HOST)
        st = splice_object(run, task->step, &text);
    if (st == NVC_OK && run->plan.files[file].role == PLAN_STUB)
        rename_stub(run, path_of(run, file), &text);
    if (st == NVC_OK)
        st = write_file(path_of(run, file), &text);
    return st;
}

/* Is it a part that stands for a file? */
static bool
is_file(enum result_role role)
{
    return role == ROLE_OUTPUT || role == ROLE_PIECES || role == ROLE_WITHIN ||
           role == ROLE_HOST_TEXT;
}

static enum nvc_status
put_stream(const struct result *result, enum result_role role, struct buf *out)
{
    const struct result_part *part = result_find(result, role);

    return part != NULL ? result_unpack(part, out) : NVC_ERR_CORRUPT;
}

enum nvc_status
stepfile_put_outputs(struct planned *run, struct task *task, const struct result *result)
{
    const struct plan_step *step = task->step;
    enum nvc_status st = NVC_OK;
    size_t n = 0;

    for (size_t i = 0; i < step->n_outputs && st == NVC_OK; i++) {
        if (!is_kept(run, step->outputs[i]))
            continue;
        if (n == result->n || !is_file(result->parts[n].role))
            return NVC_ERR_CORRUPT;
        st = put_output(run, task, step->outputs[i], &result->parts[n++]);
    }
    if (st == NVC_OK)
        st = put_stream(result, ROLE_STDOUT, &task->result.out);
    if (st == NVC_OK)
        st = put_stream(result, ROLE_STDERR, &task->result.err);
    return st;
}
