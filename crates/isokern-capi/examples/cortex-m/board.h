/* What the examples want of a board: text, an end, and samples of a sensor. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* Images of 8 by 8 pixels, a byte each, as a sensor would give them. */
extern const uint8_t board_samples[];

/* Prints a name and a number. */
void board_print(const char *name, uint32_t number);

/* Ends the program with success; with failure, and why. */
_Noreturn void board_succeed(void);
_Noreturn void board_fail(const char *why);

int main(void);

#endif
