#ifndef NVCACHE_TESTS_SESSION_FIXTURE_H
#define NVCACHE_TESTS_SESSION_FIXTURE_H

/* A run of a session that has a cache of its own, for each test. */

#include "nvcache/base/fs.h"
#include "nvcache/cache/config.h"
#include "nvcache/store/store.h"
#include "planrun_priv.h"
#include "session_priv.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
    char dir[32];
    struct config config;
    struct session session;
    struct planned run;
};

static inline int
make_fixture(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct store_config store = {.max_bytes = (uint64_t)1 << 30,
                                 .umask = -1,
                                 .read_wait_ms = 1000,
                                 .write_wait_ms = 1000};

    strcpy(fixture->dir, "/tmp/nvcache-unit-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    store.dir = fixture->dir;
    fixture->config.compression_level = 1;
    fixture->session.config = &fixture->config;
    fixture->session.result = (struct digest){{3}};
    fixture->run.session = &fixture->session;
    assert_int_equal(store_open(&store, &fixture->session.store), NVC_OK);
    *state = fixture;
    return 0;
}

static inline int
remove_fixture(void **state)
{
    struct fixture *fixture = *state;

    store_close(fixture->session.store);
    within_fini(&fixture->run.within);
    buf_fini(&fixture->run.output);
    fs_remove_tree(fixture->dir);
    free(fixture);
    return 0;
}

#endif
