//! Element types, each with a stable number.
//!
//! | type | code | bytes |
//! |---|--:|--:|
//! | `bool` | 0 | 1 |
//! | `i8`, `u8` | 1, 2 | 1 |
//! | `i16`, `u16` | 3, 4 | 2 |
//! | `i32`, `u32` | 5, 6 | 4 |
//! | `i64`, `u64` | 7, 8 | 8 |
//! | `f16`, `bf16` | 9, 10 | 2 |
//! | `f32` | 11 | 4 |
//! | `f64` | 12 | 8 |
//!
//! The code is what files and devices store, and the index of the bit in
//! [`BackendCapabilities::dtype_mask`]. Codes are only ever added, up to 63.
//!
//! [`BackendCapabilities::dtype_mask`]: crate::compute::BackendCapabilities::dtype_mask

use core::any::TypeId;
use core::fmt;
use core::str::FromStr;

use crate::numbered;
use thiserror::Error;

numbered! {
    /// The type of one element of a payload.
    ///
    /// ```
    /// use isokern_core::DType;
    ///
    /// assert_eq!(DType::of::<i8>(), Some(DType::I8));
    /// assert_eq!(DType::I8.mask() | DType::F32.mask(), 1 << 1 | 1 << 11);
    /// assert_eq!("bf16".parse(), Ok(DType::Bf16));
    /// ```
    #[non_exhaustive]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
    #[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
    pub enum DType: u8, code, from_code {
        /// One byte, 0 or 1.
        #[cfg_attr(feature = "serde", serde(alias = "Bool"))]
        Bool = 0,
        /// 8-bit signed integer.
        #[cfg_attr(feature = "serde", serde(alias = "I8"))]
        I8 = 1,
        /// 8-bit unsigned integer.
        #[cfg_attr(feature = "serde", serde(alias = "U8"))]
        U8 = 2,
        /// 16-bit signed integer.
        #[cfg_attr(feature = "serde", serde(alias = "I16"))]
        I16 = 3,
        /// 16-bit unsigned integer.
        #[cfg_attr(feature = "serde", serde(alias = "U16"))]
        U16 = 4,
        /// 32-bit signed integer.
        #[cfg_attr(feature = "serde", serde(alias = "I32"))]
        I32 = 5,
        /// 32-bit unsigned integer.
        #[cfg_attr(feature = "serde", serde(alias = "U32"))]
        U32 = 6,
        /// 64-bit signed integer.
        #[cfg_attr(feature = "serde", serde(alias = "I64"))]
        I64 = 7,
        /// 64-bit unsigned integer.
        #[cfg_attr(feature = "serde", serde(alias = "U64"))]
        U64 = 8,
        /// IEEE 754 half precision; no Rust primitive on stable.
        #[cfg_attr(feature = "serde", serde(alias = "F16"))]
        F16 = 9,
        /// The upper half of an `f32`; no Rust primitive.
        #[cfg_attr(feature = "serde", serde(alias = "Bf16"))]
        Bf16 = 10,
        /// IEEE 754 single precision.
        #[cfg_attr(feature = "serde", serde(alias = "F32"))]
        F32 = 11,
        /// IEEE 754 double precision.
        #[cfg_attr(feature = "serde", serde(alias = "F64"))]
        F64 = 12,
    }
}

impl DType {
    /// Returns the type of a Rust primitive, `None` for every other `T`.
    ///
    /// `usize` and `isize` have none: their width is the target's, so bytes
    /// written on one target would mean something else on another.
    #[must_use]
    pub fn of<T: 'static>() -> Option<Self> {
        // A chain of comparisons, not a table: it folds to a constant.
        let id = TypeId::of::<T>();
        macro_rules! first_equal {
            ($($primitive:ty => $dtype:ident),+) => {
                $(if id == TypeId::of::<$primitive>() {
                    return Some(Self::$dtype);
                })+
            };
        }
        first_equal!(
            i8 => I8, u8 => U8, i16 => I16, u16 => U16, i32 => I32, u32 => U32,
            i64 => I64, u64 => U64, f32 => F32, f64 => F64, bool => Bool
        );
        None
    }

    /// Returns the bit of the type in a `dtype_mask`: `1 << code`.
    #[must_use]
    pub const fn mask(self) -> u64 {
        1 << self.code()
    }

    /// Returns the size of one element in bytes.
    #[must_use]
    pub const fn size_bytes(self) -> usize {
        1 << (SIZES >> (2 * self.code()) & 3)
    }

    const fn size_log2(self) -> u32 {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 0,
            Self::I16 | Self::U16 | Self::F16 | Self::Bf16 => 1,
            Self::I32 | Self::U32 | Self::F32 => 2,
            Self::I64 | Self::U64 | Self::F64 => 3,
        }
    }

    /// Returns the name that `Display` prints and `FromStr` reads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I8 => "i8",
            Self::U8 => "u8",
            Self::I16 => "i16",
            Self::U16 => "u16",
            Self::I32 => "i32",
            Self::U32 => "u32",
            Self::I64 => "i64",
            Self::U64 => "u64",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

/// The sizes of all types, as powers of 2, two bits each: shorter than tables in firmware.
const SIZES: u32 = {
    let (mut sizes, mut index) = (0, 0);
    while index < DType::ALL.len() {
        sizes |= DType::ALL[index].size_log2() << (2 * DType::ALL[index].code());
        index += 1;
    }
    sizes
};

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no [`DType`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an element type: write one of bool, i8 to u64, f16, bf16, f32, f64")]
pub struct DTypeNameError;

impl FromStr for DType {
    type Err = DTypeNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|dtype| dtype.name() == name).ok_or(DTypeNameError)
    }
}

#[cfg(test)]
mod tests {
    use super::DType;

    #[test]
    fn code_name_and_table_agree() {
        for (index, dtype) in DType::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(dtype.code()), index);
            assert_eq!(DType::from_code(dtype.code()), Some(dtype));
            assert_eq!(dtype.mask(), 1 << index);
            assert_eq!(dtype.name().parse(), Ok(dtype));
        }
        assert_eq!(DType::from_code(13), None);
        assert_eq!(DType::from_code(255), None);
        assert!("int8".parse::<DType>().is_err());
    }

    #[test]
    fn primitives_have_the_type_of_their_own_size() {
        fn check<T: 'static>(expected: DType) {
            assert_eq!(DType::of::<T>(), Some(expected));
            assert_eq!(expected.size_bytes(), size_of::<T>());
        }
        check::<bool>(DType::Bool);
        check::<i8>(DType::I8);
        check::<u8>(DType::U8);
        check::<i16>(DType::I16);
        check::<u16>(DType::U16);
        check::<i32>(DType::I32);
        check::<u32>(DType::U32);
        check::<i64>(DType::I64);
        check::<u64>(DType::U64);
        check::<f32>(DType::F32);
        check::<f64>(DType::F64);
        assert_eq!(DType::of::<usize>(), None);
        assert_eq!(DType::of::<[i8; 4]>(), None);
    }
}
