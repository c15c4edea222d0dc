//! Names in one function: registers, symbols and labels, and the operands made of them.

use std::collections::HashMap;

use crate::error::{PtxError, Reason};
use crate::ptx::ast::{Float, Instruction, Operand, Space, Type};
use crate::registers::{Counts, File, Long, Predicate, Word};

/// What a name represents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// A register.
    Register(Register),
    /// A variable in memory.
    Symbol(Symbol),
    /// A label, by number.
    Label(u32),
}

/// A register: where it is and as what it was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Register {
    /// The file it is in.
    pub file: File,
    /// Its index there.
    pub index: u16,
    /// Its declared type.
    pub ty: Type,
}

/// A variable in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol {
    /// Its state space.
    pub space: Space,
    /// The address in that space: a device address, or an offset in bytes.
    pub address: u64,
    /// Its size; 0 for shared memory sized at launch.
    pub bytes: u64,
}

/// The names visible at one place of a function, innermost block last.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    outermost: HashMap<String, Binding>,
    blocks: Vec<HashMap<String, Binding>>,
    counts: Counts,
}

impl Scope {
    /// Returns a scope without names, with its outermost block open.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens a block, whose names hide those outside.
    pub fn open(&mut self) {
        self.blocks.push(HashMap::new());
    }

    /// Closes the innermost block.
    pub fn close(&mut self) {
        self.blocks.pop();
    }

    /// Registers declared so far, those of closed blocks included.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Gives a name a meaning in the innermost block.
    ///
    /// # Errors
    ///
    /// [`Reason::Redeclared`] when the block has the name already.
    pub fn bind(&mut self, line: u32, name: &str, binding: Binding) -> Result<(), PtxError> {
        let block = self.blocks.last_mut().unwrap_or(&mut self.outermost);
        match block.insert(name.to_owned(), binding) {
            None => Ok(()),
            Some(_) => Err(PtxError::new(line, Reason::Redeclared(name.to_owned()))),
        }
    }

    /// Declares a register of `ty` in the innermost block.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind); 128-bit registers are unsupported; [`Reason::Limit`] for more than
    /// 65 535 registers of one file.
    pub fn declare(&mut self, line: u32, name: &str, ty: Type) -> Result<Register, PtxError> {
        let file = File::of(ty).ok_or_else(|| PtxError::unsupported(line, ".b128 registers"))?;
        let count = match file {
            File::Predicate => &mut self.counts.predicates,
            File::Word => &mut self.counts.words,
            File::Long => &mut self.counts.longs,
        };
        let index = *count;
        let limit = u64::from(u16::MAX);
        *count = index.checked_add(1).ok_or(PtxError::new(
            line,
            Reason::Limit { what: "registers of one size", have: limit + 1, limit },
        ))?;
        let register = Register { file, index, ty };
        self.bind(line, name, Binding::Register(register))?;
        Ok(register)
    }

    /// Returns what a name represents here.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Binding> {
        let mut blocks = self.blocks.iter().rev().chain([&self.outermost]);
        blocks.find_map(|block| block.get(name).copied())
    }

    /// Returns the register a name represents.
    ///
    /// # Errors
    ///
    /// [`Reason::Undeclared`], also where the name is no register.
    pub fn register(&self, line: u32, name: &str) -> Result<Register, PtxError> {
        match self.find(name) {
            Some(Binding::Register(register)) => Ok(register),
            _ => Err(PtxError::new(line, Reason::Undeclared(name.to_owned()))),
        }
    }

    /// Returns a source of at most 32 bits: a register of the word file, or a constant.
    ///
    /// # Errors
    ///
    /// [`Reason::Operands`] where the operand is neither, [`Reason::Undeclared`].
    pub fn word(&self, at: &Instruction, operand: &Operand) -> Result<Word, PtxError> {
        match operand {
            Operand::Name(name) => Ok(Word::Register(self.in_file(at, name, File::Word)?)),
            Operand::Integer(value) => Ok(Word::Constant(truncate(*value))),
            Operand::Float(Float::Single(bits)) => Ok(Word::Constant(*bits)),
            Operand::Float(Float::Double(bits)) => {
                Ok(Word::Constant(narrow(f64::from_bits(*bits)).to_bits()))
            }
            _ => Err(operands(at, "expected a 32-bit register or a constant")),
        }
    }

    /// Returns a source of 64 bits: a register of the long file, or a constant.
    ///
    /// # Errors
    ///
    /// [`Reason::Operands`] where the operand is neither, [`Reason::Undeclared`].
    pub fn long(&self, at: &Instruction, operand: &Operand) -> Result<Long, PtxError> {
        match operand {
            Operand::Name(name) => Ok(Long::Register(self.in_file(at, name, File::Long)?)),
            Operand::Integer(value) => Ok(Long::Constant(*value)),
            Operand::Float(Float::Double(bits)) => Ok(Long::Constant(*bits)),
            Operand::Float(Float::Single(bits)) => {
                Ok(Long::Constant(f64::from(f32::from_bits(*bits)).to_bits()))
            }
            _ => Err(operands(at, "expected a 64-bit register or a constant")),
        }
    }

    /// Returns a predicate source: `p` or `!p`.
    ///
    /// # Errors
    ///
    /// [`Reason::Operands`] where the operand is neither, [`Reason::Undeclared`].
    pub fn predicate(&self, at: &Instruction, operand: &Operand) -> Result<Predicate, PtxError> {
        let (name, negated) = match operand {
            Operand::Name(name) => (name, false),
            Operand::Negated(name) => (name, true),
            Operand::Integer(value) => {
                return Ok(Predicate { register: None, negated: *value == 0 });
            }
            _ => return Err(operands(at, "expected a predicate")),
        };
        Ok(Predicate { register: Some(self.in_file(at, name, File::Predicate)?), negated })
    }

    /// Returns a register to write, of the file that is asked for; `None` for `_`.
    ///
    /// # Errors
    ///
    /// [`Reason::Operands`] where the operand is no register of that file,
    /// [`Reason::Undeclared`].
    pub fn target(
        &self,
        at: &Instruction,
        operand: &Operand,
        file: File,
    ) -> Result<Option<u16>, PtxError> {
        match operand {
            Operand::Name(name) => Ok(Some(self.in_file(at, name, file)?)),
            Operand::Sink => Ok(None),
            _ => Err(operands(at, "expected a register to write to")),
        }
    }

    fn in_file(&self, at: &Instruction, name: &str, file: File) -> Result<u16, PtxError> {
        let register = self.register(at.line, name)?;
        if register.file == file {
            return Ok(register.index);
        }
        let have = register.ty;
        Err(operands(at, format!("`{name}` is declared as {have:?}, expected the {file:?} file")))
    }
}

/// Returns an error about the operands of an instruction.
pub fn operands(at: &Instruction, why: impl Into<String>) -> PtxError {
    PtxError::new(at.line, Reason::Operands { instruction: at.mnemonic(), why: why.into() })
}

#[expect(clippy::cast_possible_truncation, reason = "constants are wrapped to their size")]
const fn truncate(value: u64) -> u32 {
    value as u32
}

#[expect(clippy::cast_possible_truncation, reason = "a decimal constant is rounded to its type")]
const fn narrow(value: f64) -> f32 {
    value as f32
}
