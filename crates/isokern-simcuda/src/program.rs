//! Programs, which the machine executes: functions with numbered registers, offsets and decoded
//! operations.

mod access;
mod collective;
mod control;
mod decode;
pub mod flow;
mod function;
mod layout;
pub mod liveness;
mod modifiers;
mod module;
mod operand;
pub mod operation;
pub mod pressure;
pub mod scope;
mod spaces;
mod special;
pub mod together;
pub(crate) mod uses;

pub use function::{Function, Parameter};

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use thiserror::Error;

use crate::error::{PtxError, Reason};
use crate::memory::{AllocationError, Memory};
use crate::ptx;
use crate::registers::Counts;
use module::{Context, Variables, functions};
use operation::Callee;
use uses::Uses;

/// What a device accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The newest PTX ISA.
    pub isa: (u32, u32),
    /// The newest target: 90 for `sm_90`.
    pub sm: u32,
}

/// A loaded module: its variables are in memory, its functions are ready to run.
#[derive(Debug)]
pub struct Program {
    version: (u32, u32),
    target: u32,
    /// The text, for reports.
    lines: Vec<String>,
    functions: Vec<Function>,
    entries: HashMap<String, usize>,
    /// Functions that use what this machine does not know, or call such a function.
    refused: HashMap<usize, PtxError>,
    constant_bytes: u64,
    /// What instructions read and write, once somebody asks.
    uses: OnceLock<Arc<Vec<Uses>>>,
    /// Where shared memory sized at launch starts.
    dynamic_shared: u32,
    /// Keeps the variables in memory; none until the module is whole.
    variables: Option<Variables>,
}

/// A variable of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Global {
    /// Its device address.
    pub address: u64,
    /// Its size.
    pub bytes: u64,
}

/// Returns the functions of a tree that a program has, in the order of their indexes.
pub(crate) fn functions_with_bodies(
    tree: &ptx::ast::Module,
) -> impl Iterator<Item = &ptx::ast::Function> {
    functions(tree).filter(|function| function.body.is_some())
}

/// Why a module was not loaded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LoadError {
    /// The text is wrong.
    #[error(transparent)]
    Ptx(#[from] PtxError),
    /// Its variables do not fit in memory.
    #[error("variables of the module: {0}")]
    Memory(#[from] AllocationError),
}

/// What a function executes, and the memory its frames take.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) code: Vec<operation::Instruction>,
    /// The line of each instruction.
    pub(crate) lines: Vec<u32>,
    pub(crate) counts: Counts,
    /// Bytes of parameters, results and call arguments in a frame, a lane.
    pub(crate) area_bytes: u32,
    /// Bytes of local memory in a frame, a lane.
    pub(crate) local_bytes: u32,
    /// Where the shared memory it declares ends.
    pub(crate) shared_end: u32,
    /// Whom it calls.
    pub(crate) calls: Vec<Callee>,
}

impl Body {
    /// Returns the body of a function that cannot run: whoever gets there ends at the line of the
    /// reason.
    fn refused(line: u32, shared_end: u32) -> Self {
        let trap = operation::Instruction { guard: None, operation: operation::Operation::Trap };
        Self { code: vec![trap], lines: vec![line], shared_end, ..Self::default() }
    }
}

impl Program {
    /// Reads, checks and decodes a PTX text, and puts its variables in memory.
    ///
    /// # Errors
    ///
    /// [`LoadError::Ptx`] with the line and the reason, [`LoadError::Memory`].
    pub fn load(text: &str, memory: &Arc<Memory>, limits: Limits) -> Result<Self, LoadError> {
        let program = Self::load_lazily(text, memory, limits)?;
        match program.refused.values().min_by_key(|error| error.line) {
            Some(error) => Err(error.clone().into()),
            None => Ok(program),
        }
    }

