//! A device's context, shared by all handles, and whether it is still alive.
#![allow(unsafe_code)]

use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::Arc;

use cudarc::driver::sys;
use isokern_core::compute::DeviceSpace;

use crate::driver::{Device, Status, check};
use crate::error::CudaError;

/// Objects that the driver refused to release.
static UNRELEASED: AtomicU64 = AtomicU64::new(0);

/// Returns how many objects of this process the driver did not release when their handles were
/// dropped. Memory among them is freed with its context, at the latest with the process.
#[must_use]
pub fn unreleased_count() -> u64 {
    UNRELEASED.load(Ordering::Relaxed)
}

/// A context: the device's primary one, retained, or one that another library owns.
///
/// A clone is the same context. The first call that ends in a sticky error marks it lost;
/// all handles then answer with [`CudaError::DeviceLost`] and call the driver no more.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    device: Device,
    raw: sys::CUcontext,
    owner: Owner,
    /// The sticky code that was met, or 0.
    lost: AtomicU32,
}

/// Who lets the driver release the context.
enum Owner {
    /// This handle: it has retained the device's primary context.
    Retained,
    /// Whoever promised that it outlives this handle.
    Elsewhere,
    /// cudarc, when the last clone is gone; this handle has one.
    #[cfg(feature = "cudarc-types")]
    Cudarc(#[expect(dead_code, reason = "it is kept alive")] Arc<cudarc::driver::CudaContext>),
}

// SAFETY: the driver's functions may be called from any thread; the pointer is a name for them.
unsafe impl Send for Inner {}
// SAFETY: as above; the only state on this side is an atomic.
unsafe impl Sync for Inner {}

impl Context {
    /// Retains the primary context of a device, which cudarc and cust use as well.
    ///
    /// # Errors
    ///
    /// [`CudaError::Call`], also for a device that is lost to this process.
    pub fn primary(device: Device) -> Result<Self, CudaError> {
        let mut raw = ptr::null_mut();
        // SAFETY: the pointer is to a place for a context.
        let result = unsafe { sys::cuDevicePrimaryCtxRetain(&raw mut raw, device.as_raw()) };
        check("cuDevicePrimaryCtxRetain", result)?;
        Ok(Self::owned_by(Owner::Retained, device, raw))
    }

    /// Uses a context that another library owns; it is not released.
    ///
    /// # Errors
    ///
    /// [`CudaError::Call`], if it cannot be made current or its device is not to be found.
    ///
    /// # Safety
    ///
    /// * `raw` is a live context.
    /// * It lives until the last clone of this handle, and all handles made from it, are gone.
    pub unsafe fn from_raw(raw: sys::CUcontext) -> Result<Self, CudaError> {
        let probe = Self::owned_by(Owner::Elsewhere, Device::new(0)?, raw);
        probe.bind()?;
        let mut device = 0;
        // SAFETY: the pointer is to a place for a device.
        check("cuCtxGetDevice", unsafe { sys::cuCtxGetDevice(&raw mut device) })?;
        Ok(Self::owned_by(Owner::Elsewhere, known(device)?, raw))
    }

    /// Uses a context of cudarc, which stays alive as long as this handle and all that are made
    /// from it.
    ///
    /// ```no_run
    /// use cudarc::driver::CudaContext;
    /// use isokern_cuda::{Context, CudaBackend};
    ///
    /// let theirs = CudaContext::new(0)?;
    /// let backend = CudaBackend::with_context(&Context::from_cudarc(&theirs)?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Device::all`].
    #[cfg(feature = "cudarc-types")]
    pub fn from_cudarc(context: &Arc<cudarc::driver::CudaContext>) -> Result<Self, CudaError> {
        let owner = Owner::Cudarc(Arc::clone(context));
        Ok(Self::owned_by(owner, known(context.cu_device())?, context.cu_ctx()))
    }

    /// Checks that a stream of cudarc is of this context.
    #[cfg(feature = "cudarc-types")]
    pub(crate) fn check_cudarc(
        &self,
        stream: &cudarc::driver::CudaStream,
    ) -> Result<(), CudaError> {
        let is_ours = stream.context().cu_ctx() == self.as_raw();
        if is_ours { Ok(()) } else { Err(CudaError::OtherContext) }
    }

