//! A wake word from features: a streaming model gives a probability a step, and the word counts as
//! heard where the mean of the last ones comes above a threshold.
//!
//! `cargo run -p isokern --example wake_word`, or
//! `... wake_word -- MODEL.tflite FEATURES.i8 THRESHOLD`. The model in the repository is one with
//! weights by chance, built like those of microWakeWord; docs/streaming.md says where trained ones
//! are.

use core::num::ParseFloatError;
use std::collections::VecDeque;
use std::{fs, io};

use isokern::{Device, Model};
use thiserror::Error;

const MODEL: &str = "tests/models/streams/keyword.tflite";
const FEATURES: &str = "tests/models/streams/keyword.in.i8";
const THRESHOLD: f32 = 0.5;
/// How many probabilities the mean is over.
const WINDOW: usize = 5;

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Model(#[from] isokern::Error),
    #[error("the features cannot be read")]
    File(#[from] io::Error),
    #[error("the threshold is no number")]
    Number(#[from] ParseFloatError),
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let model = Model::open(arguments.next().as_deref().unwrap_or(MODEL))?;
    let features = fs::read(arguments.next().as_deref().unwrap_or(FEATURES))?;
    let threshold = arguments.next().map_or(Ok(THRESHOLD), |text| text.parse())?;
    // A microphone's front end gives them one step after another, quantised already.
    let features: Vec<i8> = features.iter().map(|byte| byte.cast_signed()).collect();

    let step_len = model.input(0)?.value_count();
    let mut session = model.session(Device::Cpu)?;
    let mut last = VecDeque::with_capacity(WINDOW);
    let (mut heard, mut was_above) = (0, false);
    for (step, frames) in features.chunks_exact(step_len).enumerate() {
        let mut probability = [0.0_f32];
        // What the model has heard before stays in the session, until `session.reset()`.
        session.run(frames)?.read(0, &mut probability)?;
        if last.len() == WINDOW {
            last.pop_front();
        }
        last.push_back(probability[0]);
        let mean = last.iter().sum::<f32>() / WINDOW as f32;
        let is_above = last.len() == WINDOW && mean > threshold;
        if is_above && !was_above {
            heard += 1;
            println!("heard at step {step}: {mean:.3} over {WINDOW} steps");
        }
        was_above = is_above;
    }
    let steps = features.len() / step_len;
    println!("heard {heard} times in {steps} steps; state {} bytes", model.state_bytes());
    Ok(())
}
