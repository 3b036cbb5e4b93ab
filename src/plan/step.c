/* One line of a plan: which tool, and what each of its words is.
 *
 * A table says behind which option of which tool a file's name stands and what that means
 * for the file.  Must never let a word through that names an intermediate file in a way
 * that is not in the table. */

#include "plan_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum flow {
    READS,
    WRITES,
    NAMES, /* only the name: written into an #include */
};

struct rule {
    enum plan_tool tool;
    const char *option; /* the word in front; one that ends in '=': the word's beginning;
                           "": any other place */
    enum flow flow;
    enum plan_role role;
};

static const struct rule rules[] = {
    {PLAN_PREPROCESS, "-o", WRITES, PLAN_TEXT},
    {PLAN_CUDAFE, "--gen_c_file_name", WRITES, PLAN_CPP},
    {PLAN_CUDAFE, "--stub_file_name", NAMES, PLAN_STUB},
    {PLAN_CUDAFE, "--module_id_file_name", READS, PLAN_ID},
    {PLAN_CUDAFE, "", READS, PLAN_TEXT},
    {PLAN_CICC, "--include_file_name", NAMES, PLAN_FATBIN},
    {PLAN_CICC, "--module_id_file_name", READS, PLAN_ID},
    {PLAN_CICC, "--gen_c_file_name", WRITES, PLAN_BYPRODUCT},
    {PLAN_CICC, "--gen_device_file_name", WRITES, PLAN_BYPRODUCT},
    {PLAN_CICC, "--stub_file_name", WRITES, PLAN_STUB},
    {PLAN_CICC, "-o", WRITES, PLAN_PTX},
    {PLAN_CICC, "-olto", WRITES, PLAN_PTX},
    {PLAN_CICC, "", READS, PLAN_TEXT},
    {PLAN_PTXAS, "-o", WRITES, PLAN_CUBIN},
    {PLAN_PTXAS, "", READS, PLAN_PTX},
    {PLAN_FATBINARY, "--image3=", READS, PLAN_CUBIN},
    {PLAN_FATBINARY, "--embedded-fatbin=", WRITES, PLAN_FATBIN},
    {PLAN_FATBINARY, "--create=", WRITES, PLAN_OUTPUT},
    {PLAN_HOST, "", READS, PLAN_CPP},
    {PLAN_HOST, "-o", WRITES, PLAN_OUTPUT},
};

/* A word being read. */
struct word {
    struct plan_draft *draft;
    struct plan_step *step;
    const char *text;
    const char *before; /* the word in front, or "" */
    bool makes_id;      /* the step does */
};

static enum nvc_status
refuse(struct plan_draft *draft, enum nvc_status why, const char *culprit)
{
    draft->culprit = culprit;
    return why;
}

static const struct rule *
find_rule(const struct word *word)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const struct rule *rule = &rules[i];

        if (rule->tool != word->step->tool)
            continue;
        if (rule->option[0] == '\0' || str_equal(rule->option, word->before))
            return rule;
        if (str_ends(rule->option, "=") && str_starts(word->text, rule->option))
            return rule;
    }
    return NULL;
}

/* "tmpxft_HHHHHHHH_HHHHHHHH-N_" + stem + name: the name, or NULL. */
static const char *
file_name(const struct plan_draft *draft, const char *text)
{
    const char *at = text;
    const size_t stem_len = strlen(draft->stem);

    if (!str_starts(at, "tmpxft_"))
        return NULL;
    at += strlen("tmpxft_");
    at += strspn(at, "0123456789abcdef");
    if (*at++ != '_')
        return NULL;
    at += strspn(at, "0123456789abcdef");
    if (*at++ != '-' || !isdigit((unsigned char)*at))
        return NULL;
    at += strspn(at, "0123456789");
    if (*at++ != '_' || strncmp(at, draft->stem, stem_len) != 0)
        return NULL;
    at += stem_len;
    return *at == '.' && strpbrk(at, "/,\"' ") == NULL ? at : NULL;
}

/* The number of the file of that name, a new one if need be; -1: too many. */
static int
intern_file(struct plan_draft *draft, const char *name, enum plan_role role)
{
    struct plan *plan = draft->plan;

    for (size_t i = 0; i < plan->n_files; i++)
        if (str_equal(plan->files[i].name, name))
            return (int)i;
    if (plan->n_files == PLAN_MAX_FILES)
        return -1;
    plan->files[plan->n_files] = (struct plan_file){
        .role = role, .name = arena_strdup(draft->arena, name), .producer = -1};
    return (int)plan->n_files++;
}