    fn owned_by(owner: Owner, device: Device, raw: sys::CUcontext) -> Self {
        Self(Arc::new(Inner { device, raw, owner, lost: AtomicU32::new(0) }))
    }

    /// Returns the device it is on.
    #[must_use]
    pub fn device(&self) -> Device {
        self.0.device
    }

    /// Returns the driver's handle; it stays this one's to release.
    #[must_use]
    pub fn as_raw(&self) -> sys::CUcontext {
        self.0.raw
    }

    /// Returns the space that addresses of this context are of. Handles of the same context name
    /// the same one. Ordinals from 255 on are not distinguished here, and never taken by a model.
    #[must_use]
    pub fn space(&self) -> DeviceSpace {
        let ordinal = u8::try_from(self.0.device.ordinal()).unwrap_or(u8::MAX);
        DeviceSpace::new(ordinal, self.0.raw.addr() as u64)
    }

    /// Returns the sticky error that broke the context, if one did.
    #[must_use]
    pub fn lost(&self) -> Option<Status> {
        let code = self.0.lost.load(Ordering::Relaxed);
        (code != 0).then(|| Status::from_code(code))
    }

    /// Makes the context current for this thread.
    ///
    /// # Errors
    ///
    /// [`CudaError::DeviceLost`] after a sticky error; [`CudaError::Call`].
    pub fn bind(&self) -> Result<(), CudaError> {
        if let Some(status) = self.lost() {
            return Err(CudaError::DeviceLost { status });
        }
        self.make_current()
    }

    /// Returns bytes that are free on the device, and all there are.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn memory_info(&self) -> Result<(u64, u64), CudaError> {
        self.bind()?;
        let (mut free, mut total) = (0_usize, 0_usize);
        // SAFETY: both pointers are to numbers of the call's type.
        let result = unsafe { sys::cuMemGetInfo_v2(&raw mut free, &raw mut total) };
        self.check("cuMemGetInfo_v2", result)?;
        Ok((free as u64, total as u64))
    }

    /// Returns a call's code as a result; a sticky one marks the context lost.
    pub(crate) fn check(&self, call: &'static str, result: sys::CUresult) -> Result<(), CudaError> {
        let checked = check(call, result);
        if let Err(CudaError::Call { status, .. }) = &checked
            && status.is_sticky()
        {
            self.0.lost.store(status.code(), Ordering::Relaxed);
        }
        checked
    }

    /// Runs a call that releases an object, also in a lost context, and counts it if refused.
    pub(crate) fn release(&self, call: impl FnOnce() -> sys::CUresult) {
        let released = self.make_current().is_ok() && call() as u32 == 0;
        if !released {
            UNRELEASED.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn make_current(&self) -> Result<(), CudaError> {
        let mut current = ptr::null_mut();
        // SAFETY: the pointer is to a place for a context.
        let result = unsafe { sys::cuCtxGetCurrent(&raw mut current) };
        self.check("cuCtxGetCurrent", result)?;
        if current == self.0.raw {
            return Ok(());
        }
        // SAFETY: the context is retained, or its owner keeps it alive.
        let result = unsafe { sys::cuCtxSetCurrent(self.0.raw) };
        self.check("cuCtxSetCurrent", result)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if !matches!(self.owner, Owner::Retained) {
            return;
        }
        // SAFETY: it was retained once for this handle, and no handle made from it is left.
        let result = unsafe { sys::cuDevicePrimaryCtxRelease_v2(self.device.as_raw()) };
        if result as u32 != 0 {
            UNRELEASED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Returns the device with this handle.
fn known(raw: sys::CUdevice) -> Result<Device, CudaError> {
    let found = Device::all()?.into_iter().find(|device| device.as_raw() == raw);
    found.ok_or(CudaError::NoDevice)
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Context");
        text.field("device", &self.0.device.ordinal()).field("lost", &self.lost()).finish()
    }
}
