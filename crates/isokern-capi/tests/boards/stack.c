/* Measures the stack of a program: paints it before `main`, and prints in the end how much was
 * written to. Linked with `--wrap=main --wrap=board_succeed`, beside a program that knows nothing
 * of it. */
#include "board.h"
#include "stack.h"

#define PAINT 0xa5a5a5a5u

int __wrap_main(void);
int __real_main(void);
_Noreturn void __wrap_board_succeed(void);
_Noreturn void __real_board_succeed(void);

/* Returns the lowest word of the stack. */
static volatile uint32_t *bottom(void)
{
    return (volatile uint32_t *)(stack_top - STACK_BYTES);
}

int __wrap_main(void)
{
    volatile uint32_t *here = (volatile uint32_t *)__builtin_frame_address(0);
    /* Some words below the frame are this function's. */
    for (volatile uint32_t *word = bottom(); word < here - 16; word++)
        *word = PAINT;
    return __real_main();
}

_Noreturn void __wrap_board_succeed(void)
{
    volatile uint32_t *word = bottom();
    while (*word == PAINT)
        word++;
    board_print("stack", (uint32_t)(stack_top - (uint8_t *)(uintptr_t)word));
    __real_board_succeed();
}
