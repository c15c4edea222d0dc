//! `isokern convert`: a TFLite file, or a packed model, to a packed model.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use isokern_model::layout::Layout;

use crate::error::{CliError, name};
use crate::figures::{counted, grouped};
use crate::model_file::ModelFile;
use crate::output::{Destination, print_text};

/// Writes a packed model (.ikm) from a TFLite file, or from a packed model with another layout
///
/// The file appears under its name only when it is complete, and never replaces the one that is
/// read. The same input gives the same bytes on every machine.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A .tflite or .ikm file
    #[arg(value_name = "IN")]
    source: PathBuf,
    /// The packed model to write; - is standard output, and then text goes to standard error
    #[arg(short, long, value_name = "OUT.ikm")]
    output: PathBuf,
    /// The order of the weights
    #[arg(long, value_enum, default_value_t = LayoutArgument::Row)]
    layout: LayoutArgument,
}

#[derive(Clone, Copy, ValueEnum)]
enum LayoutArgument {
    /// The smallest file, for firmware
    Row,
    /// What vector units read in one piece: nothing is left to do when a program loads it
    Packed,
}

/// Converts, writes, and says in one line what was written.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<(), CliError> {
    let layout = match arguments.layout {
        LayoutArgument::Row => Layout::Row,
        LayoutArgument::Packed => Layout::Packed,
    };
    let target = Destination::find(&arguments.output, &[&arguments.source])?;
    let file = ModelFile::read_as(&arguments.source, layout)?;
    let model = file.model()?;
    target.write(model.blob(), out)?;

    let operators = counted(model.operator_count(), "operator");
    let weight_bytes: usize = model.ops().map(|op| op.cost().weight_bytes).sum();
    let left_out = match file.unused_subgraph_count {
        0 => String::new(),
        count => format!("; {} left out, which nothing calls", counted(count, "other graph")),
    };
    let summary = format!(
        "{}: {operators}, {} weight bytes, {} arena bytes, {} file bytes (read: {}){left_out}\n",
        name(&arguments.output),
        grouped(weight_bytes as u64),
        grouped(model.arena_bytes() as u64),
        grouped(model.blob().len() as u64),
        grouped(file.file_bytes as u64),
    );
    Ok(print_text(summary.as_bytes(), target.is_stdout(), out)?)
}
