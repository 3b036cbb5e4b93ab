/* Giving an object file another device image.
 *
 * An assembler lays sections out one after the other, each at its alignment, in the order
 * of their offsets; the table of section headers comes last.  When one section changes
 * its length, those behind it move, and nothing else changes: a relocatable object knows
 * no addresses.  Must never read outside of the object, whose numbers are not believed.
 */

#include "nvcache/plan/image.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/strlist.h"

#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_SECTIONS = 65000,
    KEPT_IMAGE = 8
};

/* A part of the file that is placed as a whole. */
struct chunk {
    uint64_t offset;
    uint64_t size;
    uint64_t align;
    size_t index; /* of the section; the number of sections for the header table */
};

struct object {
    const uint8_t *data;
    size_t len;
    Elf64_Ehdr header;
    Elf64_Shdr *sections;
    size_t n;
    size_t image; /* the section that holds the image */
    struct chunk *chunks;
};

static bool
lies_inside(const struct object *object, uint64_t offset, uint64_t size)
{
    return offset <= object->len && size <= object->len - offset;
}

static bool
has_good_header(const struct object *object)
{
    const Elf64_Ehdr *header = &object->header;

    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
           header->e_ident[EI_CLASS] == ELFCLASS64 &&
           header->e_ident[EI_DATA] == ELFDATA2LSB && header->e_type == ET_REL &&
           header->e_phnum == 0 && header->e_shentsize == sizeof(Elf64_Shdr) &&
           header->e_shnum > 0 && header->e_shnum < MAX_SECTIONS &&
           header->e_shstrndx < header->e_shnum &&
           lies_inside(object, header->e_shoff,
                       (uint64_t)header->e_shnum * sizeof(Elf64_Shdr));
}

static const char *
section_name(const struct object *object, size_t i)
{
    const Elf64_Shdr *names = &object->sections[object->header.e_shstrndx];
    const uint64_t at = object->sections[i].sh_name;
    const char *name;

    if (at >= names->sh_size)
        return "";
    name = (const char *)object->data + names->sh_offset + at;
    return memchr(name, '\0', names->sh_size - at) != NULL ? name : "";
}

/* As an assembler writes them: the first describes nothing, the others lie at multiples
 * of their alignment, and the names are in the file. */
static bool
has_good_sections(const struct object *object)
{
    static const Elf64_Shdr nothing;

    if (memcmp(&object->sections[0], &nothing, sizeof(nothing)) != 0 ||
        object->sections[object->header.e_shstrndx].sh_type != SHT_STRTAB)
        return false;
    for (size_t i = 1; i < object->n; i++) {
        const Elf64_Shdr *section = &object->sections[i];
        const uint64_t align = section->sh_addralign;
        const uint64_t size = section->sh_type == SHT_NOBITS ? 0 : section->sh_size;

        if (!lies_inside(object, section->sh_offset, size))
            return false;
        if ((align & (align - 1)) != 0 || align > 65536 ||
            (align > 0 && section->sh_offset % align != 0))
            return false;
    }
    return true;
}

static bool
find_image(struct object *object)
{
    size_t found = 0;

    for (size_t i = 1; i < object->n; i++) {
        const char *name = section_name(object, i);

        if (!str_equal(name, ".nv_fatbin") && !str_equal(name, "__nv_relfatbin"))
            continue;
        if (object->sections[i].sh_type != SHT_PROGBITS ||
            object->sections[i].sh_flags != SHF_ALLOC)
            return false;
        object->image = i;
        found++;
    }
    return found == 1;
}

