//! Debug information: read by its grammar, and dropped.
//!
//! Source: NVIDIA, *PTX ISA*, chapter 11 (debugging directives). `.loc` and `.file` end without a
//! semicolon, so their words have to be known.

use crate::error::PtxError;
use crate::ptx::cursor::Cursor;
use crate::ptx::expression;
use crate::ptx::lexer::Token;

/// Takes a debugging directive, if one is in hand; says whether it did.
pub(super) fn skip(at: &mut Cursor<'_>) -> Result<bool, PtxError> {
    match at.token() {
        Token::Dotted("file") => file(at)?,
        Token::Dotted("loc") => location(at)?,
        Token::Dotted("section") => section(at)?,
        Token::Dotted("pragma") => {
            at.advance()?;
            pragma(at)?;
            at.expect(';')?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Returns the strings of a `.pragma`, which advise a compiler; the last one is returned.
pub(super) fn pragma<'a>(at: &mut Cursor<'a>) -> Result<&'a str, PtxError> {
    loop {
        let text = at.text("a string")?;
        if !at.accept(',')? {
            return Ok(text);
        }
    }
}

/// Reads `.file index "name" [, timestamp, size]`.
fn file(at: &mut Cursor<'_>) -> Result<(), PtxError> {
    at.advance()?;
    at.integer("the index of a file")?;
    at.text("the name of a file")?;
    if at.accept(',')? {
        at.integer("a time")?;
        at.expect(',')?;
        at.integer("a size")?;
    }
    Ok(())
}

/// Reads `.loc file line [column] [, function_name label [+ bytes], inlined_at file line
/// column]`.
fn location(at: &mut Cursor<'_>) -> Result<(), PtxError> {
    at.advance()?;
    position(at)?;
    while at.accept(',')? {
        match at.word("`function_name` or `inlined_at`")? {
            "function_name" => {
                at.word("a label")?;
                expression::bytes(at)?;
            }
            "inlined_at" => position(at)?,
            other => return Err(at.syntax(format!("`{other}` in `.loc`"))),
        }
    }
    Ok(())
}

fn position(at: &mut Cursor<'_>) -> Result<(), PtxError> {
    at.integer("the index of a file")?;
    at.integer("a line")?;
    if matches!(at.token(), Token::Number(_)) {
        at.integer("a column")?;
    }
    Ok(())
}

/// Reads `.section .name { data and labels }`.
fn section(at: &mut Cursor<'_>) -> Result<(), PtxError> {
    at.advance()?;
    match at.token() {
        Token::Dotted(_) | Token::Word(_) => at.advance()?,
        _ => return Err(at.expected("the name of a section")),
    };
    at.expect('{')?;
    loop {
        match at.token() {
            Token::Mark('}') => break,
            Token::End | Token::Mark('{') => return Err(at.expected("`}`")),
            _ => at.advance()?,
        };
    }
    at.expect('}')
}
