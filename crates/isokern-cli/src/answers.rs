//! The highest values of an output, as classes with scores.

use isokern_model::Tensor;

use crate::element::{is_real, real_values};
use crate::number::{Number, numbers};

/// A class and its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Answer {
    /// Index in the output.
    pub(crate) class: usize,
    /// The real number that the output value represents.
    pub(crate) score: f32,
    /// The output value itself.
    pub(crate) value: Number,
}

/// Returns whether the output can be read as one real value per class: a vector of two at least.
pub(crate) fn has_classes(output: &Tensor) -> bool {
    is_real(output.dtype()) && output.len() == output.depth() && output.len() >= 2
}

/// Returns the `count` classes with the highest values; of equal ones the lower index first.
pub(crate) fn highest(bytes: &[u8], output: &Tensor, count: usize) -> Vec<Answer> {
    let scores = real_values(bytes, output);
    let values = numbers(bytes, output.dtype());
    let answer = |(class, (score, value))| Answer { class, score, value };
    let mut answers: Vec<Answer> = scores.into_iter().zip(values).enumerate().map(answer).collect();
    answers.sort_by(|one, other| other.score.total_cmp(&one.score));
    answers.truncate(count);
    answers
}
