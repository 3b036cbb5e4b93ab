/* -arch=native and the host's -march=native: the GPUs and the processor of this machine
 * as part of the command.  Must never take an answer that the compilers may not have got.
 */

#include "native_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/process.h"
#include "nvcache/base/processor.h"
#include "nvcache/base/strlist.h"
#include "nvcache/store/store.h"
#include "session_priv.h"

#include <string.h>

enum {
    ANSWER_MAX = 65536
};

static const char no_gpu[] = "Cannot find valid GPU for '-arch=native'";

/* Its exit status and what it printed; NULL if it cannot be asked. */
static const char *
ask(struct session *session)
{
    const char *path = session->layout.device_query;
    struct strlist argv;
    struct process_spec spec = {
        .path = path, .capture_limit = ANSWER_MAX, .no_stdin = true};
    struct process_result result;
    const char *answer = NULL;

    if (path[0] == '\0')
        return NULL;
    strlist_init(&argv, session->arena);
    strlist_add_copy(&argv, "__nvcc_device_query");
    strlist_add_copy(&argv, "--silent");
    spec.argv = argv.v;
    store_release(session->store);
    if (process_run(&spec, &result) == NVC_OK && !result.truncated)
        answer =
            arena_printf(session->arena, "%d %s", process_exit_code(result.wait_status),
                         buf_str(&result.out));
    process_result_fini(&result);
    return answer;
}

static const char *
describe_processor(struct session *session)
{
    AUTO_BUF text = BUF_INIT;

    return processor_describe(&text) ? arena_strdup(session->arena, buf_str(&text))
                                     : NULL;
}

enum nvc_status
native_resolve(struct session *session)
{
    const struct nvcc_command *command = &session->command;

    if (command->native_host != NULL) {
        session->processor = describe_processor(session);
        session->culprit = command->native_host;
        if (session->processor == NULL)
            return NVC_BYPASS_HOST_OPTION;
    }
    if (command->native_arch) {
        session->native = ask(session);
        session->culprit = "-arch=native";
        if (session->native == NULL)
            return NVC_BYPASS_NATIVE;
    }
    session->culprit = NULL;
    return NVC_OK;
}

static enum nvc_status
check_gpus(struct session *session, const struct process_result *run)
{
    AUTO_BUF messages = BUF_INIT;
    const char *now = ask(session);
    bool is_default;

    buf_append(&messages, run->out.data, run->out.len);
    buf_append(&messages, run->err.data, run->err.len);
    is_default = strstr(buf_str(&messages), no_gpu) != NULL;
    if (now != NULL && str_equal(now, session->native) &&
        is_default == !str_starts(session->native, "0 "))
        return NVC_OK;
    session->culprit = "-arch=native";
    return NVC_NOSTORE_MOVED;
}

enum nvc_status
native_check(struct session *session, const struct process_result *run)
{
    const char *now = session->processor != NULL ? describe_processor(session) : NULL;

    if (session->processor != NULL &&
        (now == NULL || !str_equal(now, session->processor))) { /* a machine that moved */
        session->culprit = session->command.native_host;
        return NVC_NOSTORE_MOVED;
    }
    return session->native != NULL ? check_gpus(session, run) : NVC_OK;
}
