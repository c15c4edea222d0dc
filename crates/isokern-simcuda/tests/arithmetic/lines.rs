//! Instructions from one line of text, enough of the syntax for these tests.

use isokern_simcuda::ptx::ast::{Float, Instruction, Operand};

/// Returns the instruction of a line such as `setp.lt.s32 p0|p1, r1, -7`, said to be on line 7.
pub(crate) fn instruction(text: &str) -> Instruction {
    let (words, operands) = text.split_once(' ').expect("an opcode and operands");
    let mut words = words.split('.').map(str::to_owned);
    Instruction {
        line: 7,
        guard: None,
        opcode: words.next().expect("an opcode"),
        modifiers: words.collect(),
        operands: split(operands).into_iter().map(operand).collect(),
    }
}

/// Splits at commas outside braces.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

fn operand(text: &str) -> Operand {
    if let Some(inner) = text.strip_prefix('{') {
        return Operand::Vector(
            split(inner.trim_end_matches('}')).into_iter().map(operand).collect(),
        );
    }
    if let Some((p, q)) = text.split_once('|') {
        return Operand::Pair(p.to_owned(), q.to_owned());
    }
    if let Some(name) = text.strip_prefix('!') {
        return Operand::Negated(name.to_owned());
    }
    if let Some(hex) = text.strip_prefix("0f") {
        return Operand::Float(Float::Single(u32::from_str_radix(hex, 16).expect("8 digits")));
    }
    if let Some(hex) = text.strip_prefix("0d") {
        return Operand::Float(Float::Double(u64::from_str_radix(hex, 16).expect("16 digits")));
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return Operand::Integer(u64::from_str_radix(hex, 16).expect("hex digits"));
    }
    if text == "_" {
        return Operand::Sink;
    }
    match text.parse::<i64>() {
        Ok(value) => Operand::Integer(value.cast_unsigned()),
        Err(_) => Operand::Name(text.to_owned()),
    }
}
