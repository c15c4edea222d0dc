//! `isokern run`: inputs through a model, answers out.

mod execute;
mod expect;
mod report;
mod state;
mod text;
mod values;

use core::num::NonZeroU32;
use core::time::Duration;
use std::io::Write;
use std::path::{Path, PathBuf};

use isokern_model::Model;

use crate::backend::Backend;
use crate::error::{CliError, one_line};
use crate::figures::{digest, grouped};
use crate::input::{self, Inputs, Source};
use crate::instructions::Instructions;
use crate::labels::Labels;
use crate::mode::Mode;
use crate::output::{Form, Targets, print_text};
use crate::ports;
use crate::states::States;
use crate::{json, model_file, progress, self_test, trace};
use execute::Ran;
use expect::{Comparison, Expected};
use isokern::Latencies;
use isokern::Ports;
use isokern::escape::escaped;
use isokern::samples::{Samples, digest_of};
use report::RunReport;
use state::StateFile;

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

A file for --expect is read as an input is; integers are compared with the values of the output,
real numbers with what those stand for, in its precision. A file for --labels has a label on each
line.

A model with state takes the samples as one stream, in order, from its initial state; each run of
the program starts again from there. Where an input of it takes several frames, such as 1x3x40, an
array may also have the frames one after another, 300x40; so may it for any model with --stream.
--state writes what the state is after each sample: bytes, a row a sample; `isokern inspect` says
which tensor is where in it.

The digest is FNV-1a (64 bits) over all output bytes: all outputs of a sample in order, sample
after sample. It is the same on every machine, in every --mode and with every --instructions.

In batch mode the latency is that of one input: copied in, run, copied out; on one thread, or from
the host to the GPU and back. In ring mode it is the time from the question, the input being in its
lent buffer, to the collected answer, between two threads or a thread and the GPU; with several
inputs under way it includes the wait for those before. In megakernel mode it is the time from the
submission of a task, the input being in its place, to the collected outputs; up to 8 tasks are
under way, one of a model with state.

Keys of --json, which later versions keep:
  model, mode (batch, ring or megakernel), place (what ran)
  fallback_reason (why not the GPU, or null)
  sample_count, state_bytes, digest
  state_digests[]  of the state after each sample; empty in ring and megakernel mode, and
             without state
  inputs[]   name (may be empty), shape, dtype, scale, zero_point, source (the file), clipped
             {of_count: real numbers quantised, below_count, above_count: cut to the range}
  outputs[]  name, shape, dtype, scale, zero_point, file (written, or null), and for each sample:
             values[], the elements as they are, with the last axis the fastest;
             reals[], their real numbers; null where the elements are real numbers, or have none;
             classes[] {class, label (or null), real, value}, the --top highest; null where the
             output is no row of classes
  expected[] output, file, compared_count, differing_count, greatest (difference, or null), first
             {sample_index, index, value, real (compared instead, or null), expected} (or null)
  latency    {p50_ns, p99_ns, max_ns, times_ns[]}
What JSON has no number for is a string there: \"NaN\", \"inf\", \"-inf\".";

