/* Runs packed models one after another, in the memory between variables and stack, and prints the
 * digest of each: the host's, if all is well; or what it needs where that is not there. */
#include "../generated.h"
#include "../kinds.h"
#include "board.h"
#include "isokern.h"
#include "stack.h"

/* Packed models, put together by whoever builds this. */
typedef struct packed {
    const uint8_t *blob;
    uint32_t bytes;
} packed;
extern const packed packed_models[];
extern const uint32_t packed_count;

static void require(isokern_status status)
{
    if (status != ISOKERN_STATUS_OK) {
        board_print("status", (uint32_t)status);
        board_fail("a model did not run");
    }
}

static uintptr_t aligned(uintptr_t address)
{
    return (address + ISOKERN_ALIGNMENT - 1) / ISOKERN_ALIGNMENT * ISOKERN_ALIGNMENT;
}

static uint64_t run(isokern_session *session, const isokern_sizes *sizes)
{
    isokern_tensor tensor = ISOKERN_TENSOR_INIT;
    uint64_t digest = DIGEST;
    for (uint32_t seed = 1; seed <= 4; seed++) {
        for (uint32_t index = 0; index < sizes->input_count; index++) {
            require(isokern_input(session, index, &tensor));
            generate(seed + (index << 8), tensor.data, tensor.bytes);
        }
        require(isokern_run(session));
        for (uint32_t index = 0; index < sizes->output_count; index++) {
            require(isokern_output(session, index, &tensor));
            digest = digest_of(digest, tensor.data, tensor.bytes);
        }
    }
    return digest;
}

static void answer(const packed *packed)
{
    const isokern_model model = { sizeof model, ISOKERN_ABI_VERSION, packed->blob, packed->bytes,
                                  KINDS, sizeof KINDS / sizeof KINDS[0] };
    isokern_session session = ISOKERN_SESSION_INIT;
    isokern_sizes sizes = ISOKERN_SIZES_INIT;
    require(isokern_model_sizes(&model, &sizes));
    uintptr_t arena = aligned((uintptr_t)bss_end), state = aligned(arena + sizes.arena_bytes);
    uintptr_t end = state + sizes.state_bytes, limit = (uintptr_t)stack_top - STACK_BYTES;
    if (end > limit) {
        board_print("needs", (uint32_t)(end - arena));
        board_print("has", (uint32_t)(limit - arena));
        return;
    }
    require(isokern_init(&session, &model, (uint8_t *)arena, sizes.arena_bytes, (uint8_t *)state,
                         sizes.state_bytes));
    uint64_t digest = run(&session, &sizes);
    board_print("digest_high", (uint32_t)(digest >> 32));
    board_print("digest_low", (uint32_t)digest);
}

int main(void)
{
    for (uint32_t index = 0; index < packed_count; index++) {
        board_print("model", index);
        answer(&packed_models[index]);
    }
    board_succeed();
}
