//! The smallest program: reads handwritten digits and prints what it reads.
#![no_std]
#![no_main]

use isokern_cpu::core::{InferenceError, ModelSource};
use isokern_cpu::{CpuBackend, model};
use isokern_firmware::processor::entry;
use isokern_firmware::{console, ending, lend};

model::include_model! {
    mod digits = "../../../models/digits.ikm";
}

/// Images of 8 by 8 pixels, one value each.
static IMAGES: &[u8] = include_bytes!("../../../models/models/digits.test.i8");

#[entry]
fn main() -> ! {
    let arena = lend!(digits::Arena = digits::Arena::new());
    match classify_all(arena) {
        Ok(()) => ending::succeed(),
        Err(_) => ending::fail("the model did not run"),
    }
}

fn classify_all(arena: &'static mut digits::Arena) -> Result<(), InferenceError> {
    let source = ModelSource::new(digits::BLOB, arena.as_mut_slice());
    let mut model = CpuBackend::<digits::Operators>::for_operators().load(source)?;
    model.init()?;
    for image in IMAGES.chunks_exact(digits::INPUT_LEN).take(10) {
        for (target, pixel) in model.input_mut()?.iter_mut().zip(image) {
            *target = pixel.cast_signed();
        }
        let scores = model.run()?;
        let answer = (0_u32..).zip(scores).max_by_key(|(_, score)| **score);
        console::print_number("digit", answer.map_or(0, |(class, _)| class));
    }
    Ok(())
}
