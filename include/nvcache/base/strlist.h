#ifndef NVCACHE_BASE_STRLIST_H
#define NVCACHE_BASE_STRLIST_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* A list of strings in an arena, always followed by a NULL, so that `v` is an argv. */
struct strlist {
    struct arena *arena;
    char **v;
    size_t n;
    size_t cap;
};

void strlist_init(struct strlist *list, struct arena *arena);
/* Keeps the pointer. */
void strlist_add(struct strlist *list, char *text);
/* Copies the text into the arena. */
void strlist_add_copy(struct strlist *list, const char *text);
/* Copies each of the words, of which a NULL is the last. */
void strlist_add_words(struct strlist *list, const char *const *words);
/* Sorts the list; of equal texts one stays. */
void strlist_unique(struct strlist *list);
bool strlist_has(const struct strlist *list, const char *text);

bool str_equal(const char *a, const char *b);
bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);

#endif
