/* Plans: what nvcc of four versions printed for many forms of command (tests/data/dryrun)
 * is either understood whole or refused. */

#include "nvcache/plan/plan.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/digest/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

int test_plan(void);

static const char *const versions[] = {"11.8", "12.4", "13.0", "13.5"};

/* The forms that must be refused; all others must be understood. */
static const char *const refused[] = {
    "cpp",         "ltoir",      "threads",     "dependencies", "preprocess",
    "cuda-to-cpp", "keep",       "two-sources", "link",         "link-rdc",
    "device-link", "bad-option", "spaces" /* its rm lines mean other files */};

struct form {
    char *name;
    struct plan_names names;
    char *text;
};

static bool
is_refused(const char *name)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (strcmp(name, refused[i]) == 0)
            return true;
    return false;
}

/* The value of the line `% key value` at `*at`, which is moved behind it. */
static char *
take_header(struct arena *arena, char **at, const char *key)
{
    const size_t len = strlen(key);
    char *end = strchr(*at, '\n');
    char *value;

    assert_non_null(end);
    assert_int_equal(strncmp(*at, key, len), 0);
    value = arena_strndup(arena, *at + len, (size_t)(end - *at) - len);
    *at = end + 1;
    return value;
}

static struct form
take_form(struct arena *arena, char **at, const char *variables)
{
    struct form form = {.names = {.dir = "/T", .source_path = "/src/a.cu"}};
    char *end;

    form.name = take_header(arena, at, "% form ");
    form.names.source = take_header(arena, at, "% source ");
    form.names.output = take_header(arena, at, "% output ");
    (void)take_header(arena, at, "% command ");
    end = strstr(*at, "\n% form ");
    end = end == NULL ? *at + strlen(*at) : end + 1;
    if (**at == '%')
        end = *at;
    form.text = arena_strndup(arena, *at, (size_t)(end - *at));
    *at = end;
    /* nvcc's own messages come first */
    for (end = form.text; strncmp(end, "nvcc warning", 12) == 0;)
        end = strchr(end, '\n') + 1;
    form.text = arena_printf(arena, "%.*s%s%s", (int)(end - form.text), form.text,
                             variables, end);
    return form;
}

/* The lines `#$ NAME=value` of the first form: the same for all forms of a version. */
static char *
take_variables(struct arena *arena, const char *text)
{
    const char *first = strstr(text, "#$ _");
    const char *end = first;

    while (strncmp(end, "#$ ", 3) == 0 &&
           strcspn(end + 3, " =") < strcspn(end + 3, " ") &&
           end[3 + strcspn(end + 3, " =")] == '=')
        end = strchr(end, '\n') + 1;
    return arena_strndup(arena, first, (size_t)(end - first));
}

static void
for_each_form(void (*visit)(struct arena *arena, const struct form *form))
{
    for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++) {
        struct arena arena = ARENA_INIT;
        AUTO_BUF data = BUF_INIT;
        char *variables, *at;
        size_t n = 0;

        assert_int_equal(fs_read(arena_printf(&arena, "%s/dryrun/%s.dryrun",
                                              NVC_TEST_DATA, versions[v]),
                                 1 << 24, &data),
                         NVC_OK);
        at = buf_str(&data);
        variables = take_variables(&arena, at);
        (void)take_header(&arena, &at, "% version ");
        for (; *at != '\0'; n++) {
            struct form form = take_form(&arena, &at, n == 0 ? "" : variables);

            form.name = arena_printf(&arena, "%s", form.name);
            visit(&arena, &form);
        }
        assert_true(n > 30);
        arena_fini(&arena);
    }
}

static enum nvc_status
parse(struct arena *arena, const struct form *form, struct plan *out,
      const char **culprit)
{
    return plan_parse(arena, form->text, strlen(form->text), &form->names, out, culprit);
}

static void
check_form(struct arena *arena, const struct form *form)
{
    struct plan plan;
    const char *culprit;
    const enum nvc_status st = parse(arena, form, &plan, &culprit);

    if (is_refused(form->name) || strstr(form->text, "nvcc fatal") != NULL ? st == NVC_OK
                                                                           : st != NVC_OK)
        fail_msg("form %s: %s, %s", form->name, status_word(st), culprit);
    if (st != NVC_OK)
        assert_int_equal(status_kind(st), NVC_KIND_UNPLANNED);
}

