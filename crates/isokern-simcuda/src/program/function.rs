//! A decoded function, and what it needs together with what it calls.

use std::collections::HashMap;

use super::layout::Signature;
use super::operation::Callee;
use super::{Body, pressure};
use crate::error::PtxError;
use crate::ptx::ast::{self, Directive};

/// A kernel parameter: where it is in the block of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Bytes from the start.
    pub offset: u32,
    /// Its size.
    pub bytes: u32,
}

/// A function, decoded.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Whether it is a kernel.
    pub entry: bool,
    /// Its parameters, in order.
    pub parameters: Vec<Parameter>,
    /// Bytes of all parameters.
    pub parameter_bytes: u32,
    /// An estimate of the registers a thread needs, with what it calls.
    pub registers: u32,
    /// Shared memory declared with a size, with what it calls, in bytes a block.
    pub static_shared: u32,
    /// Local memory in bytes a thread, with what it calls.
    pub local_bytes: u32,
    /// `.maxntid` or `.reqntid`: threads a block may have at most.
    pub max_threads: Option<u32>,
    /// `.reqntid`: the shape a block must have.
    pub required_threads: Option<[u32; 3]>,
    pub(crate) body: Body,
}

impl Function {
    pub(crate) fn new(
        module: &ast::Module,
        function: &ast::Function,
        body: Body,
    ) -> Result<Self, PtxError> {
        let signature = Signature::of_function(function)?;
        let places = signature.parameters.iter();
        let parameter = |&(offset, bytes): &(u32, u32)| Parameter { offset, bytes };
        let parameters: Vec<Parameter> = places.map(parameter).collect();
        let end = parameters.last().map_or(0, |last| last.offset + last.bytes);
        let mut decoded = Self {
            name: function.name.clone(),
            entry: function.entry,
            parameter_bytes: end,
            parameters,
            registers: pressure::with_callees(module, &function.name),
            static_shared: body.shared_end,
            local_bytes: body.local_bytes,
            max_threads: None,
            required_threads: None,
            body,
        };
        for directive in &function.directives {
            decoded.direct(directive);
        }
        Ok(decoded)
    }

    fn direct(&mut self, directive: &Directive) {
        match directive {
            Directive::MaxThreads(shape) => self.max_threads = Some(volume(*shape)),
            Directive::RequiredThreads(shape) => {
                self.required_threads = Some(*shape);
                self.max_threads = Some(volume(*shape));
            }
            // Of these the register count takes notice, and hints change no result.
            Directive::MaxRegisters(_)
            | Directive::MinBlocks(_)
            | Directive::NoReturn
            | Directive::Pragma(_) => {}
        }
    }
}

/// Adds to every function the memory that those it reaches need: local memory of the deepest path,
/// shared memory of all. A call through an address may reach every device function. Recursion is
/// counted once.
pub(crate) fn add_up(functions: &mut [Function]) {
    let totals = totals(functions);
    for (function, total) in functions.iter_mut().zip(totals) {
        function.local_bytes = total.local_bytes;
        function.static_shared = total.shared_end;
    }
}

/// Refuses also the functions that call a refused one by name.
pub(crate) fn spread(functions: &[Function], refused: &mut HashMap<usize, PtxError>) {
    let mut waiting: Vec<usize> = refused.keys().copied().collect();
    waiting.sort_unstable();
    while let Some(callee) = waiting.pop() {
        let Some(error) = refused.get(&callee).cloned() else { continue };
        for (index, function) in functions.iter().enumerate() {
            let calls = function.body.calls.contains(&Callee::Function(callee));
            if calls && !refused.contains_key(&index) {
                refused.insert(index, error.clone());
                waiting.push(index);
            }
        }
    }
}

/// What a function needs with what it calls.
#[derive(Clone, Copy, Default)]
struct Need {
    local_bytes: u32,
    shared_end: u32,
}

/// Visits callees before callers, each function once, with a list instead of recursion: the text
/// decides how deep calls nest.
fn totals(functions: &[Function]) -> Vec<Need> {
    let mut needs: Vec<Option<Need>> = vec![None; functions.len()];
    let mut entered = vec![false; functions.len()];
    for start in 0..functions.len() {
        let mut path = vec![start];
        while let Some(&index) = path.last() {
            let callees = callees(&functions[index], functions);
            if !entered[index] {
                entered[index] = true;
                path.extend(callees.into_iter().filter(|&callee| !entered[callee]));
                continue;
            }
            path.pop();
            if needs[index].is_none() {
                let known = callees.iter().filter_map(|&callee| needs[callee]);
                needs[index] =
                    Some(known.fold(Need::default(), Need::max).under(&functions[index]));
            }
        }
    }
    needs.into_iter().map(Option::unwrap_or_default).collect()
}

/// Returns the functions a function may call, each once.
fn callees(function: &Function, functions: &[Function]) -> Vec<usize> {
    let mut indexes: Vec<usize> = Vec::new();
    for call in &function.body.calls {
        match call {
            Callee::Function(index) => indexes.push(*index),
            Callee::Address(_) => {
                let device = functions.iter().enumerate().filter(|(_, callee)| !callee.entry);
                indexes.extend(device.map(|(index, _)| index));
            }
        }
    }
    indexes.sort_unstable();
    indexes.dedup();
    indexes
}

impl Need {
    fn max(self, other: Self) -> Self {
        Self {
            local_bytes: self.local_bytes.max(other.local_bytes),
            shared_end: self.shared_end.max(other.shared_end),
        }
    }

    /// Returns the need of a function whose callees need this.
    fn under(self, function: &Function) -> Self {
        Self {
            local_bytes: self.local_bytes.saturating_add(function.local_bytes),
            shared_end: self.shared_end.max(function.static_shared),
        }
    }
}

fn volume(shape: [u32; 3]) -> u32 {
    shape.iter().fold(1, |volume: u32, side| volume.saturating_mul(*side))
}
