//! The words after the opcode of an instruction that touches memory.

use super::operation::{Reach, Window};
use super::scope::operands;
use crate::error::PtxError;
use crate::ptx::ast::{Instruction, Type};

/// What an access is ordered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ordering {
    /// Nothing, and it may be torn or repeated by a compiler.
    Weak,
    /// Nothing.
    Relaxed,
    /// What follows.
    Acquire,
    /// What comes before.
    Release,
    /// Both.
    AcquireRelease,
}

/// The words, sorted by what they are.
#[derive(Debug)]
pub(crate) struct Modifiers {
    pub(crate) window: Option<Window>,
    pub(crate) ordering: Ordering,
    pub(crate) reach: Option<Reach>,
    pub(crate) vector: usize,
    ty: Option<Type>,
    rest: Vec<String>,
}

impl Modifiers {
    /// Sorts the words of an instruction. Cache hints without an operand are dropped: they change
    /// no result.
    pub(crate) fn read(at: &Instruction) -> Result<Self, PtxError> {
        let mut words = Self {
            window: None,
            ordering: Ordering::Weak,
            reach: None,
            vector: 1,
            ty: None,
            rest: Vec::new(),
        };
        for word in &at.modifiers {
            if let Some(ty) = Type::from_modifier(word) {
                words.ty = Some(ty);
            } else if !words.take(word) {
                words.rest.push(word.clone());
            }
        }
        if words.ordering == Ordering::Weak && words.reach.is_some() && at.opcode.len() == 2 {
            return Err(operands(at, "names a scope without an ordering"));
        }
        Ok(words)
    }

    /// Takes a word that is known; says whether it was.
    fn take(&mut self, word: &str) -> bool {
        match word {
            "global" | "const" => self.window = Some(Window::Global),
            "shared" | "shared::cta" => self.window = Some(Window::Shared),
            "local" => self.window = Some(Window::Local),
            "param" | "param::entry" | "param::func" => self.window = Some(Window::Parameter),
            "weak" => self.ordering = Ordering::Weak,
            "relaxed" => self.ordering = Ordering::Relaxed,
            "volatile" => (self.ordering, self.reach) = (Ordering::Relaxed, Some(Reach::System)),
            "acquire" => self.ordering = Ordering::Acquire,
            "release" => self.ordering = Ordering::Release,
            "acq_rel" => self.ordering = Ordering::AcquireRelease,
            "cta" => self.reach = Some(Reach::Block),
            "gpu" => self.reach = Some(Reach::Device),
            "sys" => self.reach = Some(Reach::System),
            "v2" => self.vector = 2,
            "v4" => self.vector = 4,
            "ca" | "cg" | "cs" | "lu" | "cv" | "wb" | "wt" | "nc" => {}
            _ => return is_cache_hint(word),
        }
        true
    }

    /// Refuses words nothing is known about.
    pub(crate) fn no_rest(&self, at: &Instruction) -> Result<(), PtxError> {
        match self.rest.as_slice() {
            [] => Ok(()),
            _ => Err(PtxError::unsupported(at.line, at.mnemonic())),
        }
    }

    /// Returns the words nothing is known about.
    pub(crate) fn take_rest(&mut self) -> &[String] {
        &self.rest
    }

    /// Returns the type of a value in memory.
    pub(crate) fn memory_type(&self, at: &Instruction) -> Result<Type, PtxError> {
        match self.ty {
            None | Some(Type::Pred) => Err(operands(at, "names no type of a value in memory")),
            Some(Type::B128) => Err(PtxError::unsupported(at.line, at.mnemonic())),
            Some(ty) if ty.bytes() as usize * self.vector > 16 => {
                Err(operands(at, "moves more than 16 bytes"))
            }
            Some(ty) => Ok(ty),
        }
    }

    /// Returns the scope, which an ordering needs.
    pub(crate) fn reach(&self, at: &Instruction) -> Result<Reach, PtxError> {
        self.reach.ok_or_else(|| operands(at, "names an ordering without a scope"))
    }
}

/// Returns whether a word is like `L1::evict_last` or `L2::128B`.
fn is_cache_hint(word: &str) -> bool {
    let Some((level, hint)) = word.split_once("::") else {
        return false;
    };
    matches!(level, "L1" | "L2") && hint != "cache_hint"
}
