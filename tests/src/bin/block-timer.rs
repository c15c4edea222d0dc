//! Times blocks of inferences on request: our side of `compare_litert.py`.
//!
//! Arguments are model files (`.tflite`), before them `--resident` and `--instructions NAME` if
//! wanted. Each line on standard input, `<model index> <inferences>`, is answered by one line with
//! the nanoseconds that the block took: from input payloads to output payloads, or with
//! `--resident` from inputs in the arena to outputs in the arena, as LiteRT's `invoke` counts.

use core::hint::black_box;
use core::time::Duration;
use std::io::{BufRead, Write};
use std::time::Instant;

use isokern_core::compute::{BufferDescriptor, DType, ModelArtifact};
use isokern_core::{Payload, PayloadMut};
use isokern_cpu::{ArtifactBackend, CpuModel, InstructionSet};
use isokern_import::convert;
use isokern_model::digest::generate_input;
use isokern_model::layout::Layout;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let is_resident = files.first().is_some_and(|first| first == "--resident");
    if is_resident {
        files.remove(0);
    }
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
        let count = count.parse()?;
        let time = if is_resident { resident(model, count)? } else { whole(model, count)? };
        writeln!(answers, "{}", time.as_nanos())?;
        answers.flush()?;
    }
    Ok(())
}

/// Returns the time of `count` inferences, from input payload to output payload.
fn whole(model: &mut CpuModel<'_>, count: u32) -> Result<Duration, Box<dyn core::error::Error>> {
    let mut input = vec![0_u8; model.model().input_bytes()];
    let mut output = vec![0_u8; model.model().output_bytes()];
    let mut rest = input.as_mut_slice();
    for position in 0..model.model().input_count() {
        let tensor = model.model().input_at(position);
        let (first, others) = rest.split_at_mut(tensor.bytes());
        fill(first, tensor.dtype());
        rest = others;
    }
    let start = Instant::now();
    for _ in 0..count {
        model.infer_one(black_box(&Bytes(&input)), &mut Bytes(output.as_mut_slice()))?;
        black_box(&output);
    }
    Ok(start.elapsed())
}

/// Returns the time of `count` inferences whose inputs are in the arena.
fn resident(model: &mut CpuModel<'_>, count: u32) -> Result<Duration, Box<dyn core::error::Error>> {
    for position in 0..model.model().input_count() {
        let dtype = model.model().input_at(position).dtype();
        fill(model.input_at_mut(position)?, dtype);
    }
    let operators = 0..model.model().operator_count();
    let start = Instant::now();
    for _ in 0..count {
        model.run_operators(black_box(operators.clone()))?;
    }
    Ok(start.elapsed())
}

/// Fills in any bytes; as floats, multiples of 1/128 from -1 to 1, since most bits are a number too
/// large or too small for any tensor.
fn fill(input: &mut [u8], dtype: DType) {
    generate_input(1, bytemuck::cast_slice_mut(input));
    if dtype == DType::F32 {
        for value in input.as_chunks_mut::<4>().0 {
            *value = (f32::from(value[0].cast_signed()) / 128.0).to_le_bytes();
        }
    }
}

/// All inputs, or all outputs: bytes without an element type, as ports may differ.
struct Bytes<B>(B);

impl<B: AsRef<[u8]>> Payload for Bytes<B> {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::of_slice(self.0.as_ref())
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        Some(self.0.as_ref())
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> PayloadMut for Bytes<B> {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(self.0.as_mut())
    }
}
