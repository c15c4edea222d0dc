//! The highest values of an output, as classes with scores.

use core::cmp::Reverse;

use isokern_core::compute::Quantization;
use isokern_model::Tensor;

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

/// Whether the output can be read as one value per class: a vector, and not a long one.
pub(crate) fn has_classes(output: &Tensor) -> bool {
    output.len() == output.depth() && (2..=CLASSES_MAX).contains(&output.len())
}

/// The `count` classes with the highest values; of equal ones the lower index first.
pub(crate) fn highest(values: &[i8], output: &Tensor, count: usize) -> Vec<Answer> {
    let quantization = Quantization::new(output.scale(), output.zero_point());
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by_key(|&class| Reverse(values[class]));
    let answer =
        |&class: &usize| Answer { class, score: quantization.dequantize(values[class].into()) };
    order.iter().take(count).map(answer).collect()
}
