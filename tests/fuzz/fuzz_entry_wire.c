/* The bounded reader, driven by a program in the input: whatever is read in whatever
 * order, nothing outside the data is touched, and after a failure nothing is read at all.
 */

#include "nvcache/entry/wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool claim)
{
    if (!claim)
        abort();
}

static void
step(struct wire_reader *reader, uint8_t operation, uint8_t argument)
{
    const uint8_t *bytes;
    const char *text;

    switch (operation % 7) {
    case 0:
        (void)wire_u8(reader);
        break;
    case 1:
        (void)wire_u16(reader);
        break;
    case 2:
        (void)wire_u32(reader);
        break;
    case 3:
        (void)wire_u64(reader);
        break;
    case 4:
        bytes = wire_bytes(reader, argument);
        check((bytes == NULL) == reader->bad);
        if (bytes != NULL && argument > 0)
            (void)*(const volatile uint8_t *)&bytes[argument - 1];
        break;
    case 5:
        text = wire_str(reader, argument);
        check(strlen(text) <= argument);
        break;
    default:
        check(wire_count(reader, argument, operation) <= argument);
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t program = size / 4 * 2;
    const uint8_t *const end = data + size;
    struct wire_reader reader;
    bool was_bad = false;

    wire_read_init(&reader, data + program, size - program);
    for (size_t i = 0; i + 1 < program; i += 2) {
        step(&reader, data[i], data[i + 1]);
        check(reader.at >= data + program && reader.at <= end && reader.end == end);
        check(reader.bad || !was_bad);
        check(!reader.bad || reader.at == end);
        was_bad = reader.bad;
    }
    return 0;
}
