//! Contexts, streams and buffers of cust for models of `isokern-cuda`, without `unsafe`.
//!
//! ```
//! use cust::memory::{CopyDestination, DeviceBuffer};
//! use isokern_core::compute::ModelArtifact;
//! use isokern_cuda::CudaBackend;
//! use isokern_cust::{context_of, view_mut_of, view_of};
//!
//! let theirs = cust::quick_init()?;
//! let pixels = DeviceBuffer::from_slice(&[0_i8; 64])?;
//! let mut scores = DeviceBuffer::from_slice(&[0_i8; 10])?;
//!
//! let context = context_of(&theirs)?;
//! let artifact = ModelArtifact::from_bytes(include_bytes!("../../../tests/models/digits.ikm"));
//! let mut model = CudaBackend::with_context(&context)?.load(&artifact)?;
//! model.init()?;
//! // The model reads and writes the buffers where they are.
//! model.infer_one(&view_of(&context, &pixels)?, &mut view_mut_of(&context, &mut scores)?)?;
//!
//! let mut found = [0_i8; 10];
//! scores.copy_to(&mut found)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is checked
//!
//! * A stream or buffer is of the context it is used with, or
//!   [`OtherContext`](isokern_cuda::CudaError::OtherContext); on any device.
//! * A context is kept alive. A stream and a buffer are borrowed for as long as they are used, also
//!   by work that is going on:
//!
//! ```compile_fail,E0505
//! # use cust::memory::DeviceBuffer;
//! # use isokern_cust::{context_of, view_of};
//! # let context = context_of(&cust::quick_init()?)?;
//! let buffer = DeviceBuffer::from_slice(&[0_i8; 64])?;
//! let view = view_of(&context, &buffer)?;
//! drop(buffer);
//! println!("{}", view.bytes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What cust leaves to its callers stays theirs: work that an `unsafe` function of cust puts into a
//! stream has ended before a buffer is lent, or comes before it in the same stream.
//!
//! Contexts are primary ones, as `cust::context::Context` is. For a legacy one there is
//! [`Context::from_raw`](isokern_cuda::Context::from_raw).

mod buffer;
mod context;
mod stream;

pub use buffer::{view_mut_of, view_of};
pub use context::context_of;
pub use stream::LentStream;

use isokern_cuda::{CudaError, Status};

/// Returns a driver call of cust's bindings as a result.
fn check(call: &'static str, result: cust::sys::CUresult) -> Result<(), CudaError> {
    match result as u32 {
        0 => Ok(()),
        code => Err(CudaError::Call { call, status: Status::from_code(code) }),
    }
}
