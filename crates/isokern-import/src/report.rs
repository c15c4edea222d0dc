//! Reports: what a conversion found and did, for programs that show it.

use isokern_model::layout::Layout;

/// Sizes and counts of a conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Operators of the file's graph.
    pub operator_count: usize,
    /// Operators of the packed model.
    pub packed_operator_count: usize,
    /// Operators of the file whose outputs nothing reads: they are left out.
    pub unused_operator_count: usize,
    /// Activations of the packed model.
    pub tensor_count: usize,
    /// Multiply-accumulates of one inference.
    pub macs: u64,
    /// Bytes of weights in the file, without padding of a layout.
    pub weight_bytes: usize,
    /// Bytes of arena that a run needs, input and output inside.
    pub arena_bytes: usize,
    /// Bytes needed at the busiest step: no plan can need fewer.
    pub arena_lower_bound: usize,
    /// Bytes of the packed model.
    pub blob_bytes: usize,
    /// Bytes of the file.
    pub source_bytes: usize,
    /// SHA-256 of the file.
    pub source_sha256: [u8; 32],
    /// The order of the weights.
    pub layout: Layout,
    /// Graphs of the file beside the one that runs: nothing calls them, and they are left out.
    pub unused_subgraph_count: usize,
    /// Digest of the output for the self-test's input; none where there is no self-test.
    pub self_test_digest: Option<u64>,
}

/// A step that a conversion has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The file was read.
    Read {
        /// Operators in the file.
        operator_count: usize,
        /// Tensors in the file, constants included.
        tensor_count: usize,
    },
    /// An operator was checked and its integers computed.
    Lowered {
        /// Its index.
        index: usize,
        /// Operators in the file.
        operator_count: usize,
        /// The schema's name of it.
        name: &'static str,
    },
    /// Every activation has its place.
    Planned {
        /// Bytes of arena.
        arena_bytes: usize,
        /// Bytes no plan can go below.
        arena_lower_bound: usize,
    },
    /// The packed model is written.
    Encoded {
        /// Its bytes.
        blob_bytes: usize,
    },
    /// The packed model has run once, or was too large for that.
    SelfTested {
        /// Digest of the output, if it ran.
        digest: Option<u64>,
    },
}
