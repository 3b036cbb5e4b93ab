/* Did they mean a command?  `nvcache stat` would run stat(1), and `nvcache clena` would
 * complain of a missing compiler: neither helps.
 *
 * Only asked for a single word without a slash, which is no compile in any case, and only
 * a word within two edits of a command counts, which no compiler's name is. */

#include "commands_priv.h"

#include <string.h>

#define MAX_WORD  15
#define MAX_EDITS 2

static size_t
min3(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Insertions, deletions and replacements between two words (Levenshtein), one row at a
 * time. */
static size_t
count_edits(const char *a, const char *b)
{
    const size_t len = strlen(b);
    size_t row[MAX_WORD + 1];

    for (size_t k = 0; k <= len; k++)
        row[k] = k;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t k = 1; k <= len; k++) {
            const size_t above = row[k];

            row[k] = min3(row[k - 1] + 1, above + 1,
                          diagonal + (a[i - 1] == b[k - 1] ? 0 : 1));
            diagonal = above;
        }
    }
    return row[len];
}

const struct command *
command_like(const char *word)
{
    if (strchr(word, '/') != NULL || strlen(word) > MAX_WORD)
        return NULL;
    for (size_t i = 0; command_at(i) != NULL; i++)
        if (count_edits(command_at(i)->name, word) <= MAX_EDITS)
            return command_at(i);
    return NULL;
}
