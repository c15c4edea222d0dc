/* A file of the tests as the samples of a sensor: `-Wa,-I` names its folder, `-DSAMPLES` the file. */
#ifndef SAMPLES
#define SAMPLES "digits.test.i8"
#endif
    .section .samples, "a"
    .global board_samples
board_samples:
    .incbin SAMPLES
