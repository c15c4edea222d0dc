//! The plain loop of a piece: runs of elements, one after the other.

use isokern_core::{Cells, Team};

use crate::memory::Memory;
use crate::operators::elements::{Elements, element};
use crate::operators::moves::{MoveView, Piece};
use crate::tensor::RANK_MAX;

const TILE_ELEMENTS: usize = 64;
/// Bytes from which a run is copied in one piece.
const COPY_BYTES: usize = 16;

/// Runs the calling rank's share of a piece.
pub(super) fn run<T: Team>(team: &T, op: &MoveView<'_>, piece: &Piece<'_>, memory: &Memory<'_>) {
    let walk = Walk::new(&op.dims, piece);
    let element_bytes = op.output.dtype().size_bytes();
    let source = piece.source() as usize;
    let from = if source < op.inputs.count() {
        Elements::Tensor(memory.view(&op.inputs.at(source)))
    } else {
        Elements::Constant(op.data)
    };
    let to = memory.view(&op.output);
    let elements = walk.elements();
    let tile = if team.size() == 1 { elements } else { TILE_ELEMENTS };
    for tile_index in team.share(elements.div_ceil(tile.max(1))) {
        let first = tile_index * tile;
        let count = tile.min(elements - first);
        walk.stretch(first, count, |run| match element_bytes {
            1 => run.copy::<1>(from, to),
            2 => run.copy::<2>(from, to),
            4 => run.copy::<4>(from, to),
            _ => run.copy::<8>(from, to),
        });
    }
}

/// Elements at equal distances.
#[derive(Debug, Clone, Copy)]
struct Line {
    size: u32,
    from_stride: i32,
    to_stride: u32,
}

/// A piece as one line inside others.
#[derive(Debug, Clone, Copy)]
struct Walk {
    from: u32,
    to: u32,
    outer: [Line; RANK_MAX],
    inner: Line,
}

/// A part of a line.
#[derive(Debug, Clone, Copy)]
struct Run {
    from: u32,
    to: u32,
    count: usize,
    line: Line,
}

impl Walk {
    /// Makes of the axes lines that are as long as they can be.
    fn new(dims: &[u32; RANK_MAX], piece: &Piece<'_>) -> Self {
        let mut to_stride = 1_u32;
        let mut to = 0_u32;
        let mut outer = [Line { size: 1, from_stride: 0, to_stride: 0 }; RANK_MAX];
        let mut inner = Line { size: 1, from_stride: 1, to_stride: 1 };
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
        if !inner.is_contiguous() {
            // Any order of the elements will do: the longest line has the least to set up.
            for line in &mut outer {
                if line.size > inner.size {
                    core::mem::swap(line, &mut inner);
                }
            }
        }
        Self { from: piece.start(), to, outer, inner }
    }

    fn elements(&self) -> usize {
        let product = |product: usize, line: &Line| product.saturating_mul(line.size as usize);
        self.outer.iter().fold(self.inner.size as usize, product)
    }

    /// Calls `each` for the runs that make up `count` elements from the one at `first`.
    fn stretch(&self, first: usize, mut count: usize, mut each: impl FnMut(Run)) {
        let mut places = [0_u32; RANK_MAX];
        let (mut from, mut to) = (self.from, self.to);
        let size = self.inner.size.max(1);
        let mut skip = first as u32 % size;
        let mut row = first as u32 / size;
        for (place, line) in places.iter_mut().zip(&self.outer).rev() {
            let size = line.size.max(1);
            if size == 1 || row == 0 {
                continue;
            }
            *place = row % size;
            row /= size;
            from = line.read_after(from, *place);
            to = line.write_after(to, *place);
        }
        while count > 0 {
            let here = count.min((size - skip) as usize);
            each(Run {
                from: self.inner.read_after(from, skip),
                to: self.inner.write_after(to, skip),
                count: here,
                line: self.inner,
            });
            count -= here;
            skip = 0;
            for (place, line) in places.iter_mut().zip(&self.outer).rev() {
                if *place + 1 < line.size {
                    *place += 1;
                    from = line.read_after(from, 1);
                    to = line.write_after(to, 1);
                    break;
                }
                from = line.read_before(from, *place);
                to = to.wrapping_sub(line.to_stride.wrapping_mul(*place));
                *place = 0;
            }
        }
    }
}

impl Line {
    const fn is_contiguous(&self) -> bool {
        self.from_stride == 1 && self.to_stride == 1
    }

    /// Whether the elements of an outer line go on where this line ends.
    const fn is_followed_by(&self, outer: &Self) -> bool {
        let size = self.size.cast_signed();
        self.from_stride.wrapping_mul(size) == outer.from_stride
            && self.to_stride.wrapping_mul(self.size) == outer.to_stride
    }

    const fn read_after(&self, from: u32, places: u32) -> u32 {
        from.wrapping_add_signed(self.from_stride.wrapping_mul(places.cast_signed()))
    }

    const fn read_before(&self, from: u32, places: u32) -> u32 {
        from.wrapping_sub(self.from_stride.wrapping_mul(places.cast_signed()).cast_unsigned())
    }

    const fn write_after(&self, to: u32, places: u32) -> u32 {
        to.wrapping_add(self.to_stride.wrapping_mul(places))
    }
}

impl Run {
    /// Copies elements of `N` bytes.
    #[inline(always)]
    fn copy<const N: usize>(&self, source: Elements<'_>, to: Cells<'_>) {
        let (start, bytes) = (self.from as usize * N, self.count * N);
        match source {
            _ if self.is_long::<N>() => source.copy_to(to, self.to as usize * N, start, bytes),
            Elements::Tensor(cells) => {
                self.each(|from, at| to.store::<N>(at * N, cells.load(from * N)));
            }
            Elements::Constant(data) if self.is_fill() => {
                let value = element::<N>(data, start);
                let target = to.window(self.to as usize * N, bytes).as_slice();
                let (elements, _) = target.as_chunks::<N>();
                for (cell, byte) in elements.iter().flat_map(|cells| cells.iter().zip(value)) {
                    cell.set(byte);
                }
            }
            Elements::Constant(data) => {
                self.each(|from, at| to.store::<N>(at * N, element(data, from * N)));
            }
        }
    }

    /// Whether one element is all there is to write.
    const fn is_fill(&self) -> bool {
        self.line.from_stride == 0 && self.line.to_stride == 1
    }

    const fn is_long<const N: usize>(&self) -> bool {
        self.line.is_contiguous() && self.count * N >= COPY_BYTES
    }

    /// Calls `copy` with the places of each element.
    #[inline(always)]
    fn each(&self, copy: impl Fn(usize, usize)) {
        let (mut from, mut to) = (self.from, self.to);
        for _ in 0..self.count {
            copy(from as usize, to as usize);
            from = self.line.read_after(from, 1);
            to = self.line.write_after(to, 1);
        }
    }
}
