/* Which shared libraries programs load, as their loaders tell it. */

#include "elf_priv.h"
#include "libraries_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/tmpfile.h"
#include "nvcache/digest/digest.h"
#include "nvcache/nvcc/toolchain.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int test_libraries(void);

struct fixture {
    struct arena arena;
    char dir[64];
    struct toolchain_layout layout;
};

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    snprintf(f->dir, sizeof(f->dir), "/tmp/nvc-libraries-XXXXXX");
    *state = f;
    if (mkdtemp(f->dir) == NULL)
        return -1;
    strlist_init(&f->layout.files, &f->arena);
    strlist_init(&f->layout.absent, &f->arena);
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    fs_remove_tree(f->dir);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

static char *
put(struct fixture *f, const char *name, const void *data, size_t len)
{
    char *path = path_join(&f->arena, f->dir, name);

    assert_int_equal(tmpfile_write(path, data, len, 0755), NVC_OK);
    return path;
}

struct program {
    Elf64_Ehdr head;
    Elf64_Phdr segment;
    char loader[128];
};

/* A program whose loader is a script that says `text` when it is asked about it. */
static struct program
program_with(struct fixture *f, const char *text)
{
    char *script = arena_printf(&f->arena,
                                "#!/bin/sh\n[ \"$1\" = --list ] || exit 1\n"
                                "printf '%%b' '%s'\n",
                                text);
    const char *loader = put(f, "loader", script, strlen(script));
    struct program made = {
        .head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64},
                 .e_phoff = offsetof(struct program, segment),
                 .e_phentsize = sizeof(Elf64_Phdr),
                 .e_phnum = 1},
        .segment = {.p_type = PT_INTERP,
                    .p_offset = offsetof(struct program, loader),
                    .p_filesz = sizeof(made.loader)}};

    snprintf(made.loader, sizeof(made.loader), "%s", loader);
    return made;
}

static enum nvc_status
add(struct fixture *f, const struct program *program, const char *search)
{
    f->layout.files.n = 0;
    f->layout.absent.n = 0;
    strlist_add(&f->layout.files, put(f, "nvcc", program, sizeof(*program)));
    return libraries_add(&f->arena, search, &f->layout);
}

static void
all_that_a_loader_lists_with_a_path_are_files(void **state)
{
    struct fixture *f = *state;
    const struct program program =
        program_with(f, "\\tlinux-vdso.so.1 (0x7ffc)\\n"
                        "\\tlibm.so.6 => /lib/libm.so.6 (0x7f01)\\n"
                        "\\tlibc.so.6 => /lib/with space/libc.so.6 (0x7f02)\\n"
                        "\\t/lib64/ld-linux-x86-64.so.2 (0x7f03)\\n");

    assert_int_equal(add(f, &program, ""), NVC_OK);
    assert_int_equal(f->layout.files.n, 4);
    assert_string_equal(f->layout.files.v[1], "/lib/libm.so.6");
    assert_string_equal(f->layout.files.v[2], "/lib/with space/libc.so.6");
    assert_string_equal(f->layout.files.v[3], "/lib64/ld-linux-x86-64.so.2");
}

static void
what_a_loader_says_and_we_do_not_understand_is_no_answer(void **state)
{
    static const char *const lines[] = {
        "\\tlibm.so.6 => not found\\n", "\\tlibm.so.6 => ./libm.so.6 (0x7f01)\\n",
        "\\tlibm.so.6 (0x7f01)\\n",     "\\tlibm.so.6 => /lib/libm.so.6\\n",
        "usage: loader PROGRAM\\n",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const struct program program = program_with(f, lines[i]);

        assert_int_equal(add(f, &program, ""), NVC_BYPASS_TOOLCHAIN);
    }
}

static void
names_without_a_fixed_directory_must_stay_absent(void **state)
{
    struct fixture *f = *state;
    const struct program program =
        program_with(f, "\\tlibm.so.6 => /lib/libm.so.6 (0x7f01)\\n"
                        "\\t/lib64/ld-linux-x86-64.so.2 (0x7f03)\\n");

    assert_int_equal(add(f, &program, ""), NVC_OK); /* glibc: as if there were none */
    assert_int_equal(f->layout.absent.n, 0);
    assert_int_equal(add(f, &program, "/cuda/lib"), NVC_OK);
    assert_int_equal(f->layout.absent.n, 0);
    assert_int_equal(add(f, &program, "/cuda/lib:"), NVC_OK);
    assert_int_equal(f->layout.absent.n, 1);
    assert_string_equal(f->layout.absent.v[0], "./libm.so.6");
    assert_int_equal(add(f, &program, "rel;/cuda/lib:"), NVC_OK);
    assert_int_equal(f->layout.absent.n, 2);
    assert_string_equal(f->layout.absent.v[0], "rel/libm.so.6");
    assert_int_equal(add(f, &program, "$ORIGIN/lib"), NVC_BYPASS_TOOLCHAIN);
}

static void
programs_without_a_loader_have_no_libraries(void **state)
{
    struct fixture *f = *state;
    struct program program = program_with(f, "nonsense");

    program.segment.p_type = PT_LOAD;
    assert_int_equal(add(f, &program, ""), NVC_OK);
    assert_int_equal(f->layout.files.n, 1);
    memset(program.head.e_ident, '#', SELFMAG); /* no program at all */
    assert_int_equal(add(f, &program, ""), NVC_OK);
    assert_int_equal(f->layout.files.n, 1);
}

