//! Pools of memory that is allocated and freed in the order of streams.
//!
//! Memory has its address when the call returns and goes back when the stream reaches the free.
//! Nothing is kept for later: the release threshold is remembered and changes nothing, since
//! addresses are never used twice.

use super::status::{Outcome, Status};
use super::world::World;

/// A pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// The ordinal of its device.
    pub device: usize,
    /// Bytes in use.
    pub used: u64,
    /// The most bytes that were in use since the mark was set back.
    pub used_high: u64,
    /// The release threshold.
    pub threshold: u64,
    /// Whether memory may be used again: by events, by chance, by new dependencies.
    pub reuse: [u32; 3],
}

/// Attributes of pools by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// A number of 32 bits.
    Short(u32),
    /// A number of 64 bits.
    Long(u64),
}

impl Pool {
    /// Returns an empty pool of a device.
    #[must_use]
    pub const fn of_device(device: usize) -> Self {
        Self { device, used: 0, used_high: 0, threshold: 0, reuse: [1; 3] }
    }

    /// Notes that bytes were taken.
    pub fn take(&mut self, bytes: u64) {
        self.used += bytes;
        self.used_high = self.used_high.max(self.used);
    }

    /// Returns an attribute.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for an unknown one.
    pub fn attribute(&self, attribute: u32) -> Outcome<Value> {
        Ok(match attribute {
            1..=3 => Value::Short(self.reuse[attribute as usize - 1]),
            4 => Value::Long(self.threshold),
            5 | 7 => Value::Long(self.used),
            6 | 8 => Value::Long(self.used_high),
            _ => return Err(Status::INVALID_VALUE),
        })
    }

    /// Returns whether an attribute is a number of 32 bits.
    #[must_use]
    pub const fn is_short(attribute: u32) -> bool {
        matches!(attribute, 1..=3)
    }

    /// Sets an attribute.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for one that cannot be set, and for a mark set to anything but 0.
    pub fn set_attribute(&mut self, attribute: u32, value: Value) -> Outcome {
        match (attribute, value) {
            (1..=3, Value::Short(value)) => self.reuse[attribute as usize - 1] = value,
            (4, Value::Long(value)) => self.threshold = value,
            (6 | 8, Value::Long(0)) => self.used_high = self.used,
            _ => return Err(Status::INVALID_VALUE),
        }
        Ok(())
    }
}

impl World {
    /// Returns a pool by its handle.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`].
    pub fn pool(&mut self, handle: u64) -> Outcome<&mut Pool> {
        self.pools.get_mut(&handle).ok_or(Status::INVALID_VALUE)
    }

    /// Destroys a pool a program created. Its memory stays until it is freed.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for the pool of a device or none.
    pub fn destroy_pool(&mut self, handle: u64) -> Outcome {
        if self.devices.iter().any(|device| device.default_pool == handle) {
            return Err(Status::INVALID_VALUE);
        }
        self.pools.remove(&handle).ok_or(Status::INVALID_VALUE)?;
        for device in self.devices.iter_mut().filter(|device| device.pool == handle) {
            device.pool = device.default_pool;
        }
        Ok(())
    }
}
