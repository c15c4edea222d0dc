/* Runs any model on generated inputs and prints a digest of its answers: the host's, if all is
 * well. `model.h` is written by `isokern convert --emit c -o model.c`. */
#include "board.h"
#include "isokern.h"
#include "model.h"

#define FNV_PRIME 0x100000001b3u

ISOKERN_ALIGNED static uint8_t arena[MODEL_ARENA_BYTES];
#if MODEL_STATE_BYTES > 0
ISOKERN_ALIGNED static uint8_t state[MODEL_STATE_BYTES];
#define STATE state
#else
#define STATE NULL
#endif
static isokern_session session = ISOKERN_SESSION_INIT;

static void require(isokern_status status)
{
    if (status != ISOKERN_STATUS_OK) {
        board_print("status", (uint32_t)status);
        board_fail("the model did not run");
    }
}

/* Fills an input with the bytes that a seed stands for: Marsaglia's xorshift32. */
static void generate(uint32_t seed, uint8_t *bytes, size_t count)
{
    uint32_t word = seed;
    for (size_t i = 0; i < count; i++) {
        word ^= word << 13;
        word ^= word >> 17;
        word ^= word << 5;
        bytes[i] = (uint8_t)(word >> 24);
    }
}

int main(void)
{
    isokern_tensor tensor = ISOKERN_TENSOR_INIT;
    uint64_t digest = 0xcbf29ce484222325u;
    require(isokern_init(&session, &model_model, arena, sizeof arena, STATE, MODEL_STATE_BYTES));
    for (uint32_t seed = 1; seed <= 4; seed++) {
        for (uint32_t index = 0; index < MODEL_INPUT_COUNT; index++) {
            require(isokern_input(&session, index, &tensor));
            generate(seed + (index << 8), tensor.data, tensor.bytes);
        }
        require(isokern_run(&session));
        for (uint32_t index = 0; index < MODEL_OUTPUT_COUNT; index++) {
            require(isokern_output(&session, index, &tensor));
            const uint8_t *bytes = tensor.data;
            for (size_t i = 0; i < tensor.bytes; i++)
                digest = (digest ^ bytes[i]) * FNV_PRIME;
        }
    }
    board_print("digest_high", (uint32_t)(digest >> 32));
    board_print("digest_low", (uint32_t)digest);
    board_succeed();
}
