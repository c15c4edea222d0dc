//! Reads the options of an operator by the schema's table of them.

use crate::error::{OperatorFault, TfliteError};
use crate::flatbuffer::{Field, Table};
use crate::graph::{NamedOption, OptionFault, OptionValue};
use crate::schema::{operator, options_table};

/// Numbers that are read of an option that is a list: more than a tensor has dimensions.
const INTS_MAX: usize = 64;

/// Reads the options of the operator with this name and table.
///
/// # Errors
///
/// The place of the options is damaged. What is wrong with an option is in its value.
pub(super) fn read<'f>(table: &Table<'f>, name: &str) -> Result<Vec<NamedOption<'f>>, TfliteError> {
    let declared = options_table(name);
    let found = table.u8(operator::BUILTIN_OPTIONS_TYPE, 0)?;
    let table_name = declared.map_or("BuiltinOptions", |declared| declared.name);
    let options = table.table(operator::BUILTIN_OPTIONS, table_name)?;
    let Some(declared) = declared else { return Ok(Vec::new()) };
    let need = declared.number;
    let value = |field, default| match &options {
        None => Ok(default),
        Some(_) if found != need => {
            Err(OptionFault::Operator(OperatorFault::OptionsType { found, need }))
        }
        Some(options) => value(options, field, default).map_err(OptionFault::File),
    };
    let fields = declared.fields.iter();
    Ok(fields
        .map(|&(field, default)| NamedOption { name: field.name(), value: value(field, default) })
        .collect())
}

/// Returns the value of a field, of the type of its default.
fn value<'f>(
    table: &Table<'f>,
    field: Field,
    default: OptionValue<'f>,
) -> Result<OptionValue<'f>, TfliteError> {
    Ok(match default {
        OptionValue::U8(default) => OptionValue::U8(table.u8(field, default)?),
        OptionValue::I32(default) => OptionValue::I32(table.i32(field, default)?),
        OptionValue::Bool(default) => OptionValue::Bool(table.u8(field, default.into())? != 0),
        OptionValue::Text(_) => OptionValue::Text(table.bytes(field)?),
        OptionValue::Ints(_) => OptionValue::Ints(ints(table, field)?),
        OptionValue::F32(default) => OptionValue::F32(table.f32(field, default)?),
    })
}

/// Returns the numbers of an option that is a list.
fn ints<'f>(table: &Table<'f>, field: Field) -> Result<&'f [[u8; 4]], TfliteError> {
    let ints = table.vector(field)?;
    if ints.len() > INTS_MAX {
        return Err(table.too_many(field, ints.len(), INTS_MAX));
    }
    Ok(ints)
}
