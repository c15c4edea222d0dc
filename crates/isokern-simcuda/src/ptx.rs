//! PTX text to a syntax tree.
//!
//! The tree knows declarations, scopes, labels, instructions with their modifiers, and the shapes
//! of operands. It does not know what an instruction means: [`program`](crate::program) does.
//!
//! ```
//! use isokern_simcuda::ptx;
//!
//! let text = ".version 7.8\n.target sm_80\n.address_size 64\n.visible .entry f() { ret; }";
//! let module = ptx::parse(text)?;
//! assert_eq!(module.target, 80);
//! ptx::check_limits(&module, (8, 0), 90)?;
//! # Ok::<(), isokern_simcuda::error::PtxError>(())
//! ```
//!
//! # What is read
//!
//! The grammar that rustc, LLVM and NVIDIA's compilers write; texts of PTX ISA 3.2 to 9.0 were
//! tried. Debug information (`.file`, `.loc`, `.section`) and advice (`.pragma` other than in the
//! head of a function and `used_bytes_mask`, `.maxnctapersm`, what `.ptr` points to) is read and
//! dropped. Everything else that the tree cannot say is refused by its name: attributes, aliases,
//! textures, clusters, masked addresses, elements `x[1]` as operands, and constant expressions
//! beyond signs and sums. [`parse_lazily`] reads what is around a function that has such a thing.
//!
//! Work and memory grow with the length of the text, and lengths are bounded: the largest tree that
//! was found takes 1.4 GiB. Depths are bounded as well, so no text overflows the stack.

pub mod ast;
mod cursor;
mod debug;
mod expression;
mod function;
mod initializer;
mod lexer;
mod module;
mod number;
mod operand;
mod statement;
mod variable;

use crate::error::{PtxError, Reason};
use ast::{Item, Module};
use cursor::Cursor;

/// Bytes of a text.
pub const MAX_TEXT_BYTES: usize = 64 << 20;
/// Statements of a text, and the names it declares.
pub const MAX_STATEMENTS: u64 = 4 << 20;
/// Operands of a text.
pub const MAX_TEXT_OPERANDS: u64 = 16 << 20;
/// Blocks inside each other.
pub const MAX_DEPTH: u64 = 100;
/// Lists inside each other in an initializer.
pub const MAX_INITIALIZER_DEPTH: u64 = 16;
/// Operands of an instruction, or elements of a vector.
pub const MAX_OPERANDS: usize = 64;
/// Words after an opcode.
pub const MAX_MODIFIERS: usize = 32;
/// Parameters of a function, arguments of a call, or labels of a table.
pub const MAX_ARGUMENTS: usize = 4096;
/// Registers of one range.
pub const MAX_RANGE: u32 = 65_535;
/// Dimensions of an array.
pub const MAX_DIMENSIONS: usize = 8;
/// Bytes of a variable.
pub const MAX_BYTES: u64 = 1 << 40;
/// Bytes of an alignment.
pub const MAX_ALIGN: u32 = 1 << 20;

/// Reads a text.
///
/// # Errors
///
/// What is wrong with the text, and its line: [`Reason::Syntax`], [`Reason::Unsupported`] or
/// [`Reason::Limit`]. Names are not looked up here.
pub fn parse(text: &str) -> Result<Module, PtxError> {
    let module = parse_lazily(text)?;
    let refusal = module.items.iter().find_map(|item| match item {
        Item::Function(function) => function.refusal.clone(),
        Item::Variable(_) => None,
    });
    refusal.map_or(Ok(module), Err)
}

/// Works as [`parse`], but a function with what is not supported in it is read as one that is
/// [refused](ast::Function::refusal): other functions of its module may run.
///
/// # Errors
///
/// As [`parse`], that one reason inside functions aside.
pub fn parse_lazily(text: &str) -> Result<Module, PtxError> {
    if text.len() > MAX_TEXT_BYTES {
        let (have, limit) = (text.len() as u64, MAX_TEXT_BYTES as u64);
        return Err(cursor::over(0, "the bytes of a PTX text", have, limit));
    }
    module::module(&mut Cursor::new(text)?)
}

/// Returns whether a driver of PTX ISA `isa_max` (major, minor) may run a text on a device of
/// architecture `device_sm`.
///
/// # Errors
///
/// [`Reason::Version`] and [`Reason::Target`], without a line.
pub const fn check_limits(
    module: &Module,
    isa_max: (u32, u32),
    device_sm: u32,
) -> Result<(), PtxError> {
    let (major, minor) = module.version;
    if major > isa_max.0 || (major == isa_max.0 && minor > isa_max.1) {
        return Err(PtxError::new(0, Reason::Version(major, minor, isa_max.0, isa_max.1)));
    }
    if module.target > device_sm {
        return Err(PtxError::new(0, Reason::Target(module.target, device_sm)));
    }
    Ok(())
}
