/* One run of the user's compiler.  Must never change what it does: the command is the
 * user's, with at most a request for a dependency list behind it. */

#include "compile_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/environment.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/base/scratch.h"
#include "nvcache/base/strlist.h"
#include "nvcache/nvcc/depfile.h"
#include "session_priv.h"

#include <sys/wait.h>

enum {
    STREAM_MAX = 4 << 20,
    DEPFILE_MAX = 64 << 20
};

/* May -MD go behind the command without being noticed?  Only a whole compile of CUDA
 * preprocesses for the host and for each architecture anyway.  Of anything else nvcc
 * would preprocess once more: warnings come twice, and an #error in a pass that the user
 * did not ask for breaks the build (seen with --dryrun, 11.8 to 13.5). */
static bool
lists_for_free(const struct nvcc_command *command)
{
    return command->phase == PHASE_COMPILE && str_equal(command->language, "cu");
}

static char **
command_line(const struct session *session, const char *depfile)
{
    struct strlist argv;

    strlist_init(&argv, session->arena);
    for (char **word = memory_argv(session); *word != NULL; word++)
        strlist_add(&argv, *word);
    if (session->command.deps == DEPS_NONE && lists_for_free(&session->command)) {
        strlist_add_copy(&argv, "-MD");
        strlist_add_copy(&argv, "-MF");
        strlist_add_copy(&argv, depfile);
    }
    return argv.v;
}

static void
list_dependencies(const struct session *session, const struct buf *text,
                  struct compiled *out)
{
    struct depfile depfile;

    if (depfile_parse(session->arena, (const char *)text->data, text->len, &depfile) !=
        NVC_OK)
        return;
    strlist_init(&out->dependencies, session->arena);
    for (size_t i = 0; i < depfile.n_prerequisites; i++)
        strlist_add_copy(&out->dependencies, depfile.prerequisites[i].path);
    out->has_dependencies = out->dependencies.n > 0;
}

/* The user's -MMD list lacks the system headers, and some commands give none: ask nvcc.
 */
static enum nvc_status
query_dependencies(const struct session *session, const char *dir,
                   const char *own_depfile, struct buf *out)
{
    const char *changes[] = {arena_printf(session->arena, "TMPDIR=%s", dir),
                             "NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS"};
    const struct process_spec spec = {
        .path = session->program,
        .argv = command_dependency_query(session->arena, &session->command,
                                         session->argv[0], own_depfile),
        .envp = environment_with(session->arena, changes, 3),
        .capture_limit = STREAM_MAX,
        .no_stdin = true,
    };
    struct process_result result;
    enum nvc_status st = process_run(&spec, &result);

    if (st == NVC_OK && result.wait_status != 0)
        st = NVC_NOSTORE_CLOSURE;
    process_result_fini(&result);
    return st == NVC_OK ? fs_read(own_depfile, DEPFILE_MAX, out) : st;
}

static void
read_dependencies(const struct session *session, const char *dir, const char *own_depfile,
                  struct compiled *out)
{
    AUTO_BUF list = BUF_INIT;
    const enum command_deps deps = session->command.deps;
    const bool is_asked = deps == DEPS_NONSYSTEM ||
                          (deps == DEPS_NONE && !lists_for_free(&session->command));
    enum nvc_status st = NVC_OK;

    if (deps != DEPS_NONE)
        st = fs_read(session->command.depfile, DEPFILE_MAX, &out->depfile);
    if (st == NVC_OK && is_asked)
        st = query_dependencies(session, dir, own_depfile, &list);
    else if (st == NVC_OK && deps == DEPS_NONE)
        st = fs_read(own_depfile, DEPFILE_MAX, &list);
    if (st == NVC_OK)
        list_dependencies(session, deps == DEPS_ALL ? &out->depfile : &list, out);
}

static enum nvc_status
run_in(struct session *session, const char *dir, struct compiled *out)
{
    const char *own_depfile = path_join(session->arena, dir, "nvcache.d");
    const char *change = arena_printf(session->arena, "TMPDIR=%s", dir);
    const struct process_spec spec = {
        .path = session->program,
        .argv = command_line(session, own_depfile),
        .envp = environment_with(session->arena, &change, 1),
        .capture_limit = STREAM_MAX,
        .forward = true,
        .earlier = session->memory.killed_run,
    };
    const enum nvc_status st = process_run(&spec, &out->process);

    if (st == NVC_OK && out->process.wait_status == 0)
        read_dependencies(session, dir, own_depfile, out);
    return st;
}

enum nvc_status
compile_run(struct session *session, struct compiled *out)
{
    AUTO_SCRATCH scratch = SCRATCH_INIT;
    enum nvc_status st;

    *out = (struct compiled){0};
    st = scratch_open(&scratch, session->arena);
    if (st != NVC_OK)
        return st;
    st = run_in(session, scratch.path, out);
    log_event("compile", "status=%s wait_status=%d wall_ms=%lld dependencies=%zu",
              status_word(st), out->process.wait_status,
              (long long)(out->process.wall_ns / 1000000),
              out->has_dependencies ? out->dependencies.n : 0);
    return st;
}

void
compiled_fini(struct compiled *compiled)
{
    process_result_fini(&compiled->process);
    buf_fini(&compiled->depfile);
}
