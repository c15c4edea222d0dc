//! Decodes the body of a function.

use std::collections::HashMap;

use super::layout::{Area, Signature, align_of, bytes_of};
use super::module::{Context, shared};
use super::operand::{address, target};
use super::operation::{Address, Base, Instruction as Decoded, Operation};
use super::scope::{Binding, Scope, Symbol, operands};
use super::{Body, LoadError, access, collective, control, spaces, special};
use crate::address_map::{FUNCTION_BASE, PARAMETER_BASE};
use crate::arithmetic::Arithmetic;
use crate::error::{PtxError, Reason};
use crate::ptx::ast::{Function, Instruction, Operand, Space, Statement, Type, Variable};
use crate::registers::{File, Word};

/// Local memory of a thread (CUDA programming guide, technical specifications).
const LOCAL_MAX: u32 = 512 << 10;

/// Parameters, results and call arguments of a function; more than any compiler passes by value.
const AREA_MAX: u32 = 64 << 10;

/// Shared memory that is declared with a size: what is above has to be asked for at launch.
const SHARED_MAX: u32 = 48 << 10;

/// Decodes a function that has a body.
pub(crate) fn function(
    context: &mut Context,
    function: &Function,
    shared_start: u32,
) -> Result<Body, LoadError> {
    if let Some(refusal) = &function.refusal {
        return Err(refusal.clone().into());
    }
    let signature = Signature::of_function(function)?;
    let mut scope = context.scope.clone();
    scope.open();
    let area = if function.entry { Area::default() } else { signature.area };
    let base = if function.entry { PARAMETER_BASE } else { 0 };
    let variables = function.parameters.iter().zip(&signature.parameters);
    for (variable, &(offset, bytes)) in
        variables.chain(function.returns.iter().zip(&signature.returns))
    {
        let symbol = parameter(base + u64::from(offset), bytes);
        scope.bind(variable.line, &variable.name, Binding::Symbol(symbol))?;
    }
    let mut decoder = Decoder {
        context,
        scope,
        body: Body::default(),
        area,
        local: Area::default(),
        shared: Area { bytes: shared_start },
        labels: Vec::new(),
        tables: HashMap::new(),
        used_bytes: None,
    };
    // Parameters and the body's own names are of one block: none may have another's name.
    decoder.statements(function.body.as_deref().unwrap_or_default())?;
    decoder.finish(function)
}

struct Decoder<'a> {
    context: &'a mut Context,
    scope: Scope,
    body: Body,
    area: Area,
    local: Area,
    shared: Area,
    /// Where each label is, once it is known.
    labels: Vec<Option<u32>>,
    /// Tables of labels, by their number as a label.
    tables: HashMap<u32, Vec<String>>,
    /// The bytes that the next load needs, where a pragma says it.
    used_bytes: Option<u32>,
}

