//! The flow of a function for analyses: steps that write and read registers, and who follows whom.
//!
//! Nested blocks are flattened; names are looked up by scope. Names that represent no register
//! (symbols, special registers, undeclared ones) are left out: [`scope`](crate::program::scope)
//! refuses what is wrong with them.

use std::collections::HashMap;

use crate::ptx::ast::{Function, Instruction, Operand, Space, Statement, Type, Variable};

/// A function as a list of steps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flow<'a> {
    /// The instructions in the order of the text.
    pub steps: Vec<Step>,
    /// Hardware registers of each register: 2 for 64 bits, 1 for 32 and less, 0 for predicates.
    /// Registers that no step names are left out.
    pub weights: Vec<u32>,
    /// Name and type of each register.
    pub names: Vec<(&'a str, Type)>,
    /// The steps that call, and what: a function, or the register an indirect call goes through.
    pub calls: Vec<(usize, &'a str)>,
    /// Whether jumps are missing, because there are more than [`MAX_JUMPS`].
    pub truncated: bool,
}

/// Jumps of a function, those through tables counted one by one.
pub const MAX_JUMPS: usize = 1 << 22;

/// What an instruction does to registers, as indices into [`Flow::weights`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// Registers it writes in full, whatever happens.
    pub writes: Vec<u32>,
    /// Registers it reads; also those it writes only under a guard, or in part.
    pub reads: Vec<u32>,
    /// Registers it writes where its guard holds.
    pub partial: Vec<u32>,
    /// Steps it may jump to.
    pub jumps: Vec<u32>,
    /// Whether the next step may follow.
    pub falls: bool,
}

/// Returns the flow of a function; that of a declaration is empty.
#[must_use]
pub fn flow(function: &Function) -> Flow<'_> {
    let mut builder = Builder::default();
    builder.blocks.push(Names::default());
    function.returns.iter().chain(&function.parameters).for_each(|it| builder.declare(it));
    builder.returns = function.returns.iter().map(|it| it.name.as_str()).collect();
    builder.block(function.body.as_deref().unwrap_or_default());
    builder.finish()
}

/// The names of one block.
#[derive(Default)]
struct Names<'a> {
    /// Registers that were named, by index into the weights.
    registers: HashMap<&'a str, u32>,
    /// What is declared.
    declared: HashMap<&'a str, Declared>,
    labels: HashMap<&'a str, u32>,
    tables: HashMap<&'a str, &'a [String]>,
}

/// A register or a range of them.
#[derive(Clone, Copy)]
struct Declared {
    /// How many there are of a range.
    range: Option<u32>,
    weight: u32,
    ty: Type,
}

#[derive(Default)]
struct Builder<'a> {
    flow: Flow<'a>,
    blocks: Vec<Names<'a>>,
    returns: Vec<&'a str>,
    jumps: usize,
    /// The step that each label precedes.
    places: Vec<u32>,
}

impl<'a> Builder<'a> {
    /// Declares registers; other variables take none.
    fn declare(&mut self, variable: &'a Variable) {
        if variable.space != Space::Register {
            return;
        }
        let weight = match variable.ty.bytes() {
            1 if variable.ty == Type::Pred => 0,
            bytes => bytes.div_ceil(4) * variable.vector,
        };
        if let Some(block) = self.blocks.last_mut() {
            let Variable { range, ty, .. } = *variable;
            block.declared.insert(&variable.name, Declared { range, weight, ty });
        }
    }

    fn block(&mut self, statements: &'a [Statement]) {
        let mut names = Names::default();
        for statement in statements {
            match statement {
                Statement::Label { name, .. } => {
                    names.labels.insert(name, small(self.places.len()));
                    self.places.push(0);
                }
                Statement::BranchTargets { name, targets, .. } => {
                    names.tables.insert(name, targets);
                }
                _ => {}
            }
        }
        self.blocks.push(names);
        for statement in statements {
            match statement {
                Statement::Variable(variable) => self.declare(variable),
                Statement::Label { name, .. } => {
                    if let Some(label) = self.label(name) {
                        self.places[label as usize] = small(self.flow.steps.len());
                    }
                }
                Statement::Instruction(instruction) => self.instruction(instruction),
                Statement::Block(inner) => self.block(inner),
                Statement::BranchTargets { .. }
                | Statement::CallPrototype { .. }
                | Statement::UsedBytes { .. } => {}
            }
        }
        self.blocks.pop();
    }

    fn instruction(&mut self, instruction: &'a Instruction) {
        let mut step = Step::default();
        let opcode = instruction.opcode.as_str();
        let ends = matches!(opcode, "ret" | "exit" | "trap") || matches!(opcode, "bra" | "brx");
        step.falls = instruction.guard.is_some() || !ends;
        let results = results(instruction);
        for (place, operand) in instruction.operands.iter().enumerate() {
            if place < results {
                self.results(operand, &mut step);
            } else {
                self.reads(operand, &mut step.reads);
            }
        }
        if opcode == "ret" {
            for name in self.returns.clone() {
                step.reads.extend(self.register(name));
            }
        }
        if let Some(guard) = &instruction.guard {
            step.partial.clone_from(&step.writes);
            step.reads.append(&mut step.writes);
            step.reads.extend(self.register(&guard.register));
        }
        if matches!(opcode, "bra" | "brx") {
            step.jumps = self.jumps(instruction);
        }
        if opcode == "call" {
            let callee = instruction.operands.iter().find_map(|operand| match operand {
                Operand::Name(name) => Some(name.as_str()),
                _ => None,
            });
            self.flow.calls.extend(callee.map(|name| (self.flow.steps.len(), name)));
        }
        self.flow.steps.push(step);
    }

