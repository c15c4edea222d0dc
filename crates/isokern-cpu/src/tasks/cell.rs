//! The cell that a place or a stream is in.

use core::cell::Cell;

/// A cell that is emptied by whoever works with its value, and filled again afterwards.
///
/// The value is moved, so a side that comes when it should not finds nothing and gets an error; it
/// never waits for an inference. Whoever only wants to know what is there looks, and takes what
/// is its own: a value that is taken for a moment would not be there for a worker. Firmware
/// whose interrupts ask and whose loop runs implements it over its own kind of critical
/// section.
pub trait TaskCell<T> {
    /// Takes the value; `None` while somebody has it.
    fn take(&self) -> Option<T>;

    /// Puts the value back. Called by whoever took it.
    fn put(&self, value: T);

    /// Lets `look` see the value where it is; `None` while somebody has it. A side that takes
    /// meanwhile must find the value.
    fn look<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R>;
}

/// For one thread that asks and runs.
impl<T> TaskCell<T> for Cell<Option<T>> {
    fn take(&self) -> Option<T> {
        Cell::take(self)
    }

    fn put(&self, value: T) {
        self.set(Some(value));
    }

    fn look<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        let taken = Cell::take(self);
        let found = taken.as_ref().map(look);
        self.set(taken);
        found
    }
}

/// Between threads; locked for as long as it takes to move the value.
#[cfg(feature = "std")]
impl<T: Send> TaskCell<T> for std::sync::Mutex<Option<T>> {
    fn take(&self) -> Option<T> {
        self.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }

    fn put(&self, value: T) {
        *self.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(value);
    }

    fn look<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_ref().map(look)
    }
}

/// A value out of its cell, which goes back when this is dropped, also in a panic.
pub(super) struct Taken<'c, T, C: TaskCell<T>> {
    cell: &'c C,
    value: Option<T>,
}

impl<'c, T, C: TaskCell<T>> Taken<'c, T, C> {
    /// Takes the value out of a cell.
    pub(super) fn of(cell: &'c C) -> Option<Self> {
        cell.take().map(|value| Self { cell, value: Some(value) })
    }

    /// Returns the value; there until this is dropped.
    pub(super) const fn value(&mut self) -> Option<&mut T> {
        self.value.as_mut()
    }
}

impl<T, C: TaskCell<T>> Drop for Taken<'_, T, C> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            self.cell.put(value);
        }
    }
}
