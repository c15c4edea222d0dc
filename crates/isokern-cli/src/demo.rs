//! `isokern demo`: a trained model and its test images, all inside the program; or many models in
//! every mode; or a wake word.

mod matrix;
mod picture;
mod wake_word;

use core::time::Duration;
use std::io::Write;
use std::time::Instant;

use isokern::{InstructionSet, Model, Plan, Session};

use crate::answers::highest;
use crate::backend::{Backend, is_simulated};
use crate::error::{CliError, one_line};
use crate::figures::{digest, grouped, time};
use crate::mode::Mode;
use isokern::Latencies;
use isokern::escape::escaped;
use isokern::samples::{Samples, digest_of};

static MODEL: &[u8] = include_bytes!("../demo/digits.ikm");
static IMAGES: &[u8] = include_bytes!("../demo/digits.test.i8");
static LABELS: &[u8] = include_bytes!("../demo/digits.test.labels.u8");
/// What TFLite Micro computes for the first of the images.
static REFERENCE: &[u8] = include_bytes!("../demo/digits.out.tflm.i8");

/// How the model is named in messages.
const NAME: &str = "digits";
/// Time spent on measuring, and the most rounds over all images.
const MEASURED: Duration = Duration::from_millis(500);
const ROUNDS_MAX: usize = 100;

/// Reads 360 handwritten digits it has never seen: accuracy, latency and digest, no file needed
///
/// The images are the held-back part of the set that scikit-learn bundles: Alpaydin and Kaynak,
/// Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, CC BY 4.0,
/// doi.org/10.24432/C50P49. The latency is that of one image: copied in, run, copied out; in ring
/// mode from question to collected answer, in megakernel mode from submission to collected outputs,
/// with several images under way. On a GPU every output is compared with the processor's; of a
/// device whose name says that it is simulated no time is given.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where the model runs
    #[arg(long, value_enum, default_value_t = Backend::Cpu)]
    backend: Backend,
    /// How the model is kept running; other bytes than those of batch mode are an error
    #[arg(long, value_enum, default_value_t = Mode::BATCH)]
    mode: Mode,
    /// Run the models of Isokern's tests in every mode instead, on this processor and the first
    /// GPU, and print a digest for each; another digest in a mode is an error
    #[arg(long, conflicts_with_all = ["backend", "mode", "wake_word"])]
    matrix: bool,
    #[command(flatten)]
    wake_word: wake_word::WakeWord,
}

/// Runs the images on every path of this processor and in the mode asked for, then prints; or many
/// models, or the features of a wake word.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<(), CliError> {
    if arguments.matrix {
        return matrix::run(out);
    }
    if let Some(files) = arguments.wake_word.files() {
        return arguments.wake_word.run(files, arguments.place(), out);
    }
    let opened = Model::named(NAME, MODEL)?;
    let model = opened.view();
    let images = Samples::new(IMAGES.to_vec(), model.input_bytes());
    let place = arguments.place();

    let mut session = start(&opened, place)?;
    let (outputs, _) = infer(&mut session, &images)?;
    check(&outputs, &opened, &images, place, &session)?;

    let arena = grouped(model.arena_bytes() as u64);
    let bytes = grouped(MODEL.len() as u64);
    writeln!(
        out,
        "Isokern demo: handwritten digits, an int8 model of {bytes} bytes, arena {arena} bytes, \
         profile tflm v1\n"
    )?;
    let answers: Vec<_> = outputs
        .chunks_exact(model.output_bytes())
        .flat_map(|values| highest(values, &model.output(), 1))
        .collect();
    picture::print(IMAGES, LABELS, &answers, out)?;
    let total = answers.len();
    let right = answers.iter().zip(LABELS).filter(|(a, label)| a.class == usize::from(**label));
    let right = right.count();
    let share = 100.0 * right as f64 / total as f64;
    writeln!(out, "\naccuracy   {right} of {total} held-back images ({share:.1} %)")?;
    let latencies = measure(&mut session, &images)?;
    print_latency(&latencies, place, &session, ("image", total, false), out)?;
    let (value, count) = (digest(digest_of(&outputs)), grouped(outputs.len() as u64));
    writeln!(out, "digest     {value} over {count} output bytes")?;
    let sets: Vec<&str> = InstructionSet::available().map(InstructionSet::name).collect();
    let checked = REFERENCE.len() / model.output_bytes();
    writeln!(
        out,
        "same bits  {} here; the first {checked} outputs equal TFLite Micro's byte for byte",
        sets.join(" = "),
    )?;
    let mode = place.mode.as_str();
    if session.is_on_gpu() {
        writeln!(
            out,
            "           outputs in {mode} mode on the device equal the processor's with every set"
        )?;
    } else if !place.mode.is_batch() {
        writeln!(
            out,
            "           outputs in {mode} mode equal those of batch mode with every set"
        )?;
    }
    session.finish()?;
    Ok(())
}

