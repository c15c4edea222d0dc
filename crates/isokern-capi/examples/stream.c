/* A wake word: the timer's interrupt brings frames of features through a ring, the main loop runs a
 * model with state on every two of them and prints how sure it is. */
#include "board.h"
#include "isokern.h"
#include "keyword.h"

#define FRAME_BYTES 10
#define FRAMES 96
#define SLOTS 8
#define THRESHOLD 128

ISOKERN_ALIGNED static uint8_t ring_memory[ISOKERN_RING_BYTES(SLOTS)];
ISOKERN_ALIGNED static uint8_t arena[KEYWORD_ARENA_BYTES];
ISOKERN_ALIGNED static uint8_t state[KEYWORD_STATE_BYTES];
static isokern_ring ring = ISOKERN_RING_INIT;
static isokern_session session = ISOKERN_SESSION_INIT;

/* Ends the program unless all is well. */
static void require(isokern_status status)
{
    if (status != ISOKERN_STATUS_OK) {
        board_print("status", (uint32_t)status);
        board_fail("the stream stopped");
    }
}

/* The interrupt: the next frame goes into the ring, or is tried again at the next tick. */
static void tick(void)
{
    static uint32_t next;
    if (next == FRAMES)
        return;
    isokern_status status = isokern_ring_push(&ring, board_samples + next * FRAME_BYTES);
    if (status == ISOKERN_STATUS_FULL)
        return;
    require(status);
    if (++next == FRAMES)
        require(isokern_ring_close(&ring));
}

/* Waits for a frame; returns whether there was one. */
static int take(uint8_t *frame)
{
    isokern_status status;
    while ((status = isokern_ring_pop(&ring, frame)) == ISOKERN_STATUS_EMPTY)
        board_wait();
    if (status != ISOKERN_STATUS_CLOSED)
        require(status);
    return status == ISOKERN_STATUS_OK;
}

int main(void)
{
    isokern_tensor input = ISOKERN_TENSOR_INIT, score = ISOKERN_TENSOR_INIT;
    require(isokern_ring_init(&ring, ring_memory, sizeof ring_memory, SLOTS, FRAME_BYTES));
    require(isokern_init(&session, &keyword_model, arena, sizeof arena, state, sizeof state));
    require(isokern_input(&session, 0, &input));
    require(isokern_output(&session, 0, &score));
    board_start_timer(tick);
    uint32_t words = 0;
    int was_heard = 0;
    for (;;) {
        uint8_t *frames = input.data;
        if (!take(frames) || !take(frames + FRAME_BYTES))
            break;
        require(isokern_run(&session));
        uint8_t sure = *(const uint8_t *)score.data;
        board_print("score", sure);
        int is_heard = sure >= THRESHOLD;
        words += is_heard && !was_heard;
        was_heard = is_heard;
    }
    board_print("words", words);
    board_succeed();
}
