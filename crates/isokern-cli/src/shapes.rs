//! Whether the shape of an array in a file is that of an input or output of a model.
//!
//! The one place where the two are compared.

use thiserror::Error;

use crate::figures::shape;

/// Returns how many samples an array of this shape holds for a port of that shape.
///
/// Of a port `1x8x8x1` an array may have the shape `1x8x8x1` or `8x8x1`, for several samples
/// `Nx1x8x8x1` or `Nx8x8x1`, and, the values of a sample in one row, `64` or `Nx64`; of a port of
/// a single value also `N`. No array has two such readings with different counts. Whatever else
/// has a fitting number of values would give its values to the wrong places.
pub(crate) fn sample_count(array: &[u64], port: &[u32]) -> Result<u64, ShapeError> {
    let whole: Vec<u64> = port.iter().map(|&size| size.into()).collect();
    let inner = inner(&whole);
    let len: u64 = whole.iter().product();
    let is_sample = |shape: &[u64]| shape == whole || shape == inner || shape == [len];
    match array {
        _ if is_sample(array) => Ok(1),
        [] if len == 1 => Ok(1),
        [count] if len == 1 => Ok(*count),
        [count, sample @ ..] if is_sample(sample) => Ok(*count),
        _ => Err(ShapeError::new(array, &whole)),
    }
}

/// Returns how many frames an array of this shape holds for a port that takes several at once,
/// and how many that is; none where the array is no row of frames.
///
/// A port `1x3x40` takes 3 frames of 40 values: an array `Nx40` has N of them. Where the array is
/// as well one of whole samples, it is those.
pub(crate) fn frame_count(array: &[u64], port: &[u32]) -> Option<(u64, u64)> {
    let whole: Vec<u64> = port.iter().map(|&size| size.into()).collect();
    let (&step, frame) = inner(&whole).split_first()?;
    let (&frames, rest) = array.split_first()?;
    let len: u64 = frame.iter().product();
    let is_frame = rest == frame || rest == [len];
    let is_samples = sample_count(array, port).is_ok();
    (step > 1 && !frame.is_empty() && is_frame && !is_samples).then_some((frames, step))
}

/// Why an array does not go with a port: their shapes differ.
#[derive(Debug, PartialEq, Eq, Error)]
#[error(
    "the array has the shape {array}, which is none for {port}: that takes {forms}. Fix: {fix}"
)]
pub(crate) struct ShapeError {
    /// The shape of the array.
    array: String,
    /// The shape of the port.
    port: String,
    /// The shapes that go with it.
    forms: String,
    /// What to do.
    fix: String,
}

impl ShapeError {
    fn new(array: &[u64], whole: &[u64]) -> Self {
        let forms = format!("{}, with or without a count before it", forms(whole).join(" or "));
        let fix = match order(array, whole) {
            Some(axes) => format!(
                "if the array has the axes of the model in another order, save \
                 x.transpose({axes})"
            ),
            None => "save the samples one after another, each with the axes of the model in their \
                     order; x.reshape alone moves no value to its place"
                .to_owned(),
        };
        let array = if array.is_empty() { "of a single value".to_owned() } else { shape(array) };
        Self { array, port: shape(whole), forms, fix }
    }
}

/// Returns the shape without a leading 1.
fn inner(whole: &[u64]) -> &[u64] {
    match whole {
        [1, inner @ ..] => inner,
        whole => whole,
    }
}

