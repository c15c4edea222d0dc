//! `isokern demo`: a trained model and its test images, all inside the program.

mod picture;

use core::time::Duration;
use std::io::Write;
use std::time::Instant;

use isokern_core::{InferenceError, ModelArtifact};
use isokern_cpu::InstructionSet;
use isokern_model::{Model, digest};

use crate::answers::highest;
use crate::error::CliError;
use crate::figures::{digest, grouped, time};
use crate::infer::{infer_all, load};
use crate::latency::Latencies;

static MODEL: &[u8] = include_bytes!("../../../tests/models/digits.ikm");
static IMAGES: &[u8] = include_bytes!("../../../tests/models/models/digits.test.i8");
static LABELS: &[u8] = include_bytes!("../../../tests/models/models/digits.test.labels.u8");
/// What TFLite Micro computes for the first of the images.
static REFERENCE: &[u8] = include_bytes!("../../../tests/models/vectors/digits.out.tflm.i8");

/// How the model is named in messages.
const NAME: &str = "digits";
/// Time spent on measuring, and the most rounds over all images.
const MEASURED: Duration = Duration::from_millis(500);
const ROUNDS_MAX: usize = 100;

/// Reads 360 handwritten digits it has never seen: accuracy, latency and digest, no file needed
///
/// The images are the held-back part of the set that scikit-learn bundles: Alpaydin and Kaynak,
/// Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, CC BY 4.0,
/// doi.org/10.24432/C50P49. The latency is that of one image: copied in, run, copied out.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Runs the images on every path of this processor, then prints.
pub(crate) fn run(_: &Arguments, out: &mut impl Write) -> Result<(), CliError> {
    let artifact = ModelArtifact::new(MODEL, Some(NAME));
    let model = Model::parse(artifact.bytes())
        .map_err(|source| CliError::Format { name: NAME.to_owned(), source })?;
    let images: Vec<i8> = IMAGES.iter().map(|byte| byte.cast_signed()).collect();
    let fastest = InstructionSet::detect();

    let outputs = outputs(&artifact, &model, &images, fastest)?;
    for set in InstructionSet::available() {
        if outputs != self::outputs(&artifact, &model, &images, set)? {
            let (set, reference) = (fastest.name(), set.name());
            return Err(CliError::Differs { set, reference });
        }
    }
    if outputs.iter().zip(REFERENCE).any(|(value, byte)| *value != byte.cast_signed()) {
        return Err(CliError::Differs { set: fastest.name(), reference: "TFLite Micro" });
    }

    let arena = grouped(model.arena_bytes() as u64);
    let bytes = grouped(MODEL.len() as u64);
    writeln!(
        out,
        "Isokern demo: handwritten digits, an int8 model of {bytes} bytes, arena {arena} bytes, \
         profile tflm v1\n"
    )?;
    let answers: Vec<_> = outputs
        .chunks_exact(model.output().len())
        .flat_map(|values| highest(values, &model.output(), 1))
        .collect();
    picture::print(&images, LABELS, &answers, out)?;
    let total = answers.len();
    let right = answers.iter().zip(LABELS).filter(|(a, label)| a.class == usize::from(**label));
    let right = right.count();
    let share = 100.0 * right as f64 / total as f64;
    writeln!(out, "\naccuracy   {right} of {total} held-back images ({share:.1} %)")?;
    let latencies = measure(&artifact, &model, &images, fastest)?;
    writeln!(
        out,
        "latency    median {}, p99 {} per image ({fastest}, one thread, {} runs)",
        time(latencies.percentile(50)),
        time(latencies.percentile(99)),
        grouped(latencies.count() as u64),
    )?;
    let (value, count) = (digest(digest::fnv1a(&outputs)), grouped(outputs.len() as u64));
    writeln!(out, "digest     {value} over {count} output bytes")?;
    let sets: Vec<&str> = InstructionSet::available().map(InstructionSet::name).collect();
    let checked = REFERENCE.len() / model.output().len();
    Ok(writeln!(
        out,
        "same bits  {} here; the first {checked} outputs equal TFLite Micro's byte for byte",
        sets.join(" = "),
    )?)
}

/// The output bytes for all images.
fn outputs(
    artifact: &ModelArtifact,
    model: &Model<'_>,
    images: &[i8],
    set: InstructionSet,
) -> Result<Vec<i8>, CliError> {
    let mut loaded = load(NAME, artifact, set)?;
    let (input, output) = (model.input().len(), model.output().len());
    infer_all(&mut loaded, images, input, output, || ()).map(|(outputs, _)| outputs).map_err(failed)
}

/// The times of many runs, after a round that warms the caches up.
fn measure(
    artifact: &ModelArtifact,
    model: &Model<'_>,
    images: &[i8],
    set: InstructionSet,
) -> Result<Latencies, CliError> {
    let mut loaded = load(NAME, artifact, set)?;
    let (input, output) = (model.input().len(), model.output().len());
    let mut latencies = Latencies::default();
    let start = Instant::now();
    for round in 0..=ROUNDS_MAX {
        let (_, times) = infer_all(&mut loaded, images, input, output, || ()).map_err(failed)?;
        if round > 0 {
            latencies.extend(times);
        }
        if round > 0 && start.elapsed() > MEASURED {
            break;
        }
    }
    Ok(latencies)
}

fn failed(source: InferenceError) -> CliError {
    CliError::Infer { name: NAME.to_owned(), source }
}