/// Runs inputs through a model: answers, digest of the output bytes, latency
#[derive(Debug, clap::Args)]
#[command(after_long_help = FORMATS)]
pub(crate) struct Arguments {
    /// An .ikm file, or a .tflite file, which is converted in memory
    model: PathBuf,
    /// Inputs: .npy or raw bytes; - is standard input; for a model of several inputs NAME=FILE
    /// or INDEX=FILE, once for each
    #[arg(short, long, value_name = "[NAME=]FILE", required_unless_present = "random")]
    input: Vec<PathBuf>,
    /// One generated sample instead, the bytes that belong to SEED [default: that of the model's
    /// self-test]
    #[arg(long, value_name = "SEED", num_args = 0..=1, conflicts_with = "input")]
    #[arg(allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    random: Option<Option<u32>>,
    /// How many samples --random generates, of one sequence
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    #[arg(allow_negative_numbers = true)]
    steps: Option<u32>,
    /// Take the inputs as one stream: frames, one after another, are cut into what a sample takes.
    /// A model with state does so in any case
    #[arg(long)]
    stream: bool,
    /// Where the state after each sample goes: .npy if it is named so, else raw bytes
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Where the outputs go: .npy if it is named so, else raw bytes; - is standard output, and
    /// then text goes to standard error; for a model of several outputs NAME=FILE or INDEX=FILE,
    /// once for each that is wanted
    #[arg(short, long, value_name = "[NAME=]FILE")]
    output: Vec<PathBuf>,
    /// Write the real numbers that the outputs represent, as float32, instead of their values
    #[arg(long, requires = "output")]
    reals: bool,
    /// What the outputs have to be: .npy or raw bytes; where a value differs, the program says so
    /// and exits with 1; for a model of several outputs NAME=FILE or INDEX=FILE
    #[arg(long, value_name = "[NAME=]FILE")]
    expect: Vec<PathBuf>,
    /// The greatest difference from --expect that counts as none
    #[arg(long, value_name = "T", default_value_t = 0.0, value_parser = tolerance)]
    #[arg(allow_negative_numbers = true, requires = "expect")]
    tolerance: f64,
    /// Names of the classes, a line of text for each; for a model of several outputs NAME=FILE or
    /// INDEX=FILE
    #[arg(long, value_name = "[NAME=]FILE")]
    labels: Vec<PathBuf>,
    /// How many classes to print per input; 0 prints no values
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 3)]
    top: usize,
    /// What the model runs on; the output bytes are the same
    #[arg(long, value_enum, default_value_t = Backend::Cpu)]
    backend: Backend,
    /// How the model is kept running; the output bytes are the same
    #[arg(long, value_enum, default_value_t = Mode::BATCH)]
    mode: Mode,
    /// In megakernel mode, the workers wanted [default: the threads of the machine]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    workers: Option<NonZeroU32>,
    /// In megakernel mode, where a trace of the workers goes: JSON for Perfetto and Chrome, a track
    /// for each worker, a thread or a block of a GPU, on it every claim of a task with its class
    /// and how it ended; of a GPU, the last claims of the last 4096 tasks, by the device's timer
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// The longest an input may take, such as 5ms; where one takes longer, nothing is written.
    /// A processor stops the model at the next operator; a GPU ends what was launched. In ring and
    /// megakernel mode the wait before it counts
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    #[arg(allow_hyphen_values = true)]
    timeout: Option<Duration>,
    /// The instructions to compute with; the output bytes are the same
    #[arg(long, value_enum, default_value_t = Instructions::Auto)]
    instructions: Instructions,
    /// Print the digest alone
    #[arg(short, long)]
    quiet: bool,
    /// Print one JSON object, for programs
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
}

/// What a run gave.
#[derive(Debug)]
struct Run<'r> {
    arguments: &'r Arguments,
    /// The model's file, as messages name it.
    name: &'r str,
    sources: Vec<Source>,
    outputs: Samples,
    targets: Targets<'r>,
    state_file: StateFile<'r>,
    trace_file: StateFile<'r>,
    states: States,
    labels: Labels,
    comparisons: Vec<Comparison>,
    latencies: Latencies,
    /// What ran, and how a time is to be read.
    place: String,
    /// Why it was not the GPU.
    reason: Option<String>,
}

