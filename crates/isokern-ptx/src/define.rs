//! What is added to the text that the compiler writes: a value for every register that has none on
//! some way, and how many threads a block has.
//!
//! LLVM leaves a value undefined where two ways meet and one of them has no need of it. `ptxas`
//! takes such a register as one that has a value from the start of the kernel on, keeps it across
//! all calls, and so does every function on the way there: in the shipped code 165 of them made 250
//! registers out of 140. A zero where the function begins ends that, and changes no result: nothing
//! depends on a value that is undefined.
//!
//! With `.maxntid` alone `ptxas` keeps to the registers of two such blocks a multiprocessor and
//! spills the rest; `.minnctapersm 1` says that one is enough.

use crate::error::Error;
use crate::limits::Limits;
use crate::module::{Module, statements};
use isokern_simcuda::program::liveness;
use isokern_simcuda::ptx::ast::{Function, Statement, Type};
use std::collections::BTreeMap;

/// Returns the text of a module with what is added to it.
pub(crate) fn define(text: &str, limits: Option<&Limits>) -> Result<String, Error> {
    let module = Module::read(text)?;
    // By the line that they go before.
    let mut added: BTreeMap<u32, String> = BTreeMap::new();
    for function in module.functions() {
        let undefined = liveness::undefined(function).unwrap_or_default();
        let zeros: String = undefined.into_iter().filter_map(|(name, ty)| zero(name, ty)).collect();
        if let Some(line) = first_line(function) {
            added.entry(line).or_default().push_str(&zeros);
        }
        let row = limits.and_then(|limits| limits.entry.get(&function.name));
        if let (true, Some(threads)) = (function.entry, row.and_then(|row| row.threads)) {
            let line = body_line(text, function).ok_or_else(|| {
                let name = &function.name;
                Error::Check(format!("`{name}` has no line that opens its body and nothing else"))
            })?;
            let threads = format!(".maxntid {threads}, 1, 1\n.minnctapersm 1\n");
            added.entry(line).or_default().push_str(&threads);
        }
    }
    let mut all = String::with_capacity(text.len() + text.len() / 64);
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        all.extend(added.get(&number).map(String::as_str));
        all.push_str(line);
    }
    Ok(all)
}

/// Returns the instruction that sets a register to zero; `None` for one that takes several.
fn zero(name: &str, ty: Type) -> Option<String> {
    match ty.bytes() {
        _ if ty == Type::Pred => Some(format!("\tsetp.ne.b32 \t{name}, 0, 0;\n")),
        bytes @ (2 | 4 | 8) => Some(format!("\tmov.b{} \t{name}, 0;\n", bytes * 8)),
        _ => None,
    }
}

/// Returns the line of the first statement that is no declaration; `None` for an empty body.
fn first_line(function: &Function) -> Option<u32> {
    statements(function).into_iter().find_map(|statement| match statement {
        Statement::Instruction(instruction) => Some(instruction.line),
        Statement::Label { line, .. } => Some(*line),
        _ => None,
    })
}

/// Returns the line on which the body of a function opens, its brace alone on it.
fn body_line(text: &str, function: &Function) -> Option<u32> {
    let mut lines = (1..).zip(text.lines()).skip(function.line as usize);
    lines.find_map(|(number, line)| (line == "{").then_some(number))
}

#[cfg(test)]
#[path = "define_tests.rs"]
mod tests;
