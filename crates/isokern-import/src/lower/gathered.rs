//! Blocks of what an operator reads, picked by indices.

use isokern_model::encode::{Constant, DraftOp, DraftTensor};
use isokern_model::operators::gather::{Gather, GatherBody, INDEX_NUMBERS_MAX};

use super::moved::Read;
use super::site::Site;
use crate::error::{CopyFault, ImportError};

/// What is picked from where; see the body of the packed operator.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) batches: u32,
    pub(super) repeats: u32,
    pub(super) choices: u32,
    pub(super) count: u32,
    pub(super) block: u32,
    /// Blocks that a step of each number of an index is.
    pub(super) steps: Vec<u32>,
}

impl Gathered {
    /// Emits what gives the tensor at a place these blocks of the source. Constant indices of
    /// several numbers become one number each.
    pub(super) fn emit(
        self,
        site: &mut Site<'_, '_>,
        source: &Read<'_>,
        indices: &Read<'_>,
        output: u16,
    ) -> Result<(), ImportError> {
        let Self { batches, repeats, choices, count, block, steps } = self;
        let mut body = GatherBody { batches, repeats, choices, count, block, ..Default::default() };
        let (mut inputs, mut constants) = (Vec::new(), Vec::new());
        match source.place {
            Some(place) => inputs.push(place),
            None => {
                body.constants |= 1;
                constants.push(Constant::Values(source.data.to_vec()));
            }
        }
        let steps = match indices.place {
            Some(place) => {
                inputs.push(place);
                steps
            }
            None => {
                body.constants |= 2;
                constants.push(Constant::of(&chosen(site, &indices.data, &steps, choices)?));
                vec![1]
            }
        };
        body.numbers = steps.len() as u8;
        for (target, step) in body.steps.iter_mut().zip(&steps) {
            *target = *step;
        }
        site.emit(DraftOp::new::<Gather>(&body, &inputs, &[output]).with_constants(constants));
        Ok(())
    }
}

/// Returns the block that each constant index represents.
fn chosen(
    site: &Site<'_, '_>,
    data: &[u8],
    steps: &[u32],
    choices: u32,
) -> Result<Vec<i32>, ImportError> {
    let numbers: Vec<i64> =
        data.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes).into()).collect();
    let mut chosen = Vec::new();
    for index in numbers.chunks(steps.len().clamp(1, INDEX_NUMBERS_MAX)) {
        let choice = index.iter().zip(steps).map(|(index, step)| index * i64::from(*step)).sum();
        if !(0..i64::from(choices)).contains(&choice) {
            let found = format!("{index:?}");
            return Err(site.copy_fault(CopyFault::Index { found }));
        }
        // A place in a tensor fits.
        chosen.push(choice as i32);
    }
    Ok(chosen)
}

/// Returns a tensor that the file has no name for, like one that it has.
pub(super) fn like(tensor: &DraftTensor, dtype: isokern_core::DType, scale: f32) -> DraftTensor {
    DraftTensor { dtype, scale, zero_point: 0, ..tensor.clone() }
}
