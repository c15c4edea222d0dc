/* The memory of a board between its variables and the end of its stack. */
#ifndef STACK_H
#define STACK_H

#include <stdint.h>

/* Where the variables end and where the stack begins, of the linker script. */
extern uint8_t bss_end[], stack_top[];

/* How much of it is painted, and so what a program may use as stack. */
#ifndef STACK_BYTES
#define STACK_BYTES 4096u
#endif

#endif
