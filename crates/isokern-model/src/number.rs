//! Numbers of any element type that a conversion takes, as 32 bits.

use isokern_core::Cells;

isokern_core::numbered! {
    /// The type of a number, with the code of its [`DType`](isokern_core::DType).
    ///
    /// Its 32 bits are those of an `f32`, or an integer whose upper bits repeat the sign; of a type
    /// without sign they are zero.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Number: u8, code, from_code {
        /// A byte, 0 or 1.
        Bool = 0,
        /// 8-bit signed integer.
        I8 = 1,
        /// 8-bit unsigned integer.
        U8 = 2,
        /// 16-bit signed integer.
        I16 = 3,
        /// 32-bit signed integer.
        I32 = 5,
        /// 32-bit unsigned integer.
        U32 = 6,
        /// IEEE 754 single precision.
        F32 = 11,
    }
}

impl Number {
    /// Returns the bits of the number at `index` of `x`; zero outside.
    #[inline(always)]
    #[must_use]
    pub fn load(self, x: Cells<'_>, index: usize) -> u32 {
        match self {
            Self::I8 => i32::from(x.get(index)).cast_unsigned(),
            Self::U8 | Self::Bool => x.get(index).cast_unsigned().into(),
            Self::I16 => {
                let bytes = x.load::<2>(index * 2).map(i8::cast_unsigned);
                i32::from(i16::from_le_bytes(bytes)).cast_unsigned()
            }
            Self::I32 | Self::U32 | Self::F32 => {
                u32::from_le_bytes(x.load::<4>(index * 4).map(i8::cast_unsigned))
            }
        }
    }

    /// Returns the bits of a number from its bytes, the least first; of none from another number
    /// of bytes.
    #[inline(always)]
    #[must_use]
    pub fn bits<const N: usize>(self, bytes: [i8; N]) -> u32 {
        let byte = |place: usize| bytes.get(place).map_or(0, |byte| byte.cast_unsigned());
        match self {
            Self::I8 => i32::from(byte(0).cast_signed()).cast_unsigned(),
            Self::U8 | Self::Bool => byte(0).into(),
            Self::I16 => i32::from(i16::from_le_bytes([byte(0), byte(1)])).cast_unsigned(),
            Self::I32 | Self::U32 | Self::F32 => {
                u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)])
            }
        }
    }

    /// Writes the lowest bits of a number at `index` of `y`, as many as the type has; nothing
    /// happens outside.
    #[inline(always)]
    pub fn store(self, y: Cells<'_>, index: usize, bits: u32) {
        let [first, second, third, fourth] = bits.to_le_bytes().map(u8::cast_signed);
        match self {
            Self::I8 | Self::U8 | Self::Bool => y.set(index, first),
            Self::I16 => y.store(index * 2, [first, second]),
            Self::I32 | Self::U32 | Self::F32 => {
                y.store(index * 4, [first, second, third, fourth]);
            }
        }
    }

    /// Returns the bits of `value`, moved into the range of the type; of a type of 32 bits, as it
    /// is.
    #[inline(always)]
    #[must_use]
    pub fn clamp(self, value: i32) -> u32 {
        let clamped = match self {
            Self::I8 => value.clamp(i8::MIN.into(), i8::MAX.into()),
            Self::U8 => value.clamp(0, u8::MAX.into()),
            Self::I16 => value.clamp(i16::MIN.into(), i16::MAX.into()),
            Self::Bool | Self::I32 | Self::U32 | Self::F32 => value,
        };
        clamped.cast_unsigned()
    }

    /// Returns the bits of a number of this type in another type.
    ///
    /// A float's fraction is cut off, and what is outside the type becomes the end of its range;
    /// NaN becomes 0. Integers become the nearest float, ties to even, and lose their upper bits in
    /// a shorter type. Everything but zero is true. Source: `micro/kernels/cast.cc` of TensorFlow
    /// Lite, and where C leaves the value undefined, what its package `tflite-micro` gives.
    ///
    /// ```
    /// use isokern_model::number::Number;
    ///
    /// let from = |value: f32, to| Number::F32.cast(to, value.to_bits()).cast_signed();
    /// assert_eq!([-1.9, 300.0, f32::NAN].map(|x| from(x, Number::I8)), [-1, 127, 0]);
    /// assert_eq!(Number::U32.cast(Number::F32, u32::MAX), 4_294_967_296.0_f32.to_bits());
    /// ```
    #[inline(always)]
    #[must_use]
    pub fn cast(self, to: Self, bits: u32) -> u32 {
        let float = f32::from_bits(bits);
        match (self, to) {
            (Self::F32, Self::F32) => bits,
            (Self::F32, Self::I8) => i32::from(float as i8).cast_unsigned(),
            (Self::F32, Self::U8) => u32::from(float as u8),
            (Self::F32, Self::I16) => i32::from(float as i16).cast_unsigned(),
            (Self::F32, Self::I32) => (float as i32).cast_unsigned(),
            (Self::F32, Self::U32) => float as u32,
            (Self::F32, Self::Bool) => u32::from(float != 0.0),
            (Self::U32, Self::F32) => (bits as f32).to_bits(),
            (_, Self::F32) => (bits.cast_signed() as f32).to_bits(),
            (_, Self::Bool) => u32::from(bits != 0),
            (_, Self::I8 | Self::U8 | Self::I16 | Self::I32 | Self::U32) => bits,
        }
    }
}
