/* `nvcache config`: show the settings, print one, write one. */

#include "commands_priv.h"
#include "console_priv.h"
#include "settings_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/strlist.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A stronger source hides what was just written: say so now, not after the next build. */
static void
warn_if_hidden(const struct console *console, enum setting_id id)
{
    const struct setting *const row = setting_row(id);

    if (console->config.origin[id] == ORIGIN_ENVIRONMENT)
        complain("%s is written, but %s is set in the environment and wins", row->name,
                 row->variable);
}

static int
write_setting(struct console *console, enum setting_id id, const char *value)
{
    AUTO_BUF out = BUF_INIT;
    const char *problem = NULL;
    const enum nvc_status st =
        config_save(console->arena, &console->config, id, value, &problem);

    if (st == NVC_OK) {
        warn_if_hidden(console, id);
        buf_printf(&out, "%s = %s in %s\n", setting_row(id)->name, value,
                   console->config.user_file);
        return print_out(&out);
    }
    if (problem != NULL)
        complain("%s", problem);
    else
        complain("%s: cannot be written: %s", console->config.user_file, strerror(errno));
    return EXIT_FAULT;
}

static int
print_setting(struct console *console, enum setting_id id)
{
    AUTO_BUF out = BUF_INIT;

    buf_printf(&out, "%s\n", setting_text(console->arena, &console->config, id));
    return print_out(&out);
}

/* NAME or NAME=VALUE. */
static int
one_setting(struct console *console, const char *word)
{
    const size_t len = strcspn(word, "=");
    const enum setting_id id = setting_find(word, len);

    if (id == SETTING_COUNT) {
        complain("config: there is no setting \"%.*s\"; `nvcache config` lists them",
                 (int)len, word);
        return EXIT_MISUSE;
    }
    if (word[len] == '=')
        return write_setting(console, id, word + len + 1);
    return print_setting(console, id);
}

static bool
is_known_variable(const char *entry)
{
    const size_t len = strcspn(entry, "=");

    if (len == strlen("NVCACHE_GUARD") && str_starts(entry, "NVCACHE_GUARD"))
        return true; /* not a setting: base/guard.h */
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        const char *const variable = setting_row(id)->variable;

        if (strlen(variable) == len && strncmp(entry, variable, len) == 0)
            return true;
    }
    return false;
}

/* A mistyped NVCACHE_MAXSIZE sets nothing; here is where one looks for the reason. */
static void
warn_of_unknown_variables(void)
{
    for (char **entry = environ; *entry != NULL; entry++)
        if (str_starts(*entry, "NVCACHE_") && !is_known_variable(*entry))
            complain("%.*s is set, but there is no such setting",
                     (int)strcspn(*entry, "="), *entry);
}

int
run_config(struct console *console, const struct arguments *arguments)
{
    AUTO_BUF out = BUF_INIT;
    bool is_good;
    int code;

    if (arguments->n > 0 && (arguments->options & OPTION_JSON) != 0) {
        complain("config: --json shows all settings; leave out \"%s\"",
                 arguments->operands[0]);
        return EXIT_MISUSE;
    }
    if (arguments->n > 0)
        return one_setting(console, arguments->operands[0]);
    if ((arguments->options & OPTION_JSON) != 0)
        settings_put_json(&out, console->arena, &console->config);
    else
        settings_put_page(&out, console->arena, &console->config);
    code = print_out(&out);
    warn_of_unknown_variables();
    is_good = console_settings_are_good(console);
    return is_good ? code : EXIT_FAULT;
}