    /// Works as [`load`](Self::load), but a function with an instruction that this machine does not
    /// know is loaded, and [`refusal`](Self::refusal) says which it is: a program may never ask for
    /// it.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), that one reason aside.
    pub fn load_lazily(
        text: &str,
        memory: &Arc<Memory>,
        limits: Limits,
    ) -> Result<Self, LoadError> {
        let tree = ptx::parse_lazily(text)?;
        ptx::check_limits(&tree, limits.isa, limits.sm)?;
        let mut context = Context::new(&tree, memory)?;
        let mut program = Self {
            version: tree.version,
            target: tree.target,
            lines: text.lines().map(str::to_owned).collect(),
            functions: Vec::new(),
            entries: HashMap::new(),
            refused: HashMap::new(),
            constant_bytes: 0,
            uses: OnceLock::new(),
            dynamic_shared: context.dynamic_shared,
            variables: None,
        };
        let mut shared = context.shared_start;
        for function in functions_with_bodies(&tree) {
            // Device functions have theirs one after the other, kernels one over the other.
            let start = if function.entry { context.shared_end } else { shared };
            let body = match decode::function(&mut context, function, start) {
                Err(LoadError::Ptx(error)) if matches!(error.reason, Reason::Unsupported(_)) => {
                    let body = Body::refused(error.line, start);
                    program.refused.insert(program.functions.len(), error);
                    body
                }
                body => body?,
            };
            shared = if function.entry { shared } else { body.shared_end.next_multiple_of(16) };
            if function.entry {
                program.entries.insert(function.name.clone(), program.functions.len());
            }
            program.functions.push(Function::new(&tree, function, body)?);
        }
        function::add_up(&mut program.functions);
        function::spread(&program.functions, &mut program.refused);
        program.constant_bytes = context.constant_bytes;
        program.variables = Some(context.variables);
        Ok(program)
    }

    /// Returns the index of a kernel.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<usize> {
        self.entries.get(name).copied()
    }

    /// Returns a function by index.
    #[must_use]
    pub fn function(&self, index: usize) -> Option<&Function> {
        self.functions.get(index)
    }

    /// Replaces the estimated registers of kernels by those a record has for their names.
    pub fn set_registers(&mut self, recorded: &HashMap<String, u32>) {
        for function in self.functions.iter_mut().filter(|function| function.entry) {
            function.registers =
                recorded.get(&function.name).copied().unwrap_or(function.registers);
        }
    }

    /// Returns why a function cannot run: it or what it calls by name uses what this machine does
    /// not know. A call of such a function through an address ends the kernel.
    #[must_use]
    pub fn refusal(&self, index: usize) -> Option<&PtxError> {
        self.refused.get(&index)
    }

    /// Returns bytes of the module's constants.
    #[must_use]
    pub const fn constant_bytes(&self) -> u64 {
        self.constant_bytes
    }

    /// Returns a variable by name.
    #[must_use]
    pub fn global(&self, name: &str) -> Option<Global> {
        self.variables.as_ref()?.globals.get(name).copied()
    }

    /// Returns what the instructions of every function read and write. The text is read again for
    /// it: operations do not say.
    pub(crate) fn uses(&self) -> &Arc<Vec<Uses>> {
        self.uses.get_or_init(|| Arc::new(uses::of_text(&self.lines.join("\n"))))
    }

    /// Returns a line of the text, from 1.
    #[must_use]
    pub fn line(&self, number: u32) -> &str {
        let index = (number as usize).wrapping_sub(1);
        self.lines.get(index).map_or("", |line| line.trim())
    }

    /// Returns where shared memory sized at launch starts, in every kernel of the module.
    #[must_use]
    pub const fn dynamic_shared(&self) -> u32 {
        self.dynamic_shared
    }

    /// Returns how many functions there are; their indexes are below.
    #[must_use]
    pub const fn function_count(&self) -> usize {
        self.functions.len()
    }

    /// Returns the `.version` of the text.
    #[must_use]
    pub const fn version(&self) -> (u32, u32) {
        self.version
    }

    /// Returns the number of the text's `.target`.
    #[must_use]
    pub const fn target(&self) -> u32 {
        self.target
    }
}