/* May a file that was met as `known` be used as `role`? */
static bool
agrees(enum plan_role known, enum plan_role role, enum plan_tool tool)
{
    if (known == role)
        return true;
    return tool == PLAN_FATBINARY && known == PLAN_PTX && role == PLAN_CUBIN;
}

static enum nvc_status
take_named(struct word *word, int file, enum plan_role role)
{
    int *named =
        role == PLAN_STUB ? &word->draft->named_stub : &word->draft->named_fatbin;

    if (*named >= 0 && *named != file)
        return refuse(word->draft, NVC_UNPLANNED_FILE, word->text);
    *named = file;
    return NVC_OK;
}

static bool
has_file(const uint16_t *files, size_t n, int file)
{
    for (size_t i = 0; i < n; i++)
        if (files[i] == file)
            return true;
    return false;
}

static enum nvc_status
use_file(struct word *word, int file, const struct rule *rule)
{
    struct plan_draft *draft = word->draft;
    struct plan_step *step = word->step;
    struct plan_file *at = &draft->plan->files[file];
    const bool makes = rule->flow == WRITES || (rule->role == PLAN_ID && word->makes_id);

    if (!agrees(at->role, rule->role, step->tool))
        return refuse(draft, NVC_UNPLANNED_FILE, word->text);
    if (rule->flow == NAMES)
        return take_named(word, file, rule->role);
    if (!makes) {
        if (at->producer < 0)
            return refuse(draft, NVC_UNPLANNED_FILE, word->text);
        if (!has_file(step->inputs, step->n_inputs, file))
            step->inputs[step->n_inputs++] = (uint16_t)file;
        return NVC_OK;
    }
    if (at->producer >= 0)
        return refuse(draft, NVC_UNPLANNED_FILE, word->text);
    at->producer = (int)draft->plan->n_steps;
    step->outputs[step->n_outputs++] = (uint16_t)file;
    return NVC_OK;
}

static void
put_place(struct word *word, size_t prefix_len, char kind, int file)
{
    strlist_add(&word->step->argv,
                arena_printf(word->draft->arena, "%.*s%c%c%03x", (int)prefix_len,
                             word->text, PLACEHOLDER, kind, (unsigned)file));
}

/* `at`: where in the word the file's name begins; `path`: with its directory. */
static enum nvc_status
add_file_word(struct word *word, const char *at, bool is_path)
{
    struct plan_draft *draft = word->draft;
    const struct rule *rule = find_rule(word);
    const char *base = is_path ? at + strlen(draft->names->dir) + 1 : at;
    const char *name = file_name(draft, base);
    enum nvc_status st;
    int file;

    if (rule == NULL || name == NULL || is_path != (rule->flow != NAMES) ||
        rule->role == PLAN_OUTPUT)
        return refuse(draft, NVC_UNPLANNED_FILE, word->text);
    file = intern_file(draft, name, rule->role);
    if (file < 0)
        return refuse(draft, NVC_UNPLANNED_FILE, word->text);
    st = use_file(word, file, rule);
    if (st == NVC_OK)
        put_place(word, (size_t)(at - word->text), is_path ? PLACE_FILE : PLACE_FILE_NAME,
                  file);
    return st;
}

/* What the command was asked for: the last step writes it, whatever it is. */
static enum nvc_status
add_output_word(struct word *word, const char *at)
{
    struct plan_draft *draft = word->draft;
    const struct rule rule = {word->step->tool, "", WRITES, PLAN_OUTPUT};
    const int file = intern_file(draft, "", PLAN_OUTPUT);
    enum nvc_status st;

    if (file < 0)
        return refuse(draft, NVC_UNPLANNED_FILE, word->text);
    st = use_file(word, file, &rule);
    if (st == NVC_OK)
        put_place(word, (size_t)(at - word->text), PLACE_FILE, file);
    return st;
}

static bool
is_output(const struct word *word, const char **out_at)
{
    const char *text = word->text;

    if (str_starts(text, "--create="))
        text += strlen("--create=");
    else if (!str_equal(word->before, "-o"))
        return false;
    *out_at = text;
    return str_equal(text, word->draft->names->output);
}

/* The source: by itself, or what fatbinary calls the image after. */
static size_t
source_prefix(const struct word *word)
{
    static const char ident[] = "--ident=";

    if (word->step->tool == PLAN_FATBINARY && str_starts(word->text, ident) &&
        str_equal(word->text + strlen(ident), word->draft->names->source))
        return strlen(ident);
    return 0;
}

