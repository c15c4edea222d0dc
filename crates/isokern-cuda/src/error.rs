//! Errors: why the backend could not load or run a model, in words that name the remedy.

use isokern_core::compute::{BackendError, MemoryClass};
use isokern_core::device::{Fault, FaultCode, LaunchPlanError};
use isokern_core::{InferenceError, InferenceErrorKind};
use isokern_model::FormatError;
use thiserror::Error;

use crate::driver::Status;

/// A failure of this backend.
///
/// Generic callers see it as an [`InferenceError`]: shared failures keep the codes of
/// [`BackendError`], the others have those of [`code`](Self::code). A clone is cheap.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CudaError {
    /// No driver library on the library path.
    #[error(
        "no CUDA driver library was found. Fix: install NVIDIA's driver (libcuda.so.1, \
         nvcuda.dll), or use the CPU backend"
    )]
    NoLibrary,
    /// A driver library is there, and the system's loader refuses it.
    #[error(
        "the CUDA driver library is there and does not load: {reason}. Fix: install NVIDIA's \
         driver for this processor anew, or take that library off the library path"
    )]
    LibraryNotLoaded {
        /// What the loader says.
        reason: Box<str>,
    },
    /// The library is the one that toolkits bring for linking.
    #[error(
        "the CUDA library found is the toolkit's stub, not a driver. Fix: take the folder \
         `stubs` off the library path, or install NVIDIA's driver"
    )]
    StubLibrary,
    /// The driver is too old to have a function this backend calls.
    #[error("the CUDA driver has no `{symbol}`. Fix: update the driver to 11.8 or newer")]
    MissingSymbol {
        /// The function.
        symbol: &'static str,
    },
    /// The driver found no GPU.
    #[error(
        "the CUDA driver found no GPU. Fix: check `nvidia-smi` and CUDA_VISIBLE_DEVICES, or \
         use the CPU backend"
    )]
    NoDevice,
    /// No device has this ordinal.
    #[error("there is no CUDA device {ordinal}, only {count}. Fix: use an ordinal below {count}")]
    NoSuchDevice {
        /// As asked for.
        ordinal: u32,
        /// Devices there are.
        count: u32,
    },
    /// The driver does not read this PTX.
    #[error(
        "the CUDA driver is of release {}.{}, the device code needs {}.{}. Fix: update the \
         driver", .driver / 1000, .driver % 1000 / 10, .needed / 1000, .needed % 1000 / 10
    )]
    DriverTooOld {
        /// As the driver says it: 12080 for 12.8.
        driver: u32,
        /// The least that reads the PTX, in the same form.
        needed: u32,
    },
    /// The device is older than the device code.
    #[error(
        "the device has compute capability {}.{}, the device code needs {}.{}. Fix: use a newer \
         GPU, or the CPU backend", .device / 10, .device % 10, .needed / 10, .needed % 10
    )]
    DeviceTooOld {
        /// Ten times the compute capability.
        device: u32,
        /// The least target there is code for, in the same form.
        needed: u32,
    },
    /// A driver call failed.
    #[error("`{call}` failed: {status}. Fix: {}", .status.fix())]
    Call {
        /// The driver's function.
        call: &'static str,
        /// What it returned.
        status: Status,
    },
    /// The device has less free memory than is needed.
    #[error(
        "the device's memory is full: {requested_bytes} bytes asked for, {available_bytes} free. \
         Fix: drop models that are not in use, or load a smaller one"
    )]
    OutOfMemory {
        /// How much was asked for.
        requested_bytes: u64,
        /// How much the driver said was free.
        available_bytes: u64,
    },
    /// The driver did not compile the device code.
    #[error(
        "the device code did not load: {status}. Fix: {}. The driver's log: {log}", .status.fix()
    )]
    Compile {
        /// What the driver returned.
        status: Status,
        /// What it wrote about it.
        log: Box<str>,
    },
    /// The bytes are no PTX text.
    #[error("the device code is no PTX text: {reason}. Fix: pass the `.ptx` file as it was built")]
    NotPtx {
        /// What was found.
        reason: &'static str,
    },
    /// The device code has no such kernel.
    #[error("the device code has no kernel `{entry}`. Fix: name one of its `.entry` functions")]
    NoEntry {
        /// As asked for.
        entry: Box<str>,
    },
    /// The bytes are not a model this build runs.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Padding the weights for device loops made the model too long.
    #[error("the model does not fit the layout of device code. Fix: use the CPU backend")]
    Relayout,
    /// No launch could be planned.
    #[error(transparent)]
    Plan(#[from] LaunchPlanError),
    /// Device code found something wrong and stopped; the device is well.
    #[error("{0}")]
    Fault(Fault),
    /// An earlier call broke the context for good.
    #[error("the device is lost since an earlier failure: {status}. Fix: {}", .status.fix())]
    DeviceLost {
        /// What that call returned.
        status: Status,
    },
    /// A step came before `init`.
    #[error("the model is not initialised. Fix: call `init` once before the first step")]
    NotInitialized,
    /// A stream or slice is of another context than the one it is used with.
    #[error(
        "a stream or slice is of another CUDA context. Fix: make the backend in its context, with \
         `CudaBackend::with_context`, and all streams and slices from one `CudaContext` value"
    )]
    OtherContext,
    /// A payload is not what the model's tensor takes, or there are too few outputs.
    #[error("{0}")]
    Payload(#[from] PayloadError),
}

