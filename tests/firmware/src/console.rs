//! Prints text and numbers to the debugger, without `core::fmt`.
//!
//! Formatting through `core::fmt` costs several KiB of flash and can panic; a board
//! that is measured for its size prints with these few functions.

use crate::processor;

/// Prints text.
pub fn print(text: &str) {
    processor::print(text);
}

/// Prints a name and a number, as one line.
pub fn print_number(name: &str, value: u32) {
    let mut digits = [b'0'; 10];
    let mut rest = value;
    let mut first = digits.len() - 1;
    for (index, digit) in digits.iter_mut().enumerate().rev() {
        if rest > 0 {
            first = index;
        }
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    print_line(name, digits.get(first..).unwrap_or(&[]));
}

/// Prints a name and a digest in 16 hexadecimal digits, as one line.
pub fn print_digest(name: &str, digest: u64) {
    let mut digits = [0; 16];
    for (digit, byte) in digits.chunks_exact_mut(2).zip(digest.to_be_bytes()) {
        for (target, nibble) in digit.iter_mut().zip([byte >> 4, byte & 15]) {
            *target = if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
        }
    }
    print_line(name, &digits);
}

/// Prints a name and a word, as one line.
pub fn print_word(name: &str, word: &str) {
    print_line(name, word.as_bytes());
}

fn print_line(name: &str, value: &[u8]) {
    print(name);
    print(" ");
    print(core::str::from_utf8(value).unwrap_or_default());
    print("\n");
}