static enum nvc_status
add_word(struct word *word)
{
    struct plan_draft *draft = word->draft;
    struct strlist *argv = &word->step->argv;
    const char *dir = strstr(word->text, draft->names->dir);
    const char *at;

    if (is_output(word, &at))
        return add_output_word(word, at);
    if (dir != NULL && dir[strlen(draft->names->dir)] == '/')
        return add_file_word(word, dir, true);
    if (str_starts(word->text, "tmpxft_"))
        return add_file_word(word, word->text, false);
    if (dir != NULL || strstr(word->text, "tmpxft_") != NULL)
        return refuse(draft, NVC_UNPLANNED_FILE, word->text);
    if (str_equal(word->before, "--orig_src_path_name"))
        strlist_add(argv, arena_printf(draft->arena, "%c%c", PLACEHOLDER, PLACE_REAL));
    else if (str_equal(word->text, draft->names->source) || source_prefix(word) > 0)
        strlist_add(argv, arena_printf(draft->arena, "%.*s%c%c", (int)source_prefix(word),
                                       word->text, PLACEHOLDER, PLACE_SOURCE));
    else
        strlist_add_copy(argv, word->text);
    return NVC_OK;
}

static bool
has_word(const struct strlist *words, const char *text)
{
    return strlist_has(words, text);
}

/* The host compiler's first words: at most the dialect, then nvcc's own macros. */
static bool
has_arch_macro(const struct strlist *words)
{
    for (size_t i = 1; i < words->n && i < 3; i++)
        if (str_starts(words->v[i], "-D__CUDA_ARCH"))
            return true;
    return false;
}

/* nvcc's tools go by their names; what else preprocesses or compiles C++ is the host
 * compiler, always the same. */
static bool
find_tool(struct plan_draft *draft, const struct strlist *words, enum plan_tool *out)
{
    static const struct {
        const char *name;
        enum plan_tool tool;
    } tools[] = {{"cudafe++", PLAN_CUDAFE},
                 {"cicc", PLAN_CICC},
                 {"ptxas", PLAN_PTXAS},
                 {"fatbinary", PLAN_FATBINARY}};
    const char *name = words->v[0];

    if (draft->cicc_path != NULL &&
        str_equal(name, path_join(draft->arena, draft->cicc_path, "cicc")))
        name = "cicc";
    for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
        *out = tools[i].tool;
        if (str_equal(name, tools[i].name))
            return true;
    }
    if (!has_word(words, "-x") || has_word(words, "-E") == has_word(words, "-c") ||
        !has_arch_macro(words))
        return false;
    if (draft->host == NULL)
        draft->host = name;
    *out = has_word(words, "-E") ? PLAN_PREPROCESS : PLAN_HOST;
    return str_equal(draft->host, name);
}

/* cicc: `-arch compute_80`; ptxas: `-arch=sm_80`; gcc -E: `-D__CUDA_ARCH__=800`. */
static const char *
find_arch(struct arena *arena, const struct strlist *words)
{
    static const char macro[] = "-D__CUDA_ARCH__=";

    for (size_t i = 0; i + 1 < words->n; i++) {
        if (str_equal(words->v[i], "-arch"))
            return arena_strdup(arena, words->v[i + 1]);
        if (str_starts(words->v[i], "-arch="))
            return arena_strdup(arena, words->v[i] + strlen("-arch="));
        if (str_starts(words->v[i], macro))
            return arena_strdup(arena, words->v[i] + strlen(macro));
    }
    return "";
}

enum nvc_status
plan_add_step(struct plan_draft *draft, const struct strlist *words)
{
    struct plan *plan = draft->plan;
    struct plan_step *step = &plan->steps[plan->n_steps];
    enum nvc_status st = NVC_OK;

    if (plan->n_steps == PLAN_MAX_STEPS || words->n > PLAN_MAX_WORDS ||
        !find_tool(draft, words, &step->tool))
        return refuse(draft, NVC_UNPLANNED_LINE, words->v[0]);
    step->arch = step->tool == PLAN_HOST ? "" : find_arch(draft->arena, words);
    strlist_init(&step->argv, draft->arena);
    strlist_add_copy(&step->argv, words->v[0]);
    step->inputs = arena_array(draft->arena, words->n + 2, sizeof(uint16_t));
    step->outputs = arena_array(draft->arena, words->n, sizeof(uint16_t));
    for (size_t i = 1; i < words->n && st == NVC_OK; i++) {
        struct word word = {draft, step, words->v[i], i > 1 ? words->v[i - 1] : "",
                            has_word(words, PLAN_MAKES_ID)};

        st = add_word(&word);
    }
    plan->n_steps++;
    return st;
}