/// Where a model runs, and how.
#[derive(Clone, Copy, Debug)]
struct Place {
    backend: Backend,
    mode: Mode,
    instructions: InstructionSet,
}

impl Arguments {
    /// Returns where the model runs: with the fastest instructions.
    fn place(&self) -> Place {
        let Self { backend, mode, .. } = *self;
        Place { backend, mode, instructions: InstructionSet::detect() }
    }
}

/// Compares the outputs of a session with those of every path of the processor in batch mode, and
/// with TFLite Micro's.
fn check(
    outputs: &[u8],
    model: &Model,
    images: &Samples,
    place: Place,
    session: &Session,
) -> Result<(), CliError> {
    let name = NAME.to_owned();
    for set in InstructionSet::available() {
        let called = Place { backend: Backend::Cpu, mode: Mode::BATCH, instructions: set };
        let (expected, _) = infer(&mut start(model, called)?, images)?;
        if outputs == expected {
            continue;
        }
        if session.is_on_gpu() {
            return Err(CliError::DeviceDiffers { name });
        }
        let mode = place.mode;
        if set == place.instructions && !mode.is_batch() {
            return Err(CliError::ModesDiffer { name, mode: mode.as_str() });
        }
        let (set, reference) = (place.instructions.name(), set.name());
        return Err(CliError::Differs { set, reference });
    }
    if !outputs.starts_with(REFERENCE) {
        let set = place.instructions.name();
        return Err(CliError::Differs { set, reference: "TFLite Micro" });
    }
    Ok(())
}

/// Returns the times of many runs, by a session that has warmed the caches up; none of a simulated
/// device.
fn measure(session: &mut Session, images: &Samples) -> Result<Latencies, CliError> {
    let mut latencies = Latencies::default();
    if is_simulated(session.place()) {
        return Ok(latencies);
    }
    let start = Instant::now();
    for _ in 0..ROUNDS_MAX {
        let (_, times) = infer(session, images)?;
        latencies.extend(times);
        if start.elapsed() > MEASURED {
            break;
        }
    }
    Ok(latencies)
}

fn print_latency(
    latencies: &Latencies,
    place: Place,
    session: &Session,
    (what, count, has_state): (&str, usize, bool),
    out: &mut impl Write,
) -> Result<(), CliError> {
    let Place { mode, instructions, .. } = place;
    if is_simulated(session.place()) {
        writeln!(out, "latency    none of a simulated device: {}", escaped(session.place()))?;
        return Ok(());
    }
    let ran_on = match session.is_on_gpu() {
        true => escaped(session.place()),
        false => format!("{instructions}, {}", threads(mode)),
    };
    writeln!(
        out,
        "latency    median {}, p99 {} per {what} ({ran_on}, {} runs)",
        time(latencies.percentile(50)),
        time(latencies.percentile(99)),
        grouped(latencies.count() as u64),
    )?;
    if let Some(reason) = session.fallback_reason() {
        writeln!(out, "           not on a GPU: {}", escaped(&one_line(reason)))?;
    }
    if let Some(what) = mode.what_is_timed(count, has_state) {
        writeln!(out, "           {what}")?;
    }
    Ok(())
}

/// Returns what runs a model in a mode, on the processor.
const fn threads(mode: Mode) -> &'static str {
    if mode.is_ring() {
        "two threads"
    } else if mode.is_megakernel() {
        "workers on all threads"
    } else {
        "one thread"
    }
}

/// Starts a session.
fn start(model: &Model, place: Place) -> Result<Session, CliError> {
    let Place { backend, mode, instructions } = place;
    let plan = Plan::new(backend.into()).with_mode(mode.into()).with_instruction_set(instructions);
    Ok(model.session_with(plan)?)
}

/// Returns the outputs for all samples, and how long each took.
fn infer(session: &mut Session, samples: &Samples) -> Result<(Vec<u8>, Latencies), CliError> {
    Ok(session.run_samples(samples, None, |_, _| Ok(()))?)
}
