//! Hands a structure of your own to a model, where its bytes are wanted.

use isokern_cpu::CpuModel;
use isokern_cpu::core::InferenceError;

struct Image {
    pixels: [i8; 64],
}

fn classify(model: &mut CpuModel<'_>, image: &Image) -> Result<[i8; 10], InferenceError> {
    let mut scores = [0_i8; 10];
    model.infer_one(image, &mut scores)?;
    Ok(scores)
}

fn main() {}
