/* What the host's tests share: memory that ends where it should, models from files, failures. */
#ifndef HOST_H
#define HOST_H

#include "../generated.h"
#include "isokern.h"

#include <stdlib.h>

/* Bytes of a packed model, on a boundary, and the description of it with every kind. */
typedef struct host_model {
    uint8_t *blob;
    isokern_model model;
} host_model;

/* Reads a packed model; ends the program if it cannot. */
host_model host_read(const char *path);

/* Returns memory on a boundary, of so many bytes and no more, that nothing was written to. */
uint8_t *host_memory(size_t bytes, size_t boundary);

/* Ends the program with the file, the line and what was wrong. */
void host_fail(const char *file, int line, const char *what);

#define REQUIRE(condition) ((condition) ? (void)0 : host_fail(__FILE__, __LINE__, #condition))

#endif
