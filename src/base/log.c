/* The log sink: one descriptor, one write(2) per line.  O_APPEND keeps lines of parallel
 * processes whole.  Must never fail loudly or print anywhere else. */

#include "nvcache/base/log.h"

#include "nvcache/base/clock.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 4096
};

static int log_fd = -1;

bool
log_open(const char *path)
{
    log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    return log_fd >= 0;
}

bool
log_is_on(void)
{
    return log_fd >= 0;
}

/* Line breaks inside a value would forge lines. */
static void
flatten(char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (line[i] == '\n' || line[i] == '\r')
            line[i] = ' ';
}

void
log_event(const char *event, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    const int64_t now = clock_wall_ns();
    va_list args;
    int n;
    size_t len;

    if (log_fd < 0)
        return;
    n = snprintf(line, sizeof(line), "%lld.%06lld %ld %s ", (long long)(now / 1000000000),
                 (long long)(now / 1000 % 1000000), (long)getpid(), event);
    if (n < 0 || (size_t)n >= sizeof(line) - 1)
        return;
    len = (size_t)n;
    va_start(args, format);
    n = vsnprintf(line + len, sizeof(line) - 1 - len, format, args);
    va_end(args);
    if (n > 0)
        len += (size_t)n < sizeof(line) - 1 - len ? (size_t)n : sizeof(line) - 2 - len;
    flatten(line, len);
    line[len++] = '\n';
    if (write(log_fd, line, len) < 0)
        log_fd = -1;
}
