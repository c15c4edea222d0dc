//! How long decoded instructions take for a whole warp.
//!
//! ```text
//! cargo run --release -p isokern-simcuda --example arithmetic_speed
//! ```

use core::hint::black_box;
use std::time::Instant;

use isokern_simcuda::arithmetic::Arithmetic;
use isokern_simcuda::error::PtxError;
use isokern_simcuda::program::scope::Scope;
use isokern_simcuda::ptx::ast::{Instruction, Operand, Type};
use isokern_simcuda::registers::{LANES, Registers};

/// The registers that instructions name: `r` has 32 bits, `d` 64, `h` 16, `f` a float.
const REGISTERS: [(&str, Type); 5] =
    [("r", Type::B32), ("d", Type::B64), ("h", Type::B16), ("f", Type::F32), ("p", Type::Pred)];

const INSTRUCTIONS: [&str; 23] = [
    "add.u32 r0, r1, r2",
    "add.u32 r0, r1, 7",
    "sub.s32 r0, r1, r2",
    "mul.lo.u32 r0, r1, r2",
    "mad.lo.s32 r0, r1, r2, r3",
    "and.b32 r0, r1, r2",
    "shl.b32 r0, r1, 3",
    "shr.u32 r0, r1, r2",
    "add.u64 d0, d1, d2",
    "mul.wide.u32 d0, r1, 4",
    "mad.lo.u64 d0, d1, d2, d3",
    "setp.lt.u32 p0, r1, r2",
    "setp.ge.s64 p0, d1, d2",
    "selp.b32 r0, r1, r2, p1",
    "mov.b32 r0, r1",
    "mov.b64 d0, d1",
    "cvt.u64.u32 d0, r1",
    "cvt.s32.s8 r0, r1",
    "dp4a.s32.s32 r0, r1, r2, r3",
    "prmt.b32 r0, r1, r2, 0x5410",
    "bfe.u32 r0, r1, 8, 8",
    "add.f32 f0, f1, f2",
    "fma.rn.f32 f0, f1, f2, f3",
];

fn main() -> Result<(), PtxError> {
    let mut scope = Scope::new();
    for (prefix, ty) in REGISTERS {
        for number in 0..4 {
            scope.declare(0, &format!("{prefix}{number}"), ty)?;
        }
    }
    let mut registers = filled(&scope);
    println!("{:<28} {:>10} {:>10}", "instruction", "all lanes", "some lanes");
    for text in INSTRUCTIONS {
        let Some(operation) = Arithmetic::decode(&instruction(text), &scope)? else {
            println!("{text:<28} is not decoded");
            continue;
        };
        let all = nanoseconds(operation, &mut registers, u32::MAX);
        let some = nanoseconds(operation, &mut registers, 0x5555_00ff);
        println!("{text:<28} {all:>7.1} ns {some:>7.1} ns");
    }
    Ok(())
}

/// Returns nanoseconds of one execution: the fastest of some rounds.
fn nanoseconds(operation: Arithmetic, registers: &mut Registers, mask: u32) -> f64 {
    const TIMES: u32 = 200_000;
    let mut best = f64::INFINITY;
    for _ in 0..7 {
        let start = Instant::now();
        for _ in 0..TIMES {
            black_box(&operation).execute(black_box(registers), black_box(mask));
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES));
    }
    best
}

fn filled(scope: &Scope) -> Registers {
    let mut registers = Registers::new(scope.counts());
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state
    };
    for index in 0..scope.counts().words {
        registers.set_word(index, &[(); LANES].map(|()| next()), u32::MAX);
    }
    for index in 0..scope.counts().longs {
        registers.set_long(index, &[(); LANES].map(|()| next().into()), u32::MAX);
    }
    registers.set_predicate(1, next(), u32::MAX);
    registers
}

/// Reads an instruction: words after dots are modifiers, what follows the blank operands.
fn instruction(text: &str) -> Instruction {
    let (words, operands) = text.split_once(' ').unwrap_or((text, ""));
    let mut words = words.split('.').map(str::to_owned);
    let operand = |text: &str| match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).map(Operand::Integer),
        None => text.parse().map(Operand::Integer),
    };
    Instruction {
        line: 1,
        guard: None,
        opcode: words.next().unwrap_or_default(),
        modifiers: words.collect(),
        operands: operands
            .split(", ")
            .map(|text| operand(text).unwrap_or_else(|_| Operand::Name(text.to_owned())))
            .collect(),
    }
}
