/* `nvcache doctor`: is everything as it should be, and if not, what to do.
 *
 * A check is a row of the table below: it looks at one thing and says one sentence, with
 * an advice when it is not well.  Checks change nothing and do not depend on each other.
 */

#include "commands_priv.h"
#include "console_priv.h"
#include "doctor_priv.h"
#include "json_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/strlist.h"

static const struct doctor_check checks[] = {
    {"settings", doctor_settings},   {"cache", doctor_cache},
    {"files", doctor_files},         {"sharing", doctor_sharing},
    {"compiler", doctor_compiler},   {"memory", doctor_memory},
    {"table", doctor_table},         {"measuring", doctor_measuring},
    {"safe jobs", doctor_safe_jobs},
};

#define CHECK_COUNT (sizeof(checks) / sizeof(checks[0]))

static const char *
word_of(enum doctor_verdict verdict)
{
    static const char *const words[] = {
        [DOCTOR_GOOD] = "good", [DOCTOR_WARNING] = "warning", [DOCTOR_BAD] = "bad"};

    return words[verdict];
}

static void
put_json_row(struct json *json, const char *name, const struct doctor_finding *finding)
{
    struct buf text = finding->text;
    struct buf advice = finding->advice;

    json_open(json, NULL, '{');
    json_string(json, "name", name);
    json_string(json, "verdict", word_of(finding->verdict));
    json_string(json, "text", buf_str(&text));
    json_string(json, "advice", advice.len > 0 ? buf_str(&advice) : NULL);
    json_close(json, '}');
}

static void
put_row(struct buf *out, const char *name, struct doctor_finding *finding)
{
    buf_printf(out, "%-8s %-10s %s\n", word_of(finding->verdict), name,
               buf_str(&finding->text));
    if (finding->advice.len > 0)
        buf_printf(out, "%-8s %-10s %s\n", "", "", buf_str(&finding->advice));
}

int
run_doctor(struct console *console, const struct arguments *arguments)
{
    const bool as_json = (arguments->options & OPTION_JSON) != 0;
    AUTO_BUF out = BUF_INIT;
    struct json json;
    int code = EXIT_OK;

    if (as_json) {
        json_begin(&json, &out);
        json_open(&json, NULL, '{');
        json_int(&json, "format", DOCTOR_JSON_FORMAT);
        json_open(&json, "checks", '[');
    }
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        struct doctor_finding finding = {.verdict = DOCTOR_GOOD};

        checks[i].look(console, &finding);
        if (finding.verdict == DOCTOR_BAD)
            code = EXIT_FAULT;
        if (as_json)
            put_json_row(&json, checks[i].name, &finding);
        else
            put_row(&out, checks[i].name, &finding);
        buf_fini(&finding.text);
        buf_fini(&finding.advice);
    }
    if (as_json) {
        json_close(&json, ']');
        json_close(&json, '}');
    }
    return print_out(&out) == EXIT_OK ? code : EXIT_FAULT;
}
