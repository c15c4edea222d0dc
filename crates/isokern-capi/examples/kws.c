/* Keyword spotting: features of a second of speech go in, the number of the word comes out.
 * `kws.h` is written by `isokern convert kws.tflite --emit c -o kws.c`. */
#include "board.h"
#include "isokern.h"
#include "kws.h"

#define SECONDS 10u

ISOKERN_ALIGNED static uint8_t arena[KWS_ARENA_BYTES];

int main(void)
{
    isokern_session session = ISOKERN_SESSION_INIT;
    isokern_tensor features = ISOKERN_TENSOR_INIT, scores = ISOKERN_TENSOR_INIT;
    if (isokern_init(&session, &kws_model, arena, sizeof arena, NULL, 0)
        || isokern_input(&session, 0, &features) || isokern_output(&session, 0, &scores))
        board_fail("the model is not whole");
    for (uint32_t second = 0; second < SECONDS; second++) {
        for (size_t i = 0; i < features.bytes; i++)
            ((uint8_t *)features.data)[i] = board_samples[second * features.bytes + i];
        if (isokern_run(&session))
            board_fail("the model did not run");
        const int8_t *score = scores.data;
        uint32_t word = 0;
        for (uint32_t i = 1; i < scores.count; i++)
            word = score[i] > score[word] ? i : word;
        board_print("word", word);
    }
    board_succeed();
}
