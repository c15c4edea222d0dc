//! Pieces of a move: boxes of the output, and where their elements come from.

use crate::tensor::RANK_MAX;

/// Words of a piece before its axes.
const HEAD_WORDS: usize = 2;
/// Words of an axis.
const AXIS_WORDS: usize = 3;

/// The pieces of a move, as they are stored: for each the number of its source, the element of
/// the source that it starts with, and for each axis of the view first place, size and stride.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pieces<'m> {
    words: &'m [u32],
    rank: u32,
}

/// A box of the output whose elements are an affine function of their place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'m> {
    words: &'m [u32],
}

/// One axis of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceAxis {
    /// First place of the box.
    pub first: u32,
    /// Places of the box.
    pub size: u32,
    /// Elements of the source from one place to the next; 0 repeats, below 0 goes back.
    pub stride: i32,
}

impl PieceAxis {
    /// The axis of a view that has fewer.
    pub const ABSENT: Self = Self { first: 0, size: 1, stride: 0 };

    /// Returns the end of the box.
    pub(crate) const fn end(&self) -> u64 {
        self.first as u64 + self.size as u64
    }
}

impl<'m> Pieces<'m> {
    pub(crate) const fn new(words: &'m [u32], rank: u32) -> Self {
        Self { words, rank }
    }

    /// Returns how many words each has.
    #[must_use]
    pub const fn words_each(&self) -> usize {
        HEAD_WORDS + AXIS_WORDS * if self.rank < 6 { self.rank as usize } else { RANK_MAX }
    }

    /// Returns how many pieces there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.words.len() / self.words_each()
    }

    /// Returns the pieces in order.
    pub fn iter(&self) -> impl Iterator<Item = Piece<'m>> + use<'m> {
        self.words.chunks_exact(self.words_each()).map(|words| Piece { words })
    }
}

impl Piece<'_> {
    /// Returns the number of the source: of an input, or one more than all for the constant.
    #[must_use]
    pub fn source(&self) -> u32 {
        self.words.first().copied().unwrap_or(0)
    }

    /// Returns the element of the source that is at the first place of the box.
    #[must_use]
    pub fn start(&self) -> u32 {
        self.words.get(1).copied().unwrap_or(0)
    }

    /// Returns the axes: those of the view at the end of the list.
    #[must_use]
    pub fn axes(&self) -> [PieceAxis; RANK_MAX] {
        core::array::from_fn(|place| self.axis(place))
    }

    /// Returns the axis at a place of the list; one of one place before those of the view.
    pub(crate) fn axis(&self, place: usize) -> PieceAxis {
        let (axes, _) = self.words.get(HEAD_WORDS..).unwrap_or(&[]).as_chunks::<AXIS_WORDS>();
        let absent = RANK_MAX.saturating_sub(axes.len());
        let axis = place.checked_sub(absent).and_then(|place| axes.get(place));
        axis.map_or(PieceAxis::ABSENT, |&[first, size, stride]| PieceAxis {
            first,
            size,
            stride: stride.cast_signed(),
        })
    }

    /// Returns how many elements the box has.
    pub(crate) fn elements(&self) -> u64 {
        self.axes().iter().fold(1, |product: u64, axis| product.saturating_mul(axis.size.into()))
    }

    /// Returns whether the box has elements, all of them of a view of these sizes.
    pub(crate) fn is_inside(&self, dims: &[u32; RANK_MAX]) -> bool {
        let axes = self.axes();
        axes.iter().zip(dims).all(|(axis, &size)| axis.size > 0 && axis.end() <= size.into())
    }

    /// Returns whether no element is in both boxes.
    pub(crate) fn is_apart_from(&self, other: &Self) -> bool {
        let (axes, others) = (self.axes(), other.axes());
        axes.iter().zip(&others).any(|(axis, other)| {
            axis.end() <= other.first.into() || other.end() <= axis.first.into()
        })
    }

    /// Returns whether all elements come from a source of `len`; for a box inside its view, so that
    /// no sum overflows.
    pub(crate) fn reads_inside(&self, len: u64) -> bool {
        let (mut least, mut most) = (i64::from(self.start()), i64::from(self.start()));
        for axis in self.axes() {
            let reach = i64::from(axis.stride) * (i64::from(axis.size) - 1);
            if reach < 0 { least += reach } else { most += reach }
        }
        least >= 0 && most < len as i64
    }
}
