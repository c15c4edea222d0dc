//! The pointers of C as values that check themselves.
//!
//! The driver calls take these types where C passes pointers, so that everything past the calls
//! is safe Rust. A value only comes into being as an argument of a driver call, whose caller
//! promises that the pointer is null or valid for what the call's documentation says.
#![allow(unsafe_code)]

use core::ffi::{CStr, c_char, c_void};
use core::ptr;

use super::status::{Outcome, Status};

/// Where a call writes a result. Null is refused by [`check`](Self::check) and
/// [`put`](Self::put).
#[derive(Debug)]
#[repr(transparent)]
pub struct Out<T>(*mut T);

impl<T> Clone for Out<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Out<T> {}

impl<T> Out<T> {
    /// Refuses null, before anything is done.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`].
    pub fn check(self) -> Outcome {
        if self.0.is_null() { Err(Status::INVALID_VALUE) } else { Ok(()) }
    }

    /// Writes the result.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for null.
    pub fn put(self, value: T) -> Outcome {
        self.check()?;
        self.put_if_wanted(value);
        Ok(())
    }

    /// Writes the result unless the pointer is null.
    pub fn put_if_wanted(self, value: T) {
        if !self.0.is_null() {
            // SAFETY: the caller of the driver call promised room for a `T`; C does not promise
            // alignment of its unions, so none is assumed.
            unsafe { ptr::write_unaligned(self.0, value) };
        }
    }

    /// Reads what is there before the call writes.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for null.
    pub fn get(self) -> Outcome<T>
    where
        T: Copy,
    {
        In(self.0.cast_const()).get(0)
    }

    /// Writes several results, one after the other.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for null.
    pub fn put_all(self, values: impl IntoIterator<Item = T>) -> Outcome {
        self.check()?;
        for (index, value) in values.into_iter().enumerate() {
            Self(self.0.wrapping_add(index)).put_if_wanted(value);
        }
        Ok(())
    }
}

impl<T> Out<T> {
    /// Returns the same place, to be read.
    #[must_use]
    pub const fn as_input(self) -> In<T> {
        In(self.0.cast_const())
    }

    /// Returns the place of the value at an index.
    #[must_use]
    pub const fn at(self, index: usize) -> Self {
        Self(self.0.wrapping_add(index))
    }

    /// Returns the same place for a number of the size of a pointer.
    #[must_use]
    pub const fn cast_value(self) -> Out<usize> {
        Out(self.0.cast())
    }
}

impl Out<c_void> {
    /// Returns the address as a number.
    #[must_use]
    pub fn address(self) -> u64 {
        self.0.expose_provenance() as u64
    }

    /// Returns the same place for a value of another type.
    #[must_use]
    pub const fn cast<T>(self) -> Out<T> {
        Out(self.0.cast())
    }
}

impl Out<c_char> {
    /// Writes text with a NUL at its end, cut to `room` bytes.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for null or no room.
    pub fn put_text(self, text: &str, room: usize) -> Outcome {
        let last = room.checked_sub(1).ok_or(Status::INVALID_VALUE)?;
        self.check()?;
        let bytes = text.bytes().take(last).chain([0]).enumerate();
        for (index, byte) in bytes {
            Out(self.0.wrapping_add(index).cast::<u8>()).put_if_wanted(byte);
        }
        Ok(())
    }
}

/// What a call reads: values of one type, one after the other.
#[derive(Debug)]
#[repr(transparent)]
pub struct In<T>(*const T);

impl<T> Clone for In<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for In<T> {}

impl<T> In<T> {
    /// Returns whether it is null.
    #[must_use]
    pub const fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// Returns an empty list.
    #[must_use]
    pub const fn null() -> Self {
        Self(ptr::null())
    }
}

