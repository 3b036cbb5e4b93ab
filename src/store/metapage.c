/* A look at the two meta pages of an LMDB file before LMDB sees it.  LMDB divides by the
 * page size it finds there (SIGFPE) and reads pages behind the end of a truncated file
 * (SIGBUS); both are found here with one read.  The file cannot be longer than its last
 * page by much, but it is never shorter: nothing is ever deleted in a generation, so LMDB
 * has no loose pages it would leave unwritten.
 *
 * The layout is that of LMDB 0.9 on 64-bit machines, native byte order (the directory is
 * for one format only). */

#include "metapage_priv.h"

#include "nvcache/base/fs.h"

#include <stdbool.h>
#include <string.h>

#define MAGIC            0xBEEFC0DEU
#define VERSION          1U
#define FLAG_META        0x08U
#define METAPAGE_NO_ROOT UINT64_MAX
#define INTEGER_KEYS     0x08U
#define MAX_DEPTH        32U
#define FIRST_READ       4096

enum {
    AT_FLAGS = 10,
    AT_MAGIC = 16,
    AT_VERSION = 20,
    AT_PAGE_SIZE = 40,
    AT_FREE_FLAGS = 44,
    AT_FREE_DEPTH = 46,
    AT_FREE_ROOT = 80,
    AT_MAIN_FLAGS = 92,
    AT_MAIN_DEPTH = 94,
    AT_MAIN_ROOT = 128,
    AT_LAST_PAGE = 136,
    AT_TRANSACTION = 144,
    META_END = 152
};

static uint64_t
number_at(const uint8_t *page, size_t at, size_t size)
{
    uint64_t value = 0;

    /* Native byte order, and little-endian is the only one nvcc runs on. */
    memcpy(&value, page + at, size);
    return value;
}

static bool
is_page_size(uint64_t size)
{
    return size >= 512 && size <= 32768 && (size & (size - 1)) == 0;
}

static bool
is_root(const uint8_t *page, size_t at_root, size_t at_depth, uint64_t last_page)
{
    const uint64_t root = number_at(page, at_root, 8);

    return number_at(page, at_depth, 2) <= MAX_DEPTH &&
           (root == METAPAGE_NO_ROOT || (root >= 2 && root <= last_page));
}

/* What LMDB asks of both pages. */
static enum nvc_status
check_header(const uint8_t *page)
{
    if (number_at(page, AT_MAGIC, 4) != MAGIC)
        return NVC_ERR_GENERATION;
    if (number_at(page, AT_VERSION, 4) != VERSION)
        return NVC_ERR_FORMAT;
    if ((number_at(page, AT_FLAGS, 2) & FLAG_META) == 0 ||
        !is_page_size(number_at(page, AT_PAGE_SIZE, 4)))
        return NVC_ERR_GENERATION;
    return NVC_OK;
}

/* What it takes from the newer one. */
static enum nvc_status
check_trees(const uint8_t *page, uint64_t file_size)
{
    const uint64_t page_size = number_at(page, AT_PAGE_SIZE, 4);
    const uint64_t last_page = number_at(page, AT_LAST_PAGE, 8);

    if (last_page < 1 || last_page >= file_size / page_size)
        return NVC_ERR_GENERATION;
    /* Flags of the environment share the upper half of this field. */
    if ((number_at(page, AT_FREE_FLAGS, 2) & 0xff) != INTEGER_KEYS ||
        number_at(page, AT_MAIN_FLAGS, 2) != 0)
        return NVC_ERR_GENERATION;
    if (!is_root(page, AT_FREE_ROOT, AT_FREE_DEPTH, last_page) ||
        !is_root(page, AT_MAIN_ROOT, AT_MAIN_DEPTH, last_page))
        return NVC_ERR_GENERATION;
    return NVC_OK;
}

static enum nvc_status
read_page(int fd, uint8_t *out, size_t len, uint64_t at)
{
    size_t n;
    const enum nvc_status st = fs_pread_full(fd, out, len, (off_t)at, &n);

    return st == NVC_OK && n < len ? NVC_ERR_GENERATION : st;
}

static struct metapage_tree
tree_at(const uint8_t *page, size_t at_root, size_t at_depth)
{
    return (struct metapage_tree){number_at(page, at_root, 8),
                                  (unsigned)number_at(page, at_depth, 2)};
}

/* As LMDB chooses: the other page is what a write that was cut short may have left. */
static const uint8_t *
newer_of(const uint8_t *first, const uint8_t *second)
{
    const bool second_is_newer =
        number_at(second, AT_TRANSACTION, 8) > number_at(first, AT_TRANSACTION, 8);

    return second_is_newer ? second : first;
}

static void
describe(const uint8_t *page, uint64_t file_size, struct metapage *out)
{
    out->file_size = file_size;
    out->page_size = (unsigned)number_at(page, AT_PAGE_SIZE, 4);
    out->last_page = number_at(page, AT_LAST_PAGE, 8);
    out->free_tree = tree_at(page, AT_FREE_ROOT, AT_FREE_DEPTH);
    out->main_tree = tree_at(page, AT_MAIN_ROOT, AT_MAIN_DEPTH);
}

enum nvc_status
metapage_check(int fd, uint64_t file_size, struct metapage *out)
{
    uint8_t pages[FIRST_READ + META_END];
    uint8_t far[META_END];
    const uint8_t *second = pages + FIRST_READ;
    const uint8_t *newer;
    uint64_t page_size;
    enum nvc_status st;

    st = read_page(fd, pages, sizeof(pages), 0);
    if (st == NVC_OK)
        st = check_header(pages);
    if (st != NVC_OK)
        return st;
    page_size = number_at(pages, AT_PAGE_SIZE, 4);
    if (page_size != FIRST_READ) {
        st = read_page(fd, far, META_END, page_size);
        second = far;
    }
    if (st == NVC_OK)
        st = check_header(second);
    if (st == NVC_OK && number_at(second, AT_PAGE_SIZE, 4) != page_size)
        st = NVC_ERR_GENERATION;
    if (st != NVC_OK)
        return st;
    newer = newer_of(pages, second);
    st = check_trees(newer, file_size);
    if (st == NVC_OK)
        describe(newer, file_size, out);
    return st;
}
