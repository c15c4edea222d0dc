//! Activations in words of four, in the order the packed weights meet them.
//!
//! A kernel row of an output position meets a *stretch* of neighbouring activations. Where
//! it leaves the image it reads the zero point, which represents real zero.

use core::cell::Cell;

use isokern_core::Cells;

/// The shape of an operator, a fully connected one as a convolution over one column.
///
/// Numbers are 32 bits wide: a checked model's tensors are shorter, and a thread of a GPU
/// has twice as many registers for them.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) row_stride: u32,
    pub(super) row_dilation: u32,
    pub(super) row_pad: u32,
    pub(super) kernel_width: u32,
    pub(super) column_stride: u32,
    pub(super) column_pad: u32,
    pub(super) height: u32,
    pub(super) width: u32,
    pub(super) channels: u32,
    /// Output positions of a row.
    pub(super) out_width: u32,
    /// Output positions.
    pub(super) positions: u32,
    /// Zero point of the activations.
    pub(super) zero_point: i32,
}

impl Shape {
    /// Returns whether stretches begin and end between words, if the image does.
    #[inline(always)]
    pub(super) const fn has_whole_words(&self) -> bool {
        self.channels.is_multiple_of(4)
    }

    /// Returns the place of the window of an output row and column.
    #[inline(always)]
    pub(super) fn place(&self, (row, column): (u32, u32)) -> Place {
        let start = column * self.column_stride;
        let pad = self.column_pad;
        let first = pad.saturating_sub(start).min(self.kernel_width);
        let end = self.kernel_width.min((self.width + pad).saturating_sub(start)).max(first);
        Place {
            top: (row * self.row_stride).wrapping_sub(self.row_pad),
            from: start.saturating_sub(pad) * self.channels,
            first: first * self.channels,
            len: (end - first) * self.channels,
        }
    }

    /// Returns first activation and number of activations that kernel row `row` meets at `place`.
    #[inline(always)]
    fn run(&self, place: &Place, row: u32) -> (u32, u32) {
        let y = place.top.wrapping_add(row * self.row_dilation);
        if y < self.height {
            (y * self.width * self.channels + place.from, place.len)
        } else {
            (0, 0)
        }
    }
}

/// A window in the image.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Row of the image under the first kernel row; wrapped where that is in front of it.
    top: u32,
    /// First activation inside the image, from the start of its row.
    from: u32,
    /// Term of a kernel row that meets it.
    first: u32,
    /// Terms inside the image.
    len: u32,
}

/// Neighbouring output positions as rows and columns, with one division for all of them.
pub(super) struct Positions {
    next: (u32, u32),
    out_width: u32,
}

impl Positions {
    /// Returns the places from `first` on.
    #[inline(always)]
    pub(super) fn from(first: u32, out_width: u32) -> Self {
        let out_width = out_width.max(1);
        Self { next: (first / out_width, first % out_width), out_width }
    }

    /// Returns the next row and column.
    #[inline(always)]
    pub(super) fn next_place(&mut self) -> (u32, u32) {
        let (row, column) = self.next;
        self.next = if column + 1 == self.out_width { (row + 1, 0) } else { (row, column + 1) };
        (row, column)
    }
}

/// A source of stretches.
pub(super) trait Feed: Copy {
    /// Returns the activations that kernel row `row` meets at `place`.
    fn stretch(&self, shape: &Shape, place: &Place, row: u32) -> Stretch;

    /// Returns the four activations of a stretch that meet a group of terms.
    fn word(&self, stretch: &Stretch, group: u32) -> u32;
}

/// The activations of one kernel row, in units of the feed.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    /// The unit that meets unit 0 of the row; wrapped where that is in front of the image.
    start: u32,
    /// The first unit of the row inside the image.
    first: u32,
    /// Units inside the image.
    len: u32,
}

impl Stretch {
    #[inline(always)]
    const fn new(from: u32, first: u32, len: u32) -> Self {
        Self { start: from.wrapping_sub(first), first, len }
    }

    /// Returns the index of a unit of the row, if it is inside the image.
    #[inline(always)]
    const fn index(&self, unit: u32) -> Option<usize> {
        if unit.wrapping_sub(self.first) < self.len {
            Some(self.start.wrapping_add(unit) as usize)
        } else {
            None
        }
    }
}

/// An image whose stretches are whole words.
#[derive(Clone, Copy)]
pub(super) struct WordFeed<'a> {
    words: &'a [Cell<u32>],
    pad: u32,
}

impl<'a> WordFeed<'a> {
    /// Returns the image in `cells`, if it is aligned.
    #[inline(always)]
    pub(super) fn new(cells: Cells<'a>, zero_point: i32) -> Option<Self> {
        Some(Self { words: cells.as_words()?, pad: four_times(zero_point) })
    }
}

impl Feed for WordFeed<'_> {
    #[inline(always)]
    fn stretch(&self, shape: &Shape, place: &Place, row: u32) -> Stretch {
        let (from, len) = shape.run(place, row);
        Stretch::new(from / 4, place.first / 4, len / 4)
    }

    #[inline(always)]
    fn word(&self, stretch: &Stretch, group: u32) -> u32 {
        let cell = stretch.index(group).and_then(|index| self.words.get(index));
        cell.map_or(self.pad, Cell::get)
    }
}

/// An image of any shape, read byte by byte.
#[derive(Clone, Copy)]
pub(super) struct ByteFeed<'a> {
    cells: Cells<'a>,
    pad: u32,
}

impl<'a> ByteFeed<'a> {
    /// Returns the image in `cells`.
    #[inline(always)]
    pub(super) fn new(cells: Cells<'a>, zero_point: i32) -> Self {
        Self { cells, pad: four_times(zero_point) }
    }
}

impl Feed for ByteFeed<'_> {
    #[inline(always)]
    fn stretch(&self, shape: &Shape, place: &Place, row: u32) -> Stretch {
        let (from, len) = shape.run(place, row);
        Stretch::new(from, place.first, len)
    }

    #[inline(always)]
    fn word(&self, stretch: &Stretch, group: u32) -> u32 {
        let mut bytes = self.pad.to_le_bytes();
        for (byte, term) in bytes.iter_mut().zip(group * 4..) {
            if let Some(index) = stretch.index(term) {
                *byte = self.cells.get(index).cast_unsigned();
            }
        }
        u32::from_le_bytes(bytes)
    }
}

/// Returns the low byte of `value`, in all four.
#[inline(always)]
pub(super) const fn four_times(value: i32) -> u32 {
    let [low, ..] = value.to_le_bytes();
    u32::from_le_bytes([low; 4])
}
