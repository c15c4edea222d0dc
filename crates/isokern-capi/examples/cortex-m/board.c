/* Start-up, timer and semihosting for a Cortex-M: the least that a program in C needs in QEMU. */
#include "board.h"

#if defined(__ARM_FP)
/* Coprocessor Access Control: full access to the floating-point unit. */
#define CPACR (*(volatile uint32_t *)0xE000ED88)
#define CPACR_FPU (0xFu << 20)
#endif

/* SysTick: control, reload and current value. */
#define SYST_CSR (*(volatile uint32_t *)0xE000E010)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018)
#define SYST_ON 7u /* the processor's clock, an interrupt, enabled */
#define CYCLES 5000u

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;

static void (*on_tick)(void);

uint32_t board_call(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void board_start_timer(void (*tick)(void))
{
    on_tick = tick;
    SYST_RVR = CYCLES;
    SYST_CVR = 0;
    SYST_CSR = SYST_ON;
}

void board_wait(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

void reset(void);

void reset(void)
{
#if defined(__ARM_FP)
    CPACR |= CPACR_FPU;
    __asm__ volatile("dsb\n isb" ::: "memory");
#endif
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

static void tick(void)
{
    on_tick();
}

/* Initial stack, reset, NMI, the faults, and the timer last. */
__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &stack_top, (const void *)reset, (const void *)fault, (const void *)fault,
    (const void *)fault, (const void *)fault, (const void *)fault, [15] = (const void *)tick,
};
