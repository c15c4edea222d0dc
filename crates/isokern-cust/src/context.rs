//! Contexts of cust.
#![allow(unsafe_code)]

use isokern_cuda::{Context, CudaError};

/// Returns a handle to the same context, which stays alive as long as this handle and all that are
/// made from it, also when cust's is dropped.
///
/// The context is current for this thread afterwards.
///
/// # Errors
///
/// [`CudaError::Call`] if the driver refuses it; as [`Context::primary`].
pub fn context_of(context: &cust::context::Context) -> Result<Context, CudaError> {
    let raw = context.as_raw().cast();
    // SAFETY: cust's handle keeps the context alive and is borrowed for longer than this one, which
    // is dropped when it has said its device.
    let device = unsafe { Context::from_raw(raw) }?.device();
    // A context of cust is its device's primary one: this retains it a second time.
    let ours = Context::primary(device)?;
    if ours.as_raw() == raw { Ok(ours) } else { Err(CudaError::OtherContext) }
}
