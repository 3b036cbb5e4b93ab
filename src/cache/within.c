/* Bytes of steps as places in results.  The digest of the bytes is kept with the place:
 * two compiles of equal inputs have one result, and the one that is there may be the
 * other's.  Must never give back other bytes. */

#include "within_priv.h"

#include "key_priv.h"
#include "nvcache/entry/result.h"
#include "nvcache/entry/wire.h"
#include "nvcache/plan/excerpt.h"
#include "nvcache/plan/ptxlayout.h"
#include "nvcache/store/store.h"
#include "planrun_priv.h"
#include "session_priv.h"

void
within_fini(struct within *within)
{
    buf_fini(&within->output);
}

static void
name_bytes(const void *data, size_t len, struct digest *out)
{
    digest_of("nvcache bytes within v1", data, len, out);
}

static void
put_place(const struct planned *run, const struct buf *bytes,
          const struct excerpt *excerpt, struct buf *out)
{
    struct digest name;

    name_bytes(bytes->data, bytes->len, &name);
    wire_put_digest(out, &run->session->result);
    wire_put_digest(out, &name);
    excerpt_encode(excerpt, out);
}

bool
within_put(const struct planned *run, const struct buf *bytes, struct buf *out_place)
{
    const struct buf *output = &run->output;
    struct excerpt excerpt;

    if (bytes->len < WITHIN_MIN ||
        !excerpt_find(output->data, output->len, bytes->data, bytes->len, &excerpt))
        return false;
    put_place(run, bytes, &excerpt, out_place);
    return true;
}

bool
within_put_ptx(const struct planned *run, struct buf *text, struct buf *out_place)
{
    const struct buf *output = &run->output;
    AUTO_BUF dense = BUF_INIT;
    AUTO_BUF layout = BUF_INIT;
    struct excerpt excerpt;

    if (text->len < WITHIN_MIN || !excerpt_has_frames(output->data, output->len) ||
        !ptxlayout_split(buf_str(text), text->len, &dense, &layout) ||
        !excerpt_find(output->data, output->len, dense.data, dense.len, &excerpt))
        return false;
    put_place(run, text, &excerpt, out_place);
    buf_append(out_place, buf_str(&layout), layout.len);
    return true;
}

bool
within_put_object(const struct planned *run, const struct buf *bytes,
                  const struct buf *image, struct buf *out_place)
{
    const struct buf *output = &run->output;
    struct excerpt excerpt;

    if (bytes->len < WITHIN_MIN ||
        !excerpt_find_around(output->data, output->len, image->data, image->len,
                             bytes->len, &excerpt))
        return false;
    put_place(run, bytes, &excerpt, out_place);
    return true;
}

enum nvc_status
within_output(struct session *session, const struct digest *result, struct buf *out)
{
    const struct record_key key = key_record(RECORD_RESULT, result);
    const struct result_part *output;
    struct store_value value;
    struct result parts;
    enum nvc_status st = store_get(session->store, &key, &value);

    if (st == NVC_OK)
        st = result_decode(value.data, value.len, &parts);
    if (st != NVC_OK)
        return st;
    output = result_find(&parts, ROLE_OUTPUT);
    return output != NULL ? result_unpack(output, out) : NVC_ERR_CORRUPT;
}

/* The files of one compile lie in one result. */
static enum nvc_status
read_output(struct planned *run, const struct digest *result)
{
    struct within *within = &run->within;
    enum nvc_status st;

    if (within->is_read && digest_equal(&within->result, result))
        return NVC_OK;
    buf_clear(&within->output);
    st = within_output(run->session, result, &within->output);
    within->is_read = st == NVC_OK;
    within->result = *result;
    return st;
}

/* PTX has a layout behind its place. */
static enum nvc_status
take(const struct buf *output, const struct excerpt *excerpt,
     const struct wire_reader *rest, struct buf *out)
{
    const size_t layout_len = (size_t)(rest->end - rest->at);
    AUTO_BUF dense = BUF_INIT;
    enum nvc_status st;

    if (layout_len == 0)
        return excerpt_take(output->data, output->len, excerpt, out);
    st = excerpt_take(output->data, output->len, excerpt, &dense);
    return st == NVC_OK ? ptxlayout_join((const char *)dense.data, dense.len,
                                         (const char *)rest->at, layout_len, out)
                        : st;
}

enum nvc_status
within_get(struct planned *run, const void *place, size_t len, struct buf *out)
{
    const size_t begin = out->len;
    struct wire_reader reader;
    struct excerpt excerpt;
    struct digest result;
    struct digest name;
    struct digest found;
    enum nvc_status st;

    wire_read_init(&reader, place, len);
    result = wire_digest(&reader);
    name = wire_digest(&reader);
    if (!excerpt_decode(&reader, &excerpt))
        return NVC_ERR_CORRUPT;
    st = read_output(run, &result);
    if (st != NVC_OK)
        return st;
    if (take(&run->within.output, &excerpt, &reader, out) != NVC_OK)
        return NVC_MISS;
    name_bytes(out->data + begin, out->len - begin, &found);
    return digest_equal(&found, &name) ? NVC_OK : NVC_MISS;
}
