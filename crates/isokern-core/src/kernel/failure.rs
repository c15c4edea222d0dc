//! Errors that are not ours become kernel errors by `?`.

use core::array::TryFromSliceError;
use core::char::{CharTryFromError, ParseCharError};
use core::num::{ParseFloatError, ParseIntError, TryFromIntError};
use core::str::{ParseBoolError, Utf8Error};

use super::error::KernelError;
use crate::compute::BackendError;

/// An error of a kernel's own, which `?` turns into [`KernelError::Failed`].
///
/// A kernel error is copied, crosses rings and may come from a device, so of your error it keeps a
/// number. Give each variant one, keep the numbers, and list them where the kernel is described.
///
/// ```
/// use isokern_core::kernel::FailureCode;
/// use isokern_core::{BatchKernel, GpuKernel, KernelError, KernelMetadata, KernelMode};
///
/// enum SensorError {
///     Unplugged,
///     OutOfRange { celsius: f32 },
/// }
///
/// impl FailureCode for SensorError {
///     fn failure_code(&self) -> u32 {
///         match self {
///             Self::Unplugged => 1,
///             Self::OutOfRange { .. } => 2,
///         }
///     }
/// }
///
/// fn celsius(raw: u16) -> Result<f32, SensorError> {
///     match f32::from(raw) / 16.0 {
///         _ if raw == 0 => Err(SensorError::Unplugged),
///         celsius if celsius > 125.0 => Err(SensorError::OutOfRange { celsius }),
///         celsius => Ok(celsius),
///     }
/// }
///
/// struct Thermometer;
///
/// impl GpuKernel for Thermometer {
///     fn metadata(&self) -> &KernelMetadata {
///         const { &KernelMetadata::new("thermometer", KernelMode::Batch) }
///     }
/// }
///
/// impl BatchKernel<u16, f32> for Thermometer {
///     async fn execute(&self, raw: u16) -> Result<f32, KernelError> {
///         Ok(celsius(raw)?)
///     }
/// }
///
/// let read = |raw| pollster::block_on(Thermometer.execute(raw));
/// assert_eq!(read(320), Ok(20.0));
/// assert_eq!(read(u16::MAX), Err(KernelError::Failed { code: 2 }));
/// ```
///
/// Where another variant of [`KernelError`] says more, implement `From<YourError> for KernelError`
/// in its place.
pub trait FailureCode {
    /// Returns the number that callers find in [`KernelError::Failed`]; never changes.
    fn failure_code(&self) -> u32;
}

impl<E: FailureCode> From<E> for KernelError {
    fn from(error: E) -> Self {
        Self::Failed { code: error.failure_code() }
    }
}

impl From<BackendError> for KernelError {
    fn from(error: BackendError) -> Self {
        Self::Inference(error.into())
    }
}

/// Conversions of the standard library that fail on the input.
macro_rules! invalid_input {
    ($($error:ty => $reason:literal,)+) => {$(
        impl From<$error> for KernelError {
            fn from(_: $error) -> Self {
                Self::InvalidInput { reason: $reason }
            }
        }
    )+};
}

invalid_input! {
    ParseFloatError => "a text is not a floating-point number",
    ParseIntError => "a text is not a whole number of the type",
    ParseBoolError => "a text is neither true nor false",
    ParseCharError => "a text is not one character",
    Utf8Error => "bytes are not UTF-8",
    TryFromIntError => "a number is outside the range of the type",
    CharTryFromError => "a number is not a character",
    TryFromSliceError => "a slice has another length than the array",
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use super::{FailureCode, KernelError};

    fn reason(result: Result<(), KernelError>) -> &'static str {
        match result {
            Err(KernelError::InvalidInput { reason }) => reason,
            other => panic!("{other:?}"),
        }
    }

    fn parsed<T: core::str::FromStr>(text: &str) -> Result<(), KernelError>
    where
        KernelError: From<T::Err>,
    {
        text.parse::<T>()?;
        Ok(())
    }

    #[test]
    fn s4_what_the_standard_library_cannot_convert_is_an_invalid_input() {
        assert_eq!(reason(parsed::<f32>("x")), "a text is not a floating-point number");
        assert_eq!(reason(parsed::<u8>("256")), "a text is not a whole number of the type");
        assert_eq!(reason(parsed::<bool>("1")), "a text is neither true nor false");
        assert_eq!(reason(parsed::<char>("ab")), "a text is not one character");
        let (bytes, number) = ([0xff_u8], 0xd800_u32);
        let converted: [Result<(), KernelError>; 4] = [
            core::str::from_utf8(&bytes).map(drop).map_err(Into::into),
            u8::try_from(number).map(drop).map_err(Into::into),
            char::try_from(number).map(drop).map_err(Into::into),
            <[u8; 2]>::try_from(&bytes[..]).map(drop).map_err(Into::into),
        ];
        let reasons = converted.map(reason);
        assert_eq!(
            reasons,
            [
                "bytes are not UTF-8",
                "a number is outside the range of the type",
                "a number is not a character",
                "a slice has another length than the array",
            ]
        );
    }

    /// Owns what a kernel error cannot.
    struct Own(String);

    impl FailureCode for Own {
        fn failure_code(&self) -> u32 {
            self.0.len() as u32
        }
    }

    /// Says more as another variant.
    struct Late;

    impl From<Late> for KernelError {
        fn from(_: Late) -> Self {
            Self::Cancelled
        }
    }

    #[test]
    fn s4_an_error_of_one_s_own_passes_through_the_question_mark() {
        fn work(own: bool) -> Result<(), KernelError> {
            if own {
                Err(Own("four".into()))?;
            }
            Err(Late)?
        }
        assert_eq!(work(true), Err(KernelError::Failed { code: 4 }));
        assert_eq!(work(false), Err(KernelError::Cancelled));
    }
}