impl<T: Copy> In<T> {
    /// Reads the value at an index.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for null.
    pub fn get(self, index: usize) -> Outcome<T> {
        if self.0.is_null() {
            return Err(Status::INVALID_VALUE);
        }
        // SAFETY: the caller of the driver call promised as many values as the call's other
        // arguments say, and the calls ask for no more; alignment is not assumed.
        Ok(unsafe { ptr::read_unaligned(self.0.wrapping_add(index)) })
    }
}

impl In<In<c_void>> {
    /// Returns the kernel parameter at an index: `bytes` bytes after the pointer there.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] where the array or the pointer in it is null.
    pub fn parameter(self, index: usize, bytes: usize) -> Outcome<Vec<u8>> {
        self.get(index)?.bytes(bytes)
    }
}

impl In<c_void> {
    /// Copies bytes.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for null.
    pub fn bytes(self, count: usize) -> Outcome<Vec<u8>> {
        Span::from_input(self, count).read()
    }

    /// Returns the address as a number.
    #[must_use]
    pub fn address(self) -> u64 {
        self.0.expose_provenance() as u64
    }

    /// Returns the same values as another type.
    #[must_use]
    pub const fn cast<T>(self) -> In<T> {
        In(self.0.cast())
    }
}

/// Text that ends with NUL.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct Text(*const c_char);

impl Text {
    /// Copies the text.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for null; `wrong` where it is not UTF-8.
    pub fn read(self, wrong: Status) -> Outcome<String> {
        if self.0.is_null() {
            return Err(Status::INVALID_VALUE);
        }
        // SAFETY: the caller of the driver call promised text that ends with NUL.
        let text = unsafe { CStr::from_ptr(self.0) };
        text.to_str().map(str::to_owned).map_err(|_| wrong)
    }
}

impl In<c_void> {
    /// Returns the same place as text.
    #[must_use]
    pub const fn text(self) -> Text {
        Text(self.0.cast())
    }
}

/// Bytes of the host's memory that a copy reads or writes, now or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: *mut u8,
    len: usize,
}

// SAFETY: a span is only an address and a length. Its bytes are touched when the copy runs, and the
// program promised to leave them alone until then.
unsafe impl Send for Span {}
// SAFETY: as above.
unsafe impl Sync for Span {}

impl Span {
    /// Returns bytes to be read.
    #[must_use]
    pub const fn from_input(start: In<c_void>, len: usize) -> Self {
        Self { start: start.0.cast_mut().cast(), len }
    }

    /// Returns bytes to be written.
    #[must_use]
    pub const fn from_output(start: Out<c_void>, len: usize) -> Self {
        Self { start: start.0.cast(), len }
    }

    /// Returns the first byte's address.
    #[must_use]
    pub fn address(self) -> u64 {
        self.start.expose_provenance() as u64
    }

    /// Returns how many bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        self.len
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Copies the bytes out.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for null.
    pub fn read(self) -> Outcome<Vec<u8>> {
        let mut bytes = vec![0; self.len];
        if self.is_empty() {
            return Ok(bytes);
        }
        if self.start.is_null() {
            return Err(Status::INVALID_VALUE);
        }
        // SAFETY: the caller promised `len` readable bytes, and the vector is new.
        unsafe { ptr::copy_nonoverlapping(self.start, bytes.as_mut_ptr(), self.len) };
        Ok(bytes)
    }

    /// Copies bytes in; as many as there are, and no more than the span holds.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for null.
    pub fn write(self, bytes: &[u8]) -> Outcome {
        if self.is_empty() {
            return Ok(());
        }
        if self.start.is_null() {
            return Err(Status::INVALID_VALUE);
        }
        let count = bytes.len().min(self.len);
        // SAFETY: the caller promised `len` writable bytes; `bytes` is memory of this library.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.start, count) };
        Ok(())
    }

    /// Returns the span as memory that a device reaches.
    #[must_use]
    pub fn to_store(self) -> crate::memory::Store {
        // SAFETY: the caller of `cuMemHostRegister_v2` promised that the memory stays until it is
        // unregistered.
        unsafe { crate::memory::Store::borrowed(self.start, self.len) }
    }
}
