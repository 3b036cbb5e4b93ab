/* The module id of a planned run: nvcc's own, which one of its steps makes of the
 * source's path and the first external symbol.
 *
 * Below a temporary directory, or one that the user named, the path would be another one
 * each time: there it is made up from what the unit is.  And where there is no external
 * symbol, the id would be another one each time: then that step runs once more, with one
 * that is made of the command and the text.  What was made for one command is not for
 * another then: nvcc lets a program hold the same source compiled with two sets of
 * options.
 *
 * Must never give two objects that one program may hold the same id. */

#include "planrun_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/plan/moduleid.h"
#include "session_priv.h"

#include <fcntl.h>
#include <string.h>

const char *
plan_id_source(const struct planned *run)
{
    struct session *session = run->session;
    const char *real = fs_realpath(session->arena, session->command.source);
    char hex[DIGEST_HEX_SIZE];

    if (real == NULL || run->has_positions ||
        str_equal(real, roots_identity_text(&session->roots, session->arena, real)))
        return real;
    digest_hex(&session->key.module, hex);
    return arena_printf(session->arena, "/%s/%s", hex, path_base(real));
}

int
plan_id_file(const struct planned *run)
{
    for (size_t i = 0; i < run->plan.n_files; i++)
        if (run->plan.files[i].role == PLAN_ID)
            return (int)i;
    return -1;
}

bool
plan_id_is_made_by(const struct planned *run, const struct task *task)
{
    return !task->is_host_text && plan_find_role(&run->plan, task->step->outputs,
                                                 task->step->n_outputs, PLAN_ID) >= 0;
}

/* The words of the step without the one by which it makes the id. */
static char **
without_making(struct planned *run, char **argv)
{
    struct strlist words;

    strlist_init(&words, run->session->arena);
    for (; *argv != NULL; argv++)
        if (!str_equal(*argv, PLAN_MAKES_ID))
            strlist_add(&words, *argv);
    return words.v;
}

char **
plan_id_argv(struct planned *run, const struct task *task, char **argv)
{
    return task->has_own_id ? without_making(run, argv) : argv;
}

static char *
own_id(struct planned *run, const struct task *task)
{
    const int text =
        plan_find_role(&run->plan, task->step->inputs, task->step->n_inputs, PLAN_TEXT);
    const struct planned_file *file;

    if (text < 0 || !plan_file_look(run, (unsigned)text, true))
        return NULL;
    file = &run->files[text];
    return module_id(run->session->arena, &run->session->key.digest,
                     file->has_tokens ? &file->tokens : &file->raw, run->names.source);
}

bool
plan_id_write(const char *path, const char *id)
{
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    return fd >= 0 && fs_write_full(fd, id, strlen(id)) == NVC_OK;
}

bool
plan_id_serves(struct planned *run, struct task *task)
{
    const char *path = plan_file_path(run->session->arena, &run->plan,
                                      (unsigned)plan_id_file(run), &run->names);
    AUTO_BUF made = BUF_INIT;
    const char *id;

    if (fs_read(path, PLAN_ID_MAX, &made) != NVC_OK)
        return false;
    if (!module_id_is_own(buf_str(&made)))
        return true;
    id = own_id(run, task);
    if (id == NULL || str_equal(id, buf_str(&made)))
        return id != NULL;
    task->has_own_id = plan_id_write(path, id);
    return false;
}

enum nvc_status
plan_id_settle(struct planned *run, struct task *task, bool *out_again)
{
    const char *path = plan_file_path(run->session->arena, &run->plan,
                                      (unsigned)plan_id_file(run), &run->names);
    AUTO_BUF made = BUF_INIT;
    const char *id;

    *out_again = false;
    if (task->has_own_id)
        return NVC_OK;
    if (fs_read(path, PLAN_ID_MAX, &made) != NVC_OK)
        return NVC_UNPLANNED_FILES;
    if (!module_id_is_passing(buf_str(&made)))
        return NVC_OK;
    id = own_id(run, task);
    if (id == NULL || !plan_id_write(path, id))
        return NVC_UNPLANNED_FILES;
    log_event("plan.id", "id=%s", id);
    task->has_own_id = true;
    *out_again = true;
    return NVC_OK;
}
