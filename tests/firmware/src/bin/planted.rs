//! Has everything that the checks must find: float arithmetic, a panic, a fault.
//!
//! A check that sees nothing passes everything. `cargo xtask firmware` fails when it
//! does not find in this program what it looks for in the others.
#![no_std]
#![no_main]

use core::hint::black_box;

use isokern_firmware::console::print_number;
use isokern_firmware::processor::{self, entry};

#[entry]
fn main() -> ! {
    let half = black_box(3.0_f32) * black_box(0.5);
    print_number("float", half.to_bits());
    let values = [1, 2, 3];
    print_number("index", values[black_box(1)]);
    processor::fault()
}
