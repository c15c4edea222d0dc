//! Operations that touch registers alone: integers, floats, conversions, comparisons, moves.
//!
//! An instruction is decoded once: its modifiers and the types of its operands are checked, and
//! what is left is a small value that knows operation, type and registers. It is executed for
//! all lanes of a warp at once. Source of every rule: NVIDIA, *PTX ISA*, chapter "Instruction
//! set".
//!
//! # Where the ISA leaves a choice
//!
//! | case | here |
//! |---|---|
//! | integer division or remainder by zero | all ones |
//! | smallest integer divided by -1 | wraps; remainder 0 |
//! | `.approx` and `.full` | within the stated error, but not the bits of a GPU |
//! | NaN results | `0x7fffffff`, and `0xfff8000000000000` for `.f64` |
//! | `.ftz` of a result | after rounding |
//!
//! # Not here
//!
//! 16-bit floats except their conversions, packed 16-bit integers, tensor cores. They are refused
//! with their line.

mod approximate;
mod bits;
mod bytes;
mod carry;
mod compare;
mod compare_decode;
mod convert;
mod convert_decode;
mod dot;
mod fields;
mod fields_decode;
mod float;
mod float_decode;
mod float_lane;
mod formats;
mod integer;
mod integer_decode;
mod integer_lane;
mod lanes;
mod logic;
mod logic_decode;
mod places;
mod reader;
mod rounding;
mod shift;
mod transfer;

use crate::error::PtxError;
use crate::program::scope::Scope;
use crate::ptx::ast::Instruction;
use crate::registers::Registers;

use lanes::Warp;
use reader::Reader;

/// A decoded operation on registers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arithmetic(Operation);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operation {
    Logic(logic::Operation),
    Compare(compare::Operation),
    Transfer(transfer::Operation),
    Convert(convert::Operation),
    Float(float::Operation),
    Carry(carry::Operation),
    Fields(fields::Operation),
    Integer(integer::Operation),
}

const _: () = assert!(size_of::<Arithmetic>() <= 48, "operations stay small");

impl Arithmetic {
    /// Decodes an instruction; `None` when it is not one that touches registers alone.
    ///
    /// The guard is not looked at. A `mov` whose source is no register and no constant (a special
    /// register, the address of a symbol) is `None` as well.
    ///
    /// # Errors
    ///
    /// [`Reason::Unsupported`](crate::error::Reason::Unsupported) for a form this machine does
    /// not know, [`Reason::Operands`](crate::error::Reason::Operands) where operands or modifiers
    /// do not go together, [`Reason::Undeclared`](crate::error::Reason::Undeclared).
    pub fn decode(at: &Instruction, scope: &Scope) -> Result<Option<Self>, PtxError> {
        let reader = Reader::new(at, scope);
        reader.known_formats()?;
        let floats = reader.has("f32") || reader.has("f64");
        let operation = match at.opcode.as_str() {
            "add" | "sub" | "mul" | "mad" | "div" | "abs" | "neg" | "min" | "max" if floats => {
                Operation::Float(float_decode::decode(reader)?)
            }
            "fma" | "rcp" | "sqrt" | "rsqrt" | "sin" | "cos" | "lg2" | "ex2" | "tanh"
            | "copysign" | "testp" => Operation::Float(float_decode::decode(reader)?),
            "add" | "sub" | "mad" if reader.has("cc") => Operation::Carry(carry::decode(reader)?),
            "addc" | "subc" | "madc" => Operation::Carry(carry::decode(reader)?),
            "popc" | "clz" | "bfind" | "fns" | "brev" | "bfe" | "bfi" | "bmsk" | "szext"
            | "dp4a" | "dp2a" => Operation::Fields(fields_decode::decode(reader)?),
            "add" | "sub" | "mul" | "mad" | "mul24" | "mad24" | "sad" | "div" | "rem" | "abs"
            | "neg" | "min" | "max" => Operation::Integer(integer_decode::decode(reader)?),
            "and" | "or" | "xor" | "not" | "cnot" | "shl" | "shr" | "shf" | "prmt" | "lop3" => {
                Operation::Logic(logic_decode::decode(reader)?)
            }
            "set" | "setp" | "selp" | "slct" => Operation::Compare(compare_decode::decode(reader)?),
            "cvt" => Operation::Convert(convert_decode::decode(reader)?),
            "mov" => match transfer::decode(&reader)? {
                Some(operation) => Operation::Transfer(operation),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(Self(operation)))
    }

    /// Returns whether it is a dot product of four bytes and four bytes.
    #[must_use]
    pub(crate) const fn is_dot_of_four(&self) -> bool {
        matches!(
            self.0,
            Operation::Fields(fields::Operation::Dot { shape: fields::Shape::Four, .. })
        )
    }

    /// Executes the operation in the lanes of `mask`; other lanes keep their values.
    #[inline]
    pub fn execute(&self, registers: &mut Registers, mask: u32) {
        let mut warp = Warp { registers, mask };
        match self.0 {
            Operation::Integer(operation) => operation.execute(&mut warp),
            Operation::Logic(operation) => operation.execute(&mut warp),
            Operation::Compare(operation) => operation.execute(&mut warp),
            Operation::Transfer(operation) => operation.execute(&mut warp),
            Operation::Convert(operation) => operation.execute(&mut warp),
            Operation::Float(operation) => operation.execute(&mut warp),
            Operation::Carry(operation) => operation.execute(&mut warp),
            Operation::Fields(operation) => operation.execute(&mut warp),
        }
    }
}
