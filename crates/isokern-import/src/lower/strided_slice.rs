//! Lowers STRIDED_SLICE: every nth place of a range along each dimension, forwards or backwards.
//!
//! The masks of an ellipsis and of new axes mean nothing to TFLite Micro, which wants three numbers
//! for each dimension (`micro/kernels/strided_slice_common.cc`).

use super::moved::{Boxes, PieceAxis, strides};
use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::graph::Element::{self, Bool, Float32, Int8, Int16, Int32};

const TYPES: [Element; 5] = [Float32, Int8, Int16, Int32, Bool];

/// Lowers to a box with a stride for each dimension.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(4..=4, 1..=1)?;
    let read = site.read(0, "input", &TYPES)?;
    let rank = read.rank(site, "input", (1, 4))?;
    let begin = site.integers_for(1, "begin", rank)?;
    let end = site.integers_for(2, "end", rank)?;
    let steps = site.integers_for(3, "strides", rank)?;
    let masks = ["begin_mask", "end_mask", "shrink_axis_mask"];
    let [begin_mask, end_mask, shrink_mask] = masks.map(|name| site.option::<i32>(name));
    let [begin_mask, end_mask, shrink_mask] = [begin_mask?, end_mask?, shrink_mask?];
    let (mut start, mut shape, mut view, mut axes) = (0, Vec::new(), Vec::new(), Vec::new());
    for (dim, stride) in strides(&read.dims).into_iter().enumerate() {
        let range = Range {
            all: read.dims[dim].into(),
            begin: (begin_mask >> dim & 1 == 0).then_some(begin[dim]),
            end: (end_mask >> dim & 1 == 0).then_some(end[dim]),
            step: steps[dim],
        };
        let is_one = shrink_mask >> dim & 1 != 0;
        let (first, size) = if is_one { range.one(site)? } else { range.places(site)? };
        start += first * stride;
        view.push(size);
        // A step along one place alone is none, however far it goes.
        let step = if size == 1 { 0 } else { range.step as i32 * stride.cast_signed() };
        axes.push(PieceAxis { first: 0, size, stride: step });
        if !is_one {
            shape.push(size);
        }
    }
    let mut boxes = Boxes::new(&view);
    boxes.add(0, start, &axes);
    boxes.write(site, 0, &[read], &shape)
}

/// The places along a dimension, as they are stated.
struct Range {
    /// How many there are.
    all: i64,
    begin: Option<i64>,
    end: Option<i64>,
    step: i64,
}

impl Range {
    /// Returns the first place, and how many there are.
    fn places(&self, site: &Site<'_, '_>) -> Result<(u32, u32), ImportError> {
        let (least, most) = self.bounds(site)?;
        let inside = |place: i64| {
            let place = if place < 0 { place.saturating_add(self.all) } else { place };
            place.clamp(least, most)
        };
        let (lowest, highest) = if self.step > 0 { (least, most) } else { (most, least) };
        let first = self.begin.map_or(lowest, inside);
        let last = self.end.map_or(highest, inside);
        let distance = (last - first) * self.step.signum();
        let size = (distance + self.step.abs() - 1) / self.step.abs();
        if size < 1 {
            let (found, least, most) = (self.end.unwrap_or(last), first + 1, self.all);
            return Err(site.fault(OperatorFault::Option { field: "end", found, least, most }));
        }
        // Places of a tensor fit.
        Ok((first as u32, size as u32))
    }

    /// Returns the one place of a dimension that is taken away.
    fn one(&self, site: &Site<'_, '_>) -> Result<(u32, u32), ImportError> {
        let (least, most) = self.bounds(site)?;
        // TFLite Micro writes nothing where it would go backwards.
        site.is_in("strides", self.step, 1, i32::MAX.into())?;
        let first = self.begin.unwrap_or(0);
        let first = if first < 0 { first.saturating_add(self.all) } else { first };
        Ok((site.is_in("begin", first.clamp(least, most), 0, self.all - 1)?, 1))
    }

    /// Returns the least and the greatest place that a range starts or ends at.
    fn bounds(&self, site: &Site<'_, '_>) -> Result<(i64, i64), ImportError> {
        let (field, found) = ("strides", self.step);
        let (least, most) = (i64::from(i32::MIN) + 1, i64::from(i32::MAX));
        if found == 0 || !(least..=most).contains(&found) {
            return Err(site.fault(OperatorFault::Option { field, found, least: 1, most }));
        }
        Ok(if self.step > 0 { (0, self.all) } else { (-1, self.all - 1) })
    }
}
