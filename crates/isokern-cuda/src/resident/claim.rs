//! Which devices have a resident kernel of this process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::ResidentError;

/// The ordinals of these devices.
static CLAIMED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// The right to load and run a resident kernel on a device.
///
/// A driver may let whoever loads code wait for kernels that run, and a resident one does not end.
#[derive(Debug)]
pub(super) struct DeviceClaim {
    ordinal: u32,
}

impl DeviceClaim {
    /// Takes the right; it is given back when the value is dropped.
    pub(super) fn take(ordinal: u32) -> Result<Self, ResidentError> {
        let mut claimed = claimed();
        if claimed.contains(&ordinal) {
            return Err(ResidentError::AlreadyResident { ordinal });
        }
        claimed.push(ordinal);
        Ok(Self { ordinal })
    }
}

impl Drop for DeviceClaim {
    fn drop(&mut self) {
        claimed().retain(|ordinal| *ordinal != self.ordinal);
    }
}

fn claimed() -> MutexGuard<'static, Vec<u32>> {
    CLAIMED.lock().unwrap_or_else(PoisonError::into_inner)
}
