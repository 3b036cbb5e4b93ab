/* Reading what `nvcc --dryrun` prints.
 *
 *   #$ NAME=value        a variable of its environment, and of the steps'
 *   #$ rm FILE           of an intermediate file: nothing to do
 *   #$ command           one step, as nvcc gives it to `sh -c`
 *   anything else        a message of nvcc's own; only in front of the first of these
 *
 * Must never skip a line because it looks harmless. */

#include "plan_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/path.h"
#include "nvcache/nvcc/shellwords.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define CICC_WORD "\"$CICC_PATH/cicc\" "

static enum nvc_status
refuse(struct plan_draft *draft, enum nvc_status why, const char *culprit)
{
    draft->culprit = culprit;
    return why;
}

/* The length of the name in `NAME=value`, or 0. */
static size_t
variable_name_len(const char *line)
{
    size_t len = 0;

    while (isalnum((unsigned char)line[len]) || line[len] == '_')
        len++;
    return line[len] == '=' && !isdigit((unsigned char)line[0]) ? len : 0;
}

/* nvcc puts into quotes what it read from its environment and hands on as it was
 * (NV_NVVM_VERSION). */
static const char *
without_quotes(const struct plan_draft *draft, const char *value, const char *own)
{
    return own != NULL && str_equal(value, arena_printf(draft->arena, "\"%s\"", own))
               ? own
               : value;
}

/* Are quotes in its value a part of it?  nvcc.profile has some for the shell that gets
 * the commands. */
static bool
has_own_quotes(const char *name)
{
    static const char *const names[] = {"INCLUDES",     "SYSTEM_INCLUDES", "LIBRARIES",
                                        "CUDAFE_FLAGS", "PTXAS_FLAGS",     "OCG_FLAGS",
                                        "NVVM_FLAGS"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_equal(name, names[i]))
            return true;
    return false;
}

/* PATH and its like end in the value they had: that part is left open. */
static enum nvc_status
add_variable(struct plan_draft *draft, const char *line, size_t name_len)
{
    const char *name = arena_strndup(draft->arena, line, name_len);
    const char *own = getenv(name);
    const char *value = without_quotes(draft, line + name_len + 1, own);

    if (strchr(value, '"') != NULL && !has_own_quotes(name))
        return refuse(draft, NVC_UNPLANNED_LINE, line);
    if (str_equal(name, "CICC_PATH"))
        draft->cicc_path = value;
    if (own != NULL && own[0] != '\0' && str_ends(value, own))
        value = arena_printf(draft->arena, "%.*s%c%c", (int)(strlen(value) - strlen(own)),
                             value, PLACEHOLDER, PLACE_OWN);
    strlist_add(&draft->plan->environment,
                arena_printf(draft->arena, "%s=%s", name, value));
    return NVC_OK;
}

static bool
split_command(struct plan_draft *draft, const char *line, struct strlist *out)
{
    strlist_init(out, draft->arena);
    if (str_starts(line, CICC_WORD)) {
        if (draft->cicc_path == NULL)
            return false;
        strlist_add(out, path_join(draft->arena, draft->cicc_path, "cicc"));
        line += strlen(CICC_WORD);
    }
    return words_of_shell(line, out) && out->n > 0;
}

static bool
is_removal(const struct plan_draft *draft, const struct strlist *words)
{
    return words->n == 2 && str_equal(words->v[0], "rm") &&
           path_below(draft->names->dir, words->v[1]) != NULL;
}

static enum nvc_status
read_command(struct plan_draft *draft, const char *line)
{
    const size_t name_len = variable_name_len(line);
    struct strlist words;

    if (name_len > 0 && draft->plan->n_steps == 0)
        return add_variable(draft, line, name_len);
    if (!split_command(draft, line, &words))
        return refuse(draft, NVC_UNPLANNED_LINE, line);
    if (is_removal(draft, &words))
        return NVC_OK;
    return plan_add_step(draft, &words);
}

static enum nvc_status
read_line(struct plan_draft *draft, const char *line, struct buf *notice)
{
    if (str_starts(line, "#$ "))
        return read_command(draft, line + 3);
    if (draft->plan->environment.n > 0 || draft->plan->n_steps > 0)
        return refuse(draft, NVC_UNPLANNED_LINE, line);
    buf_append_str(notice, line);
    buf_append_char(notice, '\n');
    return NVC_OK;
}

/* Texts that could be taken for our own marks, or for intermediate files. */
static bool
is_readable(const char *text, size_t len, const struct plan_names *names)
{
    return len <= PLAN_MAX_TEXT && len > 0 && text[len - 1] == '\n' &&
           memchr(text, '\0', len) == NULL && memchr(text, PLACEHOLDER, len) == NULL &&
           memchr(text, '\r', len) == NULL && strstr(names->source, "tmpxft_") == NULL &&
           strstr(names->output, "tmpxft_") == NULL;
}

static enum nvc_status
read_lines(struct plan_draft *draft, char *text, struct buf *notice)
{
    enum nvc_status st = NVC_OK;

    for (char *end; st == NVC_OK && *text != '\0'; text = end + 1) {
        end = strchr(text, '\n');
        *end = '\0';
        st = read_line(draft, text, notice);
    }
    return st;
}

enum nvc_status
plan_parse(struct arena *arena, const char *text, size_t len,
           const struct plan_names *names, struct plan *out, const char **out_culprit)
{
    struct plan plan = {0};
    struct plan_draft draft = {.arena = arena,
                               .names = names,
                               .stem = plan_stem(arena, names->source),
                               .plan = &plan,
                               .named_stub = -1,
                               .named_fatbin = -1};
    AUTO_BUF notice = BUF_INIT;
    enum nvc_status st = NVC_UNPLANNED_LINE;

    plan.steps = arena_array(arena, PLAN_MAX_STEPS, sizeof(*plan.steps));
    plan.files = arena_array(arena, PLAN_MAX_FILES, sizeof(*plan.files));
    strlist_init(&plan.environment, arena);
    if (is_readable(text, len, names))
        st = read_lines(&draft, arena_strndup(arena, text, len), &notice);
    if (st == NVC_OK)
        st = plan_close(&draft);
    plan.notice = arena_strdup(arena, buf_str(&notice));
    *out_culprit = draft.culprit != NULL ? draft.culprit : "";
    if (st == NVC_OK)
        *out = plan;
    return st;
}
