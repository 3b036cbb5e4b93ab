/* What nvcc --dryrun said, whole and damaged: every line of a plan that is accepted is
 * one of its steps, and a text that lost something is refused, never completed.
 *
 * The texts are those of tests/data/dryrun, see record.py there. */

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

int test_dryrun(void);

enum {
    MAX_LINES = 256,
    MAX_FORMS = 64,
    MAX_BYTES = 1 << 20
};

static const char *const versions[] = {"11.8", "12.4", "13.0", "13.5"};

/* A section: the variables of its version, then its own lines. */
struct form {
    const char *name;
    struct plan_names names;
    char *lines[MAX_LINES];
    size_t n;
    size_t n_variables;
};

struct texts {
    struct arena arena;
    struct form forms[MAX_FORMS];
    size_t n;
};

static const char *
field(const char *line, const char *name)
{
    const size_t len = strlen(name);

    return strncmp(line, name, len) == 0 ? line + len : NULL;
}

static bool
is_variable(const char *line)
{
    const size_t len = strspn(line + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

    return field(line, "#$ ") != NULL && len > 0 && line[3 + len] == '=';
}

static void
begin_form(struct texts *texts, const char *name)
{
    struct form *form = &texts->forms[texts->n++];

    assert_true(texts->n <= MAX_FORMS);
    form->name = name;
    form->names = (struct plan_names){.dir = "/T", .source_path = "/src/a.cu"};
    if (texts->n == 1)
        return;
    form->n = form->n_variables = texts->forms[0].n_variables;
    memcpy(form->lines, texts->forms[0].lines, form->n * sizeof(form->lines[0]));
}

static void
add_line(struct texts *texts, char *line)
{
    struct form *form = texts->n > 0 ? &texts->forms[texts->n - 1] : NULL;
    const char *value;

    if ((value = field(line, "% form ")) != NULL) {
        begin_form(texts, value);
    } else if ((value = field(line, "% source ")) != NULL) {
        form->names.source = value;
    } else if ((value = field(line, "% output ")) != NULL) {
        form->names.output = value;
    } else if (field(line, "% ") == NULL) {
        assert_true(form->n < MAX_LINES);
        form->lines[form->n++] = line;
        form->n_variables += texts->n == 1 && is_variable(line);
    }
}

static struct texts *
read_version(const char *version)
{
    struct texts *texts = calloc(1, sizeof(*texts));
    struct buf content = BUF_INIT;
    char *text;

    assert_non_null(texts);
    assert_int_equal(fs_read(arena_printf(&texts->arena, "%s/dryrun/%s.dryrun",
                                          NVC_TEST_DATA, version),
                             MAX_BYTES, &content),
                     NVC_OK);
    text = arena_strdup(&texts->arena, buf_str(&content));
    buf_fini(&content);
    for (char *end; *text != '\0'; text = end + 1) {
        end = strchr(text, '\n');
        assert_non_null(end);
        *end = '\0';
        add_line(texts, text);
    }
    return texts;
}

static void
free_texts(struct texts *texts)
{
    arena_fini(&texts->arena);
    free(texts);
}

static enum nvc_status
parse(struct arena *arena, const struct form *form, struct plan *out)
{
    AUTO_BUF text = BUF_INIT;
    const char *culprit = NULL;
    enum nvc_status st;

    for (size_t i = 0; i < form->n; i++)
        buf_printf(&text, "%s\n", form->lines[i]);
    st = plan_parse(arena, buf_str(&text), text.len, &form->names, out, &culprit);
    assert_non_null(culprit);
    assert_true(st == NVC_OK || status_kind(st) == NVC_KIND_UNPLANNED);
    return st;
}

static bool
is_step(const char *line)
{
    return field(line, "#$ ") != NULL && !is_variable(line) &&
           field(line, "#$ rm ") == NULL;
}

static size_t
count_step_lines(const struct form *form)
{
    size_t n = 0;

    for (size_t i = 0; i < form->n; i++)
        n += is_step(form->lines[i]);
    return n;
}

/* What only looks at PTX: nothing else of a text tells that it was there. */
static bool
is_check(const char *line)
{
    return field(line, "#$ ptxas -arch=compute_") != NULL;
}

static size_t
count_checks(const struct plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_steps; i++)
        n += plan->steps[i].n_outputs == 0;
    return n;
}

static size_t
count_check_lines(const struct form *form)
{
    size_t n = 0;

    for (size_t i = 0; i < form->n; i++)
        n += is_check(form->lines[i]);
    return n;
}

