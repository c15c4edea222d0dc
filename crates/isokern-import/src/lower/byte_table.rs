//! Functions of single bytes: a table of all values.

use isokern_core::DType;
use isokern_model::encode::{Constant, DraftOp, DraftTensor};
use isokern_model::operators::table::{TABLE_ENTRIES, Table};

use super::operand::Value;
use super::site::Site;
use crate::error::ImportError;

/// Emits the function from `input` to `output`, of int8 or uint8 both: `entry` gives the stored
/// output for each stored input, and what is outside the output's type becomes its end.
pub(super) fn emit(
    site: &mut Site<'_, '_>,
    input: &Value,
    output: &Value,
    entry: impl Fn(i32) -> i32,
) {
    let table = table(&input.tensor, &output.tensor, entry);
    let op = DraftOp::new::<Table>(&[], &[input.place], &[output.place]);
    site.emit(op.with_constants(vec![Constant::of(&table)]));
}

/// Reads the int8 input and the int8 output, of one shape, of a function of single values.
pub(super) fn ends(site: &mut Site<'_, '_>) -> Result<(Value, Value), ImportError> {
    site.arity(1..=1, 1..=1)?;
    let input = site.input(0, "input")?;
    let output = site.output()?;
    site.shape(&output, &input.tensor.dims)?;
    Ok((input, output))
}

fn table(
    input: &DraftTensor,
    output: &DraftTensor,
    entry: impl Fn(i32) -> i32,
) -> [u8; TABLE_ENTRIES] {
    let (least, _) = range(input.dtype);
    let (min, max) = range(output.dtype);
    // The lowest byte of a value in range.
    core::array::from_fn(|place| entry(least + place as i32).clamp(min, max) as u8)
}

const fn range(dtype: DType) -> (i32, i32) {
    if matches!(dtype, DType::U8) { (0, 255) } else { (-128, 127) }
}
