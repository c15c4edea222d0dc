//! Buffers of cust as payloads.
#![allow(unsafe_code)]

use core::ptr;

use bytemuck::Pod;
use cust::memory::{DeviceBuffer, DeviceCopy};
use cust::sys::{CUcontext, CUpointer_attribute_enum as Attribute, cuPointerGetAttribute};
use isokern_core::DType;
use isokern_cuda::{Context, CudaError, DeviceView, DeviceViewMut, Stream};

use crate::check;

/// Lends a buffer as a payload to read, once copies to it have ended. For a part of it there is
/// [`DeviceView::split_at`].
///
/// # Errors
///
/// [`CudaError::OtherContext`]; as [`Stream::synchronize`].
pub fn view_of<'a, T: Pod + DeviceCopy>(
    context: &Context,
    buffer: &'a DeviceBuffer<T>,
) -> Result<DeviceView<'a>, CudaError> {
    let (address, bytes) = place(context, buffer)?;
    // SAFETY: the buffer's memory is of this context and has that many bytes; it is borrowed.
    let view = unsafe { DeviceView::new(context.space(), address, bytes) };
    Ok(view.with_dtype(DType::of::<T>()))
}

/// Lends a buffer as a payload to write. As [`view_of`].
///
/// # Errors
///
/// As [`view_of`].
pub fn view_mut_of<'a, T: Pod + DeviceCopy>(
    context: &Context,
    buffer: &'a mut DeviceBuffer<T>,
) -> Result<DeviceViewMut<'a>, CudaError> {
    let (address, bytes) = place(context, buffer)?;
    // SAFETY: as in `view_of`; the borrow is exclusive.
    let view = unsafe { DeviceViewMut::new(context.space(), address, bytes) };
    Ok(view.with_dtype(DType::of::<T>()))
}

/// Address and length of a buffer, if it is of this context, when copies to it have ended.
fn place<T: DeviceCopy>(
    context: &Context,
    buffer: &DeviceBuffer<T>,
) -> Result<(u64, usize), CudaError> {
    let (address, bytes) = (buffer.as_device_ptr().as_raw(), size_of::<T>() * buffer.len());
    if bytes == 0 {
        return Ok((address, 0));
    }
    context.bind()?;
    if !is_of(context, address)? {
        return Err(CudaError::OtherContext);
    }
    // cust copies on the legacy default stream. A copy from memory that is not pinned may return
    // before it is on the device (CUDA driver API, "API synchronization behavior").
    // SAFETY: null is that stream of any context.
    let copies = unsafe { Stream::from_raw(context, ptr::null_mut()) };
    copies.synchronize()?;
    Ok((address, bytes))
}

/// Says whether an address is of a context, or of its device where memory is of no context, as that
/// of pools.
fn is_of(context: &Context, address: u64) -> Result<bool, CudaError> {
    let mut owner: CUcontext = ptr::null_mut();
    let (place, attribute) = ((&raw mut owner).cast(), Attribute::CU_POINTER_ATTRIBUTE_CONTEXT);
    // SAFETY: the place is of the attribute's type.
    let result = unsafe { cuPointerGetAttribute(place, attribute, address) };
    check("cuPointerGetAttribute", result)?;
    if !owner.is_null() {
        return Ok(owner.cast() == context.as_raw());
    }
    let mut ordinal = -1_i32;
    let place = (&raw mut ordinal).cast();
    let attribute = Attribute::CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL;
    // SAFETY: as above.
    let result = unsafe { cuPointerGetAttribute(place, attribute, address) };
    check("cuPointerGetAttribute", result)?;
    Ok(u32::try_from(ordinal) == Ok(context.device().ordinal()))
}
