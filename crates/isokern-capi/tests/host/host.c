/* The parts that the host's tests share. */
#define _POSIX_C_SOURCE 200809L
#include "host.h"

#include "../kinds.h"

#include <stdio.h>

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
