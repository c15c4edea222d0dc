//! The syntax tree of a PTX text.
//!
//! Names, order and lines are those of the text. Grammar: NVIDIA, *PTX ISA*, chapters 4 to 6 and
//! 11 (directives).

use crate::error::PtxError;

/// A whole PTX text.
#[derive(Debug, Clone, PartialEq)]
pub struct Module {
    /// `.version`: major and minor number.
    pub version: (u32, u32),
    /// The number of `.target sm_NN`; `sm_90a` gives 90.
    pub target: u32,
    /// Variables and functions in the order of the text.
    pub items: Vec<Item>,
}

/// A declaration at the top level.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A variable.
    Variable(Variable),
    /// A kernel or a device function.
    Function(Function),
}

/// How a symbol is seen outside its module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Linkage {
    /// Not at all.
    #[default]
    Internal,
    /// `.extern`: defined elsewhere, or shared memory sized at launch.
    Extern,
    /// `.visible`.
    Visible,
    /// `.weak`.
    Weak,
    /// `.common`.
    Common,
}

/// A state space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Space {
    /// Registers.
    Register,
    /// Memory of the device.
    Global,
    /// Memory of a block.
    Shared,
    /// Memory of a thread.
    Local,
    /// Constant memory.
    Constant,
    /// Parameters of kernels and calls.
    Parameter,
}

/// A fundamental type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of PTX without the dot")]
pub enum Type {
    Pred,
    B8,
    B16,
    B32,
    B64,
    B128,
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F16,
    F16x2,
    Bf16,
    Bf16x2,
    F32,
    F64,
}

/// A variable, or a range of registers such as `%r<8>`.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// The line of its name.
    pub line: u32,
    /// How it is seen outside.
    pub linkage: Linkage,
    /// Where it is.
    pub space: Space,
    /// `.align`, in bytes.
    pub align: Option<u32>,
    /// Elements of a vector type: 1, 2 or 4.
    pub vector: u32,
    /// The element's type.
    pub ty: Type,
    /// The name, with the percent sign of registers.
    pub name: String,
    /// For `%r<N>`: N names, `%r0` to `%rN-1`.
    pub range: Option<u32>,
    /// Array lengths, outermost first; an open `[]` is `None`.
    pub dimensions: Vec<Option<u64>>,
    /// Values it starts with.
    pub initializer: Option<Initializer>,
    /// `.ptr` of kernel parameters is read and dropped; this says that it was there.
    pub pointer: bool,
}

/// A value a variable starts with.
#[derive(Debug, Clone, PartialEq)]
pub enum Initializer {
    /// `{ ... }`.
    List(Vec<Initializer>),
    /// An integer; negative ones wrapped to 64 bits.
    Integer(u64),
    /// A float as the bits of a double or, when it was written `0f...`, of a single.
    Float(Float),
    /// The address of a symbol, plus bytes; `generic(name)` when asked for.
    Symbol {
        /// The symbol.
        name: String,
        /// Bytes added.
        offset: i64,
        /// Whether the generic address is meant.
        generic: bool,
    },
}

/// A floating-point literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Float {
    /// `0f` and eight hex digits.
    Single(u32),
    /// `0d` and sixteen hex digits, or a decimal literal.
    Double(u64),
}

/// A kernel (`.entry`) or a device function (`.func`).
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// The line of its name.
    pub line: u32,
    /// How it is seen outside.
    pub linkage: Linkage,
    /// Whether it is a kernel.
    pub entry: bool,
    /// Its name.
    pub name: String,
    /// What it returns.
    pub returns: Vec<Variable>,
    /// What it takes.
    pub parameters: Vec<Variable>,
    /// `.maxntid`, `.reqntid` and the like.
    pub directives: Vec<Directive>,
    /// Its statements; `None` for a declaration, none in a function that is refused.
    pub body: Option<Vec<Statement>>,
    /// What this reader does not support in it; [`parse`](super::parse) returns that as its error.
    pub refusal: Option<PtxError>,
}

/// A performance directive of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directive {
    /// `.maxntid x, y, z`; absent numbers are 1.
    MaxThreads([u32; 3]),
    /// `.reqntid x, y, z`; absent numbers are 1.
    RequiredThreads([u32; 3]),
    /// `.minnctapersm`.
    MinBlocks(u32),
    /// `.maxnreg`.
    MaxRegisters(u32),
    /// `.noreturn`.
    NoReturn,
    /// `.pragma`.
    Pragma(String),
}

