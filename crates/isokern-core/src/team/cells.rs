//! Views of an arena that several threads of a team may hold at once.
//!
//! A `&mut [i8]` per thread would be unsound, and would let the compiler keep
//! stale values across a barrier. [`Cells`] is a slice of `Cell<i8>` instead:
//! each rank has its own view of the same bytes, and the operator's contract
//! (see [`team`](crate::team)) keeps their writes apart.
//!
//! Every access is total: outside the view a read gives zero and a write does
//! nothing. A validated model never gets there; the rule exists so that the hot
//! paths have no panic branch and no bytes can make them leave the arena.
//!
//! This file is the core's one door for `unsafe` (`docs/safety.md`).
#![allow(unsafe_code)]

use core::cell::Cell;

/// A copyable view of `i8` cells, the form in which operators see the arena.
///
/// ```
/// use isokern_core::Cells;
///
/// let mut bytes = [1_i8, 2, 3, 4];
/// let cells = Cells::from_mut(&mut bytes);
/// let tail = cells.window(2, 2);
/// tail.set(0, 9);
/// assert_eq!(cells.get(2), 9); // both views show the same bytes
/// assert_eq!(tail.get(7), 0); // outside: zero, not a panic
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a> {
    cells: &'a [Cell<i8>],
}

impl<'a> Cells<'a> {
    /// Views bytes that the caller owns alone.
    #[inline]
    #[must_use]
    pub fn from_mut(bytes: &'a mut [i8]) -> Self {
        Self { cells: Cell::from_mut(bytes).as_slice_of_cells() }
    }

    /// Views memory that the other ranks of a team view as well.
    ///
    /// # Safety
    ///
    /// For all of `'a`:
    ///
    /// * `start` is not null and points to `len` readable, writable and initialised
    ///   bytes of one allocation, at most `isize::MAX`;
    /// * no reference to these bytes exists, apart from other views made here;
    /// * between two barriers of the team no byte is written by one thread and
    ///   read or written by another.
    #[inline]
    #[must_use]
    pub unsafe fn from_raw(start: *mut i8, len: usize) -> Self {
        let start = start.cast::<Cell<i8>>();
        // SAFETY: valid and unaliased by this function's contract; `Cell<i8>`
        // has the layout of `i8` (documented for `Cell`).
        let cells = unsafe { core::slice::from_raw_parts(start, len) };
        Self { cells }
    }

    /// Returns the number of cells.
    #[inline]
    #[must_use]
    pub const fn len(self) -> usize {
        self.cells.len()
    }

    /// Returns whether the view has no cell.
    #[inline]
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.cells.is_empty()
    }

    /// Returns the cells themselves, for iteration.
    #[inline]
    #[must_use]
    pub const fn as_slice(self) -> &'a [Cell<i8>] {
        self.cells
    }

    /// Returns the cells as aligned words of four, for loops that read four at a time.
    ///
    /// `None` unless the first cell is on a boundary of four bytes; up to three cells
    /// at the end are left out. A word's lowest byte is its first cell.
    ///
    /// ```
    /// use isokern_core::Cells;
    ///
    /// let mut memory = [0x0403_0201_u32, 0];
    /// let bytes: &mut [i8] = bytemuck::must_cast_slice_mut(&mut memory);
    /// let cells = Cells::from_mut(bytes);
    /// let words = cells.window(0, 7).as_words().expect("a u32 is aligned");
    /// assert_eq!((words.len(), words[0].get()), (1, 0x0403_0201));
    /// assert!(cells.window(1, 4).as_words().is_none());
    /// ```
    #[inline]
    #[must_use]
    pub fn as_words(self) -> Option<&'a [Cell<u32>]> {
        let start = self.cells.as_ptr().cast::<Cell<u32>>();
        if !start.is_aligned() {
            return None;
        }
        // SAFETY: aligned, inside the view, and of initialised bytes with interior
        // mutability; words and cells may be read and written side by side, as any
        // two views of one thread.
        Some(unsafe { core::slice::from_raw_parts(start, self.cells.len() / 4) })
    }

    /// Returns the cells `start..start + len`, or an empty view if these are not all inside.
    #[inline]
    #[must_use]
    pub fn window(self, start: usize, len: usize) -> Self {
        let tail = self.cells.get(start..).unwrap_or(&[]);
        Self { cells: tail.get(..len).unwrap_or(&[]) }
    }

    /// Returns the value at `index`; zero outside.
    #[inline]
    #[must_use]
    pub fn get(self, index: usize) -> i8 {
        self.cells.get(index).map_or(0, Cell::get)
    }

    /// Writes the value at `index`; nothing happens outside.
    #[inline]
    pub fn set(self, index: usize, value: i8) {
        if let Some(cell) = self.cells.get(index) {
            cell.set(value);
        }
    }

    /// Returns the `N` values from `start` in one access; zeros unless all are inside.
    #[inline]
    #[must_use]
    pub fn load<const N: usize>(self, start: usize) -> [i8; N] {
        self.chunk(start).map_or([0; N], Cell::get)
    }

    /// Writes `N` values from `start` in one access; nothing unless all are inside.
    #[inline]
    pub fn store<const N: usize>(self, start: usize, values: [i8; N]) {
        if let Some(chunk) = self.chunk(start) {
            chunk.set(values);
        }
    }

    /// Copies the cells from `start` into `target`; untouched unless all are inside.
    #[inline]
    pub fn copy_to(self, start: usize, target: &mut [i8]) {
        let source = self.window(start, target.len()).cells;
        if source.len() == target.len() {
            let from = source.as_ptr().cast::<i8>();
            // SAFETY: both are `target.len()` bytes, and an exclusive reference
            // cannot overlap a live cell view.
            unsafe { core::ptr::copy_nonoverlapping(from, target.as_mut_ptr(), target.len()) };
        }
    }

    /// Copies `source` to the cells from `start`; nothing unless all are inside.
    #[inline]
    pub fn copy_from(self, start: usize, source: &[i8]) {
        let target = self.window(start, source.len()).cells;
        for (cell, value) in target.iter().zip(source) {
            cell.set(*value);
        }
    }

    /// Copies the cells of `source` to the cells from `start`; nothing unless all are inside.
    /// The views may share cells: then the copy is of what was there before.
    #[inline]
    pub fn copy_cells(self, start: usize, source: Cells<'_>) {
        let target = self.window(start, source.len()).cells;
        if target.len() == source.len() {
            let to = target.as_ptr().cast::<i8>().cast_mut();
            // SAFETY: both are `target.len()` initialised bytes with interior mutability, and
            // a copy of this kind allows them to overlap.
            unsafe { core::ptr::copy(source.cells.as_ptr().cast::<i8>(), to, target.len()) };
        }
    }

    /// Returns the cells in views of `len`, one after the other; the last may have fewer.
    #[inline]
    pub fn chunks(self, len: usize) -> impl Iterator<Item = Self> {
        self.cells.chunks(len.max(1)).map(|cells| Self { cells })
    }

    /// Returns the cells as elements of `N`; up to `N - 1` cells at the end are left out.
    ///
    /// ```
    /// use isokern_core::Cells;
    ///
    /// let mut bytes = [1_i8, 2, 3, 4, 5];
    /// let pairs = Cells::from_mut(&mut bytes).elements::<2>();
    /// pairs[1].set(pairs[0].get());
    /// assert_eq!(bytes, [1, 2, 1, 2, 5]);
    /// ```
    #[inline]
    #[must_use]
    pub const fn elements<const N: usize>(self) -> &'a [Cell<[i8; N]>] {
        let (elements, _) = self.cells.as_chunks::<N>();
        // SAFETY: `Cell<T>` has the layout of `T`, so an array of cells is the cell of an array:
        // as many, of the same bytes, with the same interior mutability.
        unsafe { core::slice::from_raw_parts(elements.as_ptr().cast(), elements.len()) }
    }

    /// Returns the values of `N` neighbouring cells in one access.
    #[inline]
    #[must_use]
    pub fn values<const N: usize>(cells: &[Cell<i8>; N]) -> [i8; N] {
        whole(cells).get()
    }

    #[inline]
    fn chunk<const N: usize>(self, start: usize) -> Option<&'a Cell<[i8; N]>> {
        Some(whole(self.cells.get(start..)?.first_chunk::<N>()?))
    }
}

