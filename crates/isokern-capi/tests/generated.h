/* The inputs that tests generate, and the digest of what comes out. */
#ifndef GENERATED_H
#define GENERATED_H

#include <stddef.h>
#include <stdint.h>

/* Fills an input with the bytes that a seed stands for: Marsaglia's xorshift32. */
static inline void generate(uint32_t seed, uint8_t *bytes, size_t count)
{
    uint32_t word = seed;
    for (size_t i = 0; i < count; i++) {
        word ^= word << 13;
        word ^= word >> 17;
        word ^= word << 5;
        bytes[i] = (uint8_t)(word >> 24);
    }
}

/* FNV-1a, begun with DIGEST. */
#define DIGEST UINT64_C(0xcbf29ce484222325)

static inline uint64_t digest_of(uint64_t digest, const void *bytes, size_t count)
{
    const uint8_t *from = bytes;
    for (size_t i = 0; i < count; i++)
        digest = (digest ^ from[i]) * UINT64_C(0x100000001b3);
    return digest;
}

#endif
