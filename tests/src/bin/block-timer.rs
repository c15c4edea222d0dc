//! Times blocks of inferences on request: our side of `compare_litert.py`.
//!
//! Arguments are model files (`.tflite`), `--instructions NAME` first if wanted. Each
//! line on standard input, `<model index> <inferences>`, is answered by one line with
//! the nanoseconds that the block took.

use core::hint::black_box;
use std::io::{BufRead, Write};
use std::time::Instant;

use isokern_core::compute::ModelArtifact;
use isokern_cpu::{ArtifactBackend, CpuModel, InstructionSet};
use isokern_import::convert;
use isokern_model::digest::generate_input;
use isokern_model::layout::Layout;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let mut instructions = InstructionSet::detect();
    if files.first().is_some_and(|first| first == "--instructions") {
        let name = files.get(1).cloned().unwrap_or_default();
        instructions = InstructionSet::available()
            .find(|set| set.name() == name)
            .ok_or_else(|| format!("this processor has no `{name}`"))?;
        files.drain(..2);
    }
    let mut models = Vec::new();
    for file in &files {
        let blob = convert(&std::fs::read(file)?, Layout::Packed)?.blob;
        let backend = ArtifactBackend::new().with_instruction_set(instructions);
        let mut model = backend.load(&ModelArtifact::from_bytes(&blob))?;
        model.init()?;
        models.push(model);
    }
    let mut answers = std::io::stdout().lock();
    writeln!(answers, "{instructions}")?;
    answers.flush()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (index, count) = line.split_once(' ').ok_or("expected: <model index> <inferences>")?;
        let model = models.get_mut(index.parse::<usize>()?).ok_or("no such model")?;
        writeln!(answers, "{}", time(model, count.parse()?)?)?;
        answers.flush()?;
    }
    Ok(())
}

/// Nanoseconds for `count` inferences, from input payload to output payload.
fn time(model: &mut CpuModel<'_>, count: u32) -> Result<u128, Box<dyn core::error::Error>> {
    let mut input = vec![0_i8; model.model().input().len()];
    let mut output = vec![0_i8; model.model().output().len()];
    generate_input(1, &mut input);
    let start = Instant::now();
    for _ in 0..count {
        model.infer_one(black_box(input.as_slice()), output.as_mut_slice())?;
        black_box(&output);
    }
    Ok(start.elapsed().as_nanos())
}
