//! The highest values of an output, as classes with scores.

use isokern_model::Tensor;

use crate::element::real_values;

/// The longest output that is read as one value per class.
const CLASSES_MAX: usize = 1000;

/// A class and its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Answer {
    /// Index in the output.
    pub(crate) class: usize,
    /// The real number that the output value stands for.
    pub(crate) score: f32,
}

/// Whether the output can be read as one real value per class: a vector, and not a long one.
pub(crate) fn has_classes(output: &Tensor) -> bool {
    let is_real = real_values(&[], output).is_some();
    is_real && output.len() == output.depth() && (2..=CLASSES_MAX).contains(&output.len())
}

/// The `count` classes with the highest values; of equal ones the lower index first.
pub(crate) fn highest(bytes: &[u8], output: &Tensor, count: usize) -> Vec<Answer> {
    let scores = real_values(bytes, output).unwrap_or_default();
    let answer = |(class, score)| Answer { class, score };
    let mut answers: Vec<Answer> = scores.into_iter().enumerate().map(answer).collect();
    answers.sort_by(|one, other| other.score.total_cmp(&one.score));
    answers.truncate(count);
    answers
}
