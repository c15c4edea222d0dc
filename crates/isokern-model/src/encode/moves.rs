//! The description of a move before it is packed.

use std::vec;
use std::vec::Vec;

use thiserror::Error;

use crate::constant::Constant;
use crate::encode::DraftOp;
use crate::operators::moves::{Move, MoveBody, PIECES_MAX, PieceAxis};
use crate::tensor::RANK_MAX;

/// Why a description is no move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MoveError {
    /// The pieces need more axes than a move has.
    #[error("the copy has {found} dimensions that cannot be joined, a move has {RANK_MAX}")]
    Rank {
        /// How many are left when all that can be joined are.
        found: usize,
    },
    /// There are more pieces than a move has.
    #[error("the copy has {found} pieces, a move has {PIECES_MAX}")]
    Pieces {
        /// How many.
        found: usize,
    },
}

/// An output as boxes, each an affine copy from a source.
///
/// Any number of axes will do: those that every piece passes over as if they were one are joined.
///
/// ```
/// use isokern_model::encode::{Constant, DraftMove};
/// use isokern_model::operators::moves::PieceAxis;
///
/// // Tensor 1 is tensor 0, two rows of three, with a row of zeros after it.
/// let mut rows = DraftMove::new(&[3, 3]);
/// let axis = |first, size, stride| PieceAxis { first, size, stride };
/// rows.piece(0, 0, &[axis(0, 2, 3), axis(0, 3, 1)]);
/// rows.piece(1, 0, &[axis(2, 1, 0), axis(0, 3, 0)]);
/// let op = rows.with_data(vec![0]).op(&[0], 1).expect("two pieces of two axes");
/// // Two rows are one run: each piece is a source, a start and one axis.
/// assert_eq!(op.constants[0], Constant::of(&[0_u32, 0, 0, 6, 1, 1, 0, 6, 3, 0]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftMove {
    dims: Vec<u32>,
    pieces: Vec<DraftPiece>,
    data: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct DraftPiece {
    source: u32,
    start: u32,
    axes: Vec<PieceAxis>,
}

impl DraftMove {
    /// Describes an output whose elements are numbered by these sizes, outermost first.
    #[must_use]
    pub fn new(dims: &[u32]) -> Self {
        Self { dims: dims.to_vec(), pieces: Vec::new(), data: Vec::new() }
    }

    /// Returns the copy of a tensor of `len` elements to another, of any shape.
    #[must_use]
    pub fn copy(len: u32) -> Self {
        Self::whole(&[len], 0, &[1])
    }

    /// Returns the copy of the whole of input 0, with these strides for each of the sizes.
    #[must_use]
    pub fn whole(dims: &[u32], start: u32, strides: &[i32]) -> Self {
        let axis = |(&size, &stride)| PieceAxis { first: 0, size, stride };
        let mut whole = Self::new(dims);
        whole.piece(0, start, &dims.iter().zip(strides).map(axis).collect::<Vec<_>>());
        whole
    }

    /// Adds a box with an axis for each of the sizes. Its first element is element `start` of the
    /// source: of the input with that number, or of the data if it is one more than all inputs.
    ///
    /// A box without elements is left out.
    pub fn piece(&mut self, source: u32, start: u32, axes: &[PieceAxis]) {
        if axes.iter().all(|axis| axis.size > 0) {
            self.pieces.push(DraftPiece { source, start, axes: axes.to_vec() });
        }
    }

    /// Returns the move with elements that are kept in the model: the source after all inputs.
    #[must_use]
    pub fn with_data(self, data: Vec<u8>) -> Self {
        Self { data, ..self }
    }

    /// Returns the operator.
    ///
    /// # Errors
    ///
    /// [`MoveError`] where the pieces are too many, or have too many axes.
    pub fn op(mut self, inputs: &[u16], output: u16) -> Result<DraftOp, MoveError> {
        let found = self.pieces.len();
        if found > PIECES_MAX {
            return Err(MoveError::Pieces { found });
        }
        self.join();
        let found = self.dims.len();
        let absent = RANK_MAX.checked_sub(found).ok_or(MoveError::Rank { found })?;
        let mut body = MoveBody { dims: [1; RANK_MAX], rank: found as u32 };
        body.dims[absent..].copy_from_slice(&self.dims);
        let mut constants = vec![Constant::of(&self.words())];
        if !self.data.is_empty() {
            constants.push(Constant::Values(self.data));
        }
        Ok(DraftOp::new::<Move>(&body, inputs, &[output]).with_constants(constants))
    }

