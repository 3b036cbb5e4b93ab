/* What -march=native depends on, and what a compiler's own arithmetic does.
 *
 * gcc (config/i386/driver-i386.cc, common/config/i386/cpuinfo.h) and clang
 * (TargetParser/Host.cpp) ask the cpuid instruction and xgetbv, nothing else, on x86. The
 * leaves below are those of gcc 12 to 15 and clang 14 to 19, with the registers in which
 * features, models and caches are; numbers of the core and sizes of saved states, which
 * differ from core to core or from call to call, are left out.  Must never leave out what
 * a compiler looks at. */

#include "nvcache/base/processor.h"

#include "nvcache/base/buf.h"

#if defined(__x86_64__)
#include <cpuid.h>
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif
#endif

enum {
    SUBS_MAX = 16,
    CACHES = 4,      /* the leaf whose sub-leaves are the caches, ended by type 0 */
    FEATURES = 7,    /* the leaf whose first sub-leaf tells how many there are */
    HYBRID = 1 << 15 /* of its edx */
};

struct leaf {
    uint32_t number;
    uint32_t sub;
    uint32_t mask[4];
};

#define ALL UINT32_MAX

static const struct leaf leaves[] = {
    {0x0, 0, {ALL, ALL, ALL, ALL}},
    {0x1, 0, {ALL, 0xff00, ALL, ALL}}, /* ebx: the core's number, but for a cache line */
    {0x2, 0, {ALL, ALL, ALL, ALL}},
    {0xd, 0, {ALL, 0, 0, ALL}}, /* ebx, ecx: sizes */
    {0xd, 1, {ALL, 0, 0, 0}},
    {0x14, 0, {ALL, ALL, ALL, ALL}},
    {0x19, 0, {ALL, ALL, ALL, ALL}},
    {0x1e, 0, {ALL, ALL, ALL, ALL}},
    {0x1e, 1, {ALL, ALL, ALL, ALL}},
    {0x24, 0, {ALL, ALL, ALL, ALL}},
    {0x24, 1, {ALL, ALL, ALL, ALL}},
    {0x29, 0, {ALL, ALL, ALL, ALL}},
    {0x80000000, 0, {ALL, ALL, ALL, ALL}},
    {0x80000001, 0, {ALL, ALL, ALL, ALL}},
    {0x80000002, 0, {ALL, ALL, ALL, ALL}},
    {0x80000005, 0, {ALL, ALL, ALL, ALL}},
    {0x80000006, 0, {ALL, ALL, ALL, ALL}},
    {0x80000007, 0, {ALL, ALL, ALL, ALL}},
    {0x80000008, 0, {ALL, ALL, 0, ALL}}, /* ecx: how many cores */
    {0x80000021, 0, {ALL, ALL, ALL, ALL}},
};

/* Leaves come in ranges, and the first of each tells the last.  Beyond it Intel's
 * processors answer with those of some other leaf. */
static const uint32_t ranges[] = {0x0, 0x80000000};

enum {
    RANGES = sizeof(ranges) / sizeof(ranges[0])
};

struct speaker {
    struct processor_answer (*ask)(uint32_t leaf, uint32_t sub);
    uint32_t last[RANGES];
    struct buf *out;
};

static bool
has_leaf(const struct speaker *speaker, uint32_t number)
{
    for (size_t i = 0; i < RANGES; i++)
        if (number >= ranges[i] && number <= speaker->last[i])
            return true;
    return false;
}

static void
put(const struct speaker *speaker, uint32_t number, uint32_t sub,
    const struct processor_answer *answer, const uint32_t *mask)
{
    buf_printf(speaker->out, "%x.%x", (unsigned)number, (unsigned)sub);
    for (size_t i = 0; i < 4; i++)
        buf_printf(speaker->out, " %x", (unsigned)(answer->reg[i] & mask[i]));
    buf_append_char(speaker->out, '\n');
}

static void
put_caches(const struct speaker *speaker)
{
    static const uint32_t mask[4] = {0x3fff, ALL, ALL, ALL}; /* eax: who shares it */

    for (uint32_t sub = 0; sub < SUBS_MAX && has_leaf(speaker, CACHES); sub++) {
        const struct processor_answer answer = speaker->ask(CACHES, sub);

        if ((answer.reg[0] & 0x1f) == 0)
            break;
        put(speaker, CACHES, sub, &answer, mask);
    }
}

