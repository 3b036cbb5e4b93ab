/* The least that a hit can cost: what a program does that knows everything beforehand.
 *
 *   floor pack OBJECT DEPFILE RECORD
 *       make the record of the two files
 *   floor hit STATS HASHES RECORD OBJECT DEPFILE
 *       stat what is in STATS, read and hash (BLAKE2b-256) what is in HASHES, write the files
 *
 * A list holds paths, each ended by a zero byte.  Linked statically; used by bench.py. */

#include <fcntl.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

struct bytes {
    char *data;
    size_t len;
};

static void
require(int claim, const char *what)
{
    if (claim)
        return;
    perror(what);
    _exit(1);
}

static struct bytes
read_file(const char *path)
{
    struct bytes file = {NULL, 0};
    struct stat info;
    const int fd = open(path, O_RDONLY);

    require(fd >= 0 && fstat(fd, &info) == 0, path);
    file.len = (size_t)info.st_size;
    file.data = malloc(file.len + 1);
    require(file.data != NULL && read(fd, file.data, file.len) == info.st_size, path);
    close(fd);
    return file;
}

/* As a cache has its records: a file that is mapped. */
static struct bytes
map_file(const char *path)
{
    struct bytes file;
    struct stat info;
    const int fd = open(path, O_RDONLY);

    require(fd >= 0 && fstat(fd, &info) == 0, path);
    file.len = (size_t)info.st_size;
    file.data = mmap(NULL, file.len, PROT_READ, MAP_SHARED, fd, 0);
    require(file.data != MAP_FAILED, path);
    close(fd);
    return file;
}

static void
write_file(const char *path, const void *data, size_t len)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    require(fd >= 0, path);
    for (size_t at = 0; at < len;) {
        const ssize_t n = write(fd, (const char *)data + at, len - at);

        require(n > 0, path);
        at += (size_t)n;
    }
    close(fd);
}

/* A part of a record: plain length, stored length, zstd's bytes. */
static size_t
pack_part(const char *path, char *out, size_t room)
{
    const struct bytes file = read_file(path);
    uint64_t head[2] = {file.len, ZSTD_compress(out + sizeof(head), room, file.data, file.len, 3)};

    require(!ZSTD_isError(head[1]), "zstd");
    memcpy(out, head, sizeof(head));
    return sizeof(head) + head[1];
}

static void
pack(const char *object, const char *depfile, const char *record)
{
    const size_t room = (size_t)1 << 30;
    char *const out = malloc(room);
    size_t len;

    require(out != NULL, "malloc");
    len = pack_part(object, out, room / 2);
    len += pack_part(depfile, out + len, room / 4);
    write_file(record, out, len);
}

static const char *
unpack_part(const char *part, const char *path)
{
    uint64_t head[2];
    char *plain;

    memcpy(head, part, sizeof(head));
    plain = malloc(head[0] + 1);
    require(plain != NULL && ZSTD_decompress(plain, head[0], part + sizeof(head), head[1]) == head[0], "zstd");
    write_file(path, plain, head[0]);
    return part + sizeof(head) + head[1];
}

static void
unpack(const char *record, const char *object, const char *depfile)
{
    const struct bytes file = map_file(record);

    unpack_part(unpack_part(file.data, object), depfile);
}

static void
stat_all(const struct bytes *list)
{
    struct stat info;

    for (const char *path = list->data; path < list->data + list->len; path += strlen(path) + 1)
        require(stat(path, &info) == 0, path);
}

static void
hash_all(const struct bytes *list)
{
    static unsigned char buf[64 << 20];
    unsigned char digest[32];

    require(sodium_init() >= 0, "sodium");
    for (const char *path = list->data; path < list->data + list->len; path += strlen(path) + 1) {
        const int fd = open(path, O_RDONLY);
        ssize_t n;

        require(fd >= 0, path);
        n = read(fd, buf, sizeof(buf));
        require(n >= 0, path);
        close(fd);
        crypto_generichash_blake2b(digest, sizeof(digest), buf, (size_t)n, NULL, 0);
    }
}

int
main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "pack") == 0) {
        pack(argv[2], argv[3], argv[4]);
    } else if (argc == 7 && strcmp(argv[1], "hit") == 0) {
        const struct bytes stats = read_file(argv[2]);
        const struct bytes hashes = read_file(argv[3]);

        stat_all(&stats);
        if (hashes.len > 0)
            hash_all(&hashes);
        unpack(argv[4], argv[5], argv[6]);
    } else {
        fprintf(stderr, "usage: see the comment in floor.c\n");
        return 2;
    }
    return 0;
}
