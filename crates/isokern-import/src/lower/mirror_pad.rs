//! Lowers MIRROR_PAD: a tensor with a margin that is its mirror image.
//!
//! `micro/kernels/mirror_pad.cc`.

use super::moved::{Boxes, PieceAxis, strides};
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element::{self, Float32, Int8};

const TYPES: [Element; 2] = [Float32, Int8];

/// A part of a dimension of the output: its places, and the place of the input that the first of
/// them is; from there it goes by `step`.
#[derive(Clone, Copy)]
struct Part {
    first: u32,
    size: u32,
    start: u32,
    step: i32,
}

/// Lowers to boxes of up to four parts along each dimension.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let read = site.read(0, "input", &TYPES)?;
    let rank = read.rank(site, "input", (1, 6))?;
    let paddings = site.integers_for(1, "paddings", 2 * rank)?;
    // The mode is 0 to leave out the edge itself.
    let edge = u32::from(site.option::<u8>("mode")? == 0);
    let mut shape = Vec::new();
    let mut parts: Vec<Vec<(u32, PieceAxis)>> = vec![Vec::new()];
    let margins = paddings.as_chunks::<2>().0;
    for ((&size, margin), stride) in read.dims.iter().zip(margins).zip(strides(&read.dims)) {
        let [before, after] = *margin;
        let before = site.is_in("paddings", before, 0, i64::from(size - edge))?;
        let most = i64::from(i32::MAX) - i64::from(size) - i64::from(before);
        let after = site.is_in("paddings", after, 0, most)?;
        shape.push(before + size + after);
        let mut longer = Vec::new();
        for part in dimension(size, edge, before, after) {
            let axis = PieceAxis {
                first: part.first,
                size: part.size,
                stride: part.step * stride.cast_signed(),
            };
            longer.push((part.start * stride, axis));
        }
        let joined = |start: &Vec<(u32, PieceAxis)>| {
            let start = start.clone();
            longer.iter().map(move |part| [start.as_slice(), &[*part]].concat())
        };
        parts = parts.iter().flat_map(joined).collect();
    }
    let mut boxes = Boxes::new(&shape);
    for part in parts {
        let start = part.iter().map(|(start, _)| start).sum();
        boxes.add(0, start, &part.iter().map(|(_, axis)| *axis).collect::<Vec<_>>());
    }
    boxes.write(site, 0, &[read], &shape)
}

/// Returns the parts of one dimension that have places.
fn dimension(size: u32, edge: u32, before: u32, after: u32) -> Vec<Part> {
    let end = before + size;
    // Where the margin is longer than the image, it goes on with the first place.
    let mirrored = after.min(size - edge.min(size));
    let parts = [
        Part { first: 0, size: before, start: (before + edge).saturating_sub(1), step: -1 },
        Part { first: before, size, start: 0, step: 1 },
        Part { first: end, size: mirrored, start: size.saturating_sub(1 + edge), step: -1 },
        Part { first: end + mirrored, size: after - mirrored, start: 0, step: 0 },
    ];
    parts.into_iter().filter(|part| part.size > 0).collect()
}