static void
put_features(const struct speaker *speaker)
{
    static const uint32_t mask[4] = {ALL, ALL, ALL, ALL};
    uint32_t last = 0;

    for (uint32_t sub = 0; sub <= last && has_leaf(speaker, FEATURES); sub++) {
        const struct processor_answer answer = speaker->ask(FEATURES, sub);

        if (sub == 0)
            last = answer.reg[0] < SUBS_MAX ? answer.reg[0] : SUBS_MAX;
        put(speaker, FEATURES, sub, &answer, mask);
    }
}

bool
processor_describe_by(struct processor_answer (*ask)(uint32_t leaf, uint32_t sub),
                      uint64_t enabled_states, struct buf *out)
{
    struct speaker speaker = {.ask = ask, .out = out};

    for (size_t i = 0; i < RANGES; i++) {
        const uint32_t last = ask(ranges[i], 0).reg[0];

        speaker.last[i] = last >> 30 == ranges[i] >> 30 ? last : 0;
    }
    if (has_leaf(&speaker, FEATURES) && (ask(FEATURES, 0).reg[3] & HYBRID) != 0)
        return false;
    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
        const struct leaf *leaf = &leaves[i];

        if (has_leaf(&speaker, leaf->number)) {
            const struct processor_answer answer = ask(leaf->number, leaf->sub);

            put(&speaker, leaf->number, leaf->sub, &answer, leaf->mask);
        }
    }
    put_caches(&speaker);
    put_features(&speaker);
    buf_printf(out, "states %llx\n", (unsigned long long)enabled_states);
    return true;
}

#if defined(__x86_64__)
static struct processor_answer
ask_cpuid(uint32_t leaf, uint32_t sub)
{
    struct processor_answer answer;

    __cpuid_count(leaf, sub, answer.reg[0], answer.reg[1], answer.reg[2], answer.reg[3]);
    return answer;
}

/* Which registers the system saves: without that, AVX cannot be used. */
static uint64_t
enabled_states(void)
{
    uint32_t low = 0;
    uint32_t high = 0;

    if ((ask_cpuid(1, 0).reg[2] & bit_OSXSAVE) != 0)
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

bool
processor_describe(struct buf *out)
{
    return processor_describe_by(ask_cpuid, enabled_states(), out);
}

/* glibc's sysdeps/x86_64/fpu/multiarch chooses by these. */
#if defined(CPU_FEATURE_ACTIVE)
unsigned
processor_arithmetic(void)
{
    return (unsigned)(CPU_FEATURE_ACTIVE(FMA) != 0) |
           (unsigned)(CPU_FEATURE_ACTIVE(AVX2) != 0) << 1 |
           (unsigned)(CPU_FEATURE_ACTIVE(FMA4) != 0) << 2 |
           (unsigned)(CPU_FEATURE_ACTIVE(AVX) != 0) << 3 |
           (unsigned)(CPU_FEATURE_ACTIVE(SSE4_1) != 0) << 4;
}
#else
unsigned
processor_arithmetic(void)
{
    enum {
        AVX_STATES = 6
    };
    const unsigned basic = ask_cpuid(1, 0).reg[2];
    const bool has_avx =
        (basic & bit_AVX) != 0 && (enabled_states() & AVX_STATES) == AVX_STATES;
    const unsigned sse = (unsigned)((basic & bit_SSE4_1) != 0) << 4;

    if (!has_avx)
        return sse;
    return (unsigned)((basic & bit_FMA) != 0) |
           (unsigned)((ask_cpuid(FEATURES, 0).reg[1] & bit_AVX2) != 0) << 1 |
           (unsigned)((ask_cpuid(0x80000001, 0).reg[2] & bit_FMA4) != 0) << 2 | 1U << 3 |
           sse;
}
#endif
#else
bool
processor_describe(struct buf *out)
{
    (void)out;
    return false;
}

unsigned
processor_arithmetic(void)
{
    return 0;
}
#endif
