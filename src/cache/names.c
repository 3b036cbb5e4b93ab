/* Sets of header names.  A unit mentions tens of thousands of names, most of them many
 * times, so each goes through a hash table once. */

#include "names_priv.h"

#include "listing_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/checksum.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_SLOTS = 512
};

/* A name looked for in `dir` (quoted, there first), or along the path (dir NULL). */
struct entry {
    const char *dir;
    const char *name;
    int is_next;
};

struct name_set {
    struct arena *arena;
    struct strlist beside;  /* not sorted, some twice */
    struct strlist compute; /* directories, the same */
    struct entry *slots;    /* open addressing; name NULL is free */
    size_t n_slots;         /* a power of two */
    size_t n;
};

struct name_set *
names_new(struct arena *arena)
{
    struct name_set *set = arena_alloc(arena, sizeof(*set));

    set->arena = arena;
    set->n_slots = FIRST_SLOTS;
    set->slots = arena_array(arena, set->n_slots, sizeof(struct entry));
    strlist_init(&set->beside, arena);
    strlist_init(&set->compute, arena);
    return set;
}

static bool
same(const struct entry *entry, const char *dir, const char *name, size_t len)
{
    const bool same_dir = dir == NULL || entry->dir == NULL ? dir == entry->dir
                                                            : str_equal(dir, entry->dir);

    return same_dir && strncmp(entry->name, name, len) == 0 && entry->name[len] == '\0';
}

static struct entry *
find_slot(const struct name_set *set, const char *dir, const char *name, size_t len)
{
    const uint64_t seed = dir == NULL ? 0 : checksum64(dir, strlen(dir), 1);
    size_t i = (size_t)checksum64(name, len, seed) & (set->n_slots - 1);

    while (set->slots[i].name != NULL && !same(&set->slots[i], dir, name, len))
        i = (i + 1) & (set->n_slots - 1);
    return &set->slots[i];
}

static void
grow(struct name_set *set)
{
    const struct entry *old = set->slots;
    const size_t n = set->n_slots;

    set->n_slots *= 2;
    set->slots = arena_array(set->arena, set->n_slots, sizeof(struct entry));
    for (size_t i = 0; i < n; i++)
        if (old[i].name != NULL)
            *find_slot(set, old[i].dir, old[i].name, strlen(old[i].name)) = old[i];
}

static bool
put(struct name_set *set, const char *dir, const char *name, size_t len, bool is_next)
{
    struct entry *slot = find_slot(set, dir, name, len);
    const bool is_new = slot->name == NULL || (is_next && !slot->is_next);

    if (slot->name == NULL) {
        slot->dir = dir;
        slot->name = arena_strndup(set->arena, name, len);
        set->n++;
    }
    slot->is_next |= is_next;
    if (set->n * 2 > set->n_slots)
        grow(set);
    return is_new;
}

bool
names_add(struct name_set *set, enum scan_name_kind kind, const char *dir,
          const char *name, size_t len)
{
    const char *clean;
    bool is_new = false;

    if (len == 0 || memchr(name, '\0', len) != NULL)
        return false;
    clean = path_clean(set->arena, arena_strndup(set->arena, name, len));
    len = strlen(clean);
    if (path_is_absolute(clean))
        return put(set, "/", clean + 1, len - 1, false);
    if (kind == SCAN_QUOTE && dir != NULL)
        is_new = put(set, dir, clean, len, false);
    return put(set, NULL, clean, len, kind == SCAN_NEXT) || is_new;
}

void
names_add_beside(struct name_set *set, const char *name)
{
    char *clean = path_clean(set->arena, name);

    if (path_is_absolute(clean)) {
        (void)put(set, "/", clean + 1, strlen(clean + 1), false);
        return;
    }
    (void)put(set, NULL, clean, strlen(clean), false);
    strlist_add(&set->beside, clean);
}

void
names_compute_in(struct name_set *set, const char *dir)
{
    strlist_add(&set->compute, (char *)(uintptr_t)dir);
}

static int
compare_entries(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    const int by_dir = strcmp(x->dir == NULL ? "" : x->dir, y->dir == NULL ? "" : y->dir);

    return by_dir != 0 ? by_dir : strcmp(x->name, y->name);
}

/* The used slots, sorted by directory (those of the path first), then by name. */
static struct entry *
sorted(const struct name_set *set)
{
    struct entry *entries = arena_array(set->arena, set->n, sizeof(*entries));
    size_t n = 0;

    for (size_t i = 0; i < set->n_slots; i++)
        if (set->slots[i].name != NULL)
            entries[n++] = set->slots[i];
    qsort(entries, n, sizeof(*entries), compare_entries);
    return entries;
}

static size_t
same_dir_until(const struct entry *entries, size_t from, size_t n)
{
    size_t to = from;

    while (to < n && str_equal(entries[to].dir, entries[from].dir))
        to++;
    return to;
}

static int
compare_quotes(const void *a, const void *b)
{
    return strcmp(((const struct search_quotes *)a)->dir,
                  ((const struct search_quotes *)b)->dir);
}

/* Names in quotes by directory; entries from `at` on are those. */
static void
group_quotes(const struct name_set *set, const struct entry *entries, size_t at,
             struct search *out)
{
    while (at < set->n) {
        struct search_quotes *quotes = &out->quotes[out->n_quotes++];
        const size_t end = same_dir_until(entries, at, set->n);

        quotes->dir = entries[at].dir;
        quotes->names = arena_array(set->arena, end - at, sizeof(char *));
        for (; at < end; at++)
            quotes->names[quotes->n++] = entries[at].name;
    }
}

