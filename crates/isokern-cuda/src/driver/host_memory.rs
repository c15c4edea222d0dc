//! Pinned memory of the host, and memory that host and device both reach.
#![allow(unsafe_code)]

use core::ptr;
use core::ptr::NonNull;
use core::slice;

use cudarc::driver::sys;
use isokern_core::compute::{BufferDescriptor, DeviceView, DeviceViewMut, MemoryClass};
use isokern_core::{Payload, PayloadMut};

use crate::driver::{Context, Status};
use crate::error::CudaError;

/// What `cuMemHostAlloc` gives is aligned to a page.
const HOST_ALIGNMENT: usize = 4096;

/// Page-locked memory of the host, zeroed: a device copies from and to it on its own.
#[derive(Debug)]
pub struct PinnedBuffer {
    context: Context,
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the memory is this handle's alone, and reached through its borrows.
unsafe impl Send for PinnedBuffer {}
// SAFETY: as above; a shared borrow only reads.
unsafe impl Sync for PinnedBuffer {}

impl PinnedBuffer {
    /// Allocates zeroed memory, mapped for the devices of every context.
    ///
    /// # Errors
    ///
    /// [`CudaError::Call`] where memory runs out; as [`Context::bind`].
    pub fn new(context: &Context, bytes: usize) -> Result<Self, CudaError> {
        context.bind()?;
        let mut start = ptr::null_mut();
        let flags = sys::CU_MEMHOSTALLOC_PORTABLE | sys::CU_MEMHOSTALLOC_DEVICEMAP;
        // SAFETY: the pointer is to a place for an address.
        let result = unsafe { sys::cuMemHostAlloc(&raw mut start, bytes.max(1), flags) };
        context.check("cuMemHostAlloc", result)?;
        let call = "cuMemHostAlloc";
        let start = NonNull::new(start.cast::<u8>())
            .ok_or(CudaError::Call { call, status: Status::OUT_OF_MEMORY })?;
        // SAFETY: as many bytes were allocated just now.
        unsafe { start.write_bytes(0, bytes.max(1)) };
        Ok(Self { context: context.clone(), start, bytes })
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_slice(&self) -> &[u8] {
        // SAFETY: that many bytes were allocated and zeroed; this handle is borrowed.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }

    /// Returns the bytes, to write.
    #[must_use]
    pub const fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as above; this handle is borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.bytes) }
    }

    /// Returns where they start.
    pub(crate) const fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Drop for PinnedBuffer {
    fn drop(&mut self) {
        let start = self.start.as_ptr().cast();
        // SAFETY: the allocation is this handle's; the driver waits for work that uses it.
        self.context.release(|| unsafe { sys::cuMemFreeHost(start) });
    }
}

impl Payload for PinnedBuffer {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        BufferDescriptor::new(self.bytes)
            .with_alignment(HOST_ALIGNMENT)
            .with_memory_class(MemoryClass::PinnedHost)
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        Some(self.as_slice())
    }
}

impl PayloadMut for PinnedBuffer {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(self.as_mut_slice())
    }
}

/// Pinned memory with its address on the device: both sides load and store it.
#[derive(Debug)]
pub struct MappedBuffer {
    host: PinnedBuffer,
    address: u64,
}

impl MappedBuffer {
    /// Allocates zeroed memory.
    ///
    /// # Errors
    ///
    /// As [`PinnedBuffer::new`].
    pub fn new(context: &Context, bytes: usize) -> Result<Self, CudaError> {
        let host = PinnedBuffer::new(context, bytes)?;
        let address = device_address(context, host.as_slice())?;
        Ok(Self { host, address })
    }

    /// Returns its address on the device.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.address
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_slice(&self) -> &[u8] {
        self.host.as_slice()
    }

    /// Returns the bytes, to write.
    #[must_use]
    pub const fn as_mut_slice(&mut self) -> &mut [u8] {
        self.host.as_mut_slice()
    }

    /// Returns where they start.
    pub(crate) const fn start(&self) -> *const u8 {
        self.host.start()
    }
}

impl Payload for MappedBuffer {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        self.host.buffer_descriptor().with_memory_class(MemoryClass::Shared)
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        Some(self.as_slice())
    }

    fn device_view(&self) -> Option<DeviceView<'_>> {
        // SAFETY: the memory is this handle's, mapped, and borrowed.
        Some(unsafe { DeviceView::new(self.host.context.space(), self.address, self.host.bytes) })
    }
}

impl PayloadMut for MappedBuffer {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(self.as_mut_slice())
    }

    fn device_view_mut(&mut self) -> Option<DeviceViewMut<'_>> {
        let space = self.host.context.space();
        // SAFETY: the memory is this handle's, mapped, and borrowed exclusively.
        Some(unsafe { DeviceViewMut::new(space, self.address, self.host.bytes) })
    }
}

/// Returns where the device finds bytes of mapped host memory.
pub(crate) fn device_address(context: &Context, bytes: &[u8]) -> Result<u64, CudaError> {
    context.bind()?;
    let mut address = 0;
    let start = bytes.as_ptr().cast_mut().cast();
    // SAFETY: the pointer is to a place for an address; an unmapped `start` is an error.
    let result = unsafe { sys::cuMemHostGetDevicePointer_v2(&raw mut address, start, 0) };
    context.check("cuMemHostGetDevicePointer_v2", result)?;
    Ok(address)
}