/// Runs all inputs, writes the outputs, prints, and fails where they are not as expected.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<(), CliError> {
    let instructions = arguments.instructions.choose()?;
    let file = model_file::read(&arguments.model)?;
    let model = file.view();
    execute::check(arguments, &file)?;
    let read = files_read(arguments, &model)?;
    let form = if arguments.reals { Form::Reals } else { Form::Values };
    let targets = Targets::new(&arguments.output, &model, &read, form)?;
    let state_file = StateFile::new(arguments.state.as_deref(), &read, &targets)?;
    let trace_file = StateFile::new(arguments.trace.as_deref(), &read, &targets)?;
    let has_data = [&state_file, &trace_file].iter().any(|file| file.is_stdout());
    if arguments.json && (targets.has_stdout() || has_data) {
        return Err(CliError::JsonAndData);
    }
    let labels = Labels::read(&arguments.labels, &model)?;
    let expected = Expected::read(&arguments.expect, &model)?;
    let is_stream = arguments.stream || model.state_bytes() > 0;
    let Inputs { samples, sources } = match (arguments.random, arguments.steps) {
        (None, Some(_)) => return Err(CliError::StepsOfFile),
        (None, None) => input::read(&arguments.input, &model, is_stream)?,
        (Some(seed), steps) => {
            let seed = seed.unwrap_or_else(|| self_test::seed(&model));
            input::generate(&model, seed, steps.unwrap_or(1) as usize)?
        }
    };
    input::tell_clipped(&sources);
    let bar = progress::bar("running", samples.count());
    let result = execute::infer(arguments, &file, instructions, &samples, || bar.inc(1));
    bar.finish_and_clear();
    let Ran { outputs, latencies, place, reason, states, claims } = result?;
    let reason = reason.map(one_line);
    let outputs = Samples::new(outputs, model.output_bytes());
    let comparisons = expected.compare(&outputs, arguments.tolerance)?;
    let name = file.name();
    let run = Run {
        arguments,
        name,
        sources,
        outputs,
        targets,
        state_file,
        trace_file,
        states,
        labels,
        comparisons,
        latencies,
        place,
        reason,
    };
    run.targets.write(&run.outputs, out)?;
    run.state_file.write(&run.states, model.state_bytes(), out)?;
    run.trace_file.write_bytes(|| trace::file(name, &claims), out)?;
    run.print(&model, out)?;
    run.comparisons.iter().find_map(|comparison| comparison.error(name)).map_or(Ok(()), Err)
}

impl Run<'_> {
    /// Prints what the command line asks for: JSON, the digest, or everything.
    fn print(&self, model: &Model<'_>, out: &mut impl Write) -> Result<(), CliError> {
        if self.arguments.json {
            let (inputs, outputs) = (Ports::inputs(model), Ports::outputs(model));
            let report = RunReport::new(self, model, &inputs, &outputs);
            return Ok(json::print_line(&report, out)?);
        }
        let mut text = Vec::new();
        let digest = digest(digest_of(self.outputs.bytes()));
        if self.arguments.quiet {
            writeln!(text, "{digest}")?;
        } else {
            self.print_text(model, &digest, &mut text)?;
        }
        let files = [&self.state_file, &self.trace_file];
        let has_data = self.targets.has_stdout() || files.iter().any(|file| file.is_stdout());
        Ok(print_text(&text, has_data, out)?)
    }

    fn print_text(
        &self,
        model: &Model<'_>,
        digest: &str,
        text: &mut impl Write,
    ) -> Result<(), CliError> {
        text::print_head(self, model, text)?;
        text::print_answers(self, model, text)?;
        let others = self.state_file.name().into_iter().chain(self.trace_file.name());
        for name in self.targets.names().into_iter().chain(others) {
            writeln!(text, "written    {name}")?;
        }
        for comparison in &self.comparisons {
            writeln!(text, "expected   {comparison}")?;
        }
        if let Some(reason) = &self.reason {
            writeln!(text, "backend    cpu, for {}", escaped(reason))?;
        }
        state::print(model, &self.states, self.arguments.stream, text)?;
        text::print_latency(self, model, text)?;
        let bytes = grouped(self.outputs.bytes().len() as u64);
        Ok(writeln!(text, "digest     {digest} (FNV-1a over {bytes} output bytes)")?)
    }
}

/// Returns the files that a run reads, none of which may be written; standard input once at most.
fn files_read<'a>(arguments: &'a Arguments, model: &Model<'_>) -> Result<Vec<&'a Path>, CliError> {
    let (inputs, outputs) = (Ports::inputs(model), Ports::outputs(model));
    let mut files = vec![Some(arguments.model.as_path())];
    files.extend(ports::assign(&inputs, &arguments.input)?);
    files.extend(ports::assign_by(&outputs, "expect", &arguments.expect)?);
    files.extend(ports::assign_by(&outputs, "labels", &arguments.labels)?);
    let files: Vec<&Path> = files.into_iter().flatten().collect();
    if files.iter().filter(|path| **path == Path::new("-")).count() > 1 {
        return Err(CliError::StdinTwice);
    }
    Ok(files)
}

/// Reads a tolerance: a number that is not negative.
fn tolerance(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "it is no number from 0 up".to_owned())
}
