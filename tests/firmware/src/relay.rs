//! Gives an interrupt something of its own.

use core::cell::RefCell;

use critical_section::{CriticalSection, Mutex};

/// A place for one value that the main loop makes and an interrupt uses.
///
/// The ends of rings and actors need no lock, each belongs to one side. But Rust must see that
/// nobody has the value while it is put there or taken away, so it is guarded by a critical
/// section. An interrupt that has the highest priority loses nothing by it.
#[expect(missing_debug_implementations, reason = "the value cannot be looked at")]
pub struct Relay<T>(Mutex<RefCell<Option<T>>>);

impl<T> Relay<T> {
    /// Returns an empty place.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(RefCell::new(None)))
    }

    /// Puts a value there; what was there before is dropped.
    pub fn put(&self, value: T) {
        self.with(|place| *place = Some(value));
    }

    /// Takes the value away.
    pub fn take(&self) -> Option<T> {
        self.with(Option::take).flatten()
    }

    /// Uses what is there; `None` from inside another use of the same place.
    pub fn with<R>(&self, work: impl FnOnce(&mut Option<T>) -> R) -> Option<R> {
        critical_section::with(|section: CriticalSection<'_>| {
            // `borrow_mut` would panic where this is an error, and a panic takes flash.
            let mut place = self.0.borrow(section).try_borrow_mut().ok()?;
            Some(work(&mut place))
        })
    }

    /// Waits until the other side has put a value there.
    pub fn wait(&self) -> T {
        loop {
            if let Some(value) = self.take() {
                return value;
            }
        }
    }
}

impl<T> Default for Relay<T> {
    fn default() -> Self {
        Self::new()
    }
}
