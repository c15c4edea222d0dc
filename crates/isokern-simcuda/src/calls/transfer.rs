//! Copies and fills.

use core::ffi::c_void;

use crate::driver::entry::calls;
use crate::driver::pointers::{In, Out, Span};
use crate::driver::transfer::When;

calls! {
    /// Copies between any two places.
    fn cuMemcpy(session, target: Out<c_void>, source: In<c_void>, bytes: usize) {
        let target = Span::from_output(target, bytes);
        session.copy_any(target, Span::from_input(source, bytes), When::Now)
    }

    /// Copies between any two places, in the order of a stream.
    fn cuMemcpyAsync(
        session,
        target: Out<c_void>,
        source: In<c_void>,
        bytes: usize,
        stream: u64,
    ) {
        let target = Span::from_output(target, bytes);
        session.copy_any(target, Span::from_input(source, bytes), When::Later(stream))
    }

    /// Copies from the host.
    fn cuMemcpyHtoD_v2(session, target: u64, source: In<c_void>, bytes: usize) {
        session.copy_in(target, Span::from_input(source, bytes), When::Now)
    }

    /// Copies from the host, in the order of a stream.
    fn cuMemcpyHtoDAsync_v2(
        session,
        target: u64,
        source: In<c_void>,
        bytes: usize,
        stream: u64,
    ) {
        session.copy_in(target, Span::from_input(source, bytes), When::Later(stream))
    }

    /// Copies to the host.
    fn cuMemcpyDtoH_v2(session, target: Out<c_void>, source: u64, bytes: usize) {
        session.copy_out(Span::from_output(target, bytes), source, When::Now)
    }

    /// Copies to the host, in the order of a stream.
    fn cuMemcpyDtoHAsync_v2(
        session,
        target: Out<c_void>,
        source: u64,
        bytes: usize,
        stream: u64,
    ) {
        session.copy_out(Span::from_output(target, bytes), source, When::Later(stream))
    }

    /// Copies on the device; the call does not wait for it.
    fn cuMemcpyDtoD_v2(session, target: u64, source: u64, bytes: usize) {
        session.copy_across(target, source, bytes, When::Now)
    }

    /// Copies on the device, in the order of a stream.
    fn cuMemcpyDtoDAsync_v2(session, target: u64, source: u64, bytes: usize, stream: u64) {
        session.copy_across(target, source, bytes, When::Later(stream))
    }

    /// Copies between contexts.
    fn cuMemcpyPeer(
        session,
        target: u64,
        target_context: u64,
        source: u64,
        source_context: u64,
        bytes: usize,
    ) {
        session.context_of(target_context)?;
        session.context_of(source_context)?;
        session.copy_across(target, source, bytes, When::Now)
    }

    /// Copies between contexts, in the order of a stream.
    fn cuMemcpyPeerAsync(
        session,
        target: u64,
        target_context: u64,
        source: u64,
        source_context: u64,
        bytes: usize,
        stream: u64,
    ) {
        session.context_of(target_context)?;
        session.context_of(source_context)?;
        session.copy_across(target, source, bytes, When::Later(stream))
    }

    /// Fills with a byte; the call does not wait for it.
    fn cuMemsetD8_v2(session, address: u64, value: u8, count: usize) {
        session.fill(address, value.into(), 1, count, When::Now)
    }

    /// Fills with a value of 16 bits.
    fn cuMemsetD16_v2(session, address: u64, value: u16, count: usize) {
        session.fill(address, value.into(), 2, count, When::Now)
    }

    /// Fills with a value of 32 bits.
    fn cuMemsetD32_v2(session, address: u64, value: u32, count: usize) {
        session.fill(address, value, 4, count, When::Now)
    }

    /// Fills with a byte, in the order of a stream.
    fn cuMemsetD8Async(session, address: u64, value: u8, count: usize, stream: u64) {
        session.fill(address, value.into(), 1, count, When::Later(stream))
    }

    /// Fills with a value of 16 bits, in the order of a stream.
    fn cuMemsetD16Async(session, address: u64, value: u16, count: usize, stream: u64) {
        session.fill(address, value.into(), 2, count, When::Later(stream))
    }

    /// Fills with a value of 32 bits, in the order of a stream.
    fn cuMemsetD32Async(session, address: u64, value: u32, count: usize, stream: u64) {
        session.fill(address, value, 4, count, When::Later(stream))
    }
}
