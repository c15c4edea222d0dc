//! Activations of four positions, brought together and widened on the stack.

use core::cell::Cell;

use isokern_core::Cells;

use super::Four;
use crate::passes::Pass;
use crate::windows::{Gathered, Windows};

/// Terms that a pass has at most.
pub(super) const TERMS: usize = 64;

/// Activations of four positions in the order of the weights they meet.
#[derive(Debug)]
pub(super) struct PositionBlock<'a> {
    terms: &'a mut [Four; TERMS],
    zero_point: i16,
}

impl<'a> PositionBlock<'a> {
    #[inline]
    pub(super) const fn new(terms: &'a mut [Four; TERMS], zero_point: i16) -> Self {
        Self { terms, zero_point }
    }

    /// Returns what was gathered for a pass.
    #[inline]
    pub(super) fn terms(&self, pass: &Pass) -> &[Four] {
        self.terms.get(..pass.len()).unwrap_or(&[])
    }

    /// Takes what the windows at four positions of the output have for a pass, from `first` on;
    /// after `last` it is there again. Padding is real zero.
    #[inline(always)]
    pub(super) fn gather(
        &mut self,
        windows: &Windows<'_>,
        x: Cells<'_>,
        (first, last): (usize, usize),
        pass: &Pass,
    ) {
        for side in 0..4 {
            let mut target = Side { terms: self.terms, side, zero_point: self.zero_point };
            windows.gather(x, last.min(first + side), pass, &mut target);
        }
    }
}

/// One of the four positions.
struct Side<'a> {
    terms: &'a mut [Four; TERMS],
    side: usize,
    zero_point: i16,
}

impl Gathered for Side<'_> {
    #[inline(always)]
    fn clear(&mut self, len: usize) {
        for xs in self.terms.iter_mut().take(len) {
            xs[self.side % 4] = 0;
        }
    }

    #[inline(always)]
    fn put(&mut self, to: usize, xs: Cells<'_>) {
        let (side, zero_point) = (self.side % 4, self.zero_point);
        let put = |target: &mut Four, x: &Cell<i8>| {
            target[side] = i16::from(x.get()).wrapping_sub(zero_point);
        };
        let terms = self.terms.get_mut(to..).unwrap_or(&mut []);
        let (quads, rest) = xs.as_slice().as_chunks::<4>();
        let (targets, _) = terms.as_chunks_mut::<4>();
        for ([a, b, c, d], [w, x, y, z]) in targets.iter_mut().zip(quads) {
            put(a, w);
            put(b, x);
            put(c, y);
            put(d, z);
        }
        let targets = terms.get_mut(4 * quads.len()..).unwrap_or(&mut []);
        for (target, x) in targets.iter_mut().zip(rest) {
            put(target, x);
        }
    }
}
