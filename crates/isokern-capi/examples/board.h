/* What the examples want of a board: text, an end, a timer, and samples of a sensor. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* What a sensor would give: images of 8 by 8 pixels, a byte each, or frames of features. */
extern const uint8_t board_samples[];

/* Prints a name and a number. */
void board_print(const char *name, uint32_t number);

/* Ends the program with success; with failure, and why. */
_Noreturn void board_succeed(void);
_Noreturn void board_fail(const char *why);

/* Calls a function in an interrupt, again and again. */
void board_start_timer(void (*tick)(void));

/* Sleeps until an interrupt has come, or returns at once. */
void board_wait(void);

/* Calls the debugger: each board has its own way. */
uint32_t board_call(uint32_t operation, const void *argument);

int main(void);

#endif
