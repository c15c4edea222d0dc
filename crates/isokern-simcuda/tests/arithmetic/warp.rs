//! A warp whose registers are set and read by name.
//!
//! `r0` to `r4` have 32 bits, `d` 64, `h` 16, `c` 8, `f` and `g` are floats of 32 and 64 bits, `p`
//! predicates; `s` and `u` are declared signed and unsigned.

use isokern_simcuda::arithmetic::Arithmetic;
use isokern_simcuda::error::PtxError;
use isokern_simcuda::program::scope::{Register, Scope};
use isokern_simcuda::ptx::ast::{Operand, Type};
use isokern_simcuda::registers::{File, LANES, Long, Predicate, Registers, Word};
use proptest::prelude::{Strategy, any};
use proptest::strategy::Just;
use proptest::{array, prop_oneof};

use crate::lines::instruction;

/// A value for every lane.
pub(crate) type Lanes = [u64; LANES];

/// A warp and the names of its registers.
pub(crate) struct Warp {
    pub(crate) scope: Scope,
    pub(crate) registers: Registers,
}

impl Warp {
    /// Returns a warp whose registers hold zeros.
    pub(crate) fn new() -> Self {
        let mut scope = Scope::new();
        let kinds = [
            ("r", Type::B32),
            ("d", Type::B64),
            ("h", Type::B16),
            ("c", Type::B8),
            ("f", Type::F32),
            ("g", Type::F64),
            ("p", Type::Pred),
            ("s", Type::S32),
            ("u", Type::U32),
        ];
        for (prefix, ty) in kinds {
            for number in 0..5 {
                scope.declare(1, &format!("{prefix}{number}"), ty).expect("a new name");
            }
        }
        let registers = Registers::new(scope.counts());
        Self { scope, registers }
    }

    /// Returns what is decoded from a line.
    pub(crate) fn decode(&self, text: &str) -> Result<Option<Arithmetic>, PtxError> {
        Arithmetic::decode(&instruction(text), &self.scope)
    }

    /// Executes a line in the lanes of a mask.
    pub(crate) fn execute(&mut self, text: &str, mask: u32) {
        let operation = self.decode(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let operation = operation.unwrap_or_else(|| panic!("{text} is of this family"));
        operation.execute(&mut self.registers, mask);
    }

    /// Sets a register in all lanes.
    pub(crate) fn set(&mut self, name: &str, values: &Lanes) {
        let Register { file, index, .. } = self.scope.register(1, name).expect("declared");
        match file {
            File::Word => self.registers.set_word(index, &values.map(|it| it as u32), u32::MAX),
            File::Long => self.registers.set_long(index, values, u32::MAX),
            File::Predicate => {
                let lanes = (0..LANES).map(|lane| u32::from(values[lane] != 0) << lane).sum();
                self.registers.set_predicate(index, lanes, u32::MAX);
            }
        }
    }

    /// Returns the values of a register.
    pub(crate) fn get(&self, name: &str) -> Lanes {
        let Register { file, index, .. } = self.scope.register(1, name).expect("declared");
        match file {
            File::Word => self.registers.word(Word::Register(index)).map(u64::from),
            File::Long => self.registers.long(Long::Register(index)),
            File::Predicate => {
                let predicate = Predicate { register: Some(index), negated: false };
                let lanes = self.registers.predicate(predicate);
                core::array::from_fn(|lane| u64::from(lanes >> lane & 1))
            }
        }
    }
}

/// Executes a line with values for its sources that are registers, in their order; gives what its
/// first operand is afterwards.
pub(crate) fn lanes(text: &str, sources: &[Lanes]) -> Lanes {
    let mut warp = Warp::new();
    let operands = instruction(text).operands;
    let mut sources = sources.iter();
    for operand in &operands[1..] {
        if let Operand::Name(name) | Operand::Negated(name) = operand
            && name != "WARP_SZ"
        {
            warp.set(name, sources.next().expect("a value for every register"));
        }
    }
    assert!(sources.next().is_none(), "{text}: more values than registers");
    let (Operand::Name(target) | Operand::Pair(target, _)) = &operands[0] else {
        panic!("{text}: no single target");
    };
    // What was there before must not shine through.
    warp.set(target, &[0xa5a5_5a5a_dead_beef; LANES]);
    warp.execute(text, u32::MAX);
    warp.get(target)
}

/// As [`lanes`], with the same values in every lane.
pub(crate) fn eval(text: &str, sources: &[u64]) -> u64 {
    let results = lanes(text, &sources.iter().map(|it| [*it; LANES]).collect::<Vec<_>>());
    assert_eq!(results, [results[0]; LANES], "{text}: lanes differ");
    results[0]
}

/// Checks rows of sources and the result.
pub(crate) fn table<const N: usize>(text: &str, rows: &[([u64; N], u64)]) {
    for (sources, expected) in rows {
        let have = eval(text, sources);
        assert_eq!(have, *expected, "{text} of {sources:x?} is {have:#x}, not {expected:#x}");
    }
}

/// Checks every lane of a line with two register sources.
pub(crate) fn check2(text: &str, a: &Lanes, b: &Lanes, expected: impl Fn(u64, u64) -> u64) {
    for (lane, have) in lanes(text, &[*a, *b]).into_iter().enumerate() {
        let (a, b) = (a[lane], b[lane]);
        assert_eq!(have, expected(a, b), "{text} of {a:#x} and {b:#x}");
    }
}

/// Checks every lane of a line with one register source.
pub(crate) fn check1(text: &str, a: &Lanes, expected: impl Fn(u64) -> u64) {
    for (lane, have) in lanes(text, &[*a]).into_iter().enumerate() {
        assert_eq!(have, expected(a[lane]), "{text} of {:#x}", a[lane]);
    }
}

/// Checks every lane of a line with three register sources.
pub(crate) fn check3(text: &str, [a, b, c]: [&Lanes; 3], expected: impl Fn(u64, u64, u64) -> u64) {
    for (lane, have) in lanes(text, &[*a, *b, *c]).into_iter().enumerate() {
        let (a, b, c) = (a[lane], b[lane], c[lane]);
        assert_eq!(have, expected(a, b, c), "{text} of {a:#x}, {b:#x} and {c:#x}");
    }
}

/// Values of some bits: half of them at the edges of ranges.
pub(crate) fn values(bits: u32) -> impl Strategy<Value = Lanes> {
    let all = u64::MAX >> (64 - bits);
    let top = 1 << (bits - 1);
    let edge = prop_oneof![
        Just(0),
        Just(1),
        Just(2),
        Just(all),
        Just(all - 1),
        Just(top),
        Just(top - 1),
        Just(top + 1),
        Just(u64::from(bits)),
        Just(u64::from(bits) - 1),
        Just(0x80),
        Just(0x7f),
    ];
    array::uniform32(prop_oneof![edge, any::<u64>().prop_map(move |it| it & all)])
}
