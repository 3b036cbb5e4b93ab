/* What nvcc.profile depends on. */

#include "profile_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"

int test_profile(void);

static bool
is_closed(const char *text)
{
    struct arena arena = ARENA_INIT;
    const bool closed = profile_is_closed(&arena, text);

    arena_fini(&arena);
    return closed;
}

static void
nvidias_own_depends_on_nothing_else(void **state)
{
    (void)state;
    assert_true(is_closed(""));
    assert_true(is_closed(
        "\nTOP              = $(_HERE_)/..\n\nCICC_PATH        = $(TOP)/nvvm/bin\n"
        "LD_LIBRARY_PATH += $(TOP)/lib:\nPATH += $(CICC_PATH):$(_HERE_):\n"
        "INCLUDES        +=  \"-I$(TOP)/$(_TARGET_DIR_)/include\" $(_SPACE_)\n"
        "LIBRARIES =+ $(_SPACE_) \"-L$(TOP)/lib$(_TARGET_SIZE_)\"\nPTXAS_FLAGS     "
        "+=\n"));
    assert_true(is_closed("INCLUDES += $(PTXAS_FLAGS)\n"));
}

static void
other_variables_are_not_passed_over(void **state)
{
    (void)state;
    assert_false(is_closed("INCLUDES += -I$(MINE)\n"));
    assert_false(is_closed("INCLUDES += -I$(HOME)/include\n"));
    assert_false(is_closed("INCLUDES += -I$(TOP)/include\nTOP = $(_HERE_)\n"));
    assert_false(is_closed("MINE += -O1\nPTXAS_FLAGS += $(MINE)\n"));
    assert_false(is_closed("MINE =+ -O1\nPTXAS_FLAGS += $(MINE)\n"));
    assert_false(is_closed("MINE = $(MINE)\n"));
    assert_true(is_closed("MINE = -O1\nPTXAS_FLAGS += $(MINE)"));
}

static void
nothing_is_left_to_the_shell(void **state)
{
    (void)state;
    assert_false(is_closed("INCLUDES += -I$MINE\n"));
    assert_false(is_closed("INCLUDES += -I${MINE}\n"));
    assert_false(is_closed("INCLUDES += -I`mine`\n"));
    assert_false(is_closed("INCLUDES += -I$(_HERE_\n"));
    assert_false(is_closed("INCLUDES += $()\n"));
    assert_false(is_closed("INCLUDES += $"));
}

int
test_profile(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nvidias_own_depends_on_nothing_else),
        cmocka_unit_test(other_variables_are_not_passed_over),
        cmocka_unit_test(nothing_is_left_to_the_shell),
    };

    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
