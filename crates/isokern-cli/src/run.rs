//! `isokern run`: inputs through a model, answers out.

use core::time::Duration;
use std::io::Write;
use std::path::{Path, PathBuf};

use isokern_core::KernelError;
use isokern_cpu::InstructionSet;
use isokern_model::{Model, Tensor, digest};

use crate::answers::{has_classes, highest};
use crate::backend::{Answered, Backend, infer_auto, infer_cuda};
use crate::error::{CliError, name};
use crate::figures::{counted, digest, grouped, shape, time};
use crate::infer::{infer_all, infer_resident, infer_within, load};
use crate::instructions::Instructions;
use crate::latency::Latencies;
use crate::mode::Mode;
use crate::model_file::ModelFile;
use crate::resident::{self, ResidentModel};
use crate::{input, npy, output, progress};

/// How many inputs have their answers printed.
const SHOWN: usize = 10;

const FORMATS: &str = "\
Inputs, any number of them, one after another:
  .npy int8     copied into the input tensor as they are
  .npy float32  real numbers: divided by the scale of the input tensor, rounded (halves away
                from zero), moved by its zero point, cut to -128..127
  other files   raw: copied byte for byte into the input tensor, whatever their name
An array needs C order; of its shape only the number of values counts.

The digest is FNV-1a (64 bits) over all output bytes. It is the same on every machine, in every
--mode and with every --instructions.

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
    /// Inputs: .npy (int8, float32) or raw bytes; - is standard input
    #[arg(short, long, value_name = "FILE")]
    input: PathBuf,
    /// Where the outputs go: .npy if it is named so, else raw bytes; - is standard output, and
    /// then nothing else is printed
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
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
    let inputs = input::read(&arguments.input, &model.input())?;
    let count = inputs.len() / model.input().len();
    let bar = progress::bar("running", count);
    let result = infer(arguments, &file, instructions, &inputs, || bar.inc(1));
    bar.finish_and_clear();
    let Answered { outputs, latencies, place, reason } = result?;

    if let Some(path) = &arguments.output {
        let bytes = encode(path, &outputs, &model.output(), count);
        if path == Path::new("-") {
            return Ok(out.write_all(&bytes)?);
        }
        output::write_file(path, &bytes)?;
    }
    let digest_text = digest(digest::fnv1a(&outputs));
    if arguments.quiet {
        return Ok(writeln!(out, "{digest_text}")?);
    }
    print_head(&file.name, &model, count, out)?;
    print_answers(&model.output(), &outputs, arguments, out)?;
    if let Some(path) = &arguments.output {
        writeln!(out, "written    {}", name(path))?;
    }
    if let Some(reason) = reason {
        writeln!(out, "backend    cpu, for {reason}")?;
    }
    print_latency(&latencies, arguments.mode, &place, out)?;
    let bytes = grouped(outputs.len() as u64);
    Ok(writeln!(out, "digest     {digest_text} (FNV-1a over {bytes} output bytes)")?)
}

/// Runs all inputs where and how the command line says.
fn infer(
    arguments: &Arguments,
    file: &ModelFile,
    instructions: InstructionSet,
    inputs: &[i8],
    done: impl FnMut(),
) -> Result<Answered, CliError> {
    let ring = arguments.mode.is_ring();
    let batch_only = |backend| {
        let refused = ring || arguments.timeout.is_some();
        if refused { Err(CliError::BackendInBatch { backend }) } else { Ok(()) }
    };
    let (outputs, latencies) = match arguments.backend {
        Backend::Cuda => {
            batch_only("cuda")?;
            return infer_cuda(file, inputs, done);
        }
        Backend::Auto => {
            batch_only("auto")?;
            return infer_auto(file, instructions, inputs, done);
        }
        Backend::Cpu if ring => infer_ring(arguments, file, instructions, inputs, done)?,
        Backend::Cpu => infer_batch(arguments, file, instructions, inputs, done)?,
    };
    let threads = if ring { "two threads" } else { "one thread" };
    let place = format!("{instructions}, {threads}");
    Ok(Answered { outputs, latencies, place, reason: None })
}

