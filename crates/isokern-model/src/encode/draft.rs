//! The description of a model that the encoder takes.

use std::string::String;
use std::vec::Vec;

use isokern_core::DType;

use crate::constant::Constant;
use crate::operators::{HasKind, OpKind};
use crate::record::{Body, stored};
use crate::tensor::Region;

/// A model before it is packed.
///
/// Operators run in order; each writes tensors that no other writes, or state.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The activations.
    pub tensors: Vec<DraftTensor>,
    /// The operators.
    pub ops: Vec<DraftOp>,
    /// The tensors the caller writes.
    pub inputs: Vec<DraftPort>,
    /// The tensors the caller reads.
    pub outputs: Vec<DraftPort>,
    /// What the state holds before the first run; as long as the state.
    pub state: Vec<u8>,
    /// SHA-256 of the file the model came from, or zeros.
    pub source_sha256: [u8; 32],
}

/// An activation.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftTensor {
    /// Sizes, outermost first; 1 to 6 of them.
    pub dims: Vec<u32>,
    /// Element type.
    pub dtype: DType,
    /// Real value of one quantised step.
    pub scale: f32,
    /// Quantised value that represents real zero.
    pub zero_point: i16,
    /// The memory it is kept in.
    pub region: Region,
    /// Place in that memory, in bytes.
    pub offset: u32,
}

/// An operator: the stored body, and lists of tensors and constants.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftOp {
    /// The kind.
    pub kind: OpKind,
    /// The body of the kind's operator, as it is stored.
    pub body: Body,
    /// Indices of the tensors read.
    pub inputs: Vec<u16>,
    /// Indices of the tensors written.
    pub outputs: Vec<u16>,
    /// Indices of the tensors used while the operator runs.
    pub scratch: Vec<u16>,
    /// The constants.
    pub constants: Vec<Constant>,
}

/// A tensor that the caller writes or reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftPort {
    /// Index of the tensor.
    pub tensor: u16,
    /// Its name; what is longer than 255 bytes is cut.
    pub name: String,
}

impl Draft {
    /// Returns the bytes of arena that the tensors take, at least 1.
    #[must_use]
    pub fn arena_bytes(&self) -> usize {
        self.region_bytes(Region::Arena).max(1)
    }

    /// Returns the bytes of state that the tensors take.
    #[must_use]
    pub fn state_bytes(&self) -> usize {
        self.region_bytes(Region::State)
    }

    /// Returns the number of weights, without padding of a layout.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        let constants = self.ops.iter().flat_map(|op| &op.constants);
        constants.map(Constant::weight_count).fold(0, usize::saturating_add)
    }

    fn region_bytes(&self, region: Region) -> usize {
        let ends = self
            .tensors
            .iter()
            .filter(|tensor| tensor.region == region)
            .map(|tensor| (tensor.offset as usize).saturating_add(tensor.bytes()));
        ends.max().unwrap_or(0)
    }
}

impl DraftTensor {
    /// Returns the number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dims.iter().fold(1, |len: usize, &size| len.saturating_mul(size as usize))
    }

    /// Returns the number of bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.len().saturating_mul(self.dtype.size_bytes())
    }

    /// Returns whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl DraftOp {
    /// Returns an operator of kind `O` without constants.
    #[must_use]
    pub fn new<O: HasKind>(body: &O::Body, inputs: &[u16], outputs: &[u16]) -> Self {
        Self {
            kind: O::KIND,
            body: stored(body),
            inputs: inputs.to_vec(),
            outputs: outputs.to_vec(),
            scratch: Vec::new(),
            constants: Vec::new(),
        }
    }

    /// Returns the operator with these constants.
    #[must_use]
    pub fn with_constants(self, constants: Vec<Constant>) -> Self {
        Self { constants, ..self }
    }
}

impl DraftPort {
    /// Returns a port with a name.
    #[must_use]
    pub fn new(tensor: u16, name: &str) -> Self {
        Self { tensor, name: name.into() }
    }
}
