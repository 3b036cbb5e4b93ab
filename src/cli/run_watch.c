/* `nvcache watch`: what compiles now, what waits, and for how much memory.
 *
 * It only looks: it holds no entry of the table and no lock, and ending it changes
 * nothing for the build. */

#include "commands_priv.h"
#include "console_priv.h"
#include "watch_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/sched/tree.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define CLEAR_SCREEN "\033[H\033[J"

enum {
    DIRECTORY_SIZE = 4096,
    PLAIN_WIDTH = 100,
    LIVE_SECONDS = 1,
    PLAIN_SECONDS = 10
};

/* Everybody in one table. */
static void
gather_table(struct arena *arena, const char *path, struct watch_view *view)
{
    struct pool_entry *entries = arena_array(arena, POOL_SLOTS, sizeof(*entries));
    struct watch_row *rows;
    struct pool *pool;
    size_t n;

    if (pool_open_file(path, &pool) != NVC_OK)
        return;
    n = pool_look(pool, entries);
    pool_close(pool);
    rows = arena_array(arena, view->n + n, sizeof(*rows));
    if (view->n > 0)
        memcpy(rows, view->rows, view->n * sizeof(*rows));
    for (size_t i = 0; i < n; i++) {
        struct watch_row *const row = &rows[view->n + i];

        row->entry = entries[i];
        if (entries[i].state == POOL_RUNNING)
            tree_describe(entries[i].pid, row->step, sizeof(row->step));
    }
    view->rows = rows;
    view->n += n;
}

/* All tables: builds under other limits have their own. */
static void
gather_tables(struct console *console, struct arena *arena, struct watch_view *view)
{
    const struct config *const config = &console->config;
    char dir[DIRECTORY_SIZE];
    DIR *listing;

    if (pool_directory(config->umask >= 0 ? config->dir : NULL, config->umask, dir,
                       sizeof(dir)) != NVC_OK)
        return;
    listing = opendir(dir);
    if (listing == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;)
        if (str_starts(entry->d_name, POOL_FILE_PREFIX))
            gather_table(arena, path_join(arena, dir, entry->d_name), view);
    closedir(listing);
}

static int
terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return PLAIN_WIDTH;
}

static enum nvc_status
gather(struct console *console, struct arena *arena, const struct counters *before,
       struct watch_view *view)
{
    enum nvc_status st;

    *view = (struct watch_view){.now_ns = clock_mono_ns(), .width = terminal_width()};
    st = budget_read_once(console->config.memory, &view->budget);
    gather_tables(console, arena, view);
    if (console->config.dir != NULL &&
        counters_read(console->config.dir, &view->now) != NVC_OK)
        memset(&view->now, 0, sizeof(view->now));
    view->before = before != NULL ? *before : view->now;
    return st;
}

static int
show(struct console *console, const struct counters *before, bool is_live, bool as_page)
{
    struct arena arena = ARENA_INIT;
    AUTO_BUF out = BUF_INIT;
    struct watch_view view;
    int code = EXIT_FAULT;

    if (gather(console, &arena, before, &view) == NVC_OK) {
        if (is_live)
            buf_append_str(&out, CLEAR_SCREEN);
        if (as_page)
            watch_put_page(&out, &view);
        else
            watch_put_line(&out, &view);
        code = print_out(&out);
    } else {
        complain("the memory of this machine cannot be read (/proc/meminfo)");
    }
    arena_fini(&arena);
    return code;
}

int
run_watch(struct console *console, const struct arguments *arguments)
{
    const bool is_live = isatty(STDOUT_FILENO) == 1;
    const struct timespec pause = {.tv_sec = is_live ? LIVE_SECONDS : PLAIN_SECONDS};
    struct counters before = {.since_s = 0};

    if (!console_settings_are_good(console) && console->config.dir == NULL)
        return EXIT_FAULT;
    if ((arguments->options & OPTION_ONCE) != 0)
        return show(console, NULL, false, true);
    if (counters_read(console->config.dir, &before) != NVC_OK)
        memset(&before, 0, sizeof(before));
    for (;;) {
        const int code = show(console, &before, is_live, is_live);

        if (code != EXIT_OK)
            return code;
        nanosleep(&pause, NULL);
    }
}
