/* Names everything in the header, as C and as C++. */
#include "isokern.h"

ISOKERN_ALIGNED static uint8_t arena[64];
static const isokern_kind *const kinds[] = { &isokern_kind_add, &isokern_kind_table };

extern const isokern_model model;
const isokern_model model = {
    (uint32_t)sizeof(isokern_model), ISOKERN_ABI_VERSION,
    arena, sizeof arena, kinds, sizeof kinds / sizeof kinds[0],
};

int calls_all(void);
int calls_all(void)
{
    isokern_session session = ISOKERN_SESSION_INIT;
    isokern_sizes sizes = ISOKERN_SIZES_INIT;
    isokern_tensor tensor = ISOKERN_TENSOR_INIT;
    isokern_status status = isokern_model_sizes(&model, &sizes);
    if (isokern_abi_version() != ISOKERN_ABI_VERSION || sizeof arena % ISOKERN_ALIGNMENT != 0)
        return 1;
    if (isokern_missing_kind(&model) || !isokern_status_text(status))
        return 2;
    status = isokern_init(&session, &model, arena, sizeof arena, 0, 0);
    if (status == ISOKERN_STATUS_OK)
        status = isokern_input(&session, 0, &tensor);
    if (tensor.dtype == ISOKERN_DTYPE_I8 && isokern_output(&session, 0, &tensor))
        return 3;
    return isokern_run(&session) == ISOKERN_STATUS_OK && isokern_reset(&session) == 0;
}

ISOKERN_ALIGNED static uint8_t ring_memory[ISOKERN_RING_BYTES(4)];
ISOKERN_ALIGNED static uint8_t actor_memory[ISOKERN_ACTOR_BYTES(64, ISOKERN_ACTOR_BUFFERS_MAX)];

static uint64_t now_ns(void *clock)
{
    return *(const uint64_t *)clock;
}

int calls_contexts(uint64_t *clock);
int calls_contexts(uint64_t *clock)
{
    isokern_ring ring = ISOKERN_RING_INIT;
    isokern_actor actor = ISOKERN_ACTOR_INIT;
    isokern_request request = ISOKERN_REQUEST_INIT;
    isokern_tensor tensor = ISOKERN_TENSOR_INIT;
    uint8_t message[ISOKERN_RING_MESSAGE_MAX] = { 0 };
    if (isokern_ring_bytes(4, sizeof message) != sizeof ring_memory)
        return 1;
    if (isokern_ring_init(&ring, ring_memory, sizeof ring_memory, 4, sizeof message))
        return 2;
    if (isokern_ring_push(&ring, message) || isokern_ring_pop(&ring, message))
        return 3;
    if (isokern_ring_close(&ring) || isokern_ring_leave(&ring))
        return 4;
    if (isokern_actor_bytes(&model, ISOKERN_ACTOR_BUFFERS_MAX) > sizeof actor_memory)
        return 5;
    if (isokern_actor_init(&actor, &model, actor_memory, sizeof actor_memory, 1, 0, 0, now_ns, clock))
        return 6;
    if (isokern_actor_claim(&actor, &request) || isokern_actor_input(&actor, &request, 0, &tensor))
        return 7;
    if (isokern_actor_ask(&actor, &request, 0) || isokern_actor_poll(&actor))
        return 8;
    if (isokern_actor_answer(&actor, &request) || request.status != ISOKERN_STATUS_OK)
        return 9;
    if (isokern_actor_output(&actor, &request, 0, &tensor) || isokern_actor_stop(&actor))
        return 10;
    return isokern_actor_release(&actor, &request) == 0 && isokern_actor_close(&actor) == 0;
}
