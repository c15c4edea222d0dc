//! `isokern run`: inputs through a model, answers out.

mod execute;
mod text;

use core::time::Duration;
use std::io::Write;
use std::path::{Path, PathBuf};

use isokern_model::Model;

use crate::backend::{Answered, Backend};
use crate::error::CliError;
use crate::escape::escaped;
use crate::figures::{digest, grouped};
use crate::instructions::Instructions;
use crate::mode::Mode;
use crate::model_file::ModelFile;
use crate::output::{Targets, print_text};
use crate::packed::{Samples, digest_of};
use crate::ports::Ports;
use crate::{input, progress};

const FORMATS: &str = "\
Inputs, any number of them, one after another:
  .npy of integers or bool   the values of the input tensor themselves, which has to have them
  .npy of float16, 32 or 64  for a tensor of int8, uint8 or int16, real numbers: rounded to float32,
                divided by the scale of the tensor, rounded (halves away from zero), moved by its
                zero point, cut to its range; a note says how many were cut, infinite ones too
  other files   raw: copied byte for byte into the input tensor, whatever their name
A tensor of real numbers takes both, and a NaN, which is refused elsewhere. Both orders of bytes
and of axes are read. An array has the shape of the input, 1x8x8x1, with or without the leading 1,
or its values in a row, 64; with a number of samples before it, Nx8x8x1 or Nx64, it holds so many.

A model of several inputs takes --input once for each, with the name or the index of the input
before an equals sign: --input left=a.npy --input 1=b.npy. Every file holds the same number of
samples. `isokern inspect` shows names and indices; an index comes before a name. Outputs are
written in the same way: --output scores=s.npy, for as many of them as you want. Where the part
before the equals sign is no name or index of the model and the model has one such end, all of it
is a path; ./ before a path makes it one in any case.

A model with state takes the samples as one stream, in order, from its initial state; each run of
the program starts again from there. It runs in batch mode, without --timeout.

The digest is FNV-1a (64 bits) over all output bytes: all outputs of a sample in order, sample
after sample. It is the same on every machine, in every --mode and with every --instructions.

In batch mode the latency is that of one input: copied in, run, copied out; on one thread, or from
the host to the GPU and back. In ring
mode it is the time from the question, the input lying in its lent buffer, to the collected
answer, on two threads; with several inputs under way it includes the wait for those before.";

/// Runs inputs through a model: answers, digest of the output bytes, latency
#[derive(clap::Args)]
#[command(after_long_help = FORMATS)]
pub(crate) struct Arguments {
    /// An .ikm file, or a .tflite file, which is converted in memory
    model: PathBuf,
    /// Inputs: .npy or raw bytes; - is standard input; for a model of several inputs NAME=FILE
    /// or INDEX=FILE, once for each
    #[arg(short, long, value_name = "[NAME=]FILE", required = true)]
    input: Vec<PathBuf>,
    /// Where the outputs go: .npy if it is named so, else raw bytes; - is standard output, and
    /// then text goes to standard error; for a model of several outputs NAME=FILE or INDEX=FILE,
    /// once for each that is wanted
    #[arg(short, long, value_name = "[NAME=]FILE")]
    output: Vec<PathBuf>,
    /// How many classes to print per input
    #[arg(long, value_name = "N", default_value_t = 3)]
    top: usize,
    /// What the model runs on; the output bytes are the same
    #[arg(long, value_enum, default_value_t = Backend::Cpu)]
    backend: Backend,
    /// How the model is kept running; the output bytes are the same
    #[arg(long, value_enum, default_value_t = Mode::BATCH)]
    mode: Mode,
    /// The longest an input may take, such as 5ms: the model is stopped at the next operator and
    /// nothing is written; in ring mode the wait in the ring counts
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// The instructions to compute with; the output bytes are the same
    #[arg(long, value_enum, default_value_t = Instructions::Auto)]
    instructions: Instructions,
    /// Print the digest alone
    #[arg(short, long)]
    quiet: bool,
}

/// Runs all inputs, writes the outputs, then prints.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<(), CliError> {
    let instructions = arguments.instructions.choose()?;
    let file = ModelFile::read(&arguments.model)?;
    let model = file.model()?;
    execute::check(arguments, &file)?;
    let read = files_read(arguments, &model)?;
    let targets = Targets::new(&arguments.output, &model, &read)?;
    let inputs = input::read(&arguments.input, &model)?;
    inputs.tell_clipped();
    let inputs = inputs.samples;
    let bar = progress::bar("running", inputs.count());
    let result = execute::infer(arguments, &file, instructions, &inputs, || bar.inc(1));
    bar.finish_and_clear();
    let Answered { outputs, latencies, place, reason } = result?;

    let digest_text = digest(digest_of(&outputs));
    let bytes = grouped(outputs.len() as u64);
    let outputs = Samples::new(outputs, model.output_bytes());
    targets.write(&outputs, out)?;
    let mut text = Vec::new();
    if arguments.quiet {
        writeln!(text, "{digest_text}")?;
        return Ok(print_text(&text, targets.has_stdout(), out)?);
    }
    text::print_head(&file.name, &model, inputs.count(), &mut text)?;
    text::print_answers(&outputs, &model, arguments.top, &mut text)?;
    for name in targets.names() {
        writeln!(text, "written    {name}")?;
    }
    if let Some(reason) = reason {
        writeln!(text, "backend    cpu, for {}", escaped(&reason))?;
    }
    text::print_state(&model, &mut text)?;
    text::print_latency(&latencies, arguments.mode, &place, &mut text)?;
    writeln!(text, "digest     {digest_text} (FNV-1a over {bytes} output bytes)")?;
    Ok(print_text(&text, targets.has_stdout(), out)?)
}

/// Returns the files that a run reads, none of which may be written.
fn files_read<'a>(arguments: &'a Arguments, model: &Model<'_>) -> Result<Vec<&'a Path>, CliError> {
    let inputs = Ports::inputs(model).assign(&arguments.input)?;
    Ok(core::iter::once(arguments.model.as_path()).chain(inputs.into_iter().flatten()).collect())
}
