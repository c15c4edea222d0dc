//! Activations of two positions, brought together and widened on the stack.

use isokern_core::Cells;

use super::Pair;
use crate::passes::Pass;
use crate::windows::{Gathered, Windows};

/// Terms that a pass has at most.
pub(super) const TERMS: usize = 96;

/// Activations of two positions in the order of the weights they meet.
#[derive(Debug)]
pub(super) struct PositionPair<'a> {
    words: &'a mut [Pair; TERMS],
    zero_point: i32,
}

impl<'a> PositionPair<'a> {
    #[inline]
    pub(super) const fn new(words: &'a mut [Pair; TERMS], zero_point: i32) -> Self {
        Self { words, zero_point }
    }

    /// Returns what was gathered for a pass.
    #[inline]
    pub(super) fn terms(&self, pass: &Pass) -> &[Pair] {
        self.words.get(..pass.len()).unwrap_or(&[])
    }

    /// Takes what the windows at two positions of the output have for a pass; padding is real zero.
    #[inline(never)] // A stack frame of its own.
    pub(super) fn gather(
        &mut self,
        windows: &Windows<'_>,
        x: Cells<'_>,
        positions: [usize; 2],
        pass: &Pass,
    ) {
        let zero_point = self.zero_point;
        for (side, position) in positions.into_iter().enumerate() {
            let mut target = Side { words: self.words, side, zero_point };
            windows.gather(x, position, pass, &mut target);
        }
    }
}

/// One of the two positions.
struct Side<'a> {
    words: &'a mut [Pair; TERMS],
    side: usize,
    zero_point: i32,
}

impl Gathered for Side<'_> {
    #[inline(always)]
    fn clear(&mut self, len: usize) {
        for value in self.words.iter_mut().take(len).filter_map(|pair| pair.get_mut(self.side)) {
            *value = 0;
        }
    }

    #[inline(always)]
    fn put(&mut self, to: usize, xs: Cells<'_>) {
        let pairs = self.words.get_mut(to..).unwrap_or(&mut []).iter_mut().zip(xs.as_slice());
        let zero_point = self.zero_point;
        if self.side == 0 {
            pairs.for_each(|([value, _], x)| *value = i32::from(x.get()) - zero_point);
        } else {
            pairs.for_each(|([_, value], x)| *value = i32::from(x.get()) - zero_point);
        }
    }
}
