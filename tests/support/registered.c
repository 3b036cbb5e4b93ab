/* Stands for the CUDA runtime where a program tells it which kernels and variables it
 * has: the calls that nvcc puts before main.  A program linked with this object, `-cudart
 * none`, -Wl,--wrap=main and -Wl,--unresolved-symbols=ignore-all writes each call as a
 * line to standard output, each image as a file N.fatbin to the directory
 * $REGISTERED_DIR, and ends where its main would begin.  No GPU and no driver are needed.
 * tests/support/registered.py reads both.
 *
 * It must never call anything of the program's own. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* <fatbinary_section.h>: version 1 points to the image; of version 2 (after a device
 * link) the last word is the units' own images, NULL behind them. */
struct wrapper {
    int32_t magic;
    int32_t version;
    const unsigned char *data;
    void *prelinked;
};

enum {
    WRAPPER_MAGIC = 0x466243b1,
    MAX_HANDLES = 4096
};

/* A fatbin begins with a magic number, a version, the length of this header, and that of
 * what follows. */
static const uint32_t IMAGE_MAGIC = 0xba55ed50;

static void *handles[MAX_HANDLES];
static int n_handles;

static void
die(const char *why)
{
    fprintf(stderr, "registered: %s\n", why);
    _Exit(3);
}

static int
number_of(void **handle)
{
    if (handle < handles || handle >= handles + n_handles)
        die("a handle that was never given");
    return (int)(handle - handles);
}

static void
write_image(int number, const unsigned char *data)
{
    const char *const dir = getenv("REGISTERED_DIR");
    uint16_t header;
    uint64_t payload;
    uint32_t magic;
    char path[4096];
    FILE *file;

    memcpy(&magic, data, sizeof magic);
    memcpy(&header, data + 6, sizeof header);
    memcpy(&payload, data + 8, sizeof payload);
    if (magic != IMAGE_MAGIC)
        die("an image without its magic number");
    if (dir == NULL ||
        snprintf(path, sizeof path, "%s/%d.fatbin", dir, number) >= (int)sizeof path)
        die("no REGISTERED_DIR");
    file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, header + payload, file) != header + payload ||
        fclose(file) != 0)
        die("cannot write an image");
}

void **__cudaRegisterFatBinary(const struct wrapper *wrapper);
void __cudaRegisterFatBinaryEnd(void **handle);
void __cudaUnregisterFatBinary(void **handle);
char __cudaInitModule(void **handle);
void __cudaRegisterFunction(void **handle, const void *host, char *device,
                            const char *name, int threads, void *tid, void *bid,
                            void *block, void *grid, int *warp);
void __cudaRegisterVar(void **handle, char *host, char *address, const char *name,
                       int external, size_t size, int constant, int global);
void __cudaRegisterManagedVar(void **handle, void **host, char *address, const char *name,
                              int external, size_t size, int constant, int global);
void __cudaRegisterTexture(void **handle, const void *host, const void **address,
                           const char *name, int dimensions, int normalized,
                           int external);
void __cudaRegisterSurface(void **handle, const void *host, const void **address,
                           const char *name, int dimensions, int external);
int __wrap_main(void);

void **
__cudaRegisterFatBinary(const struct wrapper *wrapper)
{
    if (wrapper->magic != WRAPPER_MAGIC || n_handles == MAX_HANDLES)
        die("not a wrapper of an image");
    handles[n_handles] = (void *)(uintptr_t)wrapper->data;
    printf("%d image version=%d\n", n_handles, (int)wrapper->version);
    write_image(n_handles, wrapper->data);
    return &handles[n_handles++];
}

void
__cudaRegisterFatBinaryEnd(void **handle)
{
    printf("%d end\n", number_of(handle));
}

void
__cudaUnregisterFatBinary(void **handle)
{
    (void)handle;
}

char
__cudaInitModule(void **handle)
{
    printf("%d init\n", number_of(handle));
    return 1;
}

/* The first word of what the host side keeps for a name shows whether it is the right
 * one: a variable's first value. */
void
__cudaRegisterFunction(void **handle, const void *host, char *device, const char *name,
                       int threads, void *tid, void *bid, void *block, void *grid,
                       int *warp)
{
    (void)tid, (void)bid, (void)block, (void)grid, (void)warp;
    printf("%d function %s threads=%d host=%s%s\n", number_of(handle), name, threads,
           host != NULL ? "set" : "null",
           strcmp(device, name) == 0 ? "" : " device differs");
}

void
__cudaRegisterVar(void **handle, char *host, char *address, const char *name,
                  int external, size_t size, int constant, int global)
{
    printf("%d variable %s size=%zu external=%d constant=%d global=%d host=%s%s\n",
           number_of(handle), name, size, external, constant, global,
           host != NULL ? "set" : "null",
           strcmp(address, name) == 0 ? "" : " device differs");
}

void
__cudaRegisterManagedVar(void **handle, void **host, char *address, const char *name,
                         int external, size_t size, int constant, int global)
{
    printf("%d managed %s size=%zu external=%d constant=%d global=%d host=%s%s\n",
           number_of(handle), name, size, external, constant, global,
           host != NULL ? "set" : "null",
           strcmp(address, name) == 0 ? "" : " device differs");
}

void
__cudaRegisterTexture(void **handle, const void *host, const void **address,
                      const char *name, int dimensions, int normalized, int external)
{
    (void)host, (void)address;
    printf("%d texture %s dimensions=%d normalized=%d external=%d\n", number_of(handle),
           name, dimensions, normalized, external);
}

void
__cudaRegisterSurface(void **handle, const void *host, const void **address,
                      const char *name, int dimensions, int external)
{
    (void)host, (void)address;
    printf("%d surface %s dimensions=%d external=%d\n", number_of(handle), name,
           dimensions, external);
}

int
__wrap_main(void)
{
    printf("images %d\n", n_handles);
    fflush(stdout);
    _Exit(0);
}
