/* Runs packed models in memory that ends where the library was told, and prints the digest of the
 * answers to generated inputs; then every byte of the first model is changed, one at a time.
 *
 *     models STEP MODEL.ikm...
 *     models planted MODEL.ikm
 *
 * The address sanitizer and valgrind see an access outside of any of it. STEP is 1 for every byte
 * of the constants, or a larger one; each byte of the records before them is changed anyway.
 * `planted` has a read after the end of the model, for detectors to see. */
#include "host.h"

#include <stdio.h>
#include <string.h>

/* Where a packed model has its length. */
#define BLOB_BYTES_AT 12
/* Where it has its checksum, and from where on it is of the bytes. */
#define CHECKSUM_AT 16
#define CHECKSUM_FROM 20
/* The start of the operators in the header. */
#define OPERATORS_AT 52

/* A changed model may ask for more than this, and gets no memory then. */
#define MEMORY_MAX ((size_t)1 << 24)

typedef struct program {
    isokern_session session;
    isokern_sizes sizes;
    uint8_t *arena, *state;
    isokern_status status;
} program;

/* Begins a model in memory of exactly the size that it asks for. */
static program begin(const isokern_model *model)
{
    program program = { ISOKERN_SESSION_INIT, ISOKERN_SIZES_INIT, NULL, NULL, ISOKERN_STATUS_OK };
    program.status = isokern_model_sizes(model, &program.sizes);
    if (program.status != ISOKERN_STATUS_OK)
        return program;
    size_t arena_bytes = program.sizes.arena_bytes, state_bytes = program.sizes.state_bytes;
    if (arena_bytes > MEMORY_MAX || state_bytes > MEMORY_MAX)
        arena_bytes = state_bytes = 0;
    program.arena = host_memory(arena_bytes, ISOKERN_ALIGNMENT);
    program.state = host_memory(state_bytes, ISOKERN_ALIGNMENT);
    program.status = isokern_init(&program.session, model, program.arena, arena_bytes,
                                  program.state, state_bytes);
    return program;
}

static void end(program *program)
{
    free(program->arena);
    free(program->state);
}

/* Runs a model that began, on the inputs of a seed. */
static uint64_t run(program *program, uint32_t seed, uint64_t digest)
{
    isokern_tensor tensor = ISOKERN_TENSOR_INIT;
    for (uint32_t index = 0; index < program->sizes.input_count; index++) {
        REQUIRE(isokern_input(&program->session, index, &tensor) == ISOKERN_STATUS_OK);
        generate(seed + (index << 8), tensor.data, tensor.bytes);
    }
    isokern_status status = isokern_run(&program->session);
    REQUIRE(status == ISOKERN_STATUS_OK || status == ISOKERN_STATUS_INDEX_VALUE);
    for (uint32_t index = 0; index < program->sizes.output_count; index++) {
        REQUIRE(isokern_output(&program->session, index, &tensor) == ISOKERN_STATUS_OK);
        digest = digest_of(digest, tensor.data, tensor.bytes);
    }
    return digest;
}

static void answer(const char *path)
{
    host_model read = host_read(path);
    program program = begin(&read.model);
    REQUIRE(program.status == ISOKERN_STATUS_OK);
    uint64_t digest = DIGEST;
    for (uint32_t seed = 1; seed <= 4; seed++)
        digest = run(&program, seed, digest);
    printf("%s %016llx\n", path, (unsigned long long)digest);
    REQUIRE(isokern_reset(&program.session) == ISOKERN_STATUS_OK);
    end(&program);
    free(read.blob);
}

static uint32_t crc32(const uint8_t *bytes, size_t count)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void seal(host_model *read)
{
    uint32_t crc = crc32(read->blob + CHECKSUM_FROM, read->model.blob_bytes - CHECKSUM_FROM);
    for (int i = 0; i < 4; i++)
        read->blob[CHECKSUM_AT + i] = (uint8_t)(crc >> 8 * i);
}

/* Changes a byte, with the checksum put right and as it was: a status or an answer, no fault. */
static void flip(host_model *read, size_t at, uint8_t mask, uint32_t counts[2])
{
    read->blob[at] ^= mask;
    program program = begin(&read->model);
    REQUIRE(program.status >= ISOKERN_STATUS_MODEL_TOO_SHORT);
    end(&program);
    seal(read);
    program = begin(&read->model);
    if (program.status == ISOKERN_STATUS_OK) {
        run(&program, 1, DIGEST);
        counts[1]++;
    } else {
        REQUIRE(isokern_run(&program.session) == ISOKERN_STATUS_NOT_INITIALIZED);
        REQUIRE(isokern_status_text(program.status)[0] != '\0');
        counts[0]++;
    }
    end(&program);
    read->blob[at] ^= mask;
    seal(read);
}

static void flip_all(const char *path, size_t step)
{
    host_model read = host_read(path);
    uint32_t counts[2] = { 0, 0 };
    size_t operators = 0, bytes = read.model.blob_bytes;
    for (int i = 3; i >= 0; i--)
        operators = operators << 8 | read.blob[OPERATORS_AT + i];
    REQUIRE(operators < bytes);
    for (size_t at = 0; at < bytes; at += at < operators + 512 ? 1 : step)
        if (at < CHECKSUM_AT || at >= CHECKSUM_FROM)
            flip(&read, at, 0x41, counts);
    REQUIRE(counts[0] > 100 && counts[1] > 10);
    printf("flipped %lu refused %u answered %u\n", (unsigned long)bytes, counts[0], counts[1]);
    free(read.blob);
}

/* Says that a model has a byte more than its memory. */
static void plant(const char *path)
{
    host_model read = host_read(path);
    read.model.blob_bytes++;
    isokern_sizes sizes = ISOKERN_SIZES_INIT;
    uint8_t header[] = { (uint8_t)read.model.blob_bytes, (uint8_t)(read.model.blob_bytes >> 8) };
    memcpy(read.blob + BLOB_BYTES_AT, header, sizeof header);
    printf("planted %d\n", (int)isokern_model_sizes(&read.model, &sizes));
    free(read.blob);
}

int main(int count, char **arguments)
{
    REQUIRE(count > 2);
    if (strcmp(arguments[1], "planted") == 0) {
        plant(arguments[2]);
        return 0;
    }
    for (int i = 2; i < count; i++)
        answer(arguments[i]);
    flip_all(arguments[2], strtoul(arguments[1], NULL, 10));
    return 0;
}
