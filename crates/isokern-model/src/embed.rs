//! A model as a typed constant of the program that runs it.

use core::mem::offset_of;

use isokern_core::DType;

use crate::header::{
    FORMAT_VERSION, HEADER_BYTES, Header, MAGIC, PROFILE_TFLM, PROFILE_TFLM_VERSION, read_u16,
    read_u32,
};
use crate::kind::OpSet;
use crate::tensor::{TENSOR_BYTES, TensorRecord};

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
                $crate::embed::Constants::read(BLOB);

            /// The inputs, in the order of the model.
            pub const INPUTS: [$crate::embed::Port; HEADER.input_count] =
                $crate::embed::inputs(BLOB);
            /// The outputs, in the order of the model.
            pub const OUTPUTS: [$crate::embed::Port; HEADER.output_count] =
                $crate::embed::outputs(BLOB);
            /// Values of the first input.
            pub const INPUT_LEN: usize = INPUTS[0].len;
            /// Real value of one step of the first input.
            pub const INPUT_SCALE: f32 = INPUTS[0].scale;
            /// Value of the first input that represents real zero.
            pub const INPUT_ZERO_POINT: i32 = INPUTS[0].zero_point;
            /// Values of the first output.
            pub const OUTPUT_LEN: usize = OUTPUTS[0].len;
            /// Real value of one step of the first output.
            pub const OUTPUT_SCALE: f32 = OUTPUTS[0].scale;
            /// Value of the first output that represents real zero.
            pub const OUTPUT_ZERO_POINT: i32 = OUTPUTS[0].zero_point;
            /// Bytes of arena a run needs, inputs and outputs inside.
            pub const ARENA_BYTES: usize = HEADER.arena_bytes;
            /// Bytes of state that last from one run to the next; 0 for most models.
            pub const STATE_BYTES: usize = HEADER.state_bytes;
            /// The operator kinds the model needs, for a backend built with no others.
            #[derive(Debug, Clone, Copy)]
            pub struct Operators;

            impl $crate::OperatorSet for Operators {
                const KINDS: $crate::OpSet = HEADER.operators;
            }

            /// An arena of the right size.
            pub type Arena = $crate::embed::Arena<ARENA_BYTES>;

            /// Memory for the state, of the right size.
            pub type State = $crate::embed::Arena<STATE_BYTES>;

            /// Checks the whole model and views it.
            ///
            /// # Errors
            ///
            /// What `Model::parse_for` finds wrong; nothing, for a file of the converter.
            pub fn model() -> Result<$crate::Model<'static>, $crate::FormatError> {
                $crate::Model::parse_for::<Operators>(BLOB)
            }
        }
    };
}

/// Memory for activations, of a size known at compile time.
#[derive(Debug, Clone)]
#[repr(C, align(16))]
pub struct Arena<const BYTES: usize>([u8; BYTES]);

impl<const BYTES: usize> Arena<BYTES> {
    /// Returns a zeroed arena.
    #[must_use]
    pub const fn new() -> Self {
        Self([0; BYTES])
    }

    /// Returns the bytes, to lend to a backend.
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

/// Facts of a model that [`include_model!`](crate::include_model) has at compile time.
#[derive(Debug, Clone, Copy)]
pub struct Constants {
    /// How many tensors the caller writes.
    pub input_count: usize,
    /// How many tensors the caller reads.
    pub output_count: usize,
    /// Bytes of arena.
    pub arena_bytes: usize,
    /// Bytes of state.
    pub state_bytes: usize,
    /// Operator kinds that occur.
    pub operators: OpSet,
    /// Where the lists of tensors start.
    lists_offset: usize,
}

/// Length and quantisation of an input or output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Port {
    /// Number of values.
    pub len: usize,
    /// Element type.
    pub dtype: DType,
    /// Real value of one step.
    pub scale: f32,
    /// Value that represents real zero.
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
    #[track_caller]
    pub const fn read(blob: &[u8]) -> Self {
        assert!(blob.len() >= HEADER_BYTES, "include_model!: the file has no whole header");
        assert!(
            read_u32(blob, 0) == u32::from_le_bytes(MAGIC),
            "include_model!: the file is not a packed model; make one with `isokern convert`"
        );
        let versions = read_u32(blob, offset_of!(Header, format_version));
        assert!(
            versions == FORMAT_VERSION as u32 | (PROFILE_TFLM as u32) << 16
                && read_u16(blob, offset_of!(Header, profile_version)) == PROFILE_TFLM_VERSION,
            "include_model!: another version of format or profile; convert the model again"
        );
        assert!(
            read_u32(blob, offset_of!(Header, blob_bytes)) as usize == blob.len(),
            "include_model!: the file is shorter or longer than its header says"
        );
        let counts = Header {
            tensor_count: read_u16(blob, offset_of!(Header, tensor_count)),
            constant_count: read_u16(blob, offset_of!(Header, constant_count)),
            ..Header::NONE
        };
        let mut set = [0; 4];
        let mut word = 0;
        while word < set.len() {
            set[word] = read_u32(blob, offset_of!(Header, operator_set) + 4 * word);
            word += 1;
        }
        Self {
            input_count: read_u16(blob, offset_of!(Header, input_count)) as usize,
            output_count: read_u16(blob, offset_of!(Header, output_count)) as usize,
            arena_bytes: read_u32(blob, offset_of!(Header, arena_bytes)) as usize,
            state_bytes: read_u32(blob, offset_of!(Header, state_bytes)) as usize,
            operators: OpSet::from_words(set),
            lists_offset: counts.lists_offset(),
        }
    }
}

/// Reads the inputs of a blob at compile time.
///
/// # Panics
///
/// As [`Constants::read`].
#[must_use]
pub const fn inputs<const N: usize>(blob: &[u8]) -> [Port; N] {
    ports(blob, Constants::read(blob).lists_offset)
}

/// Reads the outputs of a blob at compile time.
///
/// # Panics
///
/// As [`Constants::read`].
#[must_use]
pub const fn outputs<const N: usize>(blob: &[u8]) -> [Port; N] {
    let constants = Constants::read(blob);
    ports(blob, constants.lists_offset + 2 * constants.input_count)
}

const fn ports<const N: usize>(blob: &[u8], list: usize) -> [Port; N] {
    let mut ports = [Port { len: 0, dtype: DType::I8, scale: 0.0, zero_point: 0 }; N];
    let mut position = 0;
    while position < N {
        ports[position] = Port::read(blob, read_u16(blob, list + 2 * position) as usize);
        position += 1;
    }
    ports
}

impl Port {
    const fn read(blob: &[u8], index: usize) -> Self {
        let record = HEADER_BYTES + index * TENSOR_BYTES;
        let bytes = read_u32(blob, record + offset_of!(TensorRecord, bytes)) as usize;
        let code = read_u32(blob, record + offset_of!(TensorRecord, dtype)) & 0xFF;
        let dtype = match DType::from_code(code as u8) {
            Some(dtype) => dtype,
            None => panic!("include_model!: an element type this version does not know"),
        };
        let zero_point = read_u16(blob, record + offset_of!(TensorRecord, zero_point));
        Self {
            len: bytes / dtype.size_bytes(),
            dtype,
            scale: f32::from_bits(read_u32(blob, record + offset_of!(TensorRecord, scale))),
            zero_point: zero_point.cast_signed() as i32,
        }
    }
}