static void
recorded_forms_are_understood_whole_or_refused(void **state)
{
    (void)state;
    for_each_form(check_form);
}

static bool
same_words(char *const *a, char *const *b)
{
    for (; *a != NULL && *b != NULL; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return *a == NULL && *b == NULL;
}

static void
check_record(struct arena *arena, const struct form *form)
{
    struct plan plan, again;
    const char *culprit;
    AUTO_BUF record = BUF_INIT;
    AUTO_BUF second = BUF_INIT;
    char *copy;

    if (parse(arena, form, &plan, &culprit) != NVC_OK)
        return;
    plan_encode(&plan, &record);
    assert_int_equal(plan_decode(arena, record.data, record.len, &again), NVC_OK);
    copy = arena_alloc(arena, record.len);
    memcpy(copy, record.data, record.len);
    memset(record.data, 0xff, record.len); /* the plan does not point into it */
    plan_encode(&again, &second);
    assert_int_equal(record.len, second.len);
    assert_memory_equal(copy, second.data, record.len);
    for (size_t i = 0; i < plan.n_steps; i++)
        assert_true(
            same_words(plan_step_argv(arena, &plan, &plan.steps[i], &form->names),
                       plan_step_argv(arena, &again, &again.steps[i], &form->names)));
    for (size_t len = 0; len < record.len; len += 7)
        assert_int_not_equal(plan_decode(arena, copy, len, &again), NVC_OK);
}

static void
a_record_gives_the_plan_back(void **state)
{
    (void)state;
    for_each_form(check_record);
}

static void
a_record_can_say_that_there_is_no_plan(void **state)
{
    struct arena arena = ARENA_INIT;
    AUTO_BUF record = BUF_INIT;
    struct plan plan;

    (void)state;
    plan_encode_refusal(&record);
    assert_int_equal(plan_decode(&arena, record.data, record.len, &plan),
                     NVC_UNPLANNED_LINE);
    buf_append_char(&record, 0);
    assert_int_equal(plan_decode(&arena, record.data, record.len, &plan),
                     NVC_ERR_CORRUPT);
    arena_fini(&arena);
}

/* Without any one of its lines that run a program a plan is no longer whole; only checks
 * are not missed. */
static void
check_missing_line(struct arena *arena, const struct form *form)
{
    struct plan plan;
    const char *culprit;

    if (parse(arena, form, &plan, &culprit) != NVC_OK)
        return;
    for (const char *line = form->text; *line != '\0'; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n') + 1;
        struct form damaged = *form;

        if (strncmp(line, "#$ ", 3) != 0 || strncmp(line, "#$ rm ", 6) == 0 ||
            end[-2] != ' ' || strncmp(line, "#$ _", 4) == 0 ||
            strstr(line, "tmpxft") > end ||
            strncmp(line, "#$ ptxas -arch=compute_", 23) == 0)
            continue;
        if (strstr(line, "tmpxft") == NULL)
            break;
        damaged.text =
            arena_printf(arena, "%.*s%s", (int)(line - form->text), form->text, end);
        if (parse(arena, &damaged, &plan, &culprit) == NVC_OK)
            fail_msg("form %s without %.*s", form->name, (int)(end - line), line);
    }
}

static void
a_plan_without_one_of_its_steps_is_refused(void **state)
{
    (void)state;
    for_each_form(check_missing_line);
}

/* In the order of the image, whatever the order of the steps (11.8 begins with the last);
 * the host's last. */
static void
check_passes(struct arena *arena, const struct form *form)
{
    static const char *const want[] = {"800", "900", ""};
    struct plan plan;
    const char *culprit;
    uint16_t *passes;

    if (strcmp(form->name, "two") != 0)
        return;
    assert_int_equal(parse(arena, form, &plan, &culprit), NVC_OK);
    assert_int_equal(plan_passes(arena, &plan, &passes), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(plan.steps[passes[i]].arch, want[i]);
}

static void
passes_are_in_the_order_of_the_image(void **state)
{
    (void)state;
    for_each_form(check_passes);
}

static const char one_line[] =
    "#$ CICC_PATH=/cuda/nvvm/bin\n"
    "#$ gcc -D__CUDA_ARCH__=800 -E -x c++ -I\"/x y\" \"d/a.cu\" -o "
    "\"/T/tmpxft_00000001_00000000-7_a.cpp1.ii\" \n"
    "#$ \"$CICC_PATH/cicc\" -arch compute_80 --orig_src_file_name \"d/a.cu\" "
    "--orig_src_path_name \"/src/d/a.cu\" --include_file_name "
    "\"tmpxft_00000001_00000000-3_a.fatbin.c\" --gen_module_id_file "
    "--module_id_file_name \"/T/tmpxft_00000001_00000000-4_a.module_id\" "
    "\"/T/tmpxft_00000001_00000000-7_a.cpp1.ii\" -o \"d/a.ptx\"\n";
static const struct plan_names one_names = {
    .dir = "/T", .source = "d/a.cu", .output = "d/a.ptx", .source_path = "/src/d/a.cu"};

static void
words_follow_the_names_of_another_command(void **state)
{
    struct arena arena = ARENA_INIT;
    const struct plan_names other = {.dir = "/W",
                                     .source = "b.x.cu",
                                     .output = "b.ptx",
                                     .source_path = "/else/b.x.cu"};
    static const char *const want[] = {"/cuda/nvvm/bin/cicc",
                                       "-arch",
                                       "compute_80",
                                       "--orig_src_file_name",
                                       "b.x.cu",
                                       "--orig_src_path_name",
                                       "/else/b.x.cu",
                                       "--include_file_name",
                                       "tmpxft_00000000_00000000-6_b.x.fatbin.c",
                                       "--gen_module_id_file",
                                       "--module_id_file_name",
                                       "/W/tmpxft_00000000_00000000-6_b.x.module_id",
                                       "/W/tmpxft_00000000_00000000-6_b.x.cpp1.ii",
                                       "-o",
                                       "/W/output",
                                       NULL};
    struct plan plan;
    const char *culprit;
    char **argv;

    (void)state;
    assert_int_equal(
        plan_parse(&arena, one_line, strlen(one_line), &one_names, &plan, &culprit),
        NVC_OK);
    assert_int_equal(plan.n_steps, 2);
    argv = plan_step_argv(&arena, &plan, &plan.steps[1], &other);
    for (size_t i = 0; want[i] != NULL; i++)
        assert_string_equal(argv[i], want[i]);
    assert_null(argv[sizeof(want) / sizeof(want[0]) - 1]);
    assert_string_equal(plan.steps[1].arch, "compute_80");
    arena_fini(&arena);
}

static void
lines_that_are_not_understood_are_refused(void **state)
{
    static const char *const lines[] = {
        "#$ touch /T/x\n",
        "#$ ptxas \"/T/tmpxft_00000001_00000000-7_a.cpp1.ii\" -o /T/x.cubin\n",
        "#$ fatbinary --other=/T/tmpxft_00000001_00000000-7_a.cpp1.ii\n",
        "#$ rm /home/x\n",
        "#$ -- Filter Dependencies -- > a.d\n",
        "nvcc warning : something\n",
        "#$ ptxas $HOME/x\n",
        "#$ NAME=value\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct arena arena = ARENA_INIT;
        struct plan plan;
        const char *culprit;
        char *text = arena_printf(&arena, "%s%s", one_line, lines[i]);
        enum nvc_status st =
            plan_parse(&arena, text, strlen(text), &one_names, &plan, &culprit);

        if (status_kind(st) != NVC_KIND_UNPLANNED)
            fail_msg("%s: %s", lines[i], status_word(st));
        assert_string_not_equal(culprit, "");
        arena_fini(&arena);
    }
}

static void
a_message_of_nvcc_is_kept(void **state)
{
    struct arena arena = ARENA_INIT;
    char *text = arena_printf(&arena, "nvcc warning : old\n%s", one_line);
    struct plan plan;
    const char *culprit;

    (void)state;
    assert_int_equal(plan_parse(&arena, text, strlen(text), &one_names, &plan, &culprit),
                     NVC_OK);
    assert_string_equal(plan.notice, "nvcc warning : old\n");
    arena_fini(&arena);
}

static void
variables_follow_the_environment(void **state)
{
    struct arena arena = ARENA_INIT;
    struct strlist environment;
    struct plan plan;
    const char *culprit;
    char *text;

    (void)state;
    setenv("PLAN_TEST", "/usr/bin", 1);
    text = arena_printf(&arena, "#$ PLAN_TEST=/cuda/bin:/usr/bin\n%s", one_line);
    assert_int_equal(plan_parse(&arena, text, strlen(text), &one_names, &plan, &culprit),
                     NVC_OK);
    setenv("PLAN_TEST", "/opt/bin", 1);
    plan_environment(&arena, &plan, &environment);
    assert_string_equal(plan_variable(&environment, "PLAN_TEST"), "/cuda/bin:/opt/bin");
    assert_null(plan_variable(&environment, "PLAN"));
    arena_fini(&arena);
}

/* NV_NVVM_VERSION="nvvm-latest": without the quotes is what the steps must get. */
static void
quotes_around_a_variable_are_no_part_of_it(void **state)
{
    struct arena arena = ARENA_INIT;
    struct strlist environment;
    struct plan plan;
    const char *culprit;
    char *text = arena_printf(&arena, "#$ PLAN_TEST=\"some\"\n%s", one_line);

    (void)state;
    setenv("PLAN_TEST", "some", 1);
    assert_int_equal(plan_parse(&arena, text, strlen(text), &one_names, &plan, &culprit),
                     NVC_OK);
    plan_environment(&arena, &plan, &environment);
    assert_string_equal(plan_variable(&environment, "PLAN_TEST"), "some");
    setenv("PLAN_TEST", "other", 1);
    assert_int_equal(plan_parse(&arena, text, strlen(text), &one_names, &plan, &culprit),
                     NVC_UNPLANNED_LINE);
    text = arena_printf(&arena, "#$ INCLUDES=\"-I/include\"\n%s", one_line);
    assert_int_equal(plan_parse(&arena, text, strlen(text), &one_names, &plan, &culprit),
                     NVC_OK);
    arena_fini(&arena);
}

static struct digest
hash_of(const struct plan *plan, const struct plan_names *names, bool with_paths)
{
    struct hasher hasher;
    struct digest digest;

    hasher_init(&hasher, "test");
    plan_step_hash(&plan->steps[1], names, with_paths, &hasher);
    hasher_final(&hasher, &digest);
    return digest;
}

static void
names_of_files_do_not_count_unless_asked_for(void **state)
{
    struct arena arena = ARENA_INIT;
    const struct plan_names other = {
        .dir = "/W", .source = "b.cu", .output = "b.ptx", .source_path = "/src/b.cu"};
    struct plan plan;
    struct digest a, b;
    const char *culprit;

    (void)state;
    assert_int_equal(
        plan_parse(&arena, one_line, strlen(one_line), &one_names, &plan, &culprit),
        NVC_OK);
    a = hash_of(&plan, &one_names, false);
    b = hash_of(&plan, &other, false);
    assert_true(digest_equal(&a, &b));
    a = hash_of(&plan, &one_names, true);
    b = hash_of(&plan, &other, true);
    assert_false(digest_equal(&a, &b));
    arena_fini(&arena);
}

int
test_plan(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_forms_are_understood_whole_or_refused),
        cmocka_unit_test(a_record_gives_the_plan_back),
        cmocka_unit_test(a_record_can_say_that_there_is_no_plan),
        cmocka_unit_test(a_plan_without_one_of_its_steps_is_refused),
        cmocka_unit_test(passes_are_in_the_order_of_the_image),
        cmocka_unit_test(words_follow_the_names_of_another_command),
        cmocka_unit_test(lines_that_are_not_understood_are_refused),
        cmocka_unit_test(a_message_of_nvcc_is_kept),
        cmocka_unit_test(variables_follow_the_environment),
        cmocka_unit_test(quotes_around_a_variable_are_no_part_of_it),
        cmocka_unit_test(names_of_files_do_not_count_unless_asked_for),
    };

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
