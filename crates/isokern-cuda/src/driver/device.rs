//! Devices: what the driver says about a device.
#![allow(unsafe_code)]

use cudarc::driver::sys;
use cudarc::driver::sys::CUdevice_attribute as Attribute;

use crate::driver::{Driver, check};
use crate::error::CudaError;

/// A device by its ordinal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    driver: Driver,
    ordinal: u32,
    raw: sys::CUdevice,
}

impl Device {
    /// Returns the device with this ordinal.
    ///
    /// # Errors
    ///
    /// As [`Driver::find`]; [`CudaError::NoDevice`], [`CudaError::NoSuchDevice`].
    pub fn new(ordinal: u32) -> Result<Self, CudaError> {
        let driver = Driver::find()?;
        let count = Self::count()?;
        if count == 0 {
            return Err(CudaError::NoDevice);
        }
        let index = i32::try_from(ordinal).ok().filter(|_| ordinal < count);
        let index = index.ok_or(CudaError::NoSuchDevice { ordinal, count })?;
        let mut raw = 0;
        // SAFETY: the pointer is to a place for a device.
        check("cuDeviceGet", unsafe { sys::cuDeviceGet(&raw mut raw, index) })?;
        Ok(Self { driver, ordinal, raw })
    }

    /// Returns how many devices there are.
    ///
    /// # Errors
    ///
    /// As [`Driver::find`].
    pub fn count() -> Result<u32, CudaError> {
        Driver::find()?;
        let mut count = 0;
        // SAFETY: the pointer is to a number of the call's type.
        check("cuDeviceGetCount", unsafe { sys::cuDeviceGetCount(&raw mut count) })?;
        Ok(u32::try_from(count).unwrap_or(0))
    }

    /// Returns every device.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); no device is an error.
    pub fn all() -> Result<Vec<Self>, CudaError> {
        match Self::count()? {
            0 => Err(CudaError::NoDevice),
            count => (0..count).map(Self::new).collect(),
        }
    }

    /// Returns the driver it belongs to.
    #[must_use]
    pub const fn driver(self) -> Driver {
        self.driver
    }

    /// Returns its ordinal.
    #[must_use]
    pub const fn ordinal(self) -> u32 {
        self.ordinal
    }

    /// Returns its name. A stand-in for a driver says here that it is one.
    ///
    /// # Errors
    ///
    /// [`CudaError::Call`].
    pub fn name(self) -> Result<String, CudaError> {
        let mut text = [0_u8; 256];
        let room = 255; // The last byte stays zero.
        // SAFETY: the array has more bytes than `room` says.
        let result = unsafe { sys::cuDeviceGetName(text.as_mut_ptr().cast(), room, self.raw) };
        check("cuDeviceGetName", result)?;
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(0);
        Ok(String::from_utf8_lossy(text.get(..end).unwrap_or_default()).into_owned())
    }

    /// Returns ten times its compute capability: 90 for 9.0.
    ///
    /// # Errors
    ///
    /// [`CudaError::Call`].
    pub fn compute_capability(self) -> Result<u32, CudaError> {
        let major = self.attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
        let minor = self.attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
        Ok(major.saturating_mul(10).saturating_add(minor))
    }

    /// Returns its memory in bytes.
    ///
    /// # Errors
    ///
    /// [`CudaError::Call`].
    pub fn memory_bytes(self) -> Result<u64, CudaError> {
        let mut bytes = 0;
        // SAFETY: the pointer is to a number of the call's type.
        let result = unsafe { sys::cuDeviceTotalMem_v2(&raw mut bytes, self.raw) };
        check("cuDeviceTotalMem_v2", result)?;
        Ok(bytes as u64)
    }

    /// Returns how many streaming multiprocessors it has.
    ///
    /// # Errors
    ///
    /// [`CudaError::Call`].
    pub fn multiprocessors(self) -> Result<u32, CudaError> {
        self.attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)
    }

    /// Returns whether it runs cooperative grids, whose blocks all run at once.
    ///
    /// # Errors
    ///
    /// [`CudaError::Call`].
    pub fn has_cooperative_launch(self) -> Result<bool, CudaError> {
        Ok(self.attribute(Attribute::CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH)? != 0)
    }

    /// Returns an attribute; negative values count as 0.
    pub(crate) fn attribute(self, attribute: Attribute) -> Result<u32, CudaError> {
        let mut value = 0;
        // SAFETY: the pointer is to a number of the call's type.
        let result = unsafe { sys::cuDeviceGetAttribute(&raw mut value, attribute, self.raw) };
        check("cuDeviceGetAttribute", result)?;
        Ok(u32::try_from(value).unwrap_or(0))
    }

    /// Returns the driver's handle.
    #[must_use]
    pub const fn as_raw(self) -> sys::CUdevice {
        self.raw
    }
}
