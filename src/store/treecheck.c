/* A look at the tree pages LMDB is going to change, before it does.  Reading a damaged
 * page costs a signal, which the guard catches; changing one makes LMDB write outside the
 * copy it took on the heap (CVE-2019-16224 and its kin), and then nothing this process
 * does can be trusted.  So the path to the key, and the whole list of free pages, are
 * checked with plain reads: sizes, offsets, order of keys, and that the nodes of a page
 * fill exactly the part of it that is in use.
 *
 * A page that is merely unusual counts as unfit: then a new file is begun, that is all.
 * Layout: LMDB 0.9, 64 bits. */

#include "treecheck_priv.h"

#include "nvcache/base/fs.h"

#include <stdlib.h>
#include <string.h>

enum {
    AT_PAGE_NUMBER = 0,
    AT_FLAGS = 10,
    AT_LOWER = 12,
    AT_UPPER = 14,
    PAGE_HEADER = 16,
    NODE_HEADER = 8,
    NODE_FLAGS = 4,
    NODE_KEY_SIZE = 6,
    PAGE_BRANCH = 1,
    PAGE_LEAF = 2,
    NODE_BIG = 1,
    LONGEST_KEY = 511,
    DEEPEST = 12,
    /* Appending frees a few pages per transaction and takes them again. */
    MOST_FREE_PAGES = 4096
};

struct page {
    const uint8_t *bytes;
    uint64_t size;
    unsigned count;
    bool is_leaf;
};

struct node {
    const uint8_t *key;
    size_t key_size;
    const uint8_t *data;
    uint64_t data_size; /* of the value; of leaves */
    uint64_t child;     /* of branches */
    size_t size;        /* in the page, with its padding */
};

struct check {
    int fd;
    const struct metapage *meta;
    unsigned pages_left;
};

static uint64_t
number_at(const uint8_t *bytes, size_t at, size_t size)
{
    uint64_t value = 0;

    memcpy(&value, bytes + at, size);
    return value;
}

static bool
is_data_page(const struct check *check, uint64_t number)
{
    return number >= 2 && number <= check->meta->last_page;
}

/* ---- nodes ---- */

static bool
read_big(const struct check *check, const struct page *page, struct node *node)
{
    const uint64_t pages = (PAGE_HEADER - 1 + node->data_size) / page->size + 1;
    const uint64_t first = number_at(node->data, 0, 8);

    return is_data_page(check, first) && pages <= check->meta->last_page - first + 1;
}

static bool
read_node(const struct check *check, const struct page *page, unsigned index,
          struct node *out)
{
    const uint64_t at = number_at(page->bytes, PAGE_HEADER + 2 * (size_t)index, 2);
    const uint8_t *const bytes = page->bytes + at;
    uint64_t flags, in_page;

    if (at < number_at(page->bytes, AT_UPPER, 2) || at + NODE_HEADER > page->size)
        return false;
    flags = number_at(bytes, NODE_FLAGS, 2);
    out->key_size = number_at(bytes, NODE_KEY_SIZE, 2);
    out->key = bytes + NODE_HEADER;
    out->data = out->key + out->key_size;
    out->data_size = number_at(bytes, 0, 4);
    out->child = out->data_size | flags << 32;
    if (out->key_size > LONGEST_KEY)
        return false;
    in_page = page->is_leaf ? (flags == NODE_BIG ? 8 : out->data_size) : 0;
    if (at + NODE_HEADER + out->key_size + in_page > page->size)
        return false;
    out->size = (NODE_HEADER + out->key_size + in_page + 1) & ~(size_t)1;
    if (!page->is_leaf)
        return is_data_page(check, out->child);
    return flags == NODE_BIG ? read_big(check, page, out) : flags == 0;
}

