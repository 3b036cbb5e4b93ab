/* Sizes, durations and counts as people write and read them.
 *
 * One rule for units of size everywhere: powers of 1024.  So a limit given as 50G is
 * shown as 50 GiB.  Integer arithmetic only: what is exact stays exact, and no locale can
 * change the decimal point. */

#include "nvcache/base/units.h"

#include "nvcache/base/buf.h"

#include <ctype.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define KIB             UINT64_C(1024)
#define SECOND_US       UINT64_C(1000000)
#define WHOLE_DIGITS    16
#define FRACTION_DIGITS 6 /* a millionth of the largest unit still fits 64 bits */
#define MILLION         UINT64_C(1000000)

static const char *
skip_spaces(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

/* The end of the digits at `at`, or NULL if there is none or more than `max`. */
static const char *
read_digits(const char *at, ptrdiff_t max, uint64_t *out)
{
    const char *const start = at;
    uint64_t value = 0;

    while (isdigit((unsigned char)*at) && at - start < max)
        value = value * 10 + (uint64_t)(*at++ - '0');
    if (at == start || isdigit((unsigned char)*at))
        return NULL;
    *out = value;
    return at;
}

/* ".25" as millionths; nothing is 0. */
static const char *
read_fraction(const char *at, uint64_t *out)
{
    const char *end = at;
    uint64_t value = 0;

    if (*at == '.') {
        end = read_digits(at + 1, FRACTION_DIGITS, &value);
        if (end == NULL)
            return NULL;
        for (ptrdiff_t digits = end - at - 1; digits < FRACTION_DIGITS; digits++)
            value *= 10;
    }
    *out = value;
    return end;
}

/* How many bytes the unit has; 0 when it is none. */
static uint64_t
read_unit(const char *at)
{
    static const char letters[] = "KMGT";
    const char *letter;
    uint64_t factor = KIB;

    if (*at == '\0')
        return KIB * KIB * KIB;
    if (strcmp(at, "B") == 0)
        return 1;
    letter = strchr(letters, toupper((unsigned char)*at));
    if (letter == NULL)
        return 0;
    for (; letter > letters; letter--)
        factor *= KIB;
    at += at[1] == 'i' ? 2 : 1;
    at += *at == 'B' ? 1 : 0;
    return *at == '\0' ? factor : 0;
}

bool
units_parse_size(const char *text, uint64_t *out)
{
    uint64_t whole = 0;
    uint64_t fraction = 0;
    uint64_t factor = 0;
    uint64_t bytes;
    const char *at = read_digits(skip_spaces(text), WHOLE_DIGITS, &whole);

    if (at != NULL)
        at = read_fraction(at, &fraction);
    if (at != NULL)
        factor = read_unit(skip_spaces(at));
    if (factor == 0 || whole > UNITS_MAX_SIZE / factor)
        return false;
    bytes = whole * factor + fraction * factor / MILLION;
    if (bytes > UNITS_MAX_SIZE)
        return false;
    *out = bytes;
    return true;
}

void
units_put_size(struct buf *out, uint64_t bytes)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    uint64_t unit = KIB;
    uint64_t tenths;
    size_t i = 0;

    if (bytes < KIB) {
        buf_printf(out, "%" PRIu64 " %s", bytes, bytes == 1 ? "byte" : "bytes");
        return;
    }
    while (i < 5 && bytes / unit >= KIB) {
        unit *= KIB;
        i++;
    }
    tenths = bytes / unit * 10 + (bytes % unit + unit / 20) / (unit / 10);
    if (bytes % unit == 0 || tenths >= 1000)
        buf_printf(out, "%" PRIu64 " %s", (tenths + 5) / 10, names[i]);
    else
        buf_printf(out, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, names[i]);
}

void
units_put_exact_size(struct buf *out, uint64_t bytes)
{
    static const char letters[] = "BKMGT";
    size_t i = 0;

    while (i < 4 && bytes != 0 && bytes % KIB == 0) {
        bytes /= KIB;
        i++;
    }
    buf_printf(out, "%" PRIu64 "%c", bytes, letters[i]);
}

/* "3 h 12 min": a value in the smaller of two units. */
static void
put_pair(struct buf *out, uint64_t value, uint64_t per, const char *const names[2])
{
    buf_printf(out, "%" PRIu64 " %s", value / per, names[0]);
    if (value % per != 0)
        buf_printf(out, " %" PRIu64 " %s", value % per, names[1]);
}

void
units_put_duration(struct buf *out, uint64_t us)
{
    const uint64_t seconds = (us + SECOND_US / 2) / SECOND_US;

    if (us == 0)
        buf_append_str(out, "0 s");
    else if (us < SECOND_US / 100)
        buf_printf(out, "%" PRIu64 ".%" PRIu64 " ms", us / 1000, us % 1000 / 100);
    else if (us < 10 * SECOND_US)
        buf_printf(out, "%" PRIu64 ".%02" PRIu64 " s", us / SECOND_US,
                   us % SECOND_US / 10000);
    else if (seconds < 60)
        buf_printf(out, "%" PRIu64 ".%" PRIu64 " s", us / SECOND_US,
                   us % SECOND_US / 100000);
    else if (seconds < 3600)
        put_pair(out, seconds, 60, (const char *const[]){"min", "s"});
    else if (seconds < UINT64_C(24) * 3600)
        put_pair(out, seconds / 60, 60, (const char *const[]){"h", "min"});
    else
        put_pair(out, seconds / 3600, 24, (const char *const[]){"d", "h"});
}

void
units_put_count(struct buf *out, uint64_t count)
{
    if (count >= 1000) {
        units_put_count(out, count / 1000);
        buf_printf(out, ",%03" PRIu64, count % 1000);
    } else {
        buf_printf(out, "%" PRIu64, count);
    }
}
