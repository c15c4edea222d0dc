//! Pointers of a caller in C: what can be checked of one is checked here, then it is a reference.
#![allow(unsafe_code)]

use core::slice;

use crate::ALIGNMENT;
use crate::status::Status;

/// A structure that says how long it is in its first field, as its user's header has it.
///
/// # Safety
///
/// The type is `repr(C)`, its first field is a `u32` with the bytes of the structure, and every bit
/// pattern is valid in all fields.
pub(crate) unsafe trait Sized32: Sized {}

/// Returns the structure at `pointer`, to write.
///
/// A size field may be larger than ours, of a later header: what we do not know is left alone.
///
/// # Safety
///
/// A pointer that is not null and aligned is that of an object of as many bytes as its first field
/// says, that nothing else uses for `'a`.
pub(crate) unsafe fn structure_mut<'a, T: Sized32>(pointer: *mut T) -> Result<&'a mut T, Status> {
    // SAFETY: the same promise.
    unsafe { check(pointer) }?;
    // SAFETY: it is not null, aligned, and has the bytes of a `T`, of which every pattern is valid.
    unsafe { pointer.as_mut() }.ok_or(Status::NullPointer)
}

/// Returns the structure at `pointer`, to read.
///
/// # Safety
///
/// As [`structure_mut`], but that others may read it too.
pub(crate) unsafe fn structure<'a, T: Sized32>(pointer: *const T) -> Result<&'a T, Status> {
    // SAFETY: the same promise.
    unsafe { check(pointer) }?;
    // SAFETY: it is not null, aligned, and has the bytes of a `T`, of which every pattern is valid.
    unsafe { pointer.as_ref() }.ok_or(Status::NullPointer)
}

/// Checks that `pointer` is that of a structure of at least our size.
///
/// # Safety
///
/// As [`structure`].
unsafe fn check<T: Sized32>(pointer: *const T) -> Result<(), Status> {
    if pointer.is_null() {
        return Err(Status::NullPointer);
    }
    if !pointer.is_aligned() {
        return Err(Status::Misaligned);
    }
    // SAFETY: an object of the caller begins here, and it begins with a `u32`.
    let bytes = unsafe { pointer.cast::<u32>().read() };
    if (bytes as usize) < size_of::<T>() { Err(Status::StructBytes) } else { Ok(()) }
}

/// Where bytes of the caller are; nothing is read to make one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    start: usize,
    bytes: usize,
}

impl Span {
    /// Returns the place of `bytes` from `start`, unless that is no place of one object.
    pub(crate) fn new<T>(start: *const T, bytes: usize) -> Result<Self, Status> {
        let start = start.addr();
        if isize::try_from(bytes).is_err() || start.checked_add(bytes).is_none() {
            return Err(Status::Overlap);
        }
        Ok(Self { start, bytes })
    }

    /// Returns whether both have a byte in common.
    const fn overlaps(self, other: Self) -> bool {
        // Neither sum overflows: `new` computed it.
        let is_empty = self.bytes == 0 || other.bytes == 0;
        !is_empty && self.start < other.start + other.bytes && other.start < self.start + self.bytes
    }
}

/// Checks that no two of these have a byte in common.
pub(crate) fn require_apart(spans: &[Span]) -> Result<(), Status> {
    let mut rest = spans;
    while let Some((first, others)) = rest.split_first() {
        if others.iter().any(|other| first.overlaps(*other)) {
            return Err(Status::Overlap);
        }
        rest = others;
    }
    Ok(())
}

/// Returns the values at `pointer`; none at a null pointer for none.
///
/// # Safety
///
/// If `pointer` is not null, `count` valid values begin there, which nothing changes for `'a`.
pub(crate) unsafe fn values<'a, T>(pointer: *const T, count: usize) -> Result<&'a [T], Status> {
    if count == 0 {
        return Ok(&[]);
    }
    require(pointer, align_of::<T>())?;
    Span::new(pointer, count.checked_mul(size_of::<T>()).ok_or(Status::Overlap)?)?;
    // SAFETY: not null, aligned, no longer than an object may be; the values are the promise.
    Ok(unsafe { slice::from_raw_parts(pointer, count) })
}

/// Returns the bytes at `pointer`, to write; none at any pointer for none.
///
/// # Safety
///
/// If `count` is not 0, an initialised object of `count` bytes begins there, which nothing else
/// uses for `'a`.
pub(crate) unsafe fn cells<'a>(pointer: *mut u8, count: usize) -> Result<&'a mut [i8], Status> {
    if count == 0 {
        return Ok(&mut []);
    }
    require(pointer, ALIGNMENT)?;
    Span::new(pointer, count)?;
    // SAFETY: not null, no longer than an object may be; that it is there and lent is the promise.
    Ok(unsafe { slice::from_raw_parts_mut(pointer.cast(), count) })
}

/// Checks that a pointer is not null and on a boundary.
pub(crate) fn require<T>(pointer: *const T, alignment: usize) -> Result<(), Status> {
    if pointer.is_null() {
        Err(Status::NullPointer)
    } else if !pointer.addr().is_multiple_of(alignment) {
        Err(Status::Misaligned)
    } else {
        Ok(())
    }
}
