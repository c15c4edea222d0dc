/* A file of the tests as the samples of a sensor: `-Wa,-I` names its folder. */
    .section .samples, "a"
    .global board_samples
board_samples:
    .incbin "digits.test.i8"
