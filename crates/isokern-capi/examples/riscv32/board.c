/* Start-up, timer and semihosting for a RISC-V of 32 bits: the least that a program in C needs in
 * QEMU's machine `virt`. */
#include "board.h"

/* The timer of the core-local interruptor, 10 MHz, and its interrupt. */
#define MTIMECMP_LOW (*(volatile uint32_t *)0x02004000)
#define MTIMECMP_HIGH (*(volatile uint32_t *)0x02004004)
#define MTIME_LOW (*(volatile uint32_t *)0x0200BFF8)
#define MTIME_HIGH (*(volatile uint32_t *)0x0200BFFC)
#define TICK 2000u
#define MTIE 0x80u
#define MIE 0x8u
#define TIMER_CAUSE 0x80000007u

extern uint32_t data_load, data_start, data_end, bss_start, bss_end;

static void (*on_tick)(void);

/* A debugger looks for these three instructions, which must be in one page. */
__attribute__((noinline, aligned(16))) uint32_t board_call(uint32_t operation, const void *argument)
{
    register uint32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = argument;
    __asm__ volatile(
        ".option push\n"
        ".option norvc\n"
        "slli zero, zero, 0x1f\n"
        "ebreak\n"
        "srai zero, zero, 7\n"
        ".option pop\n"
        : "+r"(a0) : "r"(a1) : "memory");
    return a0;
}

/* Sets the next interrupt of the timer, by the high half first so that none comes between. */
static void set_timer(void)
{
    uint32_t high, low;
    do {
        high = MTIME_HIGH;
        low = MTIME_LOW;
    } while (high != MTIME_HIGH);
    uint32_t next = low + TICK;
    MTIMECMP_HIGH = 0xffffffffu;
    MTIMECMP_LOW = next;
    MTIMECMP_HIGH = high + (next < low);
}

__attribute__((interrupt("machine"), aligned(4))) static void trap(void)
{
    uint32_t cause;
    __asm__ volatile("csrr %0, mcause" : "=r"(cause));
    if (cause != TIMER_CAUSE)
        board_fail("fault");
    set_timer();
    on_tick();
}

void board_start_timer(void (*tick)(void))
{
    on_tick = tick;
    set_timer();
    __asm__ volatile("csrs mie, %0" :: "r"(MTIE) : "memory");
    __asm__ volatile("csrs mstatus, %0" :: "r"(MIE) : "memory");
}

void board_wait(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

void start(void);

/* The stack grows down from the end of the memory. */
__attribute__((naked, section(".start"), used)) void reset(void)
{
    __asm__ volatile(
        "la sp, stack_top\n"
        "tail start\n");
}

__attribute__((used)) void start(void)
{
    __asm__ volatile("csrw mtvec, %0" :: "r"(trap) : "memory");
    const uint32_t *from = &data_load;
    for (uint32_t *to = &data_start; to < &data_end; to++)
        *to = *from++;
    for (uint32_t *to = &bss_start; to < &bss_end; to++)
        *to = 0;
    main();
    board_fail("main returned");
}
