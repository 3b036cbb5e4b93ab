/* Three options files of anything, which may name each other: never a crash, an end also
 * when they go in circles, and reading twice gives the same. */

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/nvcc/command.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"a", "b", "c"};

enum {
    N_NAMES = sizeof(names) / sizeof(names[0])
};

/* Links to files in memory, where a disk would take most of the time. */
static char dir[] = "/tmp/nvcache-fuzz-XXXXXX";
static int files[N_NAMES];

static void
check(bool claim)
{
    if (!claim)
        abort();
}

static void
remove_dir(void)
{
    if (chdir(dir) == 0)
        for (size_t i = 0; i < N_NAMES; i++)
            unlink(names[i]);
    rmdir(dir);
}

static void
make_dir(void)
{
    check(mkdtemp(dir) != NULL && atexit(remove_dir) == 0 && chdir(dir) == 0);
    for (size_t i = 0; i < N_NAMES; i++) {
        AUTO_BUF target = BUF_INIT;

        files[i] = memfd_create(names[i], MFD_CLOEXEC);
        buf_printf(&target, "/proc/self/fd/%d", files[i]);
        check(files[i] >= 0 && symlink(buf_str(&target), names[i]) == 0);
    }
}

static void
enter_dir(void)
{
    static bool is_there;

    if (!is_there)
        make_dir();
    is_there = true;
    check(chdir(dir) == 0);
}

static void
put(int fd, const uint8_t *text, size_t len)
{
    check(ftruncate(fd, 0) == 0);
    check(len == 0 || pwrite(fd, text, len, 0) == (ssize_t)len);
}

/* What is made of `nvcc -optf a`: the status and everything that decides the output. */
static void
describe(struct arena *arena, struct buf *out)
{
    char *argv[] = {arena_strdup(arena, "nvcc"), arena_strdup(arena, "-optf"),
                    arena_strdup(arena, "a"), NULL};
    struct nvcc_command command;
    struct command_item *items;
    enum nvc_status st = command_parse(arena, 3, argv, &command);

    if (st == NVC_OK)
        st = command_classify(arena, &command);
    check(st == NVC_OK || status_kind(st) == NVC_KIND_BYPASS);
    buf_printf(out, "%d\n", (int)st);
    if (st != NVC_OK)
        return;
    check(command.source != NULL && command.output != NULL &&
          command.options_files != NULL);
    for (size_t i = 0, n = command_items(arena, &command, &items); i < n; i++)
        buf_printf(out, "%s %s\n", items[i].label, items[i].text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF once = BUF_INIT;
    AUTO_BUF again = BUF_INIT;
    struct arena arena = ARENA_INIT;
    const int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    check(before >= 0);
    enter_dir();
    for (size_t i = 0; i < N_NAMES; i++) {
        const uint8_t *end = size > 0 ? memchr(data, '\f', size) : NULL;
        const size_t len = end != NULL && i + 1 < N_NAMES ? (size_t)(end - data) : size;

        put(files[i], data, len);
        if (len < size) { /* the form feed goes too */
            data += len + 1;
            size -= len + 1;
        } else
            size = 0;
    }
    describe(&arena, &once);
    describe(&arena, &again);
    check(once.len == again.len && memcmp(once.data, again.data, once.len) == 0);
    arena_fini(&arena);
    check(fchdir(before) == 0);
    close(before);
    return 0;
}
