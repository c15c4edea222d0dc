/* Start-up and semihosting for a Cortex-M4F: the least that a program in C needs in QEMU. */
#include "board.h"

/* Calls of semihosting, of Arm's "Semihosting for AArch32 and AArch64". */
#define SYS_OPEN 0x01
#define SYS_WRITE 0x05
#define SYS_EXIT 0x18
#define STOPPED_APPLICATION_EXIT ((const void *)0x20026)
#define STOPPED_RUNTIME_ERROR ((const void *)0x20023)

/* Coprocessor Access Control: full access to the floating-point unit. */
#define CPACR (*(volatile uint32_t *)0xE000ED88)
#define CPACR_FPU (0xFu << 20)

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;

static uint32_t call(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* Writes a text to standard output, the file that Arm calls `:tt`. */
static void write(const char *text)
{
    struct { const char *name; uint32_t mode, bytes; } console = { ":tt", 4, 3 };
    struct { uint32_t handle; const char *text; uint32_t bytes; } line = { 0, text, 0 };
    while (text[line.bytes])
        line.bytes++;
    line.handle = call(SYS_OPEN, &console);
    call(SYS_WRITE, &line);
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
    call(SYS_EXIT, STOPPED_APPLICATION_EXIT);
    for (;;) {
    }
}

_Noreturn void board_fail(const char *why)
{
    write("failed: ");
    write(why);
    write("\n");
    call(SYS_EXIT, STOPPED_RUNTIME_ERROR);
    for (;;) {
    }
}

void reset(void);

void reset(void)
{
    CPACR |= CPACR_FPU;
    __asm__ volatile("dsb\n isb" ::: "memory");
    const uint32_t *from = &data_load;
    for (uint32_t *to = &data_start; to < &data_end; to++)
        *to = *from++;
    for (uint32_t *to = &bss_start; to < &bss_end; to++)
        *to = 0;
    main();
    board_fail("main returned");
}

static void fault(void)
{
    board_fail("fault");
}

/* Initial stack, reset, NMI, the faults; nothing here enables an interrupt. */
__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &stack_top, (const void *)reset, (const void *)fault, (const void *)fault,
    (const void *)fault, (const void *)fault, (const void *)fault,
};