impl Decoder<'_> {
    fn block(&mut self, statements: &[Statement]) -> Result<(), LoadError> {
        self.scope.open();
        self.statements(statements)?;
        self.scope.close();
        Ok(())
    }

    fn statements(&mut self, statements: &[Statement]) -> Result<(), LoadError> {
        for statement in statements {
            self.announce(statement)?;
        }
        for statement in statements {
            match statement {
                Statement::Variable(variable) => self.variable(variable)?,
                Statement::Label { name, .. } => self.place_label(name)?,
                Statement::Instruction(instruction) => self.instruction(instruction)?,
                Statement::Block(inner) => self.block(inner)?,
                Statement::UsedBytes { mask, .. } => self.used_bytes = Some(*mask),
                Statement::BranchTargets { .. } | Statement::CallPrototype { .. } => {}
            }
        }
        Ok(())
    }

    /// Binds what may be used before it is declared.
    fn announce(&mut self, statement: &Statement) -> Result<(), PtxError> {
        match statement {
            Statement::Label { line, name } => drop(self.new_label(*line, name)?),
            Statement::BranchTargets { line, name, targets } => {
                let number = self.new_label(*line, name)?;
                self.tables.insert(number, targets.clone());
            }
            Statement::CallPrototype { name, returns, parameters, .. } => {
                let signature = Signature::of(parameters, returns)?;
                self.context.signatures.prototypes.insert(name.clone(), signature);
            }
            _ => {}
        }
        Ok(())
    }

    fn new_label(&mut self, line: u32, name: &str) -> Result<u32, PtxError> {
        let limit = u64::from(u32::MAX);
        let too_many = Reason::Limit { what: "labels", have: limit, limit };
        let number = u32::try_from(self.labels.len()).map_err(|_| PtxError::new(line, too_many))?;
        self.scope.bind(line, name, Binding::Label(number))?;
        self.labels.push(None);
        Ok(number)
    }

    fn place_label(&mut self, name: &str) -> Result<(), PtxError> {
        let here = self.here();
        if let Some(Binding::Label(number)) = self.scope.find(name)
            && let Some(place) = self.labels.get_mut(number as usize)
        {
            *place = Some(here);
        }
        Ok(())
    }

    fn here(&self) -> u32 {
        // The reader allows fewer statements than that.
        u32::try_from(self.body.code.len()).unwrap_or(u32::MAX)
    }

    fn variable(&mut self, variable: &Variable) -> Result<(), LoadError> {
        let line = variable.line;
        let symbol = match variable.space {
            Space::Register => return Ok(self.registers(variable)?),
            Space::Local => {
                let (offset, bytes) = self.local.place(variable)?;
                Symbol { space: Space::Local, address: offset.into(), bytes: bytes.into() }
            }
            Space::Shared if bytes_of(variable)? == 0 => shared(self.context.dynamic_shared, 0),
            Space::Shared => {
                let (offset, bytes) = self.shared.place(variable)?;
                shared(offset, bytes)
            }
            Space::Parameter => {
                let (offset, bytes) = self.area.place(variable)?;
                parameter(offset.into(), bytes)
            }
            Space::Global | Space::Constant => self.context.place(variable)?,
        };
        if align_of(variable) > 512 {
            let limit = Reason::Limit { what: ".align", have: align_of(variable), limit: 512 };
            return Err(PtxError::new(line, limit).into());
        }
        self.scope.bind(line, &variable.name, Binding::Symbol(symbol))?;
        if variable.initializer.is_some() {
            return Err(PtxError::unsupported(line, "initializers inside a function").into());
        }
        Ok(())
    }

    fn registers(&mut self, variable: &Variable) -> Result<(), PtxError> {
        if variable.vector > 1 {
            return Err(PtxError::unsupported(variable.line, "vector registers"));
        }
        let Some(count) = variable.range else {
            return self.scope.declare(variable.line, &variable.name, variable.ty).map(drop);
        };
        (0..count).try_for_each(|index| {
            let name = format!("{}{index}", variable.name);
            self.scope.declare(variable.line, &name, variable.ty).map(drop)
        })
    }

    fn instruction(&mut self, at: &Instruction) -> Result<(), PtxError> {
        let guard = collective::guard(at, &self.scope)?;
        let mut operation = self.operation(at)?;
        if let (Some(used), Operation::Load(load)) = (self.used_bytes.take(), &mut operation) {
            load.used = used;
        }
        if let Operation::Call(call) = &operation {
            self.body.calls.push(call.callee);
        }
        self.body.code.push(Decoded { guard, operation });
        self.body.lines.push(at.line);
        Ok(())
    }

    fn operation(&self, at: &Instruction) -> Result<Operation, PtxError> {
        let scope = &self.scope;
        if self.context.takes_sync && matches!(at.opcode.as_str(), "shfl" | "vote") {
            collective::check_sync(at)?;
        }
        match at.opcode.as_str() {
            "ld" | "ldu" => access::load(at, scope),
            "st" => access::store(at, scope),
            "atom" | "red" => access::atomic(at, scope),
            "membar" | "fence" => access::fence(at),
            "bar" | "barrier" => collective::barrier(at, scope),
            "shfl" => collective::shuffle(at, scope),
            "vote" => collective::vote(at, scope),
            "match" => collective::match_lanes(at, scope),
            "redux" => collective::reduce(at, scope),
            "elect" => collective::elect(at, scope),
            "bra" => control::branch(at, scope),
            "brx" => {
                let table = |number| self.tables.get(&number).map(Vec::as_slice);
                control::branch_table(at, scope, table)
            }
            "call" => control::call(at, scope, &self.context.signatures),
            "ret" => plain(at, &["uni"], Operation::Return),
            "exit" => plain(at, &[], Operation::Exit),
            "trap" => plain(at, &[], Operation::Trap),
            "brkpt" => plain(at, &[], Operation::Breakpoint),
            "nanosleep" => match at.operands.as_slice() {
                [time] => scope.word(at, time).map(|_: Word| Operation::Sleep),
                _ => Err(operands(at, "takes a time")),
            },
            "prefetch" | "prefetchu" | "discard" | "applypriority" | "pmevent" => {
                Ok(Operation::Nothing)
            }
            "activemask" => self.active_mask(at),
            "cvta" => spaces::convert_address(at, scope),
            "isspacep" => spaces::is_space(at, scope),
            "mov" => self.address_or_special(at),
            _ => self.arithmetic(at),
        }
    }

    fn arithmetic(&self, at: &Instruction) -> Result<Operation, PtxError> {
        let found = Arithmetic::decode(at, &self.scope)?;
        let found = found.ok_or_else(|| PtxError::unsupported(at.line, at.mnemonic()))?;
        Ok(Operation::Arithmetic(found))
    }

    /// Decodes `mov` of an address or a special register; other moves are arithmetic.
    fn address_or_special(&self, at: &Instruction) -> Result<Operation, PtxError> {
        let [to, from] = at.operands.as_slice() else {
            return self.arithmetic(at);
        };
        let name = match from {
            Operand::Name(name) | Operand::Offset { name, .. } => name,
            _ => return self.arithmetic(at),
        };
        let function = self.context.signatures.functions.get(name);
        match (self.scope.find(name), function) {
            (Some(Binding::Register(_)), _) => self.arithmetic(at),
            (Some(Binding::Symbol(_)), _) => {
                let to = spaces::target(at, &self.scope, to)?;
                Ok(Operation::AddressOf(to, address(at, &self.scope, from)?))
            }
            (None, Some((Some(index), _))) => {
                let bytes = FUNCTION_BASE + *index as u64;
                let to = spaces::target(at, &self.scope, to)?;
                Ok(Operation::AddressOf(to, Address { base: Base::None, bytes }))
            }
            _ => self.special(at, to, name),
        }
    }

    fn special(&self, at: &Instruction, to: &Operand, name: &str) -> Result<Operation, PtxError> {
        let Some((special, ty)) = special::find(name) else {
            let reason = match special::is_reserved(name) {
                true => Reason::Unsupported(name.to_owned()),
                false => Reason::Undeclared(name.to_owned()),
            };
            return Err(PtxError::new(at.line, reason));
        };
        let Some(to) = target(at, &self.scope, to)? else {
            return Err(operands(at, "the result cannot be dropped"));
        };
        let wide = ty == Type::U64;
        if wide != (to.file == File::Long) && !(wide && name == "%clock64") {
            return Err(operands(at, format!("`{name}` has another size than the register")));
        }
        Ok(Operation::Special(to, special))
    }

    fn active_mask(&self, at: &Instruction) -> Result<Operation, PtxError> {
        match (at.modifiers.as_slice(), at.operands.as_slice()) {
            ([ty], [to]) if ty == "b32" => {
                let to = self.scope.target(at, to, File::Word)?;
                to.map(Operation::ActiveMask).ok_or_else(|| operands(at, "drops its result"))
            }
            _ => Err(PtxError::unsupported(at.line, at.mnemonic())),
        }
    }

    /// Puts the places of labels where their numbers are.
    fn finish(mut self, function: &Function) -> Result<Body, LoadError> {
        // A body may end without `ret`.
        self.body.code.push(Decoded { guard: None, operation: Operation::Return });
        self.body.lines.push(self.body.lines.last().copied().unwrap_or(function.line));
        let labels = &self.labels;
        let place = |number: &mut u32| {
            // Every label that is bound has been placed.
            *number = labels.get(*number as usize).copied().flatten().unwrap_or(u32::MAX);
        };
        for instruction in &mut self.body.code {
            match &mut instruction.operation {
                Operation::Branch(number) => place(number),
                Operation::BranchTable(_, numbers) => numbers.iter_mut().for_each(place),
                _ => {}
            }
        }
        for (what, area, limit) in [
            ("bytes of local memory", self.local, LOCAL_MAX),
            ("bytes of call parameters", self.area, AREA_MAX),
            ("bytes of shared memory", self.shared, SHARED_MAX),
        ] {
            if area.bytes > limit {
                let reason = Reason::Limit { what, have: area.bytes.into(), limit: limit.into() };
                return Err(PtxError::new(function.line, reason).into());
            }
        }
        self.body.counts = self.scope.counts();
        self.body.area_bytes = self.area.bytes;
        self.body.local_bytes = self.local.bytes.next_multiple_of(16);
        self.body.shared_end = self.shared.bytes;
        Ok(self.body)
    }
}

fn plain(at: &Instruction, known: &[&str], operation: Operation) -> Result<Operation, PtxError> {
    control::only(at, known)?;
    match at.operands.is_empty() {
        true => Ok(operation),
        false => Err(operands(at, "takes no operand")),
    }
}

fn parameter(address: u64, bytes: u32) -> Symbol {
    Symbol { space: Space::Parameter, address, bytes: bytes.into() }
}
