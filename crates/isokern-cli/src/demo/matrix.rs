//! `isokern demo --matrix`: the models of Isokern's own tests in every mode, one digest each.

use std::io::Write;

use isokern::escape::escaped;
use isokern::samples::{Samples, digest_of};
use isokern::{Device, Model, Plan};

use super::infer;
use crate::backend::is_simulated;
use crate::error::{CliError, one_line};
use crate::figures::{counted, digest, grouped};
use crate::mode::Mode;

/// The models by name, each in a file of its own.
macro_rules! models {
    ($($name:literal)*) => {
        [$(($name, include_bytes!(concat!("../../demo/matrix/", $name, ".tflite")))),*]
    };
}

/// They cover every kind of operator, several inputs and outputs, and state.
static MODELS: [(&str, &[u8]); 36] = models![
    "batch_inside" "broadcasts" "byte_ends" "byte_values" "casts" "choices" "conv_dilated"
    "conv_shapes" "dead_channels" "dense" "dense_units" "depthwise_shapes" "digits" "ends"
    "extremes" "float_ends" "float_values" "functions" "grouped" "indices" "keyword" "logistic"
    "logistic_wide" "max_pool" "moves" "open_batch" "pool_add" "reductions" "residual"
    "second_graph" "softmax_beta" "softmax_rows" "softmax_steep" "two_inputs" "variables"
    "word_values"
];

/// Inputs of the model of indices, to which generated ones are an error.
static INDICES: &[u8] = include_bytes!("../../demo/matrix/indices.in.i8");
/// Inputs of each model, one stream for a model with state.
const INPUTS: u32 = 4;

const MODES: [Mode; 3] = [Mode::BATCH, Mode::RING, Mode::MEGAKERNEL];

/// Runs every model in every mode on the processor and, where there is one, on the first GPU, and
/// prints a row for each; a digest that differs from that of batch mode is an error.
pub(super) fn run(out: &mut impl Write) -> Result<(), CliError> {
    let gpu = Gpu::find()?;
    writeln!(out, "Isokern demo: one digest for each model, in every mode\n")?;
    let mut devices = format!("{:<16}  {:>7}  {:<16}", "", "", "");
    let mut head = format!("{:<16}  {:>7}  {:<16}", "model", "MACs", "digest");
    for cell in cells(&gpu) {
        devices += &cell.column(if cell.mode.is_batch() { cell.device_word() } else { "" });
        head += &cell.column(cell.mode.as_str());
    }
    writeln!(out, "{}\n{}", devices.trim_end(), head.trim_end())?;
    let mut count = 0;
    for (name, file) in MODELS {
        let model = Model::named(name, file)?;
        let samples = samples(&model);
        let (mut first, mut row) = (None, String::new());
        for cell in cells(&gpu) {
            let found = cell.digest(&model, &samples)?;
            if *first.get_or_insert(found) != found {
                return Err(cell.differs(name));
            }
            row += &cell.column("equal");
            count += 1;
        }
        let macs = grouped(model.view().header().macs());
        let value = digest(first.unwrap_or_default());
        writeln!(out, "{name:<16}  {macs:>7}  {value:<16}{}", row.trim_end())?;
    }
    let models = counted(MODELS.len(), "model");
    writeln!(out, "\n{models}, {}: each row one digest", counted(count, "cell"))?;
    writeln!(
        out,
        "over the outputs for {INPUTS} generated inputs; one stream for a model with state"
    )?;
    match gpu {
        Gpu::Here(name) if is_simulated(&name) => {
            writeln!(out, "cuda is the PTX on a simulated device: {}", escaped(&name))?;
        }
        Gpu::Here(name) => writeln!(out, "cuda is {}", escaped(&name))?,
        Gpu::None(why) => writeln!(out, "not on a GPU: {}", escaped(&one_line(&why)))?,
    }
    Ok(())
}

/// The first GPU, by its name, or why there is none.
enum Gpu {
    Here(String),
    None(String),
}

impl Gpu {
    fn find() -> Result<Self, CliError> {
        let (name, file) = MODELS[0];
        let session = Model::named(name, file)?.session(Device::Auto)?;
        Ok(match session.fallback_reason() {
            Some(why) => Self::None(why.to_owned()),
            None => Self::Here(session.place().to_owned()),
        })
    }
}

/// A device in a mode.
#[derive(Clone, Copy)]
struct Cell {
    device: Device,
    mode: Mode,
}

/// Returns the cells of a row; the first is the one that others are compared with.
fn cells(gpu: &Gpu) -> impl Iterator<Item = Cell> {
    let on = |device| move |mode| Cell { device, mode };
    let gpu_modes: &[Mode] = if matches!(gpu, Gpu::Here(_)) { &MODES } else { &[] };
    let cuda = on(Device::Cuda { ordinal: 0 });
    MODES.into_iter().map(on(Device::Cpu)).chain(gpu_modes.iter().copied().map(cuda))
}

impl Cell {
    fn device_word(self) -> &'static str {
        if self.device == Device::Cpu { "cpu" } else { "cuda" }
    }

    /// Returns a text as wide as the column.
    fn column(self, text: &str) -> String {
        format!("  {text:<width$}", width = self.mode.as_str().len().max("equal".len()))
    }

    /// Runs a model and returns the digest of its outputs.
    fn digest(self, model: &Model, samples: &Samples) -> Result<u64, CliError> {
        let plan = Plan::new(self.device).with_mode(self.mode.into());
        let mut session = model.session_with(plan)?;
        let (outputs, _) = infer(&mut session, samples)?;
        session.finish()?;
        Ok(digest_of(&outputs))
    }

    fn differs(self, name: &str) -> CliError {
        let name = name.to_owned();
        if self.device == Device::Cpu {
            return CliError::ModesDiffer { name, mode: self.mode.as_str() };
        }
        CliError::DeviceDiffers { name }
    }
}

/// Returns the inputs of a model.
fn samples(model: &Model) -> Samples {
    if model.view().header().self_test().is_some() {
        return Samples::generated(model, 1..=INPUTS);
    }
    let bytes = model.view().input_bytes();
    let len = (INPUTS as usize * bytes).min(INDICES.len());
    Samples::new(INDICES[..len].to_vec(), bytes)
}
