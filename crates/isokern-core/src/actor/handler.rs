//! Kernels that stay resident and answer messages.

use core::future::Future;

use super::context::RingContext;
use crate::kernel::{GpuKernel, KernelError};

/// What a resident actor does with each of its messages.
///
/// A runner calls these, one at a time, on one thread (on a GPU: on the block's leader):
///
/// ```text
/// initialize ──▶ handle, handle, … ──▶ shutdown      one incarnation
///      ▲                 │ panic or fault
///      └─── restart ─────┘                           if the supervisor says so
/// ```
///
/// An `Err` of [`handle`](Self::handle) is the reply to that message, as the error's
/// code; the actor lives on. The future may be dropped at a safe point
/// ([`RingContext::yield_now`]) when the message's deadline has passed or the actor is
/// stopped at once; the state must then be usable.
///
/// ```
/// use isokern_core::{
///     GpuKernel, KernelError, KernelMetadata, KernelMode, RingContext, RingKernelHandler,
/// };
///
/// /// Adds what it is sent to a sum that lives in the actor's state.
/// struct Adder;
///
/// impl GpuKernel for Adder {
///     fn metadata(&self) -> &KernelMetadata {
///         const { &KernelMetadata::new("adder", KernelMode::Ring) }
///     }
/// }
///
/// impl RingKernelHandler<u32, u32> for Adder {
///     async fn handle(
///         &self,
///         context: &mut RingContext<'_>,
///         message: u32,
///     ) -> Result<u32, KernelError> {
///         let sum = context.state::<u32>()?;
///         *sum = sum.wrapping_add(message);
///         Ok(*sum)
///     }
/// }
/// ```
pub trait RingKernelHandler<M, R>: GpuKernel {
    /// Answers one message.
    ///
    /// # Errors
    ///
    /// Whatever the reply should say instead of an answer.
    fn handle(
        &self,
        context: &mut RingContext<'_>,
        message: M,
    ) -> impl Future<Output = Result<R, KernelError>> + Send;

    /// Prepares the state, once per incarnation and before its first message. The header
    /// is all zero. The default leaves the state as the resident gave it.
    ///
    /// # Errors
    ///
    /// Whatever keeps the actor from starting; it is then faulted.
    fn initialize(&self, context: &mut RingContext<'_>) -> Result<(), KernelError> {
        let _ = context;
        Ok(())
    }

    /// Puts things in order, once per incarnation and after its last message; also after
    /// a panic of the handler. The header is all zero. The default does nothing.
    fn shutdown(&self, context: &mut RingContext<'_>) {
        let _ = context;
    }
}
