/* Asking nvcc about a command: for the whole dependency list where it only wants a part
 * of it, and for the steps it consists of. */

#include "nvcache/nvcc/command.h"

#include "nvcache/base/strlist.h"
#include "options_priv.h"
#include "words_priv.h"

#include <stdbool.h>
#include <stdint.h>

/* Options that say where to.  Those that say what to produce stay: -M goes before them,
 * and some define macros (-dc: __CUDACC_RDC__) or are needed by others (-dc by lto_80).
 */
static bool
is_dropped(const struct nvcc_option *option)
{
    if (option->id == OPT_FORWARD_COMPILER || option->id == OPT_FORWARD_OPTS)
        return false;
    switch (option->class) {
    case CLASS_NEUTRAL:
    case CLASS_OUTPUT:
    case CLASS_DEPS:
    case CLASS_FILE:
    case CLASS_BYPASS:
        return true;
    case CLASS_KEY:
    case CLASS_PATH_KEY:
    case CLASS_PHASE:
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

/* What a plan does not need: how many steps run at once, and dependency lists. */
static bool
is_dropped_from_plan(const struct nvcc_option *option)
{
    if (option->id == OPT_FORWARD_COMPILER || option->id == OPT_FORWARD_OPTS)
        return false;
    return option->class == CLASS_NEUTRAL || option->class == CLASS_DEPS ||
           option->class == CLASS_FILE || option->id == OPT_DEPENDENCY_OUTPUT ||
           option->id == OPT_OBJDIR_AS_TEMPDIR;
}

static void
add_arg(struct strlist *list, const struct command_arg *arg,
        bool (*dropped)(const struct nvcc_option *option))
{
    const struct nvcc_option *option = arg->option;

    if (option == NULL) {
        strlist_add_copy(list, arg->value);
        return;
    }
    if (dropped(option))
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
        add_arg(&list, &command->args[i], is_dropped);
    strlist_add_copy(&list, "-M");
    strlist_add_copy(&list, "-MF");
    strlist_add_copy(&list, depfile);
    return list.v;
}

/* What is left out of the question must not be what nvcc has a message about: an option
 * given twice, a dependency option without a list, a jobserver that is not there. */
static bool
has_message(const struct nvcc_command *command)
{
    bool seen[OPT_COUNT] = {false};

    for (size_t i = 0; i < command->nargs; i++) {
        const struct nvcc_option *option = command->args[i].option;

        if (option == NULL || !is_dropped_from_plan(option) ||
            option->class == CLASS_FILE)
            continue;
        if (seen[option->id] || option->id == OPT_JOBSERVER)
            return true;
        if (command->deps == DEPS_NONE && option->id != OPT_THREADS)
            return true;
        seen[option->id] = true;
    }
    return false;
}

/* Not what is made to be read: PTX has nvcc's own names in it, which a plan's would not
 * be. */
static bool
can_be_planned(const struct nvcc_command *command)
{
    if (has_message(command))
        return false;
    switch (command->phase) {
    case PHASE_COMPILE:
    case PHASE_CUBIN:
    case PHASE_FATBIN:
        return str_equal(command->language, "cu");
    case PHASE_PTX:
    case PHASE_LINK:
    case PHASE_OPTIX_IR:
    case PHASE_LTOIR:
    case PHASE_CUDA:
        return false;
    }
    return false;
}

char **
command_plan_query(struct arena *arena, const struct nvcc_command *command,
                   const char *program)
{
    struct strlist list;

    if (!can_be_planned(command))
        return NULL;
    strlist_init(&list, arena);
    strlist_add_copy(&list, program);
    for (size_t i = 0; i < command->nargs; i++)
        add_arg(&list, &command->args[i], is_dropped_from_plan);
    strlist_add_copy(&list, "--dryrun");
    return list.v;
}
