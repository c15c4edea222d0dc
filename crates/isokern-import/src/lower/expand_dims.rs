//! Lowers EXPAND_DIMS, which puts a dimension of 1 into a shape and changes no bytes.

use isokern_model::encode::DraftOp;
use isokern_model::operators::reshape::Reshape;

use super::site::Site;
use crate::error::{ImportError, OperatorFault, TensorFault};
use crate::graph::Element;

const ROLE: &str = "axis";

/// Lowers to a reshape; the axis must be a constant, negative ones counting from the end.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<DraftOp, ImportError> {
    site.arity(2, 2)?;
    let input = site.input(0, "input")?;
    let (index, tensor, data) = site.constant(1, ROLE)?;
    if tensor.element != Element::Int32 {
        let fault = TensorFault::Element { found: tensor.element.name(), need: "INT32" };
        return Err(site.tensor_fault(ROLE, index, fault));
    }
    let Ok(axis) = data.try_into().map(i32::from_le_bytes) else {
        let fault = TensorFault::DataLength { found: data.len(), need: size_of::<i32>() };
        return Err(site.tensor_fault(ROLE, index, fault));
    };
    let mut need = input.tensor.dims.clone();
    let rank = need.len() as i64;
    let place = i64::from(axis) + if axis < 0 { rank + 1 } else { 0 };
    if !(0..=rank).contains(&place) {
        let (least, most) = (-rank - 1, rank);
        return Err(site.fault(OperatorFault::Option {
            field: ROLE,
            found: axis.into(),
            least,
            most,
        }));
    }
    need.insert(place as usize, 1);
    let output = site.output()?;
    site.shape(&output, &need)?;
    Ok(DraftOp::new::<Reshape>(&[], &[input.place], &[output.place]))
}
