/* The smallest program: reads handwritten digits and prints what it reads. */
#include "board.h"
#include "digits.h"
#include "isokern.h"

ISOKERN_ALIGNED static uint8_t arena[DIGITS_ARENA_BYTES];
static isokern_session session = ISOKERN_SESSION_INIT;

/* Ends the program unless all is well. `isokern_status_text` has words for a status, and takes
 * 2 KiB of flash where it is called. */
static void require(isokern_status status)
{
    if (status != ISOKERN_STATUS_OK) {
        board_print("status", (uint32_t)status);
        board_fail("the model did not run");
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

int main(void)
{
    isokern_tensor input = ISOKERN_TENSOR_INIT, scores = ISOKERN_TENSOR_INIT;
    require(isokern_init(&session, &digits_model, arena, sizeof arena, NULL, 0));
    require(isokern_input(&session, 0, &input));
    require(isokern_output(&session, 0, &scores));
    for (uint32_t image = 0; image < 10; image++) {
        uint8_t *pixels = input.data;
        for (size_t i = 0; i < input.bytes; i++)
            pixels[i] = board_samples[image * input.bytes + i];
        require(isokern_run(&session));
        board_print("digit", best(scores.data, scores.count));
    }
    board_succeed();
}
