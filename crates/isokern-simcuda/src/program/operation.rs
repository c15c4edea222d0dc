//! Decoded operations: what a warp executes, with registers and offsets in place of names.

use super::together::{Barrier, Collective};
use crate::arithmetic::Arithmetic;
use crate::ptx::ast::Type;
use crate::registers::{File, Long, Predicate, Word};

/// An instruction, ready to run.
#[derive(Debug, Clone)]
pub struct Instruction {
    /// Where it runs; `None` for everywhere.
    pub guard: Option<Predicate>,
    /// What it does.
    pub operation: Operation,
}

/// What an instruction does.
#[derive(Debug, Clone)]
pub enum Operation {
    /// Something between registers.
    Arithmetic(Arithmetic),
    /// Reads a special register.
    Special(Target, Special),
    /// Writes an address.
    AddressOf(Target, Address),
    /// Converts an address to (`true`) or from a generic one.
    ConvertAddress(Target, Address, Window, bool),
    /// Whether a generic address is in a window.
    IsSpace(u16, Address, Window),
    /// Reads memory.
    Load(Load),
    /// Writes memory.
    Store(Store),
    /// Reads, changes and writes memory in one step.
    Atomic(Atomic),
    /// Orders what comes before and after, for all within a scope; with `true` also with every
    /// other such fence.
    Fence(Reach, bool),
    /// A barrier of the block.
    Barrier(Barrier),
    /// An operation between the lanes of a warp.
    Collective(Collective),
    /// The lanes that run together now.
    ActiveMask(u16),
    /// Lets others run.
    Sleep,
    /// Nothing, as a hint may do.
    Nothing,
    /// Goes to an instruction.
    Branch(u32),
    /// Goes to an instruction of a table.
    BranchTable(Word, Vec<u32>),
    /// Calls a function.
    Call(Box<Call>),
    /// Goes back to the caller, or ends the thread.
    Return,
    /// Ends the thread.
    Exit,
    /// Ends the kernel with a fault.
    Trap,
    /// Ends the kernel: there is no debugger.
    Breakpoint,
}

/// A register to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Its file.
    pub file: File,
    /// Its index.
    pub index: u16,
    /// The size of its declared type.
    pub bytes: u32,
}

/// Which memory an address means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Whatever the address says.
    Generic,
    /// Memory of the device, constants included.
    Global,
    /// Memory of the block.
    Shared,
    /// Memory of the thread.
    Local,
    /// Parameters of the kernel, at their generic addresses; below those, parameters and results
    /// of calls, by their offset in the frame's area.
    Parameter,
}

/// An address: a register, if any, plus bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The register.
    pub base: Base,
    /// Added to it, wrapping.
    pub bytes: u64,
}

/// The register of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// None: the bytes are the address.
    None,
    /// The local memory of this call frame.
    Frame,
    /// 32 bits, zero extended.
    Word(u16),
    /// 64 bits.
    Long(u16),
}

/// How far an order reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The block.
    Block,
    /// The device.
    Device,
    /// The host and everybody else.
    System,
}

/// What a load or store is ordered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Nothing, and it is plain data: nobody else may touch it meanwhile.
    None,
    /// Nothing, but it is one piece for all within reach.
    Relaxed(Reach),
    /// What follows, for a load.
    Acquire(Reach),
    /// What comes before, for a store.
    Release(Reach),
    /// Both.
    Both(Reach),
}

impl Order {
    /// Returns how far an access is one piece; `None` for plain data.
    #[must_use]
    pub const fn reach(self) -> Option<Reach> {
        match self {
            Self::None => None,
            Self::Relaxed(reach)
            | Self::Acquire(reach)
            | Self::Release(reach)
            | Self::Both(reach) => Some(reach),
        }
    }
}

/// A load of one to four values.
#[derive(Debug, Clone)]
pub struct Load {
    /// Which memory.
    pub window: Window,
    /// Where.
    pub address: Address,
    /// What each value is.
    pub ty: Type,
    /// Registers to write; `None` drops the value.
    pub targets: Vec<Option<Target>>,
    /// The bytes that are read, a bit each; the others read as zeros, and may be anywhere.
    pub used: u32,
    /// What it is ordered with.
    pub order: Order,
}

/// A store of one to four values.
#[derive(Debug, Clone)]
pub struct Store {
    /// Which memory.
    pub window: Window,
    /// Where.
    pub address: Address,
    /// Bytes of each value.
    pub bytes: u32,
    /// The values.
    pub sources: Vec<Source>,
    /// What it is ordered with.
    pub order: Order,
}

/// A value to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Of the word file, or a constant.
    Word(Word),
    /// Of the long file, or a constant.
    Long(Long),
}

/// A read-modify-write.
#[derive(Debug, Clone)]
pub struct Atomic {
    /// Which memory.
    pub window: Window,
    /// Where.
    pub address: Address,
    /// What the value is.
    pub ty: Type,
    /// What happens to it.
    pub change: Change,
    /// The operand; for a compare-and-swap the value expected.
    pub operand: Source,
    /// For a compare-and-swap the new value.
    pub replacement: Option<Source>,
    /// Where the old value goes; `None` drops it.
    pub target: Option<Target>,
    /// What it is ordered with.
    pub order: Order,
}

/// What a read-modify-write does to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of PTX")]
pub enum Change {
    Add,
    And,
    Or,
    Xor,
    Min,
    Max,
    Exchange,
    Increment,
    Decrement,
    CompareAndSwap,
}

/// A call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who is called.
    pub callee: Callee,
    /// What is handed over.
    pub arguments: Vec<Transfer>,
    /// What comes back.
    pub returns: Vec<Transfer>,
}

/// Who is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callee {
    /// A function by index.
    Function(usize),
    /// The function whose address a register holds.
    Address(u16),
}

/// A value that goes from one frame to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// Bytes of the parameter areas.
    Bytes {
        /// Offset in the caller's area.
        outside: u32,
        /// Offset in the callee's area.
        inside: u32,
        /// How many.
        bytes: u32,
    },
    /// A register, or a constant to hand over.
    Value {
        /// The caller's.
        outside: Source,
        /// The callee's offset.
        inside: u32,
        /// Bytes of the value.
        bytes: u32,
    },
}

/// A special register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of PTX")]
pub enum Special {
    Thread(usize),
    Threads(usize),
    Block(usize),
    Blocks(usize),
    Lane,
    Warp,
    Warps,
    Multiprocessor,
    Multiprocessors,
    GridId,
    LaneMask(LaneMask),
    Clock,
    ClockHigh,
    GlobalTimer,
    GlobalTimerHigh,
    DynamicShared,
    TotalShared,
}

/// Which lanes, compared with the own one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of PTX")]
pub enum LaneMask {
    Equal,
    Below,
    UpTo,
    Above,
    From,
}
