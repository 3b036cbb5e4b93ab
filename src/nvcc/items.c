/* What of a command decides its output, as a list for the key and for `explain`.
 *
 * Long spellings, one item per list element, in the command's order: nvcc hands -Xptxas
 * -v,-O3 and -Xptxas -v -Xptxas -O3 on in the same way (measured), so they are the same
 * items.  The order between different options mostly does not matter to nvcc; it is kept
 * all the same, because where it does (macros, include directories) is not written down
 * anywhere.
 *
 * Left out: names of outputs, --threads, forwarding itself, the host compiler (part of
 * the toolchain).  But that such an option was given twice with different values is an
 * item: nvcc prints a warning then, and a replay prints what the recorded run printed.
 *
 * Must never leave an option out that a row of options.def says decides the output, and
 * never put a macro's value into a label: labels are shown. */

#include "nvcache/nvcc/command.h"

#include "hostopts_priv.h"
#include "options_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/strlist.h"

#include <string.h>

struct list {
    struct arena *arena;
    struct command_item *v;
    size_t n;
};

static void
add(struct list *list, const char *label, const char *text, bool is_path)
{
    list->v[list->n++] =
        (struct command_item){.label = label, .text = text, .is_path = is_path};
}

/* "OPTION NAME" for NAME=value. */
static const char *
macro_label(struct arena *arena, const char *option, const char *value)
{
    return arena_printf(arena, "%s %.*s", option, (int)strcspn(value, "=("), value);
}

static bool
was_redefined(const struct nvcc_command *command, size_t at)
{
    const struct command_arg *arg = &command->args[at];

    for (size_t i = 0; i < at; i++)
        if (command->args[i].option == arg->option && arg->value != NULL &&
            !str_equal(command->args[i].value, arg->value))
            return true;
    return false;
}

static void
add_option(struct list *list, const struct nvcc_command *command, size_t at)
{
    const struct command_arg *arg = &command->args[at];
    const char *name = arg->option->long_name;
    const char *value = arg->value == NULL ? "" : arg->value;

    switch (arg->option->class) {
    case CLASS_NEUTRAL:
    case CLASS_OUTPUT:
    case CLASS_CCBIN:
    case CLASS_FILE:
        if (was_redefined(command, at))
            add(list, name, "redefined", false);
        break;
    case CLASS_HOST: /* see add_host */
    case CLASS_BYPASS:
        break;
    case CLASS_MACRO:
        add(list, macro_label(list->arena, name, value), value, false);
        break;
    case CLASS_TOOL:
        add(list, arena_printf(list->arena, "%s %s", name, value), "", false);
        break;
    case CLASS_INCLUDE:
    case CLASS_PREINCLUDE:
    case CLASS_PATH_KEY:
        add(list, name, value, true);
        break;
    case CLASS_DEPS:
        add(list, name, value, arg->option->id == OPT_DEPENDENCY_TARGET_NAME);
        break;
    case CLASS_KEY:
    case CLASS_ARCH:
    case CLASS_PHASE:
    case CLASS_LANGUAGE:
    case CLASS_DEBUG:
    case CLASS_LINK:
        add(list, name, value, false);
        break;
    }
}

static void
add_host_word(struct list *list, const struct host_word *word)
{
    static const char option[] = "--compiler-options";
    struct arena *arena = list->arena;

    switch (word->rule->kind) {
    case HOST_MACRO:
        add(list,
            macro_label(arena, arena_printf(arena, "%s %s", option, word->rule->name),
                        word->value),
            word->value, false);
        break;
    case HOST_QUOTE:
    case HOST_NORMAL:
    case HOST_SYSTEM:
    case HOST_AFTER:
    case HOST_PREINCLUDE:
        add(list, arena_printf(arena, "%s %s", option, word->rule->name), word->value,
            true);
        break;
    case HOST_KEY:
    case HOST_DEBUG:
    case HOST_NATIVE:
    case HOST_LINK:
    case HOST_DENY:
    case HOST_VERBOSE:
        add(list, macro_label(arena, option, word->word),
            arena_printf(arena, "%s%s%s", word->word, word->value == NULL ? "" : " ",
                         word->value == NULL ? "" : word->value),
            false);
        break;
    }
}

size_t
command_items(struct arena *arena, const struct nvcc_command *command,
              struct command_item **out)
{
    struct list list = {.arena = arena};
    struct host_word *words = NULL;
    size_t n_words = 0;
    const char *culprit;

    /* A refusal cannot be: command_classify has looked at the same words. */
    if (host_words(arena, command, &words, &n_words, &culprit) != NVC_OK)
        n_words = 0;
    list.v = arena_array(arena, command->nargs + n_words + 1, sizeof(*list.v));
    if (command->language != NULL)
        add(&list, "language", command->language, false);
    for (size_t i = 0; i < command->nargs; i++)
        if (command->args[i].option != NULL)
            add_option(&list, command, i);
    for (size_t i = 0; i < n_words; i++)
        add_host_word(&list, &words[i]);
    *out = list.v;
    return list.n;
}
