//! Sizes and places of variables and parameters.

use crate::error::{PtxError, Reason};
use crate::ptx::ast::{Function, Initializer, Variable};

/// No variable is larger.
const BYTES_MAX: u64 = 1 << 32;

/// Parameters or results of a function, or of calls in it: places in one area of bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Area {
    /// Bytes taken.
    pub(crate) bytes: u32,
}

/// Where the parameters and results of a function are in the area of its frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Parameters: offset and bytes.
    pub(crate) parameters: Vec<(u32, u32)>,
    /// Results: offset and bytes.
    pub(crate) returns: Vec<(u32, u32)>,
    /// What both take; more may follow.
    pub(crate) area: Area,
}

impl Area {
    /// Takes room for a variable and gives its offset and size.
    pub(crate) fn place(&mut self, variable: &Variable) -> Result<(u32, u32), PtxError> {
        let bytes = bytes_of(variable)?;
        let start = u64::from(self.bytes).next_multiple_of(align_of(variable));
        let end = start + bytes;
        let end_u32 = u32::try_from(end);
        self.bytes = end_u32.map_err(|_| too_large(variable.line, end))?;
        // Both are below the end.
        Ok((u32::try_from(start).unwrap_or(0), u32::try_from(bytes).unwrap_or(0)))
    }
}

impl Signature {
    /// Returns the layout of a function's parameters, then of its results.
    pub(crate) fn of(parameters: &[Variable], returns: &[Variable]) -> Result<Self, PtxError> {
        let mut signature = Self::default();
        for parameter in parameters {
            signature.parameters.push(signature.area.place(parameter)?);
        }
        for result in returns {
            signature.returns.push(signature.area.place(result)?);
        }
        Ok(signature)
    }

    /// Returns the layout of a function.
    pub(crate) fn of_function(function: &Function) -> Result<Self, PtxError> {
        Self::of(&function.parameters, &function.returns)
    }
}

/// Returns the size of a variable; an open array has the size of what it starts with.
pub(crate) fn bytes_of(variable: &Variable) -> Result<u64, PtxError> {
    let element = u64::from(variable.ty.bytes()) * u64::from(variable.vector.max(1));
    let mut bytes = element;
    for (depth, dimension) in variable.dimensions.iter().enumerate() {
        let count = match (dimension, &variable.initializer) {
            (Some(count), _) => *count,
            (None, Some(Initializer::List(list))) if depth == 0 => list.len() as u64,
            (None, _) => 0,
        };
        bytes = bytes.saturating_mul(count);
    }
    if bytes > BYTES_MAX { Err(too_large(variable.line, bytes)) } else { Ok(bytes) }
}

/// Returns the alignment of a variable in bytes: what is asked for, or that of its type.
pub(crate) fn align_of(variable: &Variable) -> u64 {
    let natural = u64::from(variable.ty.bytes()) * u64::from(variable.vector.max(1));
    variable.align.map_or(natural, u64::from).max(1).next_power_of_two()
}

const fn too_large(line: u32, have: u64) -> PtxError {
    PtxError::new(line, Reason::Limit { what: "bytes of variables", have, limit: BYTES_MAX })
}
