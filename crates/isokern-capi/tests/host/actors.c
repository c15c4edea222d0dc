/* A ring and an actor between two threads, in memory that ends where the library was told.
 *
 *     actors MODEL.ikm...
 *
 * Prints the digest of the answers to generated inputs, as `models.c` does. */
#include "host.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#define MESSAGES 5000u
#define MESSAGE_BYTES 10u
#define SLOTS 8u
#define RUNS 4u

static void *produce(void *argument)
{
    const isokern_ring *ring = argument;
    uint8_t message[MESSAGE_BYTES];
    for (uint32_t number = 0; number < MESSAGES; number++) {
        generate(number + 1, message, sizeof message);
        while (isokern_ring_push(ring, message) == ISOKERN_STATUS_FULL)
            sched_yield();
    }
    REQUIRE(isokern_ring_close(ring) == ISOKERN_STATUS_OK);
    REQUIRE(isokern_ring_push(ring, message) == ISOKERN_STATUS_CLOSED);
    return NULL;
}

static void pass_messages(void)
{
    isokern_ring ring = ISOKERN_RING_INIT;
    size_t bytes = isokern_ring_bytes(SLOTS, MESSAGE_BYTES);
    REQUIRE(bytes == ISOKERN_RING_BYTES(SLOTS));
    uint8_t *memory = host_memory(bytes, ISOKERN_ALIGNMENT);
    REQUIRE(isokern_ring_init(&ring, memory, bytes, SLOTS, MESSAGE_BYTES) == ISOKERN_STATUS_OK);
    pthread_t producer;
    REQUIRE(pthread_create(&producer, NULL, produce, &ring) == 0);
    uint8_t expected[MESSAGE_BYTES], taken[MESSAGE_BYTES];
    uint32_t number = 0;
    for (;;) {
        isokern_status status = isokern_ring_pop(&ring, taken);
        if (status == ISOKERN_STATUS_CLOSED)
            break;
        if (status == ISOKERN_STATUS_EMPTY) {
            sched_yield();
            continue;
        }
        REQUIRE(status == ISOKERN_STATUS_OK);
        generate(++number, expected, sizeof expected);
        REQUIRE(memcmp(taken, expected, sizeof taken) == 0);
    }
    REQUIRE(number == MESSAGES);
    REQUIRE(pthread_join(producer, NULL) == 0);
    free(memory);
    printf("ring %u\n", number);
}

typedef struct asking {
    isokern_actor *actor;
    const isokern_model *model;
    uint64_t digest;
} asking;

static void *ask(void *argument)
{
    asking *asking = argument;
    const isokern_actor *actor = asking->actor;
    isokern_sizes sizes = ISOKERN_SIZES_INIT;
    REQUIRE(isokern_model_sizes(asking->model, &sizes) == ISOKERN_STATUS_OK);
    uint32_t asked = 0, answered = 0;
    while (answered < RUNS) {
        isokern_request request = ISOKERN_REQUEST_INIT;
        isokern_tensor tensor = ISOKERN_TENSOR_INIT;
        if (asked < RUNS && isokern_actor_claim(actor, &request) == ISOKERN_STATUS_OK) {
            asked++;
            for (uint32_t index = 0; index < sizes.input_count; index++) {
                REQUIRE(isokern_actor_input(actor, &request, index, &tensor) == ISOKERN_STATUS_OK);
                generate(asked + (index << 8), tensor.data, tensor.bytes);
            }
            REQUIRE(isokern_actor_ask(actor, &request, 0) == ISOKERN_STATUS_OK);
        }
        isokern_status status = isokern_actor_answer(actor, &request);
        if (status == ISOKERN_STATUS_EMPTY) {
            sched_yield();
            continue;
        }
        REQUIRE(status == ISOKERN_STATUS_OK && request.status == ISOKERN_STATUS_OK);
        answered++;
        for (uint32_t index = 0; index < sizes.output_count; index++) {
            REQUIRE(isokern_actor_output(actor, &request, index, &tensor) == ISOKERN_STATUS_OK);
            asking->digest = digest_of(asking->digest, tensor.data, tensor.bytes);
        }
        REQUIRE(isokern_actor_release(actor, &request) == ISOKERN_STATUS_OK);
    }
    REQUIRE(isokern_actor_close(actor) == ISOKERN_STATUS_OK);
    return NULL;
}

static void answer(const char *path)
{
    host_model read = host_read(path);
    isokern_sizes sizes = ISOKERN_SIZES_INIT;
    REQUIRE(isokern_model_sizes(&read.model, &sizes) == ISOKERN_STATUS_OK);
    isokern_actor actor = ISOKERN_ACTOR_INIT;
    size_t bytes = isokern_actor_bytes(&read.model, 2);
    REQUIRE(bytes == ISOKERN_ACTOR_BYTES(sizes.arena_bytes, 2));
    uint8_t *memory = host_memory(bytes, ISOKERN_ALIGNMENT);
    uint8_t *state = host_memory(sizes.state_bytes, ISOKERN_ALIGNMENT);
    REQUIRE(isokern_actor_init(&actor, &read.model, memory, bytes, 2, state, sizes.state_bytes, NULL,
                               NULL) == ISOKERN_STATUS_OK);
    asking asking = { &actor, &read.model, DIGEST };
    pthread_t asker;
    REQUIRE(pthread_create(&asker, NULL, ask, &asking) == 0);
    for (isokern_status status = ISOKERN_STATUS_OK; status != ISOKERN_STATUS_CLOSED;) {
        status = isokern_actor_poll(&actor);
        if (status == ISOKERN_STATUS_EMPTY)
            sched_yield();
    }
    REQUIRE(pthread_join(asker, NULL) == 0);
    printf("%s %016llx\n", path, (unsigned long long)asking.digest);
    free(state);
    free(memory);
    free(read.blob);
}

int main(int count, char **arguments)
{
    REQUIRE(count > 1);
    pass_messages();
    for (int i = 1; i < count; i++)
        answer(arguments[i]);
    return 0;
}
