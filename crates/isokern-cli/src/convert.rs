//! `isokern convert`: a TFLite file, or a packed model, to a packed model, or to one as C.

mod c_source;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use isokern_import::Report;
use isokern_model::Model;
use isokern_model::layout::Layout;

use crate::error::{CliError, name};
use crate::figures::{counted, grouped};
use crate::model_file::read_as;
use crate::output::{Destination, print_text};
use c_source::{CSource, header_of};

/// Writes a packed model (.ikm) from a TFLite file, or from a packed model with another layout
///
/// The file appears under its name only when it is complete, and never replaces the one that is
/// read. The same input gives the same bytes on every machine. Of a file that does not convert,
/// everything that keeps it from that is reported: a line for what is wrong, a line for what to do.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A .tflite or .ikm file
    #[arg(value_name = "IN")]
    source: PathBuf,
    /// The packed model to write; - is standard output, and then text goes to standard error
    #[arg(short, long, value_name = "OUT.ikm", required_unless_present = "check")]
    output: Option<PathBuf>,
    /// Write nothing, and say whether the file converts: exit code 0 if it does, 1 if not
    #[arg(long, conflicts_with = "output")]
    check: bool,
    /// The order of the weights
    #[arg(long, value_enum, default_value_t = LayoutArgument::Row)]
    layout: LayoutArgument,
    /// What to write
    #[arg(long, value_enum, default_value_t = EmitArgument::Ikm)]
    emit: EmitArgument,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EmitArgument {
    /// A packed model
    Ikm,
    /// A packed model as C: OUT.c with its bytes, and OUT.h with its sizes
    C,
}

#[derive(Clone, Copy, ValueEnum)]
enum LayoutArgument {
    /// The smallest file, for firmware
    Row,
    /// What vector units read in one piece: nothing is left to do when a program loads it
    Packed,
}

/// Converts, writes unless it only checks, and says in one line what came out.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<(), CliError> {
    let layout = match arguments.layout {
        LayoutArgument::Row => Layout::Row,
        LayoutArgument::Packed => Layout::Packed,
    };
    let Some(output) = &arguments.output else {
        let file = read_as(&arguments.source, Some(layout))?;
        let text = format!("{}: converts to {}\n", file.name(), summary(&file, &file.view()));
        return Ok(print_text(text.as_bytes(), false, out)?);
    };
    if arguments.emit == EmitArgument::C {
        return emit_c(arguments, output, layout, out);
    }
    let target = Destination::find(output, &[&arguments.source])?;
    let file = read_as(&arguments.source, Some(layout))?;
    let model = file.view();
    target.write(model.blob(), out)?;
    let text = format!("{}: {}\n", name(output), summary(&file, &model));
    Ok(print_text(text.as_bytes(), target.is_stdout(), out)?)
}

/// Writes the model as C, to a source file and the header beside it.
fn emit_c(
    arguments: &Arguments,
    output: &Path,
    layout: Layout,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let header = header_of(output).ok_or_else(|| CliError::NoSourceFile { name: name(output) })?;
    let targets = (
        Destination::find(output, &[&arguments.source])?,
        Destination::find(&header, &[&arguments.source])?,
    );
    let file = read_as(&arguments.source, Some(layout))?;
    let model = file.view();
    let text = CSource::new(&model, output);
    targets.0.write(text.source.as_bytes(), out)?;
    targets.1.write(text.header.as_bytes(), out)?;
    let line = format!("{}, {}: {}\n", name(output), name(&header), summary(&file, &model));
    Ok(print_text(line.as_bytes(), false, out)?)
}

/// Returns what a packed model has, and what of the file it has not.
fn summary(file: &isokern::Model, model: &Model<'_>) -> String {
    let weight_bytes: usize = model.ops().map(|op| op.cost().weight_bytes).sum();
    let state = match model.state_bytes() {
        0 => String::new(),
        bytes => format!("{} state bytes, ", grouped(bytes as u64)),
    };
    let left_out = file.conversion().map(left_out).unwrap_or_default();
    format!(
        "{}, {} weight bytes, {} arena bytes, {state}{} file bytes (read: {}){left_out}",
        counted(model.operator_count(), "operator"),
        grouped(weight_bytes as u64),
        grouped(model.arena_bytes() as u64),
        grouped(model.blob().len() as u64),
        grouped(file.file_bytes() as u64),
    )
}

/// Returns what of a TFLite file the packed model does not have.
fn left_out(report: &Report) -> String {
    let mut text = String::new();
    for (count, noun, why) in [
        (report.unused_operator_count, "operator", "whose output nothing reads"),
        (report.unused_subgraph_count, "other graph", "which nothing calls"),
    ] {
        if count > 0 {
            text += &format!("; {} left out, {why}", counted(count, noun));
        }
    }
    text
}
