/* Asking nvcc for the whole dependency list of a command that only wants a part of it. */

#include "nvcache/nvcc/command.h"

#include "nvcache/base/strlist.h"
#include "options_priv.h"
#include "words_priv.h"

#include <stdbool.h>
#include <stdint.h>

/* Options that say what to produce and where; -M takes their place.  Those that define
 * macros
 * (-dc: __CUDACC_RDC__) or hand words on stay. */
static bool
is_dropped(const struct nvcc_option *option)
{
    if (option->id == OPT_FORWARD_COMPILER || option->id == OPT_FORWARD_OPTS ||
        option->id == OPT_DEVICE_C || option->id == OPT_DEVICE_W)
        return false;
    switch (option->class) {
    case CLASS_NEUTRAL:
    case CLASS_OUTPUT:
    case CLASS_DEPS:
    case CLASS_PHASE:
    case CLASS_FILE:
    case CLASS_BYPASS:
        return true;
    case CLASS_KEY:
    case CLASS_PATH_KEY:
    case CLASS_MACRO:
    case CLASS_INCLUDE:
    case CLASS_PREINCLUDE:
    case CLASS_ARCH:
    case CLASS_LANGUAGE:
    case CLASS_DEBUG:
    case CLASS_HOST:
    case CLASS_TOOL:
    case CLASS_CCBIN:
    case CLASS_LINK:
        return false;
    }
    return false;
}

static void
add_arg(struct strlist *list, const struct command_arg *arg)
{
    const struct nvcc_option *option = arg->option;

    if (option == NULL) {
        strlist_add_copy(list, arg->value);
        return;
    }
    if (is_dropped(option))
        return;
    strlist_add_copy(list, option->long_name);
    if (arg->value != NULL)
        strlist_add_copy(list,
                         words_quote_element(list->arena, arg->value, option->arity));
}

char **
command_dependency_query(struct arena *arena, const struct nvcc_command *command,
                         const char *program, const char *depfile)
{
    struct strlist list;

    strlist_init(&list, arena);
    strlist_add_copy(&list, program);
    for (size_t i = 0; i < command->nargs; i++)
        add_arg(&list, &command->args[i]);
    strlist_add_copy(&list, "-M");
    strlist_add_copy(&list, "-MF");
    strlist_add_copy(&list, depfile);
    return list.v;
}
