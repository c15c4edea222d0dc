//! Lends one arena to two models that live at the same time.

use isokern_cpu::core::{InferenceError, ModelSource};
use isokern_cpu::{CpuBackend, model};

model::include_model! {
    mod digits = "../../models/digits.ikm";
}

fn main() -> Result<(), InferenceError> {
    let mut arena = digits::Arena::new();
    let mut first =
        CpuBackend::new().load(ModelSource::new(digits::BLOB, arena.as_mut_slice()))?;
    let mut second =
        CpuBackend::new().load(ModelSource::new(digits::BLOB, arena.as_mut_slice()))?;
    first.init()?;
    second.init()
}
