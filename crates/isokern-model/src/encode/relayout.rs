//! The same model with its weights in another layout.

use std::vec::Vec;

use super::draft::{Draft, DraftOp, DraftPort, DraftTensor};
use super::{EncodeError, set_self_test};
use crate::constant::{Constant, places};
use crate::layout::Layout;
use crate::model::Model;
use crate::weights::{StoredWeights, Weights};

/// Writes `model` again with its weights in `layout`.
///
/// Lifetimes and the arena's size are worked out anew; what the model computes and
/// its self-test stay.
///
/// # Errors
///
/// [`EncodeError::TooLong`] where padding takes the blob past 4 GiB, and
/// [`EncodeError::Invalid`] where it would then not pass [`Model::parse`].
pub fn relayout(model: &Model<'_>, layout: Layout) -> Result<Vec<u8>, EncodeError> {
    let mut blob = Draft::from_model(model).encode(layout)?;
    if let Some((seed, digest)) = model.header().self_test() {
        set_self_test(&mut blob, seed, digest)?;
    }
    Ok(blob)
}

impl Draft {
    /// Returns the description of a packed model, places included.
    #[must_use]
    pub fn from_model(model: &Model<'_>) -> Self {
        let tensor = |index| {
            let tensor = model.tensor(index);
            DraftTensor {
                dims: tensor.shape().to_vec(),
                dtype: tensor.dtype(),
                scale: tensor.scale(),
                zero_point: tensor.zero_point() as i16,
                region: tensor.region(),
                offset: tensor.offset() as u32,
            }
        };
        let port = |index: Option<u16>, name: &str| DraftPort::new(index.unwrap_or(0), name);
        let mut state = std::vec![0; model.state_bytes()];
        model.reset_state(&mut state);
        Self {
            tensors: (0..model.tensor_count()).map(tensor).collect(),
            ops: (0..model.operator_count()).filter_map(|index| draft_op(model, index)).collect(),
            inputs: (0..model.input_count())
                .map(|at| port(model.input_index(at), model.input_name(at)))
                .collect(),
            outputs: (0..model.output_count())
                .map(|at| port(model.output_index(at), model.output_name(at)))
                .collect(),
            state,
            source_sha256: model.header().source_sha256,
        }
    }
}

fn draft_op(model: &Model<'_>, index: usize) -> Option<DraftOp> {
    let (record, op) = (model.op_record(index)?, model.op(index)?);
    let site = model.site(record);
    let plain = |position| Constant::of(site.constant::<u8>(position));
    let mut constants: Vec<Constant> = (0..site.constant_count()).map(plain).collect();
    match op.weights() {
        StoredWeights::None => {}
        StoredWeights::Fixed(values) => constants[0] = Constant::Weights(values.to_vec()),
        StoredWeights::ByLayout(weights) => {
            let (outputs, terms) = (weights.outputs, weights.terms);
            constants[0] = Constant::Dots { values: rows(&weights), outputs, terms };
            if weights.layout == Layout::Packed {
                constants.pop();
            }
        }
    }
    Some(DraftOp {
        kind: op.kind(),
        body: record.body,
        inputs: site.input_indices().collect(),
        outputs: site.output_indices().collect(),
        scratch: site.scratch_indices().collect(),
        constants,
    })
}

/// Returns the weights in the row layout.
fn rows(weights: &Weights<'_>) -> Vec<i8> {
    let (outputs, terms) = (weights.outputs, weights.terms);
    let value = |output, (row, term)| {
        weights.values[weights.layout.weight_index(outputs, terms, output, row, term)]
    };
    (0..outputs).flat_map(|output| places(terms).map(move |place| value(output, place))).collect()
}
