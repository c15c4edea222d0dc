//! The top level of a module: variables get memory and values, functions get numbers.

use std::collections::HashMap;
use std::sync::Arc;

use super::layout::{Area, Signature, align_of, bytes_of};
use super::scope::{Binding, Scope, Symbol};
use super::{Global, LoadError};
use crate::address_map::FUNCTION_BASE;
use crate::error::{PtxError, Reason};
use crate::memory::{Kind, Memory};
use crate::ptx::ast::{
    Float, Function, Initializer, Item, Module, Space, Statement, Type, Variable,
};

/// Functions by name, and prototypes of calls through addresses.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    /// The index of a definition, or `None` for a function that is only declared.
    pub(crate) functions: HashMap<String, (Option<usize>, Signature)>,
    /// The prototypes of the function that is decoded.
    pub(crate) prototypes: HashMap<String, Signature>,
}

/// Variables in memory, freed with this.
#[derive(Debug)]
pub(crate) struct Variables {
    memory: Arc<Memory>,
    addresses: Vec<u64>,
    pub(crate) globals: HashMap<String, Global>,
}

/// What decoding a function needs to know of its module.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) scope: Scope,
    pub(crate) signatures: Signatures,
    pub(crate) variables: Variables,
    /// Where shared memory of device functions starts.
    pub(crate) shared_start: u32,
    /// Where shared memory of kernels starts.
    pub(crate) shared_end: u32,
    /// Where shared memory sized at launch starts, in every kernel of the module.
    pub(crate) dynamic_shared: u32,
    /// Bytes of constants, as they are one after the other.
    pub(crate) constant_bytes: u64,
    /// Whether collectives of a warp must name their members.
    pub(crate) takes_sync: bool,
}

impl Context {
    /// Places the variables of a module and numbers its functions.
    pub(crate) fn new(module: &Module, memory: &Arc<Memory>) -> Result<Self, LoadError> {
        let variables = Variables {
            memory: Arc::clone(memory),
            addresses: Vec::new(),
            globals: HashMap::new(),
        };
        let mut context = Self {
            scope: Scope::new(),
            signatures: Signatures::default(),
            variables,
            shared_start: 0,
            shared_end: 0,
            dynamic_shared: 0,
            constant_bytes: 0,
            takes_sync: module.target >= 70 && module.version >= (6, 4),
        };
        context.number(module)?;
        context.place_shared(module)?;
        for item in &module.items {
            if let Item::Variable(variable) = item
                && variable.space != Space::Shared
            {
                let symbol = context.place(variable)?;
                let global = Global { address: symbol.address, bytes: symbol.bytes };
                context.variables.globals.insert(variable.name.clone(), global);
                context.scope.bind(variable.line, &variable.name, Binding::Symbol(symbol))?;
            }
        }
        for item in &module.items {
            if let Item::Variable(variable) = item {
                context.initialize(variable)?;
            }
        }
        Ok(context)
    }

    /// Gives a variable of a module or a static one of a function its memory.
    pub(crate) fn place(&mut self, variable: &Variable) -> Result<Symbol, LoadError> {
        let (line, bytes) = (variable.line, bytes_of(variable)?);
        if !matches!(variable.space, Space::Global | Space::Constant) {
            return Err(PtxError::unsupported(line, "variables of this space here").into());
        }
        if variable.linkage == crate::ptx::ast::Linkage::Extern {
            return Err(PtxError::unsupported(line, "variables of other modules").into());
        }
        if align_of(variable) > 512 {
            let limit = Reason::Limit { what: ".align", have: align_of(variable), limit: 512 };
            return Err(PtxError::new(line, limit).into());
        }
        if variable.space == Space::Constant {
            self.constant_bytes = self.constant_bytes.next_multiple_of(align_of(variable)) + bytes;
        }
        let address = self.variables.memory.allocate(bytes.max(1), Kind::Module)?;
        self.variables.addresses.push(address);
        Ok(Symbol { space: variable.space, address, bytes })
    }

    /// Writes the values a variable starts with.
    pub(crate) fn initialize(&self, variable: &Variable) -> Result<(), PtxError> {
        let Some(initializer) = &variable.initializer else {
            return Ok(());
        };
        let Some(Binding::Symbol(symbol)) = self.scope.find(&variable.name) else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        self.flatten(variable, initializer, &mut bytes)?;
        let written = (bytes.len() as u64 <= symbol.bytes)
            .then(|| self.variables.memory.write(symbol.address, &bytes).is_ok());
        match written {
            Some(true) => Ok(()),
            _ => {
                let (have, limit) = (bytes.len() as u64, symbol.bytes);
                let reason = Reason::Limit { what: "bytes of an initializer", have, limit };
                Err(PtxError::new(variable.line, reason))
            }
        }
    }

    /// Returns the generic address of a symbol or function.
    pub(crate) fn address_of(&self, line: u32, name: &str) -> Result<u64, PtxError> {
        if let Some(Binding::Symbol(symbol)) = self.scope.find(name)
            && matches!(symbol.space, Space::Global | Space::Constant)
        {
            return Ok(symbol.address);
        }
        match self.signatures.functions.get(name) {
            Some((Some(index), _)) => Ok(FUNCTION_BASE + *index as u64),
            _ => Err(PtxError::new(line, Reason::Undeclared(name.to_owned()))),
        }
    }

