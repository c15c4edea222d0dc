/* Calls layers of CMSIS-NN on a Cortex-M4 in an emulator, and prints the ticks of each.
 *
 * `cmsis_nn.py` writes `layers.h`, a list of `struct layer`, and builds this. Values are generated:
 * what a layer costs does not depend on them.
 */

#include <stdint.h>

#include "arm_nnfunctions.h"

enum kind { CONVOLUTION, DEPTHWISE, DENSE };

struct layer {
    enum kind kind;
    cmsis_nn_dims input, filter, output;
    int32_t multiplier;
    cmsis_nn_tile stride, dilation, padding;
    int32_t input_offset, output_offset, low, high;
};

static const struct layer LAYERS[] = {
#include "layers.h"
};

enum { VALUES = 512 << 10, CHANNELS = 2048, SCRATCH = 256 << 10, KNOWN = 1 << 20 };

static int8_t input[VALUES], output[VALUES], weights[VALUES];
static int32_t biases[CHANNELS], multipliers[CHANNELS], shifts[CHANNELS];
static int32_t scratch[SCRATCH / 4];

static volatile uint32_t *const SYSTICK = (volatile uint32_t *)0xE000E010;

static int32_t semihosting(int32_t operation, const void *argument) {
    register int32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void print(const char *name, uint32_t number) {
    char text[64], digits[12];
    int length = 0, count = 0;
    while (*name) text[length++] = *name++;
    text[length++] = ' ';
    do digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (count) text[length++] = digits[--count];
    text[length++] = '\n';
    text[length] = 0;
    semihosting(4, text);
}

static void start(void) {
    SYSTICK[1] = 0xFFFFFF;
    SYSTICK[2] = 0;
    SYSTICK[0] = 5;
}

/* The ticks since the start, of a counter that goes down and wraps around. */
static uint32_t ticks(void) {
    uint32_t now = SYSTICK[2];
    return SYSTICK[0] & 0x10000 ? 0 : 0xFFFFFF - now;
}

static uint32_t known(void) {
    uint32_t count = KNOWN / 2;
    start();
    __asm__ volatile("1: subs %0, #1\nbne 1b" : "+r"(count) : : "cc");
    return ticks();
}

static arm_cmsis_nn_status run(const struct layer *layer, uint32_t *taken) {
    cmsis_nn_dims bias = {1, 1, 1, layer->output.c};
    cmsis_nn_context context = {scratch, SCRATCH};
    cmsis_nn_activation range = {layer->low, layer->high};
    cmsis_nn_per_channel_quant_params scales = {multipliers, shifts};
    arm_cmsis_nn_status status;
    start();
    switch (layer->kind) {
    case CONVOLUTION: {
        cmsis_nn_conv_params params = {layer->input_offset, layer->output_offset, layer->stride,
                                       layer->padding, layer->dilation, range};
        status = arm_convolve_wrapper_s8(&context, &params, &scales, &layer->input, input,
                                         &layer->filter, weights, &bias, biases, &layer->output,
                                         output);
        break;
    }
    case DEPTHWISE: {
        cmsis_nn_dw_conv_params params = {layer->input_offset, layer->output_offset,
                                          layer->multiplier, layer->stride, layer->padding,
                                          layer->dilation, range};
        status = arm_depthwise_conv_wrapper_s8(&context, &params, &scales, &layer->input, input,
                                               &layer->filter, weights, &bias, biases,
                                               &layer->output, output);
        break;
    }
    default: {
        cmsis_nn_fc_params params = {layer->input_offset, 0, layer->output_offset, range};
        cmsis_nn_per_tensor_quant_params scale = {multipliers[0], shifts[0]};
        status = arm_fully_connected_s8(&context, &params, &scale, &layer->input, input,
                                        &layer->filter, weights, &bias, biases, &layer->output,
                                        output);
    }
    }
    *taken = ticks();
    return status;
}

int main(void) {
    uint32_t seed = 1;
    for (int index = 0; index < VALUES; index++) {
        seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
        input[index] = (int8_t)(seed >> 24);
        weights[index] = (int8_t)((int8_t)(seed >> 16) | 1);
    }
    for (int index = 0; index < CHANNELS; index++) {
        biases[index] = 100 * index;
        multipliers[index] = 0x40000000 + 1000 * index;
        shifts[index] = -8;
    }
    print("known_instructions", KNOWN);
    print("known_ticks", known());
    for (unsigned index = 0; index < sizeof LAYERS / sizeof *LAYERS; index++) {
        uint32_t taken = 0;
        if (run(&LAYERS[index], &taken) != ARM_CMSIS_NN_SUCCESS || taken == 0) {
            print("failed", index);
            return 1;
        }
        print("ticks", taken);
    }
    return 0;
}

extern uint32_t STACK_END[], BSS_START[], BSS_END[];

/* The FPU on, zeroed memory, and the status that `main` returns to the host. */
void reset(void) {
    *(volatile uint32_t *)0xE000ED88 |= 0xF << 20;
    for (uint32_t *word = BSS_START; word < BSS_END; word++) *word = 0;
    uint32_t block[2] = {0x20026, (uint32_t)main()};
    semihosting(0x20, block);
    for (;;) {}
}

static void fault(void) {
    uint32_t block[2] = {0x20026, 2};
    semihosting(0x20, block);
    for (;;) {}
}

__attribute__((section(".vectors"), used)) static const void *const VECTORS[] = {
    STACK_END, (const void *)reset, (const void *)fault, (const void *)fault,
};
