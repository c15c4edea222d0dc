//! Turns int8 TFLite files into packed models of Isokern.
//!
//! Programs link this crate on a desktop or in a build script, never on a device: it
//! needs `std` and reads files of any origin. The packed model it returns computes
//! the bytes that TFLite Micro computes for the file (numeric profile `tflm`).
//!
//! ```
//! use isokern_import::convert;
//! use isokern_model::layout::Layout;
//!
//! let tflite = include_bytes!(concat!(
//!     env!("CARGO_MANIFEST_DIR"),
//!     "/../../tests/models/models/digits.tflite"
//! ));
//! let conversion = convert(tflite, Layout::Row)?;
//! assert_eq!(conversion.report.operator_count, 9);
//! assert_eq!(conversion.report.arena_bytes, 1536);
//! assert!(conversion.blob.len() < tflite.len());
//! # Ok::<(), isokern_import::ImportError>(())
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`error`] | [`ImportError`]: what is refused, where and what to do |
//! | [`foreign`] | [`ForeignFile`]: what a file is that is no TFLite file |
//! | [`report`] | [`Report`] and [`Progress`]: what a conversion found and did |
//!
//! Inside: a bounded flatbuffer reader, the graph it reads, one file per TFLite
//! operator that lowers it, the exact quantisation arithmetic, the arena planner and
//! the self-test.
//!
//! # Not here
//!
//! No float models, no quantisation, little graph optimisation: the operators of the file
//! run in its order, those that nothing needs left out. No file access.
//!
//! # Safety
//!
//! The crate has no `unsafe`. Bytes are hostile until read: time and memory are
//! bounded by the size of the file and the caps of the packed format.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod builtin;
pub mod error;
mod flatbuffer;
pub mod foreign;
mod graph;
mod lower;
mod plan;
mod quantize;
pub mod report;
mod schema;
mod self_test;
mod tflite;

use isokern_model::encode::EncodeError;
use isokern_model::layout::Layout;
use sha2::{Digest, Sha256};

use error::GraphFault;
use self_test::Sealed;

pub use error::ImportError;
pub use foreign::ForeignFile;
pub use report::{Progress, Report};

/// A packed model and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// The packed model (`.ikm`).
    pub blob: Vec<u8>,
    /// Sizes and counts.
    pub report: Report,
}

/// Returns the schema's names of the TFLite operators that convert.
pub fn operator_names() -> impl Iterator<Item = &'static str> {
    lower::names()
}

/// Options of a conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The order of the weights.
    pub layout: Layout,
    /// Elementary steps that the run for the self-test may take. A model that needs more
    /// is written without self-test; 0 means none has one.
    pub self_test_work_max: u64,
}

impl Options {
    /// Returns the weights in this order, and a self-test for every model that runs in seconds.
    #[must_use]
    pub const fn new(layout: Layout) -> Self {
        Self { layout, self_test_work_max: 1 << 34 }
    }
}

/// Converts a TFLite file.
///
/// The same file gives the same bytes on every machine.
///
/// # Errors
///
/// [`ImportError`]: the bytes are no TFLite file, or the model is not one that Isokern
/// runs; the message names the place and says what to do.
pub fn convert(tflite: &[u8], layout: Layout) -> Result<Conversion, ImportError> {
    convert_with(tflite, Options::new(layout), |_| ())
}

/// Converts a TFLite file and tells `progress` after each step.
///
/// # Errors
///
/// Those of [`convert`].
pub fn convert_with(
    tflite: &[u8],
    options: Options,
    mut progress: impl FnMut(Progress),
) -> Result<Conversion, ImportError> {
    let graph = tflite::read(tflite)?;
    let operator_count = graph.operators.len();
    progress(Progress::Read { operator_count, tensor_count: graph.tensors.len() });

    let source_sha256: [u8; 32] = Sha256::digest(tflite).into();
    let lowered = lower::lower(&graph, source_sha256, |index, name| {
        progress(Progress::Lowered { index, operator_count, name });
    })?;
    let mut draft = lowered.draft;
    let sizes = plan::plan(&mut draft)?;
    let (arena_bytes, arena_lower_bound) = (sizes.arena_bytes, sizes.lower_bound);
    progress(Progress::Planned { arena_bytes, arena_lower_bound });

    let blob = draft.encode(options.layout).map_err(encode_error)?;
    progress(Progress::Encoded { blob_bytes: blob.len() });
    let Sealed { blob, macs, digest: self_test_digest } =
        self_test::seal_with_self_test(blob, options.self_test_work_max)?;
    progress(Progress::SelfTested { digest: self_test_digest });

    let report = Report {
        operator_count,
        packed_operator_count: draft.ops.len(),
        unused_operator_count: lowered.unused_operator_count,
        tensor_count: draft.tensors.len(),
        macs,
        weight_bytes: draft.weight_bytes(),
        arena_bytes,
        arena_lower_bound,
        blob_bytes: blob.len(),
        source_bytes: tflite.len(),
        source_sha256,
        layout: options.layout,
        unused_subgraph_count: graph.unused_subgraph_count,
        self_test_digest,
    };
    Ok(Conversion { blob, report })
}

/// Returns the error for a draft that does not fit the format; too much work is a fault of the
/// graph.
fn encode_error(error: EncodeError) -> ImportError {
    if let EncodeError::Work { found, max } = error {
        GraphFault::Work { found, max }.into()
    } else {
        error.into()
    }
}

/// The code in the README, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
