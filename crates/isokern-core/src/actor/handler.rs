//! Kernels that stay resident and answer messages.

use core::future::{Future, ready};

use super::context::RingContext;
use crate::kernel::{GpuKernel, KernelError};

/// The handler of a resident actor: called for each of its messages.
///
/// A runner calls these, one at a time, on one thread:
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
/// stopped at once; the state must then be usable. The futures of
/// [`initialize`](Self::initialize) and [`shutdown`](Self::shutdown) have safe points, too.
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
///
///     async fn initialize(&self, context: &mut RingContext<'_>) -> Result<(), KernelError> {
///         *context.state::<u32>()? = 0;
///         Ok(())
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
    /// A stop, or a lease that ran out, drops the future at a safe point: the actor then
    /// ends without having been active, and `shutdown` is called all the same.
    ///
    /// # Errors
    ///
    /// Whatever keeps the actor from starting; it is then faulted, with this error in its
    /// fault record.
    fn initialize(
        &self,
        context: &mut RingContext<'_>,
    ) -> impl Future<Output = Result<(), KernelError>> + Send {
        let _ = context;
        ready(Ok(()))
    }

    /// Puts things in order, once per incarnation and after its last message; also after
    /// a panic of the handler. The header is all zero. The default does nothing.
    ///
    /// A stop does not cut it short. An actor with a lease drops the future at a safe point
    /// when nobody has renewed the lease for its length since `shutdown` began.
    ///
    /// # Errors
    ///
    /// Whatever was not put in order. The owner reads it from the device line
    /// ([`DeviceView::shutdown_error`](crate::ring::DeviceView::shutdown_error)), and an
    /// actor that would have ended as stopped ends as faulted.
    fn shutdown(
        &self,
        context: &mut RingContext<'_>,
    ) -> impl Future<Output = Result<(), KernelError>> + Send {
        let _ = context;
        ready(Ok(()))
    }
}