/// Why a payload was refused. Nothing was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// It has another length.
    #[error("a payload has {have} bytes, the tensor {need}. Fix: pass {need} bytes per sample")]
    Bytes {
        /// Bytes of the payload.
        have: usize,
        /// Bytes of the tensor.
        need: usize,
    },
    /// It has elements of another type.
    #[error("a payload's elements are not int8. Fix: quantise them first")]
    Dtype,
    /// It says that it is in device memory, and lends no view of it.
    #[error(
        "a payload is in device memory and lends no view of it. Fix: pass a `DeviceBuffer` or \
         a `DeviceView`, or give its type `Payload::device_view`"
    )]
    Memory,
    /// It is on another device, or in another context of the same one.
    #[error(
        "a payload is in memory of {have}, in a context that is not the model's on {need}. \
         Fix: load the model in the payload's context, or copy the payload"
    )]
    OtherDevice {
        /// Where it is.
        have: MemoryClass,
        /// Where the model is.
        need: MemoryClass,
    },
    /// It is on the host, and has no bytes there to read, or to write.
    #[error(
        "a payload has no bytes that the host can reach. Fix: pass a slice, or give its type \
         `Payload::host_bytes` and `PayloadMut::host_bytes_mut`"
    )]
    NoHostBytes,
    /// There are more inputs than places for outputs.
    #[error("{inputs} inputs and only {outputs} outputs. Fix: pass an output for every input")]
    TooFewOutputs {
        /// Messages of the batch.
        inputs: usize,
        /// Places for outputs.
        outputs: usize,
    },
}

impl CudaError {
    /// Returns the stable number: 1 to 255 as [`BackendError::code`], the format's own, or one of
    /// ours from 1024. 0 for [`NotInitialized`](Self::NotInitialized), whose kind says all.
    #[must_use]
    pub fn code(&self) -> u32 {
        InferenceError::from(self).code()
    }

    /// Returns what the driver returned, where it was the driver that failed.
    #[must_use]
    pub const fn status(&self) -> Option<Status> {
        match self {
            Self::Call { status, .. }
            | Self::Compile { status, .. }
            | Self::DeviceLost { status } => Some(*status),
            Self::OutOfMemory { .. } => Some(Status::OUT_OF_MEMORY),
            Self::NoLibrary
            | Self::LibraryNotLoaded { .. }
            | Self::StubLibrary
            | Self::MissingSymbol { .. }
            | Self::NoDevice
            | Self::NoSuchDevice { .. }
            | Self::DriverTooOld { .. }
            | Self::DeviceTooOld { .. }
            | Self::NotPtx { .. }
            | Self::NoEntry { .. }
            | Self::Format(_)
            | Self::Relayout
            | Self::Plan(_)
            | Self::Fault(_)
            | Self::NotInitialized
            | Self::OtherContext
            | Self::Payload(_) => None,
        }
    }

    /// Returns the failure in the terms that all device backends share, if it is such a one.
    #[must_use]
    pub fn shared(&self) -> Option<BackendError> {
        let status = self.status()?;
        let driver_code = status.code();
        if let Self::OutOfMemory { requested_bytes, available_bytes } = self {
            let (requested_bytes, available_bytes) = (*requested_bytes, *available_bytes);
            return Some(BackendError::DeviceOutOfMemory { requested_bytes, available_bytes });
        }
        let is_lost = matches!(self, Self::DeviceLost { .. }) || status.is_sticky();
        let is_code = matches!(self, Self::Compile { .. }) || status.is_about_code();
        Some(if is_lost {
            BackendError::DeviceLost { driver_code }
        } else if status == Status::OUT_OF_MEMORY {
            BackendError::DeviceOutOfMemory { requested_bytes: 0, available_bytes: 0 }
        } else if is_code {
            BackendError::CompileFailed { driver_code }
        } else {
            BackendError::DispatchFailed { driver_code }
        })
    }
}

