//! A model as a typed constant of the program that runs it.

use crate::header::{
    CHECKSUM_START, FORMAT_VERSION, HEADER_BYTES, MAGIC, PROFILE_TFLM, PROFILE_TFLM_VERSION,
    read_u32,
};
use crate::kind::OpSet;
use crate::tensor::TENSOR_BYTES;

/// Embeds a packed model, aligned, with the constants a program needs to run it.
///
/// The path is relative to the file with the invocation, as for `include_bytes!`.
/// A file that is no packed model of this version does not compile; records and
/// checksum are checked by `model()`, once, when the program starts.
///
/// ```
/// isokern_model::include_model! {
///     /// Reads handwritten digits.
///     pub mod digits = "../../../tests/models/digits.ikm";
/// }
///
/// let model = digits::model()?;
/// let mut arena = digits::Arena::new();
/// assert_eq!(arena.as_mut_slice().len(), digits::ARENA_BYTES);
/// assert_eq!(model.input().len(), digits::INPUT_LEN);
/// assert_eq!(digits::OUTPUT_LEN, 10);
/// # Ok::<(), isokern_model::FormatError>(())
/// ```
#[macro_export]
macro_rules! include_model {
    ($(#[$meta:meta])* $visibility:vis mod $name:ident = $path:literal;) => {
        $(#[$meta])*
        $visibility mod $name {
            #[repr(C, align(64))]
            struct Aligned<B: ?Sized>(B);

            static ALIGNED: &Aligned<[u8]> = &Aligned(*include_bytes!($path));

            /// The bytes of the model.
            pub static BLOB: &[u8] = &ALIGNED.0;

            const HEADER: $crate::embed::Constants =
                $crate::embed::Constants::read(include_bytes!($path));

            /// Values of the input tensor.
            pub const INPUT_LEN: usize = HEADER.input.len;
            /// Real value of one step of the input.
            pub const INPUT_SCALE: f32 = HEADER.input.scale;
            /// Input value that stands for real zero.
            pub const INPUT_ZERO_POINT: i32 = HEADER.input.zero_point;
            /// Values of the output tensor.
            pub const OUTPUT_LEN: usize = HEADER.output.len;
            /// Real value of one step of the output.
            pub const OUTPUT_SCALE: f32 = HEADER.output.scale;
            /// Output value that stands for real zero.
            pub const OUTPUT_ZERO_POINT: i32 = HEADER.output.zero_point;
            /// Bytes of arena a run needs, input and output inside.
            pub const ARENA_BYTES: usize = HEADER.arena_bytes;
            /// The operator kinds the model needs, for a backend built with no others.
            #[derive(Debug, Clone, Copy)]
            pub struct Operators;

            impl $crate::OperatorSet for Operators {
                const KINDS: $crate::OpSet = HEADER.operators;
            }

            /// An arena of the right size.
            pub type Arena = $crate::embed::Arena<ARENA_BYTES>;

            /// Checks the whole model and views it.
            ///
            /// # Errors
            ///
            /// What `Model::parse` finds wrong; nothing, for a file of the converter.
            pub fn model() -> Result<$crate::Model<'static>, $crate::FormatError> {
                $crate::Model::parse(BLOB)
            }
        }
    };
}

/// Memory for activations, of a size known at compile time.
#[derive(Debug, Clone)]
#[repr(C, align(16))]
pub struct Arena<const BYTES: usize>([u8; BYTES]);

impl<const BYTES: usize> Arena<BYTES> {
    /// A zeroed arena.
    #[must_use]
    pub const fn new() -> Self {
        Self([0; BYTES])
    }

    /// The bytes, to lend to a backend.
    #[must_use]
    pub const fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl<const BYTES: usize> Default for Arena<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

/// What [`include_model!`](crate::include_model) knows of a model at compile time.
#[derive(Debug, Clone, Copy)]
pub struct Constants {
    /// The input tensor.
    pub input: Port,
    /// The output tensor.
    pub output: Port,
    /// Bytes of arena.
    pub arena_bytes: usize,
    /// Operator kinds that occur.
    pub operators: OpSet,
}

/// Length and quantisation of an input or output.
#[derive(Debug, Clone, Copy)]
pub struct Port {
    /// Number of values.
    pub len: usize,
    /// Real value of one step.
    pub scale: f32,
    /// Value that stands for real zero.
    pub zero_point: i32,
}

impl Constants {
    /// Reads the header of a blob at compile time.
    ///
    /// # Panics
    ///
    /// At compile time, with the reason, if these are not the bytes of a packed
    /// model of this version.
    #[must_use]
    pub const fn read(blob: &[u8]) -> Self {
        assert!(blob.len() >= HEADER_BYTES, "include_model!: the file has no whole header");
        assert!(
            read_u32(blob, 0) == u32::from_le_bytes(MAGIC),
            "include_model!: the file is not a packed model; make one with `isokern convert`"
        );
        let versions = read_u32(blob, 4);
        assert!(
            versions == FORMAT_VERSION as u32 | (PROFILE_TFLM as u32) << 16
                && read_u32(blob, 8) & 0xFFFF == PROFILE_TFLM_VERSION as u32,
            "include_model!: another version of format or profile; convert the model again"
        );
        assert!(
            read_u32(blob, 12) as usize == blob.len(),
            "include_model!: the file is shorter or longer than its header says"
        );
        let tensors_offset = read_u32(blob, CHECKSUM_START + 12) as usize;
        Self {
            input: Port::read(blob, tensors_offset, read_u32(blob, CHECKSUM_START + 32) as usize),
            output: Port::read(blob, tensors_offset, read_u32(blob, CHECKSUM_START + 36) as usize),
            arena_bytes: read_u32(blob, CHECKSUM_START + 28) as usize,
            operators: OpSet::from_bits(read_u32(blob, CHECKSUM_START)),
        }
    }
}

impl Port {
    const fn read(blob: &[u8], tensors_offset: usize, index: usize) -> Self {
        let record = tensors_offset + index * TENSOR_BYTES;
        let mut len = 1;
        let mut dim = 0;
        while dim < 4 {
            len *= read_u32(blob, record + 12 + 4 * dim) as usize;
            dim += 1;
        }
        Self {
            len,
            scale: f32::from_bits(read_u32(blob, record + 28)),
            zero_point: (read_u32(blob, record + 32) & 0xFFFF).cast_signed() << 16 >> 16,
        }
    }
}
