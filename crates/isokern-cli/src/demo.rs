//! `isokern demo`: a trained model and its test images, all inside the program; or a wake word.

mod picture;
mod wake_word;

use core::time::Duration;
use std::io::Write;
use std::time::Instant;

use isokern::{Device, InstructionSet, Model, Plan, Session};

use crate::answers::highest;
use crate::error::CliError;
use crate::figures::{digest, grouped, time};
use crate::mode::Mode;
use isokern::Latencies;
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
/// with several images under way.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How the model is kept running; other bytes than those of batch mode are an error
    #[arg(long, value_enum, default_value_t = Mode::BATCH)]
    mode: Mode,
    #[command(flatten)]
    wake_word: wake_word::WakeWord,
}

/// Runs the images on every path of this processor and in the mode asked for, then prints; or the
/// features of a wake word.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<(), CliError> {
    if let Some(files) = arguments.wake_word.files() {
        return arguments.wake_word.run(files, arguments.mode, out);
    }
    let opened = Model::named(NAME, MODEL)?;
    let model = opened.view();
    let images = Samples::new(IMAGES.to_vec(), model.input_bytes());
    let fastest = InstructionSet::detect();

    let mut session = start(&opened, arguments.mode, fastest)?;
    let (outputs, _) = infer(&mut session, &images)?;
    check(&outputs, &opened, &images, arguments.mode, fastest)?;

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
    session.finish()?;
    print_latency(&latencies, arguments.mode, fastest, ("image", total, false), out)?;
    let (value, count) = (digest(digest_of(&outputs)), grouped(outputs.len() as u64));
    writeln!(out, "digest     {value} over {count} output bytes")?;
    let sets: Vec<&str> = InstructionSet::available().map(InstructionSet::name).collect();
    let checked = REFERENCE.len() / model.output_bytes();
    writeln!(
        out,
        "same bits  {} here; the first {checked} outputs equal TFLite Micro's byte for byte",
        sets.join(" = "),
    )?;
    if !arguments.mode.is_batch() {
        let mode = arguments.mode.as_str();
        writeln!(
            out,
            "           outputs in {mode} mode equal those of batch mode with every set"
        )?;
    }
    Ok(())
}

/// Compares the outputs with those of every path in batch mode, and with TFLite Micro's.
fn check(
    outputs: &[u8],
    model: &Model,
    images: &Samples,
    mode: Mode,
    fastest: InstructionSet,
) -> Result<(), CliError> {
    for set in InstructionSet::available() {
        let (expected, _) = infer(&mut start(model, Mode::BATCH, set)?, images)?;
        if outputs != expected && set == fastest && !mode.is_batch() {
            return Err(CliError::ModesDiffer { name: NAME.to_owned(), mode: mode.as_str() });
        }
        if outputs != expected {
            let (set, reference) = (fastest.name(), set.name());
            return Err(CliError::Differs { set, reference });
        }
    }
    if !outputs.starts_with(REFERENCE) {
        return Err(CliError::Differs { set: fastest.name(), reference: "TFLite Micro" });
    }
    Ok(())
}

/// Returns the times of many runs, by a session that has warmed the caches up.
fn measure(session: &mut Session, images: &Samples) -> Result<Latencies, CliError> {
    let mut latencies = Latencies::default();
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
    mode: Mode,
    instructions: InstructionSet,
    (what, count, has_state): (&str, usize, bool),
    out: &mut impl Write,
) -> Result<(), CliError> {
    writeln!(
        out,
        "latency    median {}, p99 {} per {what} ({instructions}, {}, {} runs)",
        time(latencies.percentile(50)),
        time(latencies.percentile(99)),
        threads(mode),
        grouped(latencies.count() as u64),
    )?;
    if let Some(what) = mode.what_is_timed(count, has_state) {
        writeln!(out, "           {what}")?;
    }
    Ok(())
}

/// Returns what runs a model in a mode.
const fn threads(mode: Mode) -> &'static str {
    if mode.is_ring() {
        "two threads"
    } else if mode.is_megakernel() {
        "workers on all threads"
    } else {
        "one thread"
    }
}

/// Starts a session on this processor.
fn start(model: &Model, mode: Mode, instructions: InstructionSet) -> Result<Session, CliError> {
    let plan = Plan::new(Device::Cpu).with_mode(mode.into()).with_instruction_set(instructions);
    Ok(model.session_with(plan)?)
}

/// Returns the outputs for all samples, and how long each took.
fn infer(session: &mut Session, samples: &Samples) -> Result<(Vec<u8>, Latencies), CliError> {
    Ok(session.run_samples(samples, None, |_, _| Ok(()))?)
}