impl From<&CudaError> for InferenceError {
    fn from(error: &CudaError) -> Self {
        use InferenceErrorKind as Kind;
        if let Some(shared) = error.shared() {
            return shared.into();
        }
        let own = |kind, code: u32| Self::new(kind).with_code(code);
        match error {
            CudaError::NoLibrary => own(Kind::ResourceUnavailable, 1024),
            CudaError::StubLibrary => own(Kind::ResourceUnavailable, 1025),
            CudaError::MissingSymbol { .. } => own(Kind::ResourceUnavailable, 1026),
            CudaError::NoDevice => own(Kind::ResourceUnavailable, 1027),
            CudaError::NoSuchDevice { .. } => own(Kind::ResourceUnavailable, 1028),
            CudaError::DriverTooOld { .. } => own(Kind::ResourceUnavailable, 1029),
            CudaError::DeviceTooOld { .. } => own(Kind::ResourceUnavailable, 1030),
            CudaError::NotPtx { .. } => own(Kind::InvalidArtifact, 1031),
            CudaError::NoEntry { .. } => own(Kind::InvalidArtifact, 1032),
            CudaError::Relayout => own(Kind::ResourceUnavailable, 1033),
            CudaError::Plan(_) => own(Kind::ResourceUnavailable, 1034),
            CudaError::LibraryNotLoaded { .. } => own(Kind::ResourceUnavailable, 1035),
            CudaError::OtherContext => own(Kind::ShapeOrTypeMismatch, 1036),
            CudaError::Fault(fault) => {
                let base = own(Kind::ExecutionFailed, 1040 + fault.code().map_or(0, |c| c.code()));
                match fault.code() {
                    // Indices have 16 bits.
                    Some(FaultCode::Operator | FaultCode::Index) => {
                        base.with_operator(fault.record().detail as u16)
                    }
                    _ => base,
                }
            }
            CudaError::Payload(refused) => {
                own(Kind::ShapeOrTypeMismatch, 1056 + payload_code(refused))
            }
            CudaError::Format(error) => {
                let base = own(Kind::InvalidArtifact, error.code());
                if let FormatError::Operator { index, .. } = error {
                    base.with_operator(*index)
                } else {
                    base
                }
            }
            // The first four are shared, which has returned above.
            CudaError::Call { .. }
            | CudaError::OutOfMemory { .. }
            | CudaError::Compile { .. }
            | CudaError::DeviceLost { .. }
            | CudaError::NotInitialized => Self::new(Kind::NotInitialized),
        }
    }
}

impl From<CudaError> for InferenceError {
    fn from(error: CudaError) -> Self {
        Self::from(&error)
    }
}

const fn payload_code(error: &PayloadError) -> u32 {
    match error {
        PayloadError::Bytes { .. } => 0,
        PayloadError::Dtype => 1,
        PayloadError::Memory => 2,
        PayloadError::TooFewOutputs { .. } => 3,
        PayloadError::OtherDevice { .. } => 4,
        PayloadError::NoHostBytes => 5,
    }
}

#[cfg(test)]
mod tests {
    use isokern_core::{InferenceError, InferenceErrorKind as Kind};

    use super::CudaError;
    use crate::driver::Status;

    #[test]
    fn a_driver_code_becomes_the_kind_a_caller_can_act_on() {
        for (code, kind) in [
            (2, Kind::ResourceUnavailable),
            (218, Kind::InvalidArtifact),
            (700, Kind::DeviceLost),
            (719, Kind::DeviceLost),
            (999, Kind::ExecutionFailed),
        ] {
            let status = Status::from_code(code);
            let error = CudaError::Call { call: "cuLaunchKernel", status };
            assert_eq!(InferenceError::from(&error).kind(), kind, "{error}");
            assert!(error.to_string().contains("Fix: "), "{error}");
        }
    }

    #[test]
    fn versions_are_written_as_people_write_them() {
        let error = CudaError::DriverTooOld { driver: 11_040, needed: 11_080 };
        assert!(error.to_string().contains("release 11.4"), "{error}");
        assert!(error.to_string().contains("needs 11.8"), "{error}");
    }
}