/* Parse a damaged form; what is accepted has a step for each line. */
static enum nvc_status
parse_damaged(const struct form *form)
{
    struct arena arena = ARENA_INIT;
    struct plan plan;
    const enum nvc_status st = parse(&arena, form, &plan);

    if (st == NVC_OK && plan.n_steps != count_step_lines(form))
        fail_msg("%s: %zu steps of %zu lines", form->name, plan.n_steps,
                 count_step_lines(form));
    if (st == NVC_OK && count_checks(&plan) != count_check_lines(form))
        fail_msg("%s: %zu checks", form->name, count_checks(&plan));
    arena_fini(&arena);
    return st;
}

static void
fail_accepted(const char *version, const struct form *form, const char *damage,
              const char *line)
{
    fail_msg("CUDA %s, %s: accepted %s: %.200s", version, form->name, damage, line);
}

/* ---- damages; each gets a form that is understood ---- */

static void
without_a_line(const char *version, const struct form *whole)
{
    for (size_t i = 0; i < whole->n; i++) {
        struct form form = *whole;

        memmove(&form.lines[i], &form.lines[i + 1],
                (form.n - i - 1) * sizeof(form.lines[0]));
        form.n--;
        if (parse_damaged(&form) == NVC_OK && is_step(whole->lines[i]) &&
            !is_check(whole->lines[i]))
            fail_accepted(version, whole, "without", whole->lines[i]);
    }
}

static void
with_a_line_twice(const char *version, const struct form *whole)
{
    for (size_t i = 0; i < whole->n; i++) {
        struct form form = *whole;

        memmove(&form.lines[i + 1], &form.lines[i], (form.n - i) * sizeof(form.lines[0]));
        form.n++;
        if (parse_damaged(&form) == NVC_OK && is_step(whole->lines[i]))
            fail_accepted(version, whole, "twice", whole->lines[i]);
    }
}

static void
with_another_line(const char *version, const struct form *whole)
{
    static const char *const lines[] = {
        "#$ nvlink -m64 --arch=sm_80 \"/T/x.o\" -o \"/T/x.cubin\"",
        "#$ futuretool --option",
        "#$ cp \"/T/tmpxft_00000001_00000000-3_a.fatbin.c\" kept.c",
        "#$ rm a.cu",
        "#$ ",
        "#$",
        "nvcc fatal   : Something",
        "",
    };

    for (size_t k = 0; k < sizeof(lines) / sizeof(lines[0]); k++)
        for (size_t i = whole->n_variables; i <= whole->n; i++) {
            struct arena arena = ARENA_INIT;
            struct form form = *whole;

            memmove(&form.lines[i + 1], &form.lines[i],
                    (form.n - i) * sizeof(form.lines[0]));
            form.lines[i] = arena_strdup(&arena, lines[k]);
            form.n++;
            if (parse_damaged(&form) == NVC_OK)
                fail_accepted(version, whole, "with", lines[k]);
            arena_fini(&arena);
        }
}

/* Cut off behind each blank.  Only of the last line nothing else tells that it went on,
 * but that the newline is missing; see below. */
static void
with_the_end_cut_off(const char *version, const struct form *whole)
{
    for (size_t i = whole->n_variables; i < whole->n; i++) {
        const bool is_last = i + 1 == whole->n;

        for (const char *at = strchr(whole->lines[i], ' '); at != NULL;
             at = strchr(at + 1, ' ')) {
            struct arena arena = ARENA_INIT;
            struct form form = *whole;

            form.lines[i] =
                arena_strndup(&arena, whole->lines[i], (size_t)(at - whole->lines[i]));
            form.n = i + 1;
            if (parse_damaged(&form) == NVC_OK && !is_last)
                fail_accepted(version, whole, "cut off", form.lines[i]);
            arena_fini(&arena);
        }
    }
}

/* Without one quote that is none of a value's: words melt together or do not end. */
static void
without_a_quote(const char *version, const struct form *whole)
{
    for (size_t i = whole->n_variables; i < whole->n; i++)
        for (const char *at = strchr(whole->lines[i], '"'); at != NULL;
             at = strchr(at + 1, '"')) {
            struct arena arena = ARENA_INIT;
            struct form form = *whole;

            form.lines[i] = arena_printf(&arena, "%.*s%s", (int)(at - whole->lines[i]),
                                         whole->lines[i], at + 1);
            if (parse_damaged(&form) == NVC_OK && at[-1] != '\\')
                fail_accepted(version, whole, "without a quote", form.lines[i]);
            arena_fini(&arena);
        }
}

