/* A model as an actor: the timer's interrupt asks for digits, two at a time, and prints answers; the
 * main loop runs the model whenever it polls. */
#include "board.h"
#include "digits.h"
#include "isokern.h"

#define IMAGES 10
#define BUFFERS 2

ISOKERN_ALIGNED static uint8_t memory[ISOKERN_ACTOR_BYTES(DIGITS_ARENA_BYTES, BUFFERS)];
static isokern_actor actor = ISOKERN_ACTOR_INIT;

/* Ends the program unless all is well. */
static void require(isokern_status status)
{
    if (status != ISOKERN_STATUS_OK) {
        board_print("status", (uint32_t)status);
        board_fail("the actor stopped");
    }
}

static uint32_t best(const int8_t *score, size_t count)
{
    uint32_t best = 0;
    for (uint32_t class = 1; class < count; class++)
        if (score[class] > score[best])
            best = class;
    return best;
}

/* Writes the next image into a buffer, if one is free, and asks. */
static void ask(uint32_t image)
{
    isokern_request request = ISOKERN_REQUEST_INIT;
    isokern_tensor input = ISOKERN_TENSOR_INIT;
    require(isokern_actor_claim(&actor, &request));
    require(isokern_actor_input(&actor, &request, 0, &input));
    uint8_t *pixels = input.data;
    for (size_t i = 0; i < input.bytes; i++)
        pixels[i] = board_samples[image * input.bytes + i];
    require(isokern_actor_ask(&actor, &request, 0));
}

/* The interrupt: takes the answers that are there, then asks as long as there are buffers. */
static void tick(void)
{
    static uint32_t asked, answered;
    isokern_request request = ISOKERN_REQUEST_INIT;
    isokern_tensor scores = ISOKERN_TENSOR_INIT;
    if (answered == IMAGES)
        return;
    while (isokern_actor_answer(&actor, &request) == ISOKERN_STATUS_OK) {
        require((isokern_status)request.status);
        require(isokern_actor_output(&actor, &request, 0, &scores));
        board_print("digit", best(scores.data, scores.count));
        require(isokern_actor_release(&actor, &request));
        answered++;
    }
    while (asked < IMAGES && asked < answered + BUFFERS)
        ask(asked++);
    if (answered == IMAGES)
        require(isokern_actor_close(&actor));
}

int main(void)
{
    require(isokern_actor_init(&actor, &digits_model, memory, sizeof memory, BUFFERS, NULL, 0, NULL,
                               NULL));
    board_start_timer(tick);
    isokern_status status;
    while ((status = isokern_actor_poll(&actor)) != ISOKERN_STATUS_CLOSED)
        if (status == ISOKERN_STATUS_EMPTY)
            board_wait();
    board_succeed();
}