static int
compare_chunks(const void *a, const void *b)
{
    const struct chunk *x = a;
    const struct chunk *y = b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    if ((x->size == 0) != (y->size == 0))
        return x->size == 0 ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* What the file consists of behind its header, in order; sections without contents have
 * a place too. */
static void
list_chunks(struct object *object)
{
    struct chunk *table = &object->chunks[object->n - 1];

    for (size_t i = 1; i < object->n; i++) {
        const Elf64_Shdr *section = &object->sections[i];

        object->chunks[i - 1] =
            (struct chunk){.offset = section->sh_offset,
                           .size = section->sh_type == SHT_NOBITS ? 0 : section->sh_size,
                           .align = section->sh_addralign > 0 ? section->sh_addralign : 1,
                           .index = i};
    }
    *table = (struct chunk){.offset = object->header.e_shoff,
                            .size = object->n * sizeof(Elf64_Shdr),
                            .align = 8,
                            .index = object->n};
    qsort(object->chunks, object->n, sizeof(*object->chunks), compare_chunks);
}

/* Zeros up to where the chunk goes, then the chunk. */
static void
place(struct object *object, const struct chunk *chunk, const void *data, uint64_t size,
      struct buf *out, size_t base)
{
    while ((out->len - base) % chunk->align != 0)
        buf_append_char(out, '\0');
    if (chunk->index < object->n)
        object->sections[chunk->index].sh_offset = out->len - base;
    else
        object->header.e_shoff = out->len - base;
    buf_append(out, data, size);
}

/* The header and everything in front of the image stay where they are. */
static enum nvc_status
write_spliced(struct object *object, const void *image, size_t image_len, struct buf *out)
{
    const uint64_t image_offset = object->sections[object->image].sh_offset;
    const size_t base = out->len;
    uint64_t end = sizeof(Elf64_Ehdr);
    bool is_behind = false;

    if (image_offset < sizeof(Elf64_Ehdr) || object->header.e_shoff < image_offset)
        return NVC_ERR_FORMAT;
    buf_append(out, object->data, image_offset);
    for (size_t i = 0; i < object->n; i++) {
        const struct chunk *chunk = &object->chunks[i];

        if (chunk->offset < end)
            return NVC_ERR_FORMAT;
        end = chunk->offset + chunk->size;
        if (chunk->index == object->image) {
            place(object, chunk, image, image_len, out, base);
            object->sections[object->image].sh_size = image_len;
            is_behind = true;
        } else if (is_behind) {
            place(object, chunk, object->data + chunk->offset, chunk->size, out, base);
        }
    }
    memcpy(out->data + base, &object->header, sizeof(object->header));
    memcpy(out->data + base + object->header.e_shoff, object->sections,
           object->n * sizeof(Elf64_Shdr));
    return NVC_OK;
}

static enum nvc_status
splice(struct object *object, const void *image, size_t image_len, struct buf *out)
{
    memcpy(object->sections, object->data + object->header.e_shoff,
           object->n * sizeof(Elf64_Shdr));
    if (!has_good_sections(object) || !find_image(object))
        return NVC_ERR_FORMAT;
    list_chunks(object);
    return write_spliced(object, image, image_len, out);
}

enum nvc_status
image_splice(const void *data, size_t len, const void *image, size_t image_len,
             struct buf *out)
{
    struct object object = {.data = data, .len = len};
    const size_t before = out->len;
    AUTO_BUF sections = BUF_INIT;
    AUTO_BUF chunks = BUF_INIT;
    enum nvc_status st;

    if (len < sizeof(object.header))
        return NVC_ERR_FORMAT;
    memcpy(&object.header, data, sizeof(object.header));
    if (!has_good_header(&object))
        return NVC_ERR_FORMAT;
    object.n = object.header.e_shnum;
    object.sections = (void *)buf_reserve(&sections, object.n * sizeof(Elf64_Shdr));
    object.chunks = (void *)buf_reserve(&chunks, object.n * sizeof(struct chunk));
    st = splice(&object, image, image_len, out);
    if (st != NVC_OK)
        out->len = before;
    return st;
}

enum nvc_status
image_strip(const void *object, size_t object_len, const void *image, size_t image_len,
            struct buf *out)
{
    static const uint8_t kept[KEPT_IMAGE];
    const size_t before = out->len;
    AUTO_BUF again = BUF_INIT;
    enum nvc_status st = image_splice(object, object_len, kept, sizeof(kept), out);

    if (st == NVC_OK)
        st =
            image_splice(out->data + before, out->len - before, image, image_len, &again);
    if (st == NVC_OK &&
        (again.len != object_len || memcmp(again.data, object, object_len) != 0))
        st = NVC_ERR_FORMAT;
    if (st != NVC_OK)
        out->len = before;
    return st;
}