/// Returns cells of values as a cell of their array.
#[inline]
fn whole<const N: usize>(cells: &[Cell<i8>; N]) -> &Cell<[i8; N]> {
    let whole = core::ptr::from_ref(cells).cast::<Cell<[i8; N]>>();
    // SAFETY: `Cell<T>` has the layout of `T`, so both types are the same `N` bytes
    // with the same interior mutability, for the same lifetime.
    unsafe { &*whole }
}

#[cfg(test)]
mod tests {
    use super::Cells;

    #[test]
    fn windows_outside_are_empty() {
        let mut bytes = [0_i8; 4];
        let cells = Cells::from_mut(&mut bytes);
        assert_eq!(cells.window(1, 3).len(), 3);
        assert!(cells.window(2, 3).is_empty());
        assert!(cells.window(5, 0).is_empty());
        assert!(cells.window(usize::MAX, usize::MAX).is_empty());
    }

    #[test]
    fn block_access_moves_all_or_nothing() {
        let mut bytes = [1_i8, 2, 3, 4, 5];
        let cells = Cells::from_mut(&mut bytes);
        assert_eq!(cells.load::<3>(1), [2, 3, 4]);
        assert_eq!(cells.load::<3>(3), [0; 3]);
        cells.store(3, [7, 8]);
        cells.store(4, [9, 9]);
        let mut copy = [0_i8; 5];
        cells.copy_to(0, &mut copy);
        assert_eq!(copy, [1, 2, 3, 7, 8]);
        cells.copy_to(1, &mut copy);
        assert_eq!(copy, [1, 2, 3, 7, 8]);
        cells.copy_from(0, &[5, 6]);
        cells.copy_from(4, &[5, 6]);
        let (pairs, _) = cells.as_slice().as_chunks();
        assert_eq!(pairs.iter().map(Cells::values).last(), Some([3, 7]));
        assert_eq!(bytes, [5, 6, 3, 7, 8]);
    }

    #[test]
    fn cells_are_copied_to_cells_all_or_not_at_all() {
        let mut bytes = [1_i8, 2, 3, 4, 5];
        let cells = Cells::from_mut(&mut bytes);
        cells.copy_cells(3, cells.window(0, 2));
        cells.copy_cells(4, cells.window(0, 2));
        cells.copy_cells(1, cells.window(0, 3)); // Both views have cells 1 and 2.
        assert_eq!(bytes, [1, 1, 2, 3, 2]);
    }

    #[test]
    fn raw_views_of_one_region_see_each_other() {
        let mut bytes = [0_i8; 3];
        let start = bytes.as_mut_ptr();
        // SAFETY: three live bytes, reached through these views alone, one thread.
        let first = unsafe { Cells::from_raw(start, 3) };
        // SAFETY: as above.
        let second = unsafe { Cells::from_raw(start, 3) };
        first.set(1, -4);
        assert_eq!(second.get(1), -4);
    }
}
