//! A wake word: a model of the user's, features from a file, and the steps at which it is heard.

use std::collections::VecDeque;
use std::io::Write;
use std::path::PathBuf;

use super::{Place, infer, print_latency, start};
use crate::element::{is_real, real_values};
use crate::error::CliError;
use crate::figures::{counted, digest, grouped};
use crate::input;
use crate::model_file;
use isokern::Ports;
use isokern::samples::digest_of;

/// What `isokern demo --wake-word` takes.
#[derive(Debug, clap::Args)]
pub(super) struct WakeWord {
    /// Listen for a wake word instead: a streaming model that gives one probability a step, such
    /// as those of microWakeWord
    #[arg(long, value_name = "MODEL", requires = "features")]
    wake_word: Option<PathBuf>,
    /// The features of speech, frame after frame, as `isokern run` takes inputs: of microWakeWord,
    /// 40 values for each 10 ms, as an array Nx40
    #[arg(long, value_name = "FILE", requires = "wake_word")]
    features: Option<PathBuf>,
    /// The mean of the last probabilities above which the word counts as heard
    #[arg(long, value_name = "P", default_value_t = 0.85, value_parser = probability)]
    #[arg(allow_negative_numbers = true, requires = "wake_word")]
    threshold: f64,
    /// How many probabilities the mean is over
    #[arg(long, value_name = "N", default_value_t = 5, requires = "wake_word")]
    #[arg(allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..))]
    window: u16,
}

impl WakeWord {
    /// Returns the model and the features, where a wake word is wanted.
    pub(super) fn files(&self) -> Option<(&PathBuf, &PathBuf)> {
        self.wake_word.as_ref().zip(self.features.as_ref())
    }

    /// Runs all frames through one session, and prints where the word is heard.
    pub(super) fn run(
        &self,
        (model, features): (&PathBuf, &PathBuf),
        place: Place,
        out: &mut impl Write,
    ) -> Result<(), CliError> {
        let file = model_file::read(model)?;
        let model = file.view();
        let ports = Ports::outputs(&model);
        let output = ports.only().filter(|port| is_real(port.tensor.dtype()));
        let output = output.filter(|port| port.tensor.len() == 1).ok_or_else(|| {
            let outputs = ports.iter().map(|port| format!("{port}: {}", port.facts()));
            let outputs = outputs.collect::<Vec<_>>().join(", ");
            CliError::NoWakeWord { name: file.name().to_owned(), outputs }
        })?;
        let inputs = input::read(core::slice::from_ref(features), &model, true)?;
        input::tell_clipped(&inputs.sources);
        let mut session = start(&file, place)?;
        let (outputs, latencies) = infer(&mut session, &inputs.samples)?;

        let steps = inputs.samples.count();
        let facts = Ports::inputs(&model).only().map_or_else(
            || counted(model.input_count(), "input"),
            |input| format!("{} of {}", counted(steps, "step"), input.facts()),
        );
        let [arena, state] =
            [model.arena_bytes(), model.state_bytes()].map(|bytes| grouped(bytes as u64));
        writeln!(out, "{}: {facts}, arena {arena} bytes, state {state} bytes\n", file.name())?;
        let mut heard = Heard::new(self.window.into(), self.threshold);
        for (step, &probability) in real_values(&outputs, &output.tensor).iter().enumerate() {
            if let Some(mean) = heard.begins_at(step, probability.into()) {
                writeln!(out, "heard      at step {step}: {mean:.3} over {} steps", self.window)?;
            }
        }
        let (count, most, at) = (heard.count, heard.most, heard.most_at);
        let times = if count == 1 { "once" } else { &format!("{count} times") };
        writeln!(
            out,
            "{}heard {times} in {}; the highest mean is {most:.3}, at step {at}; above {} counts",
            if count > 0 { "\n" } else { "" },
            counted(steps, "step"),
            self.threshold,
        )?;
        let what = ("step", steps, model.state_bytes() > 0);
        print_latency(&latencies, place, &session, what, out)?;
        session.finish()?;
        let digest = digest(digest_of(&outputs));
        Ok(writeln!(
            out,
            "digest     {digest} over {} output bytes",
            grouped(outputs.len() as u64)
        )?)
    }
}

/// The mean of the last probabilities, and how often it has come above the threshold.
#[derive(Debug)]
struct Heard {
    window: usize,
    threshold: f64,
    last: VecDeque<f64>,
    is_above: bool,
    count: usize,
    most: f64,
    most_at: usize,
}

impl Heard {
    fn new(window: usize, threshold: f64) -> Self {
        let last = VecDeque::with_capacity(window);
        Self { window, threshold, last, is_above: false, count: 0, most: 0.0, most_at: 0 }
    }

    /// Takes the probability of a step. Returns the mean where it is above the threshold, which it
    /// was not at the step before; a mean is over a whole window.
    fn begins_at(&mut self, step: usize, probability: f64) -> Option<f64> {
        if self.last.len() == self.window {
            self.last.pop_front();
        }
        self.last.push_back(probability);
        if self.last.len() < self.window {
            return None;
        }
        let mean = self.last.iter().sum::<f64>() / self.window as f64;
        if mean > self.most {
            (self.most, self.most_at) = (mean, step);
        }
        let was_above = core::mem::replace(&mut self.is_above, mean > self.threshold);
        let begins = self.is_above && !was_above;
        self.count += usize::from(begins);
        begins.then_some(mean)
    }
}

/// Reads a probability.
fn probability(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "it is no number from 0 to 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::Heard;

    #[test]
    fn a_word_is_heard_where_the_mean_comes_above_the_threshold() {
        let mut heard = Heard::new(2, 0.45);
        let probabilities = [0.9, 0.0, 1.0, 0.0, 0.9, 0.2, 0.0, 0.5, 0.75];
        let found = probabilities.iter().enumerate();
        let found: Vec<usize> =
            found.filter_map(|(step, &value)| heard.begins_at(step, value).map(|_| step)).collect();
        // Over 2 steps: 0.45, 0.5, 0.5, 0.45, 0.55, 0.1, 0.25, 0.625.
        assert_eq!(found, [2, 5, 8]);
        assert_eq!((heard.count, heard.most, heard.most_at), (3, 0.625, 8));
    }
}
