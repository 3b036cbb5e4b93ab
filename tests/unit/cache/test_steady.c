/* What must not have moved while a compile ran: where links lead. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "closure_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/digest/memo.h"
#include "session_priv.h"
#include "steady_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int test_steady(void);

static char top[] = "/tmp/nvcache-steady-XXXXXX";
static struct arena arena;

/* Longer than a tick of the clock that stamps files. */
static void
pass_time(void)
{
    const struct timespec some = {.tv_nsec = 30000000};

    nanosleep(&some, NULL);
}

static void
run(const char *command)
{
    assert_int_equal(system(command), 0);
}

static int
set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(top));
    assert_int_equal(chdir(top), 0);
    run("mkdir -p inc far/deep far2/deep && echo 1 >far/deep/value.h && "
        "echo 2 >far2/deep/value.h && ln -s ../far/deep inc/through && "
        "ln -s ../gone/deep inc/nowhere && ln -s through inc/again");
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    assert_int_equal(chdir("/"), 0);
    fs_remove_tree(top);
    arena_fini(&arena);
    return 0;
}

/* While something compiles that read `file` and asked for headers in `dir`. */
static enum nvc_status
check_after(const char *command, const char *file, const char *dir)
{
    struct session session = {.arena = &arena, .cwd = top};
    struct closure_file files[] = {{.path = file}};
    struct closure closure = {.files = files, .n = file == NULL ? 0 : 1, .asks = true};

    strlist_init(&session.layout.files, &arena);
    strlist_init(&closure.watched, &arena);
    if (dir != NULL)
        strlist_add_copy(&closure.watched, dir);
    pass_time();
    session.begin_ns = clock_file_ns();
    assert_int_equal(
        toolchain_digest(NULL, &session.layout, session.begin_ns, &session.toolchain),
        NVC_OK);
    pass_time();
    run(command);
    return steady_check(&session, &closure);
}

static void
a_directory_that_a_link_leads_through(void **state)
{
    static const char *const files[] = {"inc/through/value.h", "inc/again/value.h"};

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        assert_int_equal(check_after("true", files[i], NULL), NVC_OK);
        assert_int_equal(check_after("mv far away && mv far2 far && mv far far2 && "
                                     "mv away far",
                                     files[i], NULL),
                         NVC_NOSTORE_MOVED);
        assert_int_equal(check_after("touch other far/other", files[i], NULL), NVC_OK);
    }
}

static void
a_directory_that_a_link_leads_to_for_a_time(void **state)
{
    (void)state;
    assert_int_equal(check_after("true", NULL, "inc/nowhere"), NVC_OK);
    assert_int_equal(check_after("mkdir -p gone/deep && rm -r gone", NULL, "inc/nowhere"),
                     NVC_NOSTORE_UNWATCHED);
    assert_int_equal(check_after("touch far/deep/other", NULL, "inc/nowhere"), NVC_OK);
}

static void
links_that_lead_in_circles_are_not_followed_for_ever(void **state)
{
    (void)state;
    run("ln -s ring inc/ring");
    assert_int_equal(check_after("true", NULL, "inc/ring"), NVC_NOSTORE_UNWATCHED);
}

int
test_steady(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_that_a_link_leads_through),
        cmocka_unit_test(a_directory_that_a_link_leads_to_for_a_time),
        cmocka_unit_test(links_that_lead_in_circles_are_not_followed_for_ever),
    };

    return cmocka_run_group_tests_name("steady", tests, set_up, tear_down);
}
