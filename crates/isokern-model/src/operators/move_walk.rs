//! The plain loop of a piece, for one core: rows of elements, in the order that is best for them.

use crate::memory::Memory;
use crate::operator::{CopyLine, CopyRows};
use crate::operators::move_rows::{Line, Rows, copy};
use crate::operators::moves::{MoveView, Piece};
use crate::tensor::RANK_MAX;

/// Runs a piece.
#[inline(always)]
pub(super) fn run(op: &MoveView<'_>, piece: &Piece<'_>, memory: &Memory<'_>) {
    let walk = Walk::new(&op.dims, piece);
    let (source, to) = (op.source(piece, memory), memory.view(&op.output));
    match op.output.dtype().size_bytes() {
        1 => walk.each(|rows| copy::<1>(rows, source, to)),
        2 => walk.each(|rows| copy::<2>(rows, source, to)),
        4 => walk.each(|rows| copy::<4>(rows, source, to)),
        _ => walk.each(|rows| copy::<8>(rows, source, to)),
    }
}

/// Below this many rows, more of them along another line are faster.
const SHORT_ROWS: u32 = 8;

/// A piece as rows of elements, inside other lines.
#[derive(Debug, Clone, Copy)]
struct Walk {
    rows: Rows,
    outer: [Line; RANK_MAX],
}

impl Walk {
    /// Makes of the axes lines that are as long as they can be.
    fn new(dims: &[u32; RANK_MAX], piece: &Piece<'_>) -> Self {
        let (mut to, mut to_stride) = (0_u32, 1_u32);
        let mut outer = [Line::ONE; RANK_MAX];
        let mut inner = Line::ONE;
        let mut grows = true;
        for ((axis, &size), line) in piece.axes().iter().zip(dims).zip(&mut outer).rev() {
            let whole = Line { size: axis.size, from_stride: axis.stride, to_stride };
            to = to.wrapping_add(axis.first.wrapping_mul(to_stride));
            to_stride = to_stride.wrapping_mul(size);
            if axis.size == 1 {
                continue;
            }
            if grows && inner.size == 1 {
                inner = whole;
            } else if grows && inner.is_followed_by(&whole) {
                inner.size = inner.size.wrapping_mul(whole.size);
            } else {
                grows = false;
                *line = whole;
            }
        }
        // Any order of the lines will do: rows are the line along which the source is contiguous,
        // where those inside are not, and else the innermost that is not short.
        let is_strided = inner.from_stride != 1;
        let mut row = Line::ONE;
        for line in &mut outer {
            let is_turned = is_strided && line.from_stride == 1 && line.size > 1;
            let was_turned = is_strided && row.from_stride == 1 && row.size > 1;
            if is_turned || line.size >= row.size.min(SHORT_ROWS) && !was_turned {
                core::mem::swap(line, &mut row);
            }
        }
        if row.size > inner.size && !(inner.is_dense() || row.is_turned(&inner)) {
            core::mem::swap(&mut inner, &mut row);
        }
        Self { rows: Rows { from: piece.start(), to, inner, row }, outer }
    }

    /// Calls `each` for all rows.
    #[inline(always)]
    fn each(&self, mut each: impl FnMut(Rows)) {
        let mut places = [0_u32; RANK_MAX];
        let mut rows = self.rows;
        loop {
            each(rows);
            let mut is_last = true;
            for (place, line) in places.iter_mut().zip(&self.outer).rev() {
                if *place + 1 < line.size {
                    *place += 1;
                    (rows.from, rows.to) = line.after(rows.from, rows.to, 1);
                    is_last = false;
                    break;
                }
                (rows.from, rows.to) =
                    line.after(rows.from, rows.to, place.cast_signed().wrapping_neg());
                *place = 0;
            }
            if is_last {
                return;
            }
        }
    }
}

/// Returns the rows that [`run`] copies.
pub(super) fn copied(op: &MoveView<'_>, piece: &Piece<'_>) -> CopyRows {
    let Walk { rows, outer } = Walk::new(&op.dims, piece);
    let line = |line: Line| CopyLine {
        count: line.size,
        read_stride: line.from_stride,
        write_stride: line.to_stride,
    };
    CopyRows {
        element_bytes: op.output.dtype().size_bytes(),
        elements: line(rows.inner),
        rows: line(rows.row),
        groups: outer.iter().map(|line| u64::from(line.size)).product(),
        is_constant: piece.source() as usize >= op.inputs.count(),
    }
}