fn infer_batch(
    arguments: &Arguments,
    file: &ModelFile,
    instructions: InstructionSet,
    inputs: &[i8],
    done: impl FnMut(),
) -> Result<(Vec<i8>, Latencies), CliError> {
    let name = file.name.as_str();
    let mut model = load(name, &file.artifact, instructions)?;
    if let Some(limit) = arguments.timeout {
        return infer_within(model, limit, inputs, done).map_err(|stopped| {
            let (name, input_index) = (name.to_owned(), stopped.input_index);
            let source = stopped.error;
            if matches!(source, KernelError::Timeout { .. } | KernelError::DeadlineExceeded) {
                CliError::Timeout { name, input_index, limit }
            } else {
                CliError::Kernel { name, input_index, source }
            }
        });
    }
    let (input_len, output_len) = (model.model().input().len(), model.model().output().len());
    infer_all(&mut model, inputs, input_len, output_len, done)
        .map_err(|source| CliError::Infer { name: name.to_owned(), source })
}

fn infer_ring(
    arguments: &Arguments,
    file: &ModelFile,
    instructions: InstructionSet,
    inputs: &[i8],
    done: impl FnMut(),
) -> Result<(Vec<i8>, Latencies), CliError> {
    let ModelFile { name, artifact, .. } = file;
    let (slots, wait) = (resident::SLOTS, resident::PARKED);
    let mut model = ResidentModel::start(name, artifact, instructions, slots, wait)?;
    let answers = infer_resident(&mut model, arguments.timeout, inputs, done)?;
    model.finish()?;
    Ok(answers)
}

/// The bytes of the output file: an array where its name says so, else the outputs alone.
fn encode(path: &Path, outputs: &[i8], tensor: &Tensor, count: usize) -> Vec<u8> {
    if path.extension().is_none_or(|extension| extension != "npy") {
        return outputs.iter().map(|value| value.cast_unsigned()).collect();
    }
    let dims = match tensor.shape() {
        [1, dims @ ..] => dims,
        dims => dims,
    };
    let shape: Vec<u64> =
        core::iter::once(count as u64).chain(dims.iter().map(|&size| size.into())).collect();
    npy::write(&shape, outputs)
}

fn print_head(
    name: &str,
    model: &Model<'_>,
    count: usize,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let (from, to) = (shape(model.input().shape()), shape(model.output().shape()));
    Ok(writeln!(out, "{name}: {} of {from} int8, each gives {to} int8\n", counted(count, "input"))?)
}

/// The answers to the first inputs, one line each.
fn print_answers(
    tensor: &Tensor,
    outputs: &[i8],
    arguments: &Arguments,
    out: &mut impl Write,
) -> Result<(), CliError> {
    if arguments.top == 0 || !has_classes(tensor) {
        return Ok(());
    }
    writeln!(out, "{:>7}  highest outputs: index (value)", "input")?;
    for (index, values) in outputs.chunks_exact(tensor.len()).take(SHOWN).enumerate() {
        let answers = highest(values, tensor, arguments.top);
        let cells = answers.iter().map(|answer| {
            let value = format!("({:.4})", answer.score);
            format!("{:>3} {value:<10}", answer.class)
        });
        let cells: String = cells.collect();
        writeln!(out, "{index:>7}  {}", cells.trim_end())?;
    }
    let more = (outputs.len() / tensor.len()).saturating_sub(SHOWN);
    if more > 0 {
        writeln!(
            out,
            "{:>7}  {} more; --output FILE writes them all",
            "...",
            grouped(more as u64)
        )?;
    }
    Ok(writeln!(out)?)
}

fn print_latency(
    latencies: &Latencies,
    mode: Mode,
    place: &str,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let median = time(latencies.percentile(50));
    match latencies.count() {
        1 => writeln!(out, "latency    {median} for one cold run ({place})")?,
        count => writeln!(
            out,
            "latency    median {median} over {} runs, the first one included ({place})",
            grouped(count as u64)
        )?,
    }
    if mode.is_ring() {
        writeln!(out, "           {}", resident::what_is_timed(latencies.count()))?;
    }
    Ok(())
}
