/* Text and an end for every board, through the debugger: calls of semihosting, of Arm's
 * "Semihosting for AArch32 and AArch64". */
#include "board.h"

#define SYS_OPEN 0x01
#define SYS_WRITE 0x05
#define SYS_EXIT 0x18
#define STOPPED_APPLICATION_EXIT ((const void *)0x20026)
#define STOPPED_RUNTIME_ERROR ((const void *)0x20023)

/* Writes a text to standard output, the file that Arm calls `:tt`. */
static void write(const char *text)
{
    struct { const char *name; uint32_t mode, bytes; } console = { ":tt", 4, 3 };
    struct { uint32_t handle; const char *text; uint32_t bytes; } line = { 0, text, 0 };
    while (text[line.bytes])
        line.bytes++;
    line.handle = board_call(SYS_OPEN, &console);
    board_call(SYS_WRITE, &line);
}

void board_print(const char *name, uint32_t number)
{
    char digits[12], *first = digits + sizeof digits - 1;
    *first = '\0';
    *--first = '\n';
    do
        *--first = (char)('0' + number % 10);
    while (number /= 10);
    write(name);
    write(" ");
    write(first);
}

_Noreturn void board_succeed(void)
{
    board_call(SYS_EXIT, STOPPED_APPLICATION_EXIT);
    for (;;) {
    }
}

_Noreturn void board_fail(const char *why)
{
    write("failed: ");
    write(why);
    write("\n");
    board_call(SYS_EXIT, STOPPED_RUNTIME_ERROR);
    for (;;) {
    }
}
