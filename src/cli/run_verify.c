/* `nvcache verify`: read everything, and say whether it is whole. */

#include "commands_priv.h"
#include "json_priv.h"
#include "console_priv.h"
#include "verify_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/units.h"
#include "nvcache/cache/inspect.h"

void
verify_put_json(struct buf *out, const char *dir,
                const struct store_verify_report *report)
{
    struct json json;

    json_begin(&json, out);
    json_open(&json, NULL, '{');
    json_int(&json, "format", VERIFY_JSON_FORMAT);
    json_string(&json, "dir", dir);
    json_count(&json, "records", report->records);
    json_count(&json, "bytes", report->bytes);
    json_count(&json, "bad_records", report->bad_records);
    json_count(&json, "bad_generations", report->bad_generations);
    json_close(&json, '}');
}

static void
put_number(struct buf *out, uint64_t count, const char *one, const char *many)
{
    units_put_count(out, count);
    buf_printf(out, " %s", count == 1 ? one : many);
}

void
verify_put_page(struct buf *out, const struct store_verify_report *report, bool repaired)
{
    put_number(out, report->records, "record, ", "records, ");
    units_put_size(out, report->bytes);
    buf_append_str(out, " read: ");
    if (report->bad_records == 0 && report->bad_generations == 0) {
        buf_append_str(out, "all good.\n");
        return;
    }
    if (report->bad_records > 0)
        put_number(out, report->bad_records, "record is damaged", "records are damaged");
    if (report->bad_records > 0 && report->bad_generations > 0)
        buf_append_str(out, ", ");
    if (report->bad_generations > 0)
        put_number(out, report->bad_generations, "file is broken", "files are broken");
    buf_append_str(out, ".\n");
    if (report->bad_generations > 0)
        buf_append_str(out, repaired
                                ? "Broken files were set aside.\n"
                                : "`nvcache verify --repair` sets broken files aside.\n");
    if (report->bad_records > 0)
        buf_append_str(out, "A damaged record is never replayed; `nvcache clear` removes "
                            "all.  Check the disk.\n");
}

int
run_verify(struct console *console, const struct arguments *arguments)
{
    const bool repair = (arguments->options & OPTION_REPAIR) != 0;
    AUTO_BUF out = BUF_INIT;
    struct store_verify_report report = {0};

    if (!console_settings_are_good(console))
        return EXIT_FAULT;
    if (console_has_cache(console)) {
        struct store *const store =
            repair ? console_open_writable(console) : console_open_store(console, true);
        enum nvc_status st;

        if (store == NULL)
            return EXIT_FAULT;
        st = store_verify(store, repair, inspect_record, NULL, &report);
        store_close(store);
        if (st != NVC_OK) {
            complain_of_store(console, st);
            return EXIT_FAULT;
        }
    }
    if ((arguments->options & OPTION_JSON) != 0)
        verify_put_json(&out, console->config.dir, &report);
    else
        verify_put_page(&out, &report, repair);
    if (print_out(&out) != EXIT_OK || report.bad_records > 0 ||
        report.bad_generations > 0)
        return EXIT_FAULT;
    return EXIT_OK;
}