    /// Returns the labels a branch names, itself or through a table.
    fn jumps(&mut self, branch: &Instruction) -> Vec<u32> {
        let mut jumps = Vec::new();
        for operand in &branch.operands {
            let Operand::Name(name) = operand else { continue };
            let table = self.blocks.iter().rev().find_map(|block| block.tables.get(name.as_str()));
            match table {
                Some(targets) if self.jumps + targets.len() > MAX_JUMPS => {
                    self.flow.truncated = true;
                }
                Some(targets) => jumps.extend(targets.iter().filter_map(|it| self.label(it))),
                None => jumps.extend(self.label(name)),
            }
        }
        self.jumps += jumps.len();
        jumps
    }

    /// Registers an operand in the place of a result writes; addresses there are read.
    fn results(&mut self, operand: &'a Operand, step: &mut Step) {
        match operand {
            Operand::Name(name) => match name.split_once('.') {
                Some((vector, _)) => step.reads.extend(self.register(vector)),
                None => step.writes.extend(self.register(name)),
            },
            Operand::Pair(first, second) => {
                step.writes.extend(self.register(first));
                step.writes.extend(self.register(second));
            }
            Operand::Vector(list) | Operand::List(list) => {
                list.iter().for_each(|element| self.results(element, step));
            }
            _ => self.reads(operand, &mut step.reads),
        }
    }

    fn reads(&mut self, operand: &'a Operand, reads: &mut Vec<u32>) {
        match operand {
            Operand::Name(name) => {
                let whole = name.split_once('.').map_or(name.as_str(), |(vector, _)| vector);
                reads.extend(self.register(whole));
            }
            Operand::Negated(name) | Operand::Offset { name, .. } => {
                reads.extend(self.register(name));
            }
            Operand::Address { base: Some(name), .. } => reads.extend(self.register(name)),
            Operand::Pair(first, second) => {
                reads.extend(self.register(first));
                reads.extend(self.register(second));
            }
            Operand::Vector(list) | Operand::List(list) => {
                list.iter().for_each(|element| self.reads(element, reads));
            }
            Operand::Integer(_)
            | Operand::Float(_)
            | Operand::Sink
            | Operand::Address { base: None, .. } => {}
        }
    }

    /// Returns the register a name represents, which gets an index the first time.
    fn register(&mut self, name: &'a str) -> Option<u32> {
        for block in self.blocks.iter_mut().rev() {
            if let Some(index) = block.registers.get(name) {
                return Some(*index);
            }
            if let Some(declared) = block.declared(name) {
                let index = small(self.flow.weights.len());
                self.flow.weights.push(declared.weight);
                self.flow.names.push((name, declared.ty));
                block.registers.insert(name, index);
                return Some(index);
            }
        }
        None
    }

    fn label(&self, name: &str) -> Option<u32> {
        self.blocks.iter().rev().find_map(|block| block.labels.get(name).copied())
    }

    /// Turns the labels in jumps into steps; a jump past the last step ends the function.
    fn finish(mut self) -> Flow<'a> {
        let count = small(self.flow.steps.len());
        for step in &mut self.flow.steps {
            for jump in &mut step.jumps {
                *jump = self.places[*jump as usize];
            }
            step.jumps.retain(|jump| *jump < count);
        }
        self.flow
    }
}

impl Names<'_> {
    /// Returns what this block declares a register as, itself or in a range.
    fn declared(&self, name: &str) -> Option<Declared> {
        if let Some(declared @ Declared { range: None, .. }) = self.declared.get(name) {
            return Some(*declared);
        }
        let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
        (1..=digits.min(MAX_DIGITS)).find_map(|count| {
            let (prefix, index) = name.split_at(name.len() - count);
            let declared = self.declared.get(prefix)?;
            let length = declared.range?;
            let canonical = index == "0" || !index.starts_with('0');
            let inside = index.parse::<u32>().is_ok_and(|index| index < length);
            (canonical && inside).then_some(*declared)
        })
    }
}

/// Digits of the greatest index of a range.
const MAX_DIGITS: usize = 5;

/// Returns how many of the first operands are results.
fn results(instruction: &Instruction) -> usize {
    match instruction.opcode.as_str() {
        "bra" | "brx" | "nanosleep" | "setmaxnreg" | "pmevent" => 0,
        "call" => usize::from(
            matches!(instruction.operands.first(), Some(Operand::List(_)))
                && instruction.operands.len() > 1,
        ),
        "bar" | "barrier" => usize::from(instruction.modifiers.iter().any(|it| it == "red")),
        _ => 1,
    }
}

/// Returns a length in 32 bits. Lengths here are below 4 Gi: a text has at most
/// [`MAX_STATEMENTS`](crate::ptx::MAX_STATEMENTS).
fn small(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