    fn number(&mut self, module: &Module) -> Result<(), PtxError> {
        let mut count = 0;
        for function in functions(module) {
            let signature = Signature::of_function(function)?;
            let index = function.body.as_ref().map(|_| count);
            count += usize::from(index.is_some());
            let known = self.signatures.functions.get(&function.name).map(|(index, _)| *index);
            match (known, index) {
                (Some(Some(_)), Some(_)) => {
                    let reason = Reason::Redeclared(function.name.clone());
                    return Err(PtxError::new(function.line, reason));
                }
                // A declaration after the definition says nothing new.
                (Some(Some(_)), None) => {}
                _ => {
                    self.signatures.functions.insert(function.name.clone(), (index, signature));
                }
            }
        }
        Ok(())
    }

    /// Places shared memory: first what the module and its device functions declare, then what each
    /// kernel does, one kernel's over the other's; after all of it what is sized at launch.
    fn place_shared(&mut self, module: &Module) -> Result<(), PtxError> {
        let mut area = Area::default();
        let mut open = Vec::new();
        for item in &module.items {
            if let Item::Variable(variable) = item
                && variable.space == Space::Shared
            {
                match bytes_of(variable)? {
                    0 => open.push(variable),
                    _ => {
                        let (offset, bytes) = area.place(variable)?;
                        let symbol = shared(offset, bytes);
                        self.scope.bind(variable.line, &variable.name, Binding::Symbol(symbol))?;
                    }
                }
            }
        }
        self.shared_start = area.bytes.next_multiple_of(16);
        let mut longest = 0;
        for function in functions(module) {
            let own = shared_of(function)?;
            if function.entry {
                longest = longest.max(own);
            } else {
                area.bytes = area.bytes.next_multiple_of(16) + own;
            }
        }
        self.shared_end = area.bytes.next_multiple_of(16);
        self.dynamic_shared = (self.shared_end + longest).next_multiple_of(16);
        for variable in open {
            let align = u32::try_from(align_of(variable)).unwrap_or(u32::MAX).min(1024);
            self.dynamic_shared = self.dynamic_shared.next_multiple_of(align);
        }
        for item in &module.items {
            if let Item::Variable(variable) = item
                && variable.space == Space::Shared
                && self.scope.find(&variable.name).is_none()
            {
                let symbol = Binding::Symbol(shared(self.dynamic_shared, 0));
                self.scope.bind(variable.line, &variable.name, symbol)?;
            }
        }
        Ok(())
    }

    fn flatten(
        &self,
        variable: &Variable,
        initializer: &Initializer,
        bytes: &mut Vec<u8>,
    ) -> Result<(), PtxError> {
        let size = variable.ty.bytes() as usize;
        let value = match initializer {
            Initializer::List(list) => {
                return list.iter().try_for_each(|inner| self.flatten(variable, inner, bytes));
            }
            Initializer::Integer(value) => *value,
            Initializer::Float(float) => float_bits(*float, variable.ty),
            Initializer::Symbol { name, offset, .. } => {
                let address = self.address_of(variable.line, name)?;
                address.wrapping_add(offset.cast_unsigned())
            }
        };
        bytes.extend(value.to_le_bytes().iter().take(size));
        Ok(())
    }
}

impl Drop for Variables {
    fn drop(&mut self) {
        for address in &self.addresses {
            // Nobody else frees them, so this finds each.
            let freed = self.memory.free(*address, &[Kind::Module]);
            debug_assert!(freed.is_ok(), "{freed:?}");
        }
    }
}

/// Returns the functions of a module, declarations included.
pub(crate) fn functions(module: &Module) -> impl Iterator<Item = &Function> {
    module.items.iter().filter_map(|item| match item {
        Item::Function(function) => Some(function),
        Item::Variable(_) => None,
    })
}

/// Returns a variable in shared memory.
pub(crate) fn shared(offset: u32, bytes: u32) -> Symbol {
    Symbol { space: Space::Shared, address: offset.into(), bytes: bytes.into() }
}

/// Returns bytes of shared memory a function declares in its body, its blocks included.
pub(crate) fn shared_of(function: &Function) -> Result<u32, PtxError> {
    fn walk(statements: &[Statement], area: &mut Area) -> Result<(), PtxError> {
        for statement in statements {
            match statement {
                Statement::Variable(variable) if variable.space == Space::Shared => {
                    area.place(variable)?;
                }
                Statement::Block(inner) => walk(inner, area)?,
                _ => {}
            }
        }
        Ok(())
    }
    let mut area = Area::default();
    walk(function.body.as_deref().unwrap_or_default(), &mut area)?;
    Ok(area.bytes)
}

#[expect(clippy::cast_possible_truncation, reason = "a literal is rounded to its type")]
fn float_bits(float: Float, ty: Type) -> u64 {
    match (float, ty) {
        (Float::Single(bits), Type::F64) => f64::from(f32::from_bits(bits)).to_bits(),
        (Float::Single(bits), _) => bits.into(),
        (Float::Double(bits), Type::F32) => (f64::from_bits(bits) as f32).to_bits().into(),
        (Float::Double(bits), _) => bits,
    }
}
