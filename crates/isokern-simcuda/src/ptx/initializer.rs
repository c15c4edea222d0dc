//! The values a variable starts with.

use crate::error::PtxError;
use crate::ptx::MAX_INITIALIZER_DEPTH;
use crate::ptx::ast::Initializer;
use crate::ptx::cursor::{Cursor, over};
use crate::ptx::expression::{bytes, constant, is_constant, parentheses};
use crate::ptx::lexer::Token;
use crate::ptx::number::Literal;

/// Reads what follows the `=` of a declaration.
pub(super) fn initializer(at: &mut Cursor<'_>) -> Result<Initializer, PtxError> {
    nested(at, 0)
}

fn nested(at: &mut Cursor<'_>, depth: u64) -> Result<Initializer, PtxError> {
    if !at.accept('{')? {
        return value(at);
    }
    if depth == MAX_INITIALIZER_DEPTH {
        let what = "the nested lists of an initializer";
        return Err(over(at.line(), what, depth + 1, MAX_INITIALIZER_DEPTH));
    }
    let mut list = Vec::new();
    if at.accept('}')? {
        return Ok(Initializer::List(list));
    }
    loop {
        list.push(nested(at, depth + 1)?);
        if !at.accept(',')? {
            break;
        }
    }
    if at.accept('}')? { Ok(Initializer::List(list)) } else { Err(at.expected("`,` or `}`")) }
}

/// Returns a constant, `name`, `name+4`, `generic(name)` or `generic(name)+4`.
fn value(at: &mut Cursor<'_>) -> Result<Initializer, PtxError> {
    if at.token() == Token::Mark('(') {
        return Err(parentheses(at));
    }
    if is_constant(at.token()) {
        let line = at.line();
        let value = constant(at)?;
        if at.token() == Token::Mark('(') {
            return Err(PtxError::unsupported(line, "a mask on the address of a symbol"));
        }
        return Ok(match value {
            Literal::Integer(value) => Initializer::Integer(value),
            Literal::Float(value) => Initializer::Float(value),
        });
    }
    let word = at.word("a value")?;
    if at.token() != Token::Mark('(') {
        return Ok(Initializer::Symbol {
            name: word.to_owned(),
            offset: bytes(at)?,
            generic: false,
        });
    }
    if word != "generic" {
        return Err(PtxError::unsupported(at.line(), format!("{word}(...) in an initializer")));
    }
    at.advance()?;
    let name = at.word("a symbol")?.to_owned();
    let inside = bytes(at)?;
    at.expect(')')?;
    let offset = inside.wrapping_add(bytes(at)?);
    Ok(Initializer::Symbol { name, offset, generic: true })
}