    fn words(&self) -> Vec<u32> {
        let words = |piece: &DraftPiece| {
            let axes = piece.axes.iter();
            let axes = axes.flat_map(|axis| [axis.first, axis.size, axis.stride.cast_unsigned()]);
            [piece.source, piece.start].into_iter().chain(axes).collect::<Vec<_>>()
        };
        self.pieces.iter().flat_map(words).collect()
    }

    /// Joins each axis with the one after it where all pieces allow it.
    fn join(&mut self) {
        for place in (0..self.dims.len().saturating_sub(1)).rev() {
            let (outer, inner) = (self.dims[place], self.dims[place + 1]);
            let joined = |piece: &DraftPiece| {
                joined(&piece.axes[place], outer, &piece.axes[place + 1], inner)
            };
            let Some(axes) = self.pieces.iter().map(joined).collect::<Option<Vec<_>>>() else {
                continue;
            };
            self.dims[place + 1] = outer.saturating_mul(inner);
            self.dims.remove(place);
            for (piece, axis) in self.pieces.iter_mut().zip(axes) {
                piece.axes[place + 1] = axis;
                piece.axes.remove(place);
            }
        }
    }
}

/// Returns the axis that does for both, in views of these sizes.
fn joined(
    outer: &PieceAxis,
    outer_dim: u32,
    inner: &PieceAxis,
    inner_dim: u32,
) -> Option<PieceAxis> {
    if outer_dim == 1 {
        return Some(*inner);
    }
    if inner_dim == 1 {
        return Some(*outer);
    }
    // One place of the outer axis needs no stride; more must go on where the inner axis ends.
    let all = inner.first == 0 && inner.size == inner_dim;
    let follows = i64::from(outer.stride) == i64::from(inner.stride) * i64::from(inner_dim);
    let first = outer.first.checked_mul(inner_dim)?.checked_add(inner.first)?;
    if outer.size == 1 {
        // A part of one outer place is a stretch too.
        return Some(PieceAxis { first, size: inner.size, stride: inner.stride });
    }
    let size = outer.size.checked_mul(inner_dim)?;
    (all && follows).then_some(PieceAxis { first, size, stride: inner.stride })
}

#[cfg(test)]
mod tests {
    use super::{DraftMove, MoveError};
    use crate::constant::Constant;
    use crate::operators::moves::{PIECES_MAX, PieceAxis};

    fn axes(list: &[(u32, u32, i32)]) -> std::vec::Vec<PieceAxis> {
        list.iter().map(|&(first, size, stride)| PieceAxis { first, size, stride }).collect()
    }

    #[test]
    fn axes_are_joined_where_every_piece_allows_it() {
        // Columns 1 and 2 of 4, of two images of 3 rows: rows and images are one axis.
        let mut columns = DraftMove::new(&[2, 3, 2]);
        columns.piece(0, 1, &axes(&[(0, 2, 12), (0, 3, 4), (0, 2, 1)]));
        let op = columns.op(&[0], 1).expect("two axes are left");
        assert_eq!(op.constants, [Constant::of(&[0, 1, 0, 6, 4, 0, 2, 1])]);
        // A box that is part of one row is a stretch of the joined axis; a second one is not.
        let mut parts = DraftMove::new(&[2, 4]);
        parts.piece(0, 0, &axes(&[(0, 1, 9), (0, 4, 1)]));
        parts.piece(0, 8, &axes(&[(1, 1, 9), (0, 3, -1)]));
        parts.piece(1, 0, &axes(&[(1, 1, 9), (3, 1, 0)]));
        let op = parts.with_data(std::vec![7]).op(&[0], 1).expect("one axis is left");
        let words = [0, 0, 0, 4, 1, 0, 8, 4, 3, u32::MAX, 1, 0, 7, 1, 0];
        assert_eq!(op.constants, [Constant::of(&words), Constant::Values(std::vec![7])]);
    }

    #[test]
    fn what_is_no_move_is_said() {
        let reversed = DraftMove::whole(&[2; 7], 127, &[-1, -2, -4, -8, -16, -32, -64]);
        assert_eq!(reversed.op(&[0], 1), Err(MoveError::Rank { found: 7 }));
        let mut many = DraftMove::new(&[PIECES_MAX as u32 + 1]);
        for first in 0..=PIECES_MAX as u32 {
            many.piece(0, 0, &axes(&[(first, 1, 0)]));
        }
        assert_eq!(many.op(&[0], 1), Err(MoveError::Pieces { found: PIECES_MAX + 1 }));
    }
}
