#ifndef NVCACHE_CLI_EXPLAIN_PAGE_PRIV_H
#define NVCACHE_CLI_EXPLAIN_PAGE_PRIV_H

struct buf;

/* What the log of one compile says, as a page for a person.  `log` is the text of what
 * NVCACHE_LOG gets (base/log.h); only lines of the process that wrote the first are read,
 * and those that are not understood are left out.  Where there is no last line ("end")
 * the page says so. */
void explain_put_page(struct buf *out, const char *log);

#endif
