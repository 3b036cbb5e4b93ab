/* When a generation was begun: under which boot of the machine.  Files are written
 * without fsync, so after a crash of the machine the active one may be torn in a way
 * nobody notices until a B-tree page is read; whoever finds another boot id in it reads
 * it (each record has its checksum) and never writes to it. */

#include "birth_priv.h"

#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/checksum.h"
#include "nvcache/entry/wire.h"

#include <string.h>

#define FORMAT_VERSION 1
#define BOOT_ID_PATH   "/proc/sys/kernel/random/boot_id"

const char birth_key[BIRTH_KEY_SIZE] = "nvcache generation";

void
birth_encode(const char *boot_id, struct buf *out)
{
    const size_t start = out->len;

    wire_put_u32(out, FORMAT_VERSION);
    wire_put_str(out, boot_id);
    wire_put_u64(out, (uint64_t)(clock_wall_ns() / 1000000000));
    wire_put_u64(out, checksum64(out->data + start, out->len - start, 0));
}

bool
birth_matches(const void *data, size_t len, const char *boot_id)
{
    struct wire_reader reader;
    const char *found;
    uint32_t version;

    if (len < 8)
        return false;
    wire_read_init(&reader, data, len);
    version = wire_u32(&reader);
    found = wire_str(&reader, STORE_BOOT_ID);
    wire_u64(&reader);
    return wire_u64(&reader) == checksum64(data, len - 8, 0) && wire_done(&reader) &&
           version == FORMAT_VERSION && str_equal(found, boot_id);
}

void
birth_read_boot_id(struct store *store)
{
    AUTO_BUF text = BUF_INIT;
    size_t len;

    if (store->boot_id[0] != '\0')
        return;
    /* Without /proc all boots look the same: then torn files are found by their
     * checksums only. */
    if (fs_read(BOOT_ID_PATH, 4096, &text) != NVC_OK)
        buf_clear(&text);
    len = strcspn(buf_str(&text), "\n");
    if (len == 0 || len >= sizeof(store->boot_id)) {
        memcpy(store->boot_id, "unknown", sizeof("unknown"));
        return;
    }
    memcpy(store->boot_id, text.data, len);
    store->boot_id[len] = '\0';
}
