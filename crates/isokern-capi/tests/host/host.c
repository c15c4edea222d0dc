/* The parts that the host's tests share. */
#define _POSIX_C_SOURCE 200809L
#include "host.h"

#include <stdio.h>

static const isokern_kind *const KINDS[] = {
    &isokern_kind_add, &isokern_kind_add_n, &isokern_kind_binary, &isokern_kind_conv2d,
    &isokern_kind_convert, &isokern_kind_depthwise_conv2d, &isokern_kind_fully_connected,
    &isokern_kind_gather, &isokern_kind_move, &isokern_kind_pool, &isokern_kind_reduce,
    &isokern_kind_reshape, &isokern_kind_select, &isokern_kind_softmax, &isokern_kind_table,
};

void host_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    exit(1);
}

uint8_t *host_memory(size_t bytes, size_t boundary)
{
    void *memory = NULL;
    REQUIRE(posix_memalign(&memory, boundary, bytes ? bytes : 1) == 0);
    return memory;
}

host_model host_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    REQUIRE(file);
    REQUIRE(fseek(file, 0, SEEK_END) == 0);
    size_t bytes = (size_t)ftell(file);
    rewind(file);
    uint8_t *blob = host_memory(bytes, ISOKERN_ALIGNMENT);
    REQUIRE(fread(blob, 1, bytes, file) == bytes);
    fclose(file);
    host_model read = {
        blob,
        { (uint32_t)sizeof(isokern_model), ISOKERN_ABI_VERSION, blob, bytes, KINDS,
          sizeof KINDS / sizeof KINDS[0] },
    };
    return read;
}

void host_generate(uint32_t seed, uint8_t *bytes, size_t count)
{
    uint32_t word = seed;
    for (size_t i = 0; i < count; i++) {
        word ^= word << 13;
        word ^= word >> 17;
        word ^= word << 5;
        bytes[i] = (uint8_t)(word >> 24);
    }
}

uint64_t host_digest(uint64_t digest, const void *bytes, size_t count)
{
    const uint8_t *from = bytes;
    for (size_t i = 0; i < count; i++)
        digest = (digest ^ from[i]) * UINT64_C(0x100000001b3);
    return digest;
}