static void
programs_that_lie_about_themselves_are_refused(void **state)
{
    struct fixture *f = *state;
    const struct program good = program_with(f, "");
    struct program bad = good;

    assert_int_equal(add(f, &good, ""), NVC_OK);
    bad.head.e_ident[EI_CLASS] = ELFCLASS32;
    assert_int_equal(add(f, &bad, ""), NVC_BYPASS_TOOLCHAIN);
    bad = good;
    bad.head.e_phnum = 65;
    assert_int_equal(add(f, &bad, ""), NVC_BYPASS_TOOLCHAIN);
    bad = good;
    bad.head.e_phoff = UINT64_MAX;
    assert_int_equal(add(f, &bad, ""), NVC_BYPASS_TOOLCHAIN);
    bad = good;
    bad.head.e_phoff = sizeof(bad);
    assert_int_equal(add(f, &bad, ""), NVC_BYPASS_TOOLCHAIN);
    bad = good;
    bad.segment.p_filesz = UINT64_MAX;
    assert_int_equal(add(f, &bad, ""), NVC_BYPASS_TOOLCHAIN);
    bad = good;
    bad.segment.p_offset = sizeof(bad);
    assert_int_equal(add(f, &bad, ""), NVC_BYPASS_TOOLCHAIN);
}

static struct digest
state_of_search(struct fixture *f)
{
    struct hasher hasher;
    struct digest out;

    hasher_init(&hasher, "test");
    libraries_hash(&hasher, &f->arena);
    hasher_final(&hasher, &out);
    return out;
}

static void
what_decides_where_libraries_are_found_is_seen(void **state)
{
    struct fixture *f = *state;
    const char *later = path_join(&f->arena, f->dir, "later");
    struct digest before;
    struct digest after;

    before = state_of_search(f);
    setenv("LD_LIBRARY_PATH", arena_printf(&f->arena, ":rel:%s", later), 1);
    after = state_of_search(f);
    assert_false(digest_equal(&before, &after));
    before = after;
    assert_int_equal(mkdir(later, 0755), 0);
    after = state_of_search(f);
    assert_false(digest_equal(&before, &after));
    before = after;
    setenv("LD_PRELOAD", "/other.so", 1);
    after = state_of_search(f);
    unsetenv("LD_PRELOAD");
    unsetenv("LD_LIBRARY_PATH");
    assert_false(digest_equal(&before, &after));
}

enum {
    ADDRESS = 0x400000
};

/* What stands in a library that names directories. */
struct library {
    Elf64_Ehdr head;
    Elf64_Phdr segments[2];
    Elf64_Dyn entries[3];
    char names[64];
};

static struct library
library_with(int64_t tag, const char *run_path)
{
    struct library made = {
        .head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64},
                 .e_phoff = offsetof(struct library, segments),
                 .e_phentsize = sizeof(Elf64_Phdr),
                 .e_phnum = 2},
        .segments = {{.p_type = PT_LOAD,
                      .p_vaddr = ADDRESS,
                      .p_filesz = sizeof(struct library)},
                     {.p_type = PT_DYNAMIC,
                      .p_offset = offsetof(struct library, entries),
                      .p_filesz = sizeof(made.entries)}},
        .entries = {{.d_tag = DT_STRTAB,
                     .d_un = {.d_ptr = ADDRESS + offsetof(struct library, names)}},
                    {.d_tag = tag, .d_un = {.d_val = 1}},
                    {.d_tag = DT_NULL}}};

    snprintf(made.names + 1, sizeof(made.names) - 1, "%s", run_path);
    return made;
}

static const char *
run_path_of(struct fixture *f, const struct library *library)
{
    return elf_run_path(&f->arena, put(f, "library", library, sizeof(*library)));
}

static void
directories_that_a_library_names_are_read(void **state)
{
    struct fixture *f = *state;
    struct library library = library_with(DT_RUNPATH, "$ORIGIN/../lib:/opt/lib");

    assert_string_equal(run_path_of(f, &library), "$ORIGIN/../lib:/opt/lib");
    library.entries[1].d_tag = DT_RPATH;
    assert_string_equal(run_path_of(f, &library), "$ORIGIN/../lib:/opt/lib");
    library.entries[1].d_tag = DT_NULL;
    assert_null(run_path_of(f, &library));
    assert_null(elf_run_path(&f->arena, "/nonexistent/library"));
    assert_null(elf_run_path(&f->arena, put(f, "text", "text", 4)));
}

static void
libraries_that_lie_about_themselves_name_none(void **state)
{
    struct fixture *f = *state;
    const struct library good = library_with(DT_RUNPATH, "/opt/lib");
    struct library bad = good;

    bad.segments[1].p_filesz = UINT64_MAX;
    assert_null(run_path_of(f, &bad));
    bad = good;
    bad.segments[1].p_offset = UINT64_MAX;
    assert_null(run_path_of(f, &bad));
    bad = good;
    bad.entries[0].d_un.d_ptr = ADDRESS - 1000;
    assert_null(run_path_of(f, &bad));
    bad = good;
    bad.entries[1].d_un.d_val = UINT64_MAX;
    assert_null(run_path_of(f, &bad));
    bad = good;
    bad.segments[0].p_offset = UINT64_MAX - 8;
    assert_null(run_path_of(f, &bad));
    bad = good;
    memset(bad.names, 'x', sizeof(bad.names));
    assert_null(run_path_of(f, &bad));
}

int
test_libraries(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(directories_that_a_library_names_are_read, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(libraries_that_lie_about_themselves_name_none,
                                        set_up, tear_down),
        TEST(all_that_a_loader_lists_with_a_path_are_files),
        TEST(what_a_loader_says_and_we_do_not_understand_is_no_answer),
        TEST(names_without_a_fixed_directory_must_stay_absent),
        TEST(programs_without_a_loader_have_no_libraries),
        TEST(programs_that_lie_about_themselves_are_refused),
        TEST(what_decides_where_libraries_are_found_is_seen),
    };

    return cmocka_run_group_tests_name("libraries", tests, NULL, NULL);
}
