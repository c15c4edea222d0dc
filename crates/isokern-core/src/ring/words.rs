//! The shared words: what a ring asks of the memory between its two ends.
//!
//! # For callers
//!
//! The protocol is written over these traits and never over atomics. Host threads
//! use [`HostWord`](super::HostWord) and [`HostCell`](super::HostCell); a model
//! checker, a device and a stand-in for one bring their own.
//!
//! # For authors of words
//!
//! Every word has one writer (but for [`SharedRmw`]). A cell may be an address
//! and travel by value: each trait is also implemented for `&T`.

/// A 32-bit word with one writer and any number of readers.
pub trait SharedWord {
    /// Reads the word; orders nothing else.
    fn load_relaxed(&self) -> u32;

    /// Reads the word; everything its writer wrote before a `store_release` of the value
    /// read is seen after this call.
    fn load_acquire(&self) -> u32;

    /// Writes the word; orders nothing else.
    fn store_relaxed(&self, value: u32);

    /// Writes the word after everything written and read before.
    fn store_release(&self, value: u32);
}

/// A word that several may write. No ring needs it; a front for many producers does.
///
/// Across PCIe read-modify-write is not atomic, so a word of this kind stays on one side.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no compare-and-swap, so it cannot be claimed by many producers",
    label = "this word only loads and stores",
    note = "Fix: use one ring per producer, or claim under a critical section (feature \
            `critical-section` of isokern-ring)"
)]
pub trait SharedRmw: SharedWord {
    /// Replaces `current` by `new` with acquire and release ordering.
    ///
    /// # Errors
    ///
    /// The value found, when it is not `current`.
    fn compare_exchange(&self, current: u32, new: u32) -> Result<u32, u32>;
}

/// A word to which several may add, each in one step that cannot fail.
///
/// On a CPU a loop of compare-and-swap would do. Hundreds of blocks of a device would hinder each
/// other in one, so a counter is asked for by itself. It stays on one side, as a [`SharedRmw`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no add that returns what was there, so workers cannot count with it",
    label = "this word only loads and stores",
    note = "Fix: count under a critical section (feature `critical-section` of isokern-ring)"
)]
pub trait SharedCounter: SharedWord {
    /// Adds, wrapping, with acquire and release ordering, and returns the number before.
    fn fetch_add(&self, difference: u32) -> u32;
}

/// The value of a cell: a word of data and the turn it belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct CellValue {
    /// Four bytes of a message, or a word of control.
    pub data: u32,
    /// Whose turn the data is; 0 in memory that was never published.
    pub turn: u32,
}

impl CellValue {
    /// Returns the data when it belongs to `turn`; `None` means *not yet*.
    ///
    /// ```
    /// use isokern_core::ring::CellValue;
    ///
    /// let cell = CellValue { data: 7, turn: 3 };
    /// assert_eq!(cell.at_turn(3), Some(7));
    /// assert_eq!(cell.at_turn(4), None);
    /// ```
    #[inline]
    #[must_use]
    pub const fn at_turn(self, turn: u32) -> Option<u32> {
        if self.turn == turn { Some(self.data) } else { None }
    }
}

/// Eight bytes, aligned to eight: {data, turn}, written by one side.
///
/// There are two ways to use a cell, and a cell is used in one of them only:
///
/// * **in a slot**: [`publish`](Self::publish) once a lap, and only after the reader has
///   freed the slot; [`poll`](Self::poll) until the expected turn shows;
/// * **in a control line**: [`replace`](Self::replace) at any time, [`read`](Self::read)
///   at any time.
pub trait SharedCell {
    /// Reads a slot's cell. When the turn is the expected one, the data belongs to it.
    fn poll(&self) -> CellValue;

    /// Works as [`poll`](Self::poll); when the turn was stored by
    /// [`publish_release`](Self::publish_release), everything its writer wrote before is
    /// seen after this call.
    fn poll_acquire(&self) -> CellValue;

    /// Writes a slot's cell. Whoever sees the turn sees the data.
    fn publish(&self, data: u32, turn: u32);

    /// Works as [`publish`](Self::publish), after everything written and read before.
    fn publish_release(&self, data: u32, turn: u32);

    /// Reads a control cell: data and turn of one and the same write, with acquire
    /// ordering. `None` while a write is under way: try again.
    fn read(&self) -> Option<CellValue>;

    /// Writes a control cell over an older value that may be read at this moment, with
    /// release ordering. `turn` is not 0.
    fn replace(&self, data: u32, turn: u32);
}

impl<W: SharedWord> SharedWord for &W {
    #[inline]
    fn load_relaxed(&self) -> u32 {
        W::load_relaxed(self)
    }

    #[inline]
    fn load_acquire(&self) -> u32 {
        W::load_acquire(self)
    }

    #[inline]
    fn store_relaxed(&self, value: u32) {
        W::store_relaxed(self, value);
    }

    #[inline]
    fn store_release(&self, value: u32) {
        W::store_release(self, value);
    }
}

impl<W: SharedRmw> SharedRmw for &W {
    #[inline]
    fn compare_exchange(&self, current: u32, new: u32) -> Result<u32, u32> {
        W::compare_exchange(self, current, new)
    }
}

impl<W: SharedCounter> SharedCounter for &W {
    #[inline]
    fn fetch_add(&self, difference: u32) -> u32 {
        W::fetch_add(self, difference)
    }
}

impl<C: SharedCell> SharedCell for &C {
    #[inline]
    fn poll(&self) -> CellValue {
        C::poll(self)
    }

    #[inline]
    fn poll_acquire(&self) -> CellValue {
        C::poll_acquire(self)
    }

    #[inline]
    fn publish(&self, data: u32, turn: u32) {
        C::publish(self, data, turn);
    }

    #[inline]
    fn publish_release(&self, data: u32, turn: u32) {
        C::publish_release(self, data, turn);
    }

    #[inline]
    fn read(&self) -> Option<CellValue> {
        C::read(self)
    }

    #[inline]
    fn replace(&self, data: u32, turn: u32) {
        C::replace(self, data, turn);
    }
}
