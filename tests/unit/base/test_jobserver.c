/* Tokens of GNU make's job server. */

#include "nvcache/base/jobserver.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

int test_jobserver(void);

static bool
open_with(struct jobserver *server, const char *before, const int *fds,
          const char *behind)
{
    char flags[256];

    snprintf(flags, sizeof(flags), "%s%d,%d%s", before, fds[0], fds[1], behind);
    return jobserver_open(server, flags);
}

static int
bytes_in(int fd)
{
    char bytes[16];
    const int flags = fcntl(fd, F_GETFL);
    ssize_t n;

    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    n = read(fd, bytes, sizeof(bytes));
    fcntl(fd, F_SETFL, flags);
    if (n > 0)
        assert_int_equal(write(fd + 1, bytes, (size_t)n), n);
    return n > 0 ? (int)n : 0;
}

static void
tokens_of_a_pipe_are_taken_and_given_back(void **state)
{
    struct jobserver server;
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(fds[1], fds[0] + 1);
    assert_int_equal(write(fds[1], "+x", 2), 2);
    assert_true(open_with(&server, "ks -j3 --jobserver-auth=", fds, " -- A=b"));
    assert_true(jobserver_take(&server));
    assert_true(jobserver_take(&server));
    assert_false(jobserver_take(&server));
    assert_int_equal(bytes_in(fds[0]), 0);
    jobserver_give(&server);
    assert_int_equal(bytes_in(fds[0]), 1);
    assert_true(jobserver_take(&server));
    assert_int_equal(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
    jobserver_close(&server);
    jobserver_give(&server);
    assert_int_equal(bytes_in(fds[0]), 2);
    close(fds[0]);
    close(fds[1]);
}

static void
tokens_of_a_fifo(void **state)
{
    char path[] = "/tmp/nvcache-jobserver-XXXXXX";
    char flags[128];
    struct jobserver server;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(flags, sizeof(flags), "-j --jobserver-auth=fifo:%s/f --sync", path);
    assert_false(jobserver_open(&server, flags));
    assert_false(jobserver_take(&server));
    snprintf(flags, sizeof(flags), "%s/f", path);
    assert_int_equal(mkfifo(flags, 0600), 0);
    fd = open(flags, O_RDWR);
    assert_int_equal(write(fd, "+", 1), 1);
    snprintf(flags, sizeof(flags), "-j --jobserver-auth=fifo:%s/f --sync", path);
    assert_true(jobserver_open(&server, flags));
    assert_true(jobserver_take(&server));
    assert_false(jobserver_take(&server));
    jobserver_close(&server);
    assert_true(jobserver_open(&server, flags));
    assert_true(jobserver_take(&server));
    jobserver_close(&server);
    close(fd);
    snprintf(flags, sizeof(flags), "%s/f", path);
    unlink(flags);
    rmdir(path);
}

static void
without_a_server_there_is_no_token(void **state)
{
    struct jobserver server;
    const int fd = open("/dev/null", O_RDWR);
    const int no_pipe[] = {fd, fd};

    (void)state;
    assert_false(jobserver_open(&server, NULL));
    assert_false(jobserver_open(&server, "-j2"));
    assert_false(jobserver_open(&server, "--jobserver-auth=-2,-2"));
    assert_false(jobserver_open(&server, "--jobserver-auth=fifo:/dev/null"));
    assert_false(open_with(&server, "--jobserver-fds=", no_pipe, ""));
    assert_false(open_with(&server, "-- X=--jobserver-fds=", no_pipe, ""));
    assert_false(jobserver_take(&server));
    jobserver_close(&server);
    close(fd);
}

static void
the_last_one_counts(void **state)
{
    struct jobserver server;
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_true(open_with(&server, "--jobserver-auth=-2,-2 --jobserver-fds=", fds, ""));
    jobserver_close(&server);
    assert_false(open_with(&server, "--jobserver-fds=", fds, " --jobserver-auth=-2,-2"));
    close(fds[0]);
    close(fds[1]);
}

int
test_jobserver(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_a_pipe_are_taken_and_given_back),
        cmocka_unit_test(tokens_of_a_fifo),
        cmocka_unit_test(without_a_server_there_is_no_token),
        cmocka_unit_test(the_last_one_counts),
    };

    return cmocka_run_group_tests_name("jobserver", tests, NULL, NULL);
}