/* As LMDB compares: bytes first, then the length. */
static int
compare_bytes(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    const int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int
compare_numbers(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    const uint64_t x = a_size == 8 ? number_at(a, 0, 8) : 0;
    const uint64_t y = b_size == 8 ? number_at(b, 0, 8) : 0;

    return (x > y) - (x < y);
}

typedef int comparer(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size);

/* ---- pages ---- */

static bool
read_bytes(struct check *check, uint64_t number, uint8_t *bytes)
{
    const size_t size = check->meta->page_size;
    size_t n;

    if (!is_data_page(check, number) || check->pages_left == 0)
        return false;
    check->pages_left--;
    return fs_pread_full(check->fd, bytes, size, (off_t)(number * size), &n) == NVC_OK &&
           n == size;
}

static bool
has_good_header(const struct check *check, uint64_t number, const uint8_t *bytes,
                bool want_leaf)
{
    const uint64_t lower = number_at(bytes, AT_LOWER, 2);
    const uint64_t upper = number_at(bytes, AT_UPPER, 2);
    const uint64_t least = want_leaf ? 1 : 2;

    return number_at(bytes, AT_PAGE_NUMBER, 8) == number &&
           number_at(bytes, AT_FLAGS, 2) == (want_leaf ? PAGE_LEAF : PAGE_BRANCH) &&
           lower >= PAGE_HEADER + 2 * least && lower % 2 == 0 && lower <= upper &&
           upper <= check->meta->page_size;
}

/* All nodes: whole, in order, and together as long as the used part of the page. */
static bool
has_good_nodes(const struct check *check, const struct page *page, comparer *compare)
{
    const unsigned first_key = page->is_leaf ? 0 : 1; /* a branch's first key is unused */
    struct node before = {.key = NULL};
    struct node node;
    size_t used = 0;

    for (unsigned i = 0; i < page->count; i++) {
        if (!read_node(check, page, i, &node))
            return false;
        if (i > first_key &&
            compare(before.key, before.key_size, node.key, node.key_size) >= 0)
            return false;
        before = node;
        used += node.size;
    }
    return used == page->size - number_at(page->bytes, AT_UPPER, 2);
}

static bool
read_page(struct check *check, uint64_t number, bool want_leaf, comparer *compare,
          uint8_t *bytes, struct page *out)
{
    if (!read_bytes(check, number, bytes) ||
        !has_good_header(check, number, bytes, want_leaf))
        return false;
    out->bytes = bytes;
    out->size = check->meta->page_size;
    out->count = (unsigned)(number_at(bytes, AT_LOWER, 2) - PAGE_HEADER) / 2;
    out->is_leaf = want_leaf;
    return has_good_nodes(check, out, compare);
}

/* ---- the way to a key ---- */

static uint64_t
child_for(const struct check *check, const struct page *page,
          const struct record_key *key)
{
    uint64_t child = 0;
    struct node node;

    for (unsigned i = 0; i < page->count && read_node(check, page, i, &node); i++) {
        if (i > 0 && compare_bytes(node.key, node.key_size, key->bytes, key->len) > 0)
            break;
        child = node.child;
    }
    return child;
}

static bool
check_path(struct check *check, const struct record_key *key, uint8_t *bytes)
{
    const struct metapage_tree *const tree = &check->meta->main_tree;
    uint64_t number = tree->root;
    struct page page;

    if (tree->root == METAPAGE_NO_ROOT)
        return true;
    for (unsigned depth = tree->depth; depth > 1; depth--) {
        if (!read_page(check, number, false, compare_bytes, bytes, &page))
            return false;
        number = child_for(check, &page, key);
    }
    return read_page(check, number, true, compare_bytes, bytes, &page);
}

/* ---- the list of free pages ---- */

/* A value is a count and that many page numbers. */
static bool
is_free_list(const struct check *check, const struct node *node)
{
    const uint64_t count =
        node->data_size >= 8 ? number_at(node->data, 0, 8) : UINT64_MAX;

    if (node->key_size != 8 || number_at(node->data - node->key_size - 4, 0, 2) != 0)
        return false;
    if (count > MOST_FREE_PAGES || node->data_size < (count + 1) * 8)
        return false;
    for (uint64_t i = 1; i <= count; i++)
        if (!is_data_page(check, number_at(node->data, 8 * i, 8)))
            return false;
    return true;
}

static bool
check_free_pages(struct check *check, uint64_t number, unsigned depth, uint8_t *bytes)
{
    uint8_t *const below = bytes + check->meta->page_size;
    struct page page;
    struct node node;

    if (!read_page(check, number, depth == 1, compare_numbers, bytes, &page))
        return false;
    for (unsigned i = 0; i < page.count; i++) {
        if (!read_node(check, &page, i, &node))
            return false;
        if (depth == 1 ? !is_free_list(check, &node)
                       : !check_free_pages(check, node.child, depth - 1, below))
            return false;
    }
    return true;
}

bool
treecheck_may_add(int fd, const struct metapage *meta, const struct record_key *key)
{
    struct check check = {fd, meta, MOST_FREE_PAGES};
    const struct metapage_tree *const free_tree = &meta->free_tree;
    uint8_t *bytes;
    bool good;

    if (meta->main_tree.depth > DEEPEST || free_tree->depth > DEEPEST)
        return false;
    if ((meta->main_tree.root == METAPAGE_NO_ROOT) != (meta->main_tree.depth == 0) ||
        (free_tree->root == METAPAGE_NO_ROOT) != (free_tree->depth == 0))
        return false;
    bytes = malloc((size_t)meta->page_size * (DEEPEST + 1));
    if (bytes == NULL)
        return false;
    good = check_path(&check, key, bytes) &&
           (free_tree->root == METAPAGE_NO_ROOT ||
            check_free_pages(&check, free_tree->root, free_tree->depth, bytes));
    free(bytes);
    return good;
}
