//! The operands of an instruction.
//!
//! Source: NVIDIA, *PTX ISA*, chapter 6 (instruction operands).

use crate::error::PtxError;
use crate::ptx::MAX_ARGUMENTS;
use crate::ptx::MAX_OPERANDS;
use crate::ptx::ast::Operand;
use crate::ptx::cursor::{Cursor, over};
use crate::ptx::expression::{bytes, constant, is_constant, parentheses};
use crate::ptx::lexer::Token;
use crate::ptx::number::Literal;

/// Reads the operands of an instruction up to its semicolon, which it takes.
pub(super) fn operands(at: &mut Cursor<'_>, is_call: bool) -> Result<Vec<Operand>, PtxError> {
    let mut list = Vec::new();
    if at.accept(';')? {
        return Ok(list);
    }
    loop {
        push(at, &mut list, "operands", MAX_OPERANDS, |at| match at.token() {
            Token::Mark('(') if is_call => arguments(at),
            Token::Mark('{') => vector(at),
            Token::Mark('[') => address(at),
            _ => plain(at),
        })?;
        if !at.accept(',')? {
            break;
        }
    }
    if at.accept(';')? { Ok(list) } else { Err(at.expected("`,` or `;`")) }
}

/// Reads `(a, b)` of a call.
fn arguments(at: &mut Cursor<'_>) -> Result<Operand, PtxError> {
    at.expect('(')?;
    let mut list = Vec::new();
    if at.accept(')')? {
        return Ok(Operand::List(list));
    }
    loop {
        push(at, &mut list, "arguments of a call", MAX_ARGUMENTS, plain)?;
        if !at.accept(',')? {
            break;
        }
    }
    at.expect(')')?;
    Ok(Operand::List(list))
}

/// Reads `{a, b}`.
fn vector(at: &mut Cursor<'_>) -> Result<Operand, PtxError> {
    at.expect('{')?;
    let mut list = Vec::new();
    loop {
        push(at, &mut list, "elements of a vector", MAX_OPERANDS, plain)?;
        if !at.accept(',')? {
            break;
        }
    }
    at.expect('}')?;
    Ok(Operand::Vector(list))
}

/// Reads one more operand into a list that is bounded.
fn push<'a>(
    at: &mut Cursor<'a>,
    list: &mut Vec<Operand>,
    what: &'static str,
    limit: usize,
    read: impl FnOnce(&mut Cursor<'a>) -> Result<Operand, PtxError>,
) -> Result<(), PtxError> {
    if list.len() == limit {
        return Err(over(at.line(), what, limit as u64 + 1, limit as u64));
    }
    at.count_operand()?;
    list.push(read(at)?);
    Ok(())
}

/// Reads `[base+bytes]`.
fn address(at: &mut Cursor<'_>) -> Result<Operand, PtxError> {
    at.expect('[')?;
    let (base, bytes) = if is_constant(at.token()) {
        match constant(at)? {
            Literal::Integer(value) => (None, value.cast_signed()),
            Literal::Float(_) => return Err(at.syntax("a floating-point number as an address")),
        }
    } else {
        let base = name(at)?;
        (Some(base), bytes(at)?)
    };
    if at.token() == Token::Mark(',') {
        return Err(PtxError::unsupported(at.line(), "an address with coordinates"));
    }
    at.expect(']')?;
    Ok(Operand::Address { base, bytes })
}

/// Returns an operand without brackets of any kind.
fn plain(at: &mut Cursor<'_>) -> Result<Operand, PtxError> {
    if is_constant(at.token()) {
        return Ok(match constant(at)? {
            Literal::Integer(value) => Operand::Integer(value),
            Literal::Float(value) => Operand::Float(value),
        });
    }
    if at.accept('!')? {
        return Ok(Operand::Negated(name(at)?));
    }
    if at.token() == Token::Mark('(') {
        return Err(parentheses(at));
    }
    let first = name(at)?;
    if at.accept('|')? {
        return Ok(Operand::Pair(first, name(at)?));
    }
    if matches!(at.token(), Token::Mark('+' | '-')) {
        return Ok(Operand::Offset { name: first, bytes: bytes(at)? });
    }
    if at.token() == Token::Mark('[') {
        return Err(PtxError::unsupported(at.line(), format!("{first}[...] as an operand")));
    }
    Ok(if first == "_" { Operand::Sink } else { Operand::Name(first) })
}

/// Returns a name, with the component of a vector or special register: `%tid.x`.
fn name(at: &mut Cursor<'_>) -> Result<String, PtxError> {
    let word = at.word("an operand")?;
    let Token::Dotted(component) = at.token() else { return Ok(word.to_owned()) };
    if matches!(component, "b0" | "b1" | "b2" | "b3" | "h0" | "h1") {
        return Err(PtxError::unsupported(at.line(), format!("`.{component}` of a register")));
    }
    if !matches!(component, "x" | "y" | "z" | "w" | "r" | "g" | "b" | "a") {
        return Err(at.syntax(format!("`.{component}` is no component of `{word}`")));
    }
    at.advance()?;
    Ok(format!("{word}.{component}"))
}