/// A statement of a function.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// A declaration.
    Variable(Variable),
    /// `name:`.
    Label {
        /// The line.
        line: u32,
        /// The name.
        name: String,
    },
    /// An instruction.
    Instruction(Instruction),
    /// `.pragma "used_bytes_mask N";`: the bytes that the load after it needs, a bit each.
    UsedBytes {
        /// The line.
        line: u32,
        /// The mask; bit 0 is the byte at the address.
        mask: u32,
    },
    /// `{ ... }`, a scope of its own.
    Block(Vec<Statement>),
    /// `name: .branchtargets a, b, c;`.
    BranchTargets {
        /// The line.
        line: u32,
        /// The name of the table.
        name: String,
        /// The labels.
        targets: Vec<String>,
    },
    /// `name: .callprototype (returns) _ (parameters);`.
    CallPrototype {
        /// The line.
        line: u32,
        /// The name of the prototype.
        name: String,
        /// What such a function returns.
        returns: Vec<Variable>,
        /// What it takes.
        parameters: Vec<Variable>,
    },
}

/// An instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct Instruction {
    /// The line of the opcode.
    pub line: u32,
    /// `@p` or `@!p`.
    pub guard: Option<Guard>,
    /// The word before the first dot.
    pub opcode: String,
    /// The words after the dots, in order, without the dots: `shared::cta` is one word.
    pub modifiers: Vec<String>,
    /// The operands, in order.
    pub operands: Vec<Operand>,
}

/// The condition of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The predicate register.
    pub register: String,
    /// Whether the instruction runs where the predicate is false.
    pub negated: bool,
}

/// An operand.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A register, a special register (`%tid.x`), a symbol or a label.
    Name(String),
    /// `!p`.
    Negated(String),
    /// `p|q`; either may be `_`.
    Pair(String, String),
    /// An integer constant; negative ones wrapped to 64 bits.
    Integer(u64),
    /// A floating-point constant.
    Float(Float),
    /// `_`.
    Sink,
    /// `symbol+bytes` outside brackets.
    Offset {
        /// The symbol.
        name: String,
        /// Bytes added.
        bytes: i64,
    },
    /// `[base+bytes]`.
    Address {
        /// A register, a symbol, or `None` for a constant address.
        base: Option<String>,
        /// Bytes added, or the constant address.
        bytes: i64,
    },
    /// `{a, b}`.
    Vector(Vec<Operand>),
    /// `(a, b)` of a call.
    List(Vec<Operand>),
}

impl Instruction {
    /// Returns the opcode with its modifiers, as in the text.
    #[must_use]
    pub fn mnemonic(&self) -> String {
        self.modifiers.iter().fold(self.opcode.clone(), |text, word| text + "." + word)
    }
}

impl Type {
    /// Returns bytes of one value; 1 for a predicate.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Pred | Self::B8 | Self::U8 | Self::S8 => 1,
            Self::B16 | Self::U16 | Self::S16 | Self::F16 | Self::Bf16 => 2,
            Self::B32 | Self::U32 | Self::S32 | Self::F32 | Self::F16x2 | Self::Bf16x2 => 4,
            Self::B64 | Self::U64 | Self::S64 | Self::F64 => 8,
            Self::B128 => 16,
        }
    }

    /// Returns the type a modifier such as `u32` names.
    #[must_use]
    pub fn from_modifier(word: &str) -> Option<Self> {
        Some(match word {
            "pred" => Self::Pred,
            "b8" => Self::B8,
            "b16" => Self::B16,
            "b32" => Self::B32,
            "b64" => Self::B64,
            "b128" => Self::B128,
            "u8" => Self::U8,
            "u16" => Self::U16,
            "u32" => Self::U32,
            "u64" => Self::U64,
            "s8" => Self::S8,
            "s16" => Self::S16,
            "s32" => Self::S32,
            "s64" => Self::S64,
            "f16" => Self::F16,
            "f16x2" => Self::F16x2,
            "bf16" => Self::Bf16,
            "bf16x2" => Self::Bf16x2,
            "f32" => Self::F32,
            "f64" => Self::F64,
            _ => return None,
        })
    }

    /// Returns whether values are signed integers.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::S8 | Self::S16 | Self::S32 | Self::S64)
    }

    /// Returns whether values are floats of 32 or 64 bits.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }
}
