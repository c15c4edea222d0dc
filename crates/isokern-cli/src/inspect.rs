//! `isokern inspect`: what is in a model and what it needs.

mod arena;
mod copy_terms;
mod dot_terms;
mod inside;
mod prediction;
mod report;
mod terms;
mod text;

use std::io::{self, Write};
use std::path::PathBuf;

use crate::error::CliError;
use crate::json;
use crate::model_file;

const KEYS: &str = "\
Keys of --json, which later versions keep:
  file, source_format (tflite or ikm), file_bytes
  conversion {operators, unused_operators, unused_graphs} (of the TFLite file; else null)
  profile {name, version}, format_version, layout (row or packed)
  blob_bytes, constant_bytes, checksum, source_sha256 (or null), self_test {seed, digest} (or null)
  arena_bytes, weight_bytes, macs, state_bytes (kept from one run to the next; mostly 0)
  inputs[], outputs[]  name (may be empty), index (of the tensor), shape, dtype, scale,
                  zero_point, bytes; `isokern run` takes the name, or the place in the list from 0
  tensors[]       index, shape, dtype, scale, zero_point, bytes, region (arena or state), offset,
                  initial (of a tensor of the state {value: of all elements, or null where they
                  differ, is_tflm_reset: whether `reset()` of TFLite Micro gives it}, or null),
                  first_step, last_step
  operators[]     index, kind, operation, inputs[], outputs[], weight_bytes, macs, activation
                  {min, max}, weights {outputs, terms, zero_point, scale_count}, depth_multiplier,
                  window {kernel, stride, dilation, padding_before, padding_after: each [vertical,
                  horizontal]}; null where a kind has none
  prediction      with --target: {target, instructions (of one inference), unknown[] (operators that
                  the sum has nothing of), operators[] {class, counts[] of pairs (part of the loops,
                  how often it runs), instructions}}; else null
Step 0 is the caller writing the inputs, step i + 1 is operator i, the last step is the caller
reading the outputs. An offset counts from the start of the region. Names are as the model has
them in JSON, and escaped in the text.";

/// Shows a model: operators, tensors, sizes and the map of its arena
#[derive(clap::Args)]
#[command(after_long_help = KEYS)]
pub(crate) struct Arguments {
    /// An .ikm file, or a .tflite file, which is converted in memory
    model: PathBuf,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
    /// Predict the instructions of every operator on this processor
    #[arg(long, value_enum)]
    target: Option<prediction::Target>,
}

/// Prints the report, as text or as JSON.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<(), CliError> {
    let file = model_file::read(&arguments.model)?;
    let report = report::ModelReport::new(&file, &file.view(), arguments.target);
    if arguments.json {
        json::print(&report, out)?;
    } else {
        text::print(&report, out)?;
    }
    Ok(())
}

/// Prints everything there is to say of a model as JSON.
pub(crate) fn print_json(file: &isokern::Model, out: &mut impl Write) -> io::Result<()> {
    json::print(&report::ModelReport::new(file, &file.view(), None), out)
}
