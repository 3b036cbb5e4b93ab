/* Replaying a recorded result.  Everything is unpacked and checked before the first byte
 * is written, so a damaged record leaves no trace. */

#include "replay_priv.h"

#include "deptext_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/tmpfile.h"
#include "nvcache/entry/result.h"
#include "nvcache/entry/template.h"
#include "nvcache/store/store.h"
#include "outfile_priv.h"
#include "session_priv.h"

#include <unistd.h>

enum {
    STREAM_MIN = 1 << 20 /* unpacking less than this in memory is as fast */
};

struct unpacked {
    struct buf output;
    struct tmpfile staged; /* a large output, checked but not under its name yet */
    mode_t mode;
    struct buf depfile;
    struct buf out;
    struct buf err;
};

static void
unpacked_fini(struct unpacked *unpacked)
{
    buf_fini(&unpacked->output);
    tmpfile_discard(&unpacked->staged);
    buf_fini(&unpacked->depfile);
    buf_fini(&unpacked->out);
    buf_fini(&unpacked->err);
}

static enum nvc_status
unpack_text(const struct session *session, const struct result *result,
            enum result_role role, struct buf *out)
{
    AUTO_BUF packed = BUF_INIT;
    const struct result_part *part = result_find(result, role);
    enum nvc_status st;

    if (part == NULL)
        return NVC_OK;
    st = result_unpack(part, &packed);
    if (st != NVC_OK)
        return st;
    if (role == ROLE_DEPFILE)
        return deptext_unpack(session, &packed, out);
    return template_expand(packed.data, packed.len, session->roots.template_roots,
                           session->roots.n, out);
}

static enum nvc_status
write_piece(void *arg, const void *data, size_t len)
{
    const struct tmpfile *tmp = arg;

    return fs_write_full(tmp->fd, data, len);
}

static enum nvc_status
unpack_output(const struct session *session, const struct result_part *part,
              struct unpacked *unpacked)
{
    enum nvc_status st = NVC_MISS;

    if (part->plain_len >= STREAM_MIN)
        st = outfile_begin(session->command.output, outfile_manner(session),
                           &unpacked->staged, &unpacked->mode);
    if (st == NVC_OK)
        st = result_stream(part, write_piece, &unpacked->staged);
    else if (st == NVC_MISS)
        st = result_unpack(part, &unpacked->output);
    return st;
}

static enum nvc_status
unpack(const struct session *session, const struct result *result,
       struct unpacked *unpacked)
{
    const struct result_part *output = result_find(result, ROLE_OUTPUT);
    enum nvc_status st;

    if (output == NULL)
        return NVC_ERR_CORRUPT;
    st = unpack_output(session, output, unpacked);
    if (st == NVC_OK)
        st = unpack_text(session, result, ROLE_DEPFILE, &unpacked->depfile);
    if (st == NVC_OK)
        st = unpack_text(session, result, ROLE_STDOUT, &unpacked->out);
    if (st == NVC_OK)
        st = unpack_text(session, result, ROLE_STDERR, &unpacked->err);
    return st;
}

static enum nvc_status
write_files(const struct session *session, struct unpacked *unpacked)
{
    const struct nvcc_command *command = &session->command;
    enum nvc_status st = NVC_OK;

    if (command->deps != DEPS_NONE)
        st = outfile_write(session->arena, command->depfile, OUTFILE_WRITTEN,
                           unpacked->depfile.data, unpacked->depfile.len);
    if (st == NVC_OK && unpacked->staged.path != NULL)
        st = tmpfile_publish(&unpacked->staged, unpacked->mode);
    else if (st == NVC_OK)
        st = outfile_write(session->arena, command->output, outfile_manner(session),
                           unpacked->output.data, unpacked->output.len);
    return st == NVC_OK ? NVC_OK : NVC_ERR_REPLAY;
}

static void
print_streams(const struct unpacked *unpacked)
{
    if (fs_write_full(STDOUT_FILENO, unpacked->out.data, unpacked->out.len) != NVC_OK ||
        fs_write_full(STDERR_FILENO, unpacked->err.data, unpacked->err.len) != NVC_OK)
        return; /* nobody is listening: as for the compiler, not our business */
}

static enum nvc_status
replay_value(struct session *session, const struct store_value *value)
{
    struct unpacked unpacked = {.output = BUF_INIT,
                                .staged = TMPFILE_INIT,
                                .depfile = BUF_INIT,
                                .out = BUF_INIT,
                                .err = BUF_INIT};
    struct result result;
    enum nvc_status st = result_decode(value->data, value->len, &result);

    if (st == NVC_OK)
        st = unpack(session, &result, &unpacked);
    if (st == NVC_OK)
        st = write_files(session, &unpacked);
    if (st == NVC_OK) {
        session->event.bytes = result_find(&result, ROLE_OUTPUT)->plain_len;
        print_streams(&unpacked);
    }
    unpacked_fini(&unpacked);
    return st;
}

enum nvc_status
replay(struct session *session, const struct manifest *manifest)
{
    const struct record_key key = key_record(RECORD_RESULT, &manifest->result);
    struct store_value value;
    enum nvc_status st = store_get(session->store, &key, &value);

    if (st != NVC_OK) {
        if (st != NVC_MISS)
            session_error(session, st);
        return NVC_MISS_LOST;
    }
    st = replay_value(session, &value);
    if (st == NVC_OK)
        session->event.saved_us = manifest->compile_us;
    return st;
}