/// Returns the shapes that a single sample may have.
fn forms(whole: &[u64]) -> Vec<String> {
    let len: u64 = whole.iter().product();
    let mut forms: Vec<String> = Vec::new();
    for form in [whole, inner(whole), &[len]] {
        let form = shape(form);
        if !form.is_empty() && !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// Returns the axes of the array, in the order in which they are those of the port, the one that
/// counts the samples in front; none where no order is.
fn order(array: &[u64], whole: &[u64]) -> Option<String> {
    let len = [whole.iter().product()];
    let orders = [inner(whole), &len].into_iter().flat_map(|sample| {
        let counting = match array.len().checked_sub(sample.len()) {
            Some(0) => vec![None],
            Some(1) => (0..array.len()).map(Some).collect(),
            _ => Vec::new(),
        };
        counting.into_iter().filter_map(|axis| order_of(array, axis, sample))
    });
    let axes: Vec<String> = orders.take(1).flatten().map(|axis| axis.to_string()).collect();
    (!axes.is_empty()).then(|| axes.join(", "))
}

/// Works as [`order`], with the samples counted by this axis.
fn order_of(array: &[u64], counting: Option<usize>, sample: &[u64]) -> Option<Vec<usize>> {
    let mut axes: Vec<usize> = counting.into_iter().collect();
    for size in sample {
        let is_next = |axis: &usize| array[*axis] == *size && !axes.contains(axis);
        axes.push((0..array.len()).find(is_next)?);
    }
    Some(axes)
}

#[cfg(test)]
mod tests {
    use super::{frame_count, sample_count};

    #[test]
    fn frames_are_rows_of_what_a_step_takes_several_of() {
        type Case<'c> = (&'c [u64], &'c [u32], Option<(u64, u64)>);
        let cases: [Case<'_>; 10] = [
            (&[300, 40], &[1, 3, 40], Some((300, 3))),
            (&[301, 40], &[1, 3, 40], Some((301, 3))),
            (&[3, 40], &[1, 3, 40], None),
            (&[100, 3, 40], &[1, 3, 40], None),
            (&[300, 40], &[1, 1, 40], None),
            (&[300, 41], &[1, 3, 40], None),
            (&[98, 40, 1], &[1, 49, 40, 1], Some((98, 49))),
            (&[98, 40], &[1, 49, 40, 1], Some((98, 49))),
            (&[30], &[1, 3], None),
            (&[], &[1, 3, 40], None),
        ];
        for (array, port, frames) in cases {
            assert_eq!(frame_count(array, port), frames, "{array:?} for {port:?}");
        }
    }

    #[test]
    fn c01_an_array_has_the_shape_of_the_port_or_of_many() {
        let cases: [(&[u64], &[u32], u64); 22] = [
            (&[1, 8, 8, 1], &[1, 8, 8, 1], 1),
            (&[8, 8, 1], &[1, 8, 8, 1], 1),
            (&[64], &[1, 8, 8, 1], 1),
            (&[5, 8, 8, 1], &[1, 8, 8, 1], 5),
            (&[5, 1, 8, 8, 1], &[1, 8, 8, 1], 5),
            (&[5, 64], &[1, 8, 8, 1], 5),
            (&[0, 64], &[1, 8, 8, 1], 0),
            (&[3, 3], &[3, 3], 1),
            (&[3, 3], &[1, 3, 3], 1),
            (&[3, 3, 3], &[3, 3], 3),
            (&[9, 9], &[3, 3], 9),
            (&[4, 6], &[4, 6], 1),
            (&[2, 4, 6], &[4, 6], 2),
            (&[2, 24], &[4, 6], 2),
            (&[10], &[1, 10], 1),
            (&[7, 10], &[10], 7),
            (&[3, 1], &[1, 1], 3),
            (&[3], &[1, 1], 3),
            (&[3], &[1], 3),
            (&[3, 1, 1], &[1, 1], 3),
            (&[], &[1], 1),
            (&[], &[1, 1, 1], 1),
        ];
        for (array, port, count) in cases {
            assert_eq!(sample_count(array, port), Ok(count), "{array:?} for {port:?}");
        }
    }

    #[test]
    fn c01_a_fitting_number_of_values_is_not_enough() {
        let cases: [(&[u64], &[u32]); 14] = [
            (&[2, 3, 32, 32], &[1, 32, 32, 3]),
            (&[3, 32, 32], &[1, 32, 32, 3]),
            (&[32, 32, 3, 2], &[1, 32, 32, 3]),
            (&[64, 48], &[1, 32, 32, 3]),
            (&[64, 5], &[1, 8, 8, 1]),
            (&[2, 2, 32], &[1, 8, 8, 1]),
            (&[128], &[1, 8, 8, 1]),
            (&[5, 8, 8], &[1, 8, 8, 1]),
            (&[1, 1, 8, 8, 1, 1], &[1, 8, 8, 1]),
            (&[6, 4], &[4, 6]),
            (&[8, 6], &[4, 6]),
            (&[], &[1, 10]),
            (&[2, 3], &[1, 1]),
            (&[u64::MAX, u64::MAX], &[1, 10]),
        ];
        for (array, port) in cases {
            let error = sample_count(array, port).expect_err("another shape");
            let text = error.to_string();
            assert!(text.contains(&error.port) && text.contains(&error.array), "{text}");
        }
    }

    #[test]
    fn c01_the_remedy_names_the_order_of_the_axes() {
        let fix = |array: &[u64], port: &[u32]| {
            sample_count(array, port).expect_err("another shape").to_string()
        };
        let text = fix(&[2, 3, 32, 32], &[1, 32, 32, 3]);
        assert!(text.contains("the shape 2x3x32x32, which is none for 1x32x32x3"), "{text}");
        assert!(text.contains("takes 1x32x32x3 or 32x32x3 or 3072"), "{text}");
        assert!(text.ends_with("save x.transpose(0, 2, 3, 1)"), "{text}");
        assert!(fix(&[3, 8, 4], &[1, 8, 4, 3]).ends_with("save x.transpose(1, 2, 0)"));
        assert!(fix(&[6, 4], &[4, 6]).ends_with("save x.transpose(1, 0)"));
        assert!(fix(&[3, 2], &[1, 3]).ends_with("save x.transpose(1, 0)"));
        assert!(fix(&[64, 5], &[1, 8, 8, 1]).ends_with("save x.transpose(1, 0)"));
        assert!(fix(&[32, 32, 3, 2], &[1, 32, 32, 3]).ends_with("save x.transpose(3, 0, 1, 2)"));
        assert!(fix(&[64, 48], &[1, 32, 32, 3]).contains("axes of the model in their order"));
    }
}
