//! Copies and fills: what is checked, what is taken at once, what is waited for.
//!
//! * Pageable host memory is read when the call is made, as a driver stages it, and a copy into it
//!   has ended when the call returns.
//! * Pinned and managed memory is read and written when the copy's turn comes. A program that
//!   changes it too early sees the change in the result.
//! * In a capture nothing is touched before the graph runs.

use std::sync::Arc;

use super::entry::Session;
use super::pointers::Span;
use super::status::{Outcome, Status};
use super::task::{End, Task};

/// When a copy or fill is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// When the call returns, in the order of the legacy stream.
    Now,
    /// In the order of a stream.
    Later(u64),
}

impl Session {
    /// Copies from the host.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] where an end is not memory of its side.
    pub fn copy_in(&mut self, target: u64, source: Span, when: When) -> Outcome {
        let stream = self.stream_for(when)?;
        self.check_range(target, source.len())?;
        let reachable = self.check_range(source.address(), source.len()).is_ok();
        let source_end = if reachable {
            End::Memory(source.address())
        } else if self.stream(stream)?.capture.is_some() {
            End::Host(source)
        } else {
            End::Bytes(Arc::from(source.read()?))
        };
        self.copy(End::Memory(target), source_end, source.len(), stream, when == When::Now)
    }

    /// Copies to the host.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] where an end is not memory of its side.
    pub fn copy_out(&mut self, target: Span, source: u64, when: When) -> Outcome {
        let stream = self.stream_for(when)?;
        self.check_range(source, target.len())?;
        let reachable = self.check_range(target.address(), target.len()).is_ok();
        if !reachable && target.address() == 0 && !target.is_empty() {
            return Err(Status::INVALID_VALUE);
        }
        let end = if reachable { End::Memory(target.address()) } else { End::Host(target) };
        let wait = when == When::Now || !reachable;
        self.copy(end, End::Memory(source), target.len(), stream, wait)
    }

    /// Copies between two places the device reaches.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] where an end is not such a place.
    pub fn copy_across(&mut self, target: u64, source: u64, bytes: usize, when: When) -> Outcome {
        let stream = self.stream_for(when)?;
        self.check_range(target, bytes)?;
        self.check_range(source, bytes)?;
        self.copy(End::Memory(target), End::Memory(source), bytes, stream, false)
    }

    /// Copies between any two places; host memory the device does not reach counts as pageable.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for null.
    pub fn copy_any(&mut self, target: Span, source: Span, when: When) -> Outcome {
        let bytes = source.len();
        let reach = |session: &Self, span: Span| session.check_range(span.address(), bytes).is_ok();
        match (reach(self, target), reach(self, source)) {
            (true, true) => self.copy_across(target.address(), source.address(), bytes, when),
            (true, false) => self.copy_in(target.address(), source, when),
            (false, true) => self.copy_out(target, source.address(), when),
            (false, false) => {
                // Addresses of devices are no host memory: one that is not live is nowhere.
                if [target, source].iter().any(|s| s.address() >= crate::memory::DEVICE_BASE) {
                    return Err(Status::INVALID_VALUE);
                }
                let stream = self.stream_for(when)?;
                self.copy(End::Host(target), End::Host(source), bytes, stream, true)
            }
        }
    }

    /// Repeats a value of `width` bytes `count` times.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] where the place is not aligned or not inside one allocation.
    pub fn fill(
        &mut self,
        address: u64,
        value: u32,
        width: usize,
        count: usize,
        when: When,
    ) -> Outcome {
        let stream = self.stream_for(when)?;
        let bytes = width.checked_mul(count).ok_or(Status::INVALID_VALUE)?;
        if !address.is_multiple_of(width as u64) {
            return Err(Status::INVALID_VALUE);
        }
        self.check_range(address, bytes)?;
        if bytes == 0 {
            return Ok(());
        }
        self.submit(stream, Task::Fill { address, value, width, count }).map(drop)
    }

    fn stream_for(&mut self, when: When) -> Outcome<u64> {
        match when {
            When::Later(handle) => self.stream_handle(handle),
            When::Now => {
                self.context()?;
                self.refuse_while_capturing()?;
                self.stream_handle(0)
            }
        }
    }

    fn copy(&mut self, target: End, source: End, bytes: usize, stream: u64, wait: bool) -> Outcome {
        if bytes == 0 {
            return Ok(());
        }
        let captured = self.stream(stream)?.capture.is_some();
        let ticket = self.submit(stream, Task::Copy { target, source, bytes })?;
        if wait && !captured { self.wait_for(&[ticket]) } else { Ok(()) }
    }
}
