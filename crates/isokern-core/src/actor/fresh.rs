//! First values that are known when the program is compiled.

/// Has a first value that is known at compile time, so that a `static` can begin with it.
///
/// The part of [`Default`] that a `const` can use: bells and waker cells have it, and arrays of
/// them.
///
/// ```
/// use isokern_core::actor::{Fresh, Silent};
///
/// static BELLS: [[Silent; 4]; 2] = Fresh::FRESH;
/// ```
pub trait Fresh: Send + Sync {
    /// The first value.
    const FRESH: Self;
}

impl<T: Fresh, const N: usize> Fresh for [T; N] {
    const FRESH: Self = [const { T::FRESH }; N];
}