/* Directories whose files compute names: among the quotes already, or new ones. */
static void
mark_computed(const struct name_set *set, struct search *out)
{
    const size_t known = out->n_quotes;

    for (size_t i = 0; i < set->compute.n; i++) {
        const struct search_quotes wanted = {.dir = set->compute.v[i]};
        struct search_quotes *found =
            bsearch(&wanted, out->quotes, known, sizeof(wanted), compare_quotes);

        if (found == NULL)
            found = &out->quotes[out->n_quotes++];
        found->dir = wanted.dir;
        found->has_computed = true;
    }
    qsort(out->quotes, out->n_quotes, sizeof(*out->quotes), compare_quotes);
}

void
names_finish(struct name_set *set, struct search *out)
{
    const struct entry *entries = sorted(set);
    size_t i = 0;

    strlist_unique(&set->beside);
    strlist_unique(&set->compute);
    out->beside = (const char **)(uintptr_t)set->beside.v;
    out->n_beside = set->beside.n;
    out->names = arena_array(set->arena, set->n, sizeof(*out->names));
    out->quotes = arena_array(set->arena, set->n + set->compute.n, sizeof(*out->quotes));
    for (; i < set->n && entries[i].dir == NULL; i++)
        out->names[out->n_names++] =
            (struct search_name){entries[i].name, entries[i].is_next};
    group_quotes(set, entries, i, out);
    mark_computed(set, out);
}

/* ---- parts ---- */

struct parts {
    uint32_t *hashes; /* NULL: only count */
    size_t n;
};

static void
add_parts(struct parts *parts, const char *name)
{
    while (*name != '\0') {
        const size_t len = strcspn(name, "/");

        if (parts->hashes != NULL)
            parts->hashes[parts->n] = nameset_hash(name, len);
        parts->n++;
        name += len;
        name += *name == '/';
    }
}

static void
add_all_parts(struct parts *parts, const struct search *search)
{
    for (size_t i = 0; i < search->n_names; i++)
        add_parts(parts, search->names[i].name);
    for (size_t i = 0; i < search->n_quotes; i++)
        for (size_t k = 0; k < search->quotes[i].n; k++)
            add_parts(parts, search->quotes[i].names[k]);
}

void
names_parts(struct arena *arena, const struct search *search, struct nameset *out)
{
    struct parts count = {NULL, 0};
    struct parts parts = {NULL, 0};

    add_all_parts(&count, search);
    parts.hashes = arena_array(arena, count.n, sizeof(*parts.hashes));
    add_all_parts(&parts, search);
    nameset_make(parts.hashes, parts.n, out);
}

/* ---- strangers ---- */

static bool
has_part(const char *name, const char *part, size_t len)
{
    while (*name != '\0') {
        const size_t n = strcspn(name, "/");

        if (n == len && memcmp(name, part, len) == 0)
            return true;
        name += n;
        name += *name == '/';
    }
    return false;
}

static bool
have_part(const struct search *search, const char *part, size_t len)
{
    for (size_t i = 0; i < search->n_names; i++)
        if (has_part(search->names[i].name, part, len))
            return true;
    for (size_t i = 0; i < search->n_quotes; i++)
        for (size_t k = 0; k < search->quotes[i].n; k++)
            if (has_part(search->quotes[i].names[k], part, len))
                return true;
    return false;
}

bool
names_have_part(const struct search *search, const char *name)
{
    const size_t len = strlen(name);

    return have_part(search, name, len) ||
           (str_ends(name, LISTING_PRECOMPILED) &&
            have_part(search, name, len - (sizeof(LISTING_PRECOMPILED) - 1)));
}

/* ---- ways ---- */

/* Does the name begin with the parts in `rest`, and then this one? */
static bool
leads_to(const char *name, const char *rest, const char *part, size_t len)
{
    const char *next = path_below(rest, name);

    if (rest[0] == '\0')
        next = name;
    return next != NULL && strncmp(next, part, len) == 0 &&
           (next[len] == '\0' || next[len] == '/');
}

static bool
any_leads_to(const char *const *names, size_t n, const char *rest, const char *part,
             size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (leads_to(names[i], rest, part, len))
            return true;
    return false;
}

static bool
chain_leads_to(const struct search *search, const char *rest, const char *part,
               size_t len)
{
    for (size_t i = 0; i < search->n_names; i++)
        if (leads_to(search->names[i].name, rest, part, len))
            return true;
    return false;
}

static bool
lead_to(const struct search *search, const char *dir, const char *part, size_t len)
{
    for (size_t k = 0; k < search->n_chain; k++) {
        const char *rest = path_below(search->chain[k], dir);

        if (rest != NULL && chain_leads_to(search, rest, part, len))
            return true;
    }
    for (size_t i = 0; i < search->n_quotes; i++) {
        const struct search_quotes *quotes = &search->quotes[i];
        const char *rest = path_below(quotes->dir, dir);

        if (rest != NULL &&
            (any_leads_to(quotes->names, quotes->n, rest, part, len) ||
             (quotes->has_computed &&
              any_leads_to(search->beside, search->n_beside, rest, part, len))))
            return true;
    }
    return false;
}

bool
names_lead_to(const struct search *search, const char *dir, const char *name)
{
    const size_t len = strlen(name);

    return lead_to(search, dir, name, len) ||
           (str_ends(name, LISTING_PRECOMPILED) &&
            lead_to(search, dir, name, len - (sizeof(LISTING_PRECOMPILED) - 1)));
}