/* How often the steps name the file that `at` begins with. */
static size_t
count_uses(const struct form *form, const char *at)
{
    const size_t len = strcspn(at, "\", ");
    size_t n = 0;

    for (size_t i = 0; i < form->n; i++)
        for (const char *use = form->lines[i];
             is_step(form->lines[i]) && (use = strstr(use, "tmpxft_")) != NULL; use++)
            n += strncmp(use, at, len) == 0 && strchr("\", ", use[len]) != NULL;
    return n;
}

/* A file that two steps name has another name in one place. */
static void
with_another_file(const char *version, const struct form *whole)
{
    for (size_t i = whole->n_variables; i < whole->n; i++)
        for (const char *at = strstr(whole->lines[i], "tmpxft_"); at != NULL;
             at = strstr(at + 1, "tmpxft_")) {
            const size_t stem = (size_t)(at - whole->lines[i]) + strcspn(at, ".");
            struct arena arena = ARENA_INIT;
            struct form form = *whole;

            form.lines[i] = arena_printf(&arena, "%.*s.other%s", (int)stem,
                                         whole->lines[i], whole->lines[i] + stem);
            if (parse_damaged(&form) == NVC_OK && is_step(whole->lines[i]) &&
                count_uses(whole, at) > 1)
                fail_accepted(version, whole, "with another file", form.lines[i]);
            arena_fini(&arena);
        }
}

static void
in_another_order(const char *version, const struct form *whole)
{
    struct form form = *whole;
    size_t from = whole->n_variables;
    size_t to = whole->n - 1;

    for (; from < to; from++, to--) {
        char *line = form.lines[from];

        form.lines[from] = form.lines[to];
        form.lines[to] = line;
    }
    if (parse_damaged(&form) == NVC_OK)
        fail_accepted(version, whole, "backwards", "all lines");
}

static void
without_the_last_newline(const char *version, const struct form *form)
{
    struct arena arena = ARENA_INIT;
    AUTO_BUF text = BUF_INIT;
    const char *culprit;
    struct plan plan;

    for (size_t i = 0; i < form->n; i++)
        buf_printf(&text, "%s%s", i > 0 ? "\n" : "", form->lines[i]);
    if (plan_parse(&arena, buf_str(&text), text.len, &form->names, &plan, &culprit) ==
        NVC_OK)
        fail_accepted(version, form, "cut off", "at the end");
    arena_fini(&arena);
}

static void
check_damages(const char *version, const struct form *form)
{
    without_a_line(version, form);
    with_a_line_twice(version, form);
    with_another_line(version, form);
    with_the_end_cut_off(version, form);
    without_the_last_newline(version, form);
    without_a_quote(version, form);
    with_another_file(version, form);
    in_another_order(version, form);
}

static void
every_line_is_a_step_and_damaged_texts_are_refused(void **state)
{
    (void)state;
    for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++) {
        struct texts *texts = read_version(versions[v]);
        size_t understood = 0;

        for (size_t i = 0; i < texts->n; i++) {
            if (parse_damaged(&texts->forms[i]) != NVC_OK)
                continue;
            understood++;
            check_damages(versions[v], &texts->forms[i]);
        }
        assert_in_range(understood, 20, texts->n);
        free_texts(texts);
    }
}

/* Forms that no plan may be made of, whatever else is understood. */
static void
forms_without_a_whole_plan_are_refused(void **state)
{
    static const char *const refused[] = {"threads",     "dependencies", "preprocess",
                                          "two-sources", "link",         "link-rdc",
                                          "device-link", "bad-option",   "keep"};

    (void)state;
    for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++) {
        struct texts *texts = read_version(versions[v]);
        size_t seen = 0;

        for (size_t i = 0; i < texts->n; i++)
            for (size_t k = 0; k < sizeof(refused) / sizeof(refused[0]); k++) {
                if (strcmp(texts->forms[i].name, refused[k]) != 0)
                    continue;
                seen++;
                if (parse_damaged(&texts->forms[i]) == NVC_OK)
                    fail_accepted(versions[v], &texts->forms[i], "form", refused[k]);
            }
        assert_int_equal(seen, sizeof(refused) / sizeof(refused[0]));
        free_texts(texts);
    }
}

int
test_dryrun(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_a_step_and_damaged_texts_are_refused),
        cmocka_unit_test(forms_without_a_whole_plan_are_refused),
    };

    return cmocka_run_group_tests_name("dryrun", tests, NULL, NULL);
}
