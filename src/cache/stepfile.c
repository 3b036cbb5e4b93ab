/* The files of a step: read for its record, and written from one.  The host's object is
 * kept without its device image, which the image that belongs to this run takes the place
 * of. */

#include "stepfile_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/plan/image.h"
#include "pieces_priv.h"
#include "session_priv.h"

#include <errno.h>
#include <fcntl.h>
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
strip_object(struct planned *run, const struct plan_step *host, struct buf *object)
{
    AUTO_BUF image = BUF_INIT;
    AUTO_BUF stripped = BUF_INIT;
    struct digest frame;

    if (!stepfile_read_image(run, host, &image, &frame) ||
        image_strip(object->data, object->len, image.data, image.len, &stripped) !=
            NVC_OK)
        return false;
    buf_clear(object);
    buf_append(object, stripped.data, stripped.len);
    return true;
}

static bool
is_kept(const struct planned *run, unsigned file)
{
    return run->plan.files[file].role != PLAN_BYPRODUCT;
}

/* The host's C++ is mostly headers', which other units have too: their pieces are kept
 * once.  Else the whole text. */
static bool
add_text(struct planned *run, const struct plan_step *step, struct buf *text,
         struct result *out)
{
    AUTO_BUF list = BUF_INIT;

    if (step->tool != PLAN_CUDAFE || !pieces_put(run->session, text, &list))
        return result_add(out, ROLE_OUTPUT, text->data, text->len);
    buf_clear(text);
    buf_append(text, list.data, list.len);
    return result_add(out, ROLE_PIECES, text->data, text->len);
}

bool
stepfile_get_outputs(struct planned *run, struct task *task, struct stepfile_texts *texts,
                     struct result *out)
{
    const struct plan_step *step = task->step;
    size_t n = 0;

    for (size_t i = 0; i < step->n_outputs; i++) {
        struct buf *text = &texts->files[n];

        if (!is_kept(run, step->outputs[i]))
            continue;
        if (n++ == STEP_MAX_FILES ||
            fs_read(path_of(run, step->outputs[i]), RESULT_MAX_PLAIN, text) != NVC_OK)
            return false;
        if (step->tool == PLAN_HOST && !strip_object(run, step, text))
            return false;
        if (!add_text(run, step, text, out))
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

static enum nvc_status
put_output(struct planned *run, const struct task *task, unsigned file,
           const struct result_part *part)
{
    AUTO_BUF list = BUF_INIT;
    AUTO_BUF text = BUF_INIT;
    enum nvc_status st = result_unpack(part, part->role == ROLE_PIECES ? &list : &text);

    if (st == NVC_OK && part->role == ROLE_PIECES)
        st = pieces_get(run->session, list.data, list.len, &text);
    if (st == NVC_OK && task->step->tool == PLAN_HOST)
        st = splice_object(run, task->step, &text);
    if (st == NVC_OK)
        st = write_file(path_of(run, file), &text);
    return st;
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
        if (n == result->n || (result->parts[n].role != ROLE_OUTPUT &&
                               result->parts[n].role != ROLE_PIECES))
            return NVC_ERR_CORRUPT;
        st = put_output(run, task, step->outputs[i], &result->parts[n++]);
    }
    if (st == NVC_OK)
        st = put_stream(result, ROLE_STDOUT, &task->result.out);
    if (st == NVC_OK)
        st = put_stream(result, ROLE_STDERR, &task->result.err);
    return st;
}
