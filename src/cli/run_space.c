/* `nvcache clear` and `nvcache trim`: give space back, and say how much. */

#include "commands_priv.h"
#include "console_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/path.h"
#include "nvcache/base/units.h"
#include "nvcache/digest/memo.h"
#include "nvcache/store/store.h"

#include <unistd.h>

static void
put_removed(struct buf *out, const struct store_usage *before,
            const struct store_usage *after)
{
    const uint64_t entries = before->entries - after->entries;

    buf_append_str(out, "Removed ");
    units_put_count(out, entries);
    buf_append_str(out, entries == 1 ? " entry, " : " entries, ");
    units_put_size(out, before->bytes - after->bytes);
    buf_append_char(out, '.');
}

/* What was learned about files goes with what was stored about them. */
static void
remove_memo(const struct console *console)
{
    (void)unlink(path_join(console->arena, console->config.dir, MEMO_FILE));
}

static int
clear_store(struct console *console, struct store *store)
{
    AUTO_BUF out = BUF_INIT;
    const struct store_usage none = {0};
    struct store_usage before = {0};
    enum nvc_status st = store_get_usage(store, &before);

    /* Damage is no reason to keep it: then we only cannot say how much it was. */
    if (st != NVC_OK)
        before = none;
    st = store_clear(store);
    if (st != NVC_OK) {
        complain_of_store(console, st);
        return EXIT_FAULT;
    }
    remove_memo(console);
    if (before.entries == 0 && before.bytes == 0)
        buf_append_str(&out, "The cache is empty.");
    else
        put_removed(&out, &before, &none);
    buf_append_char(&out, '\n');
    return print_out(&out);
}

static int
trim_store(struct console *console, struct store *store, uint64_t limit)
{
    AUTO_BUF out = BUF_INIT;
    struct store_usage before = {0};
    struct store_usage after = {0};
    enum nvc_status st = store_get_usage(store, &before);

    if (st == NVC_OK)
        st = store_trim(store, limit);
    if (st == NVC_OK)
        st = store_get_usage(store, &after);
    if (st != NVC_OK) {
        complain_of_store(console, st);
        return EXIT_FAULT;
    }
    /* Others may have added or removed something meanwhile. */
    if (after.bytes < before.bytes && after.entries <= before.entries)
        put_removed(&out, &before, &after);
    else
        buf_append_str(&out, "Nothing to remove.");
    buf_append_str(&out, "  The cache has ");
    units_put_size(&out, after.bytes);
    buf_append_str(&out, " of at most ");
    units_put_size(&out, limit);
    buf_append_str(&out, ".\n");
    return print_out(&out);
}

/* The cache opened for writing; EXIT_OK in *out_code when there is none to open. */
static struct store *
open_existing(struct console *console, int *out_code)
{
    AUTO_BUF out = BUF_INIT;

    *out_code = EXIT_FAULT;
    if (!console_settings_are_good(console))
        return NULL;
    if (console_has_cache(console))
        return console_open_writable(console);
    buf_printf(&out, "There is no cache in %s yet.\n", console->config.dir);
    *out_code = print_out(&out);
    return NULL;
}

int
run_clear(struct console *console, const struct arguments *arguments)
{
    struct store *store;
    int code;

    (void)arguments;
    store = open_existing(console, &code);
    if (store == NULL)
        return code;
    code = clear_store(console, store);
    store_close(store);
    return code;
}

int
run_trim(struct console *console, const struct arguments *arguments)
{
    uint64_t limit = console->config.max_size;
    struct store *store;
    int code;

    if (arguments->n > 0 && !units_parse_size(arguments->operands[0], &limit)) {
        complain("trim: \"%s\" is not a size; write e.g. 20G", arguments->operands[0]);
        return EXIT_MISUSE;
    }
    store = open_existing(console, &code);
    if (store == NULL)
        return code;
    code = trim_store(console, store, limit);
    store_close(store);
    return code;
}
