//! Kernels and device functions: heads, directives and bodies.
//!
//! Source: NVIDIA, *PTX ISA*, chapter 11 (kernel and function, control flow and performance
//! directives).

use crate::error::{PtxError, Reason};
use crate::ptx::ast::{Directive, Function, Linkage, Variable};
use crate::ptx::cursor::Cursor;
use crate::ptx::debug;
use crate::ptx::lexer::Token;
use crate::ptx::statement::block;
use crate::ptx::variable::parameters;

/// Reads a function; `.entry` or `.func` is in hand. What it has that is not supported is kept as
/// its refusal, and the rest of it is passed over.
pub(super) fn function(at: &mut Cursor<'_>, linkage: Linkage) -> Result<Function, PtxError> {
    let entry = at.token() == Token::Dotted("entry");
    at.advance()?;
    let mut refusal = attribute(at)?;
    let returns =
        if !entry && at.token() == Token::Mark('(') { parameters(at)? } else { Vec::new() };
    let line = at.line();
    let name = at.word("the name of a function")?.to_owned();
    let (parameters, directives) = match head(at) {
        Err(error) if is_unsupported(&error) => {
            refusal = refusal.or(Some(error));
            while !matches!(at.token(), Token::Mark('{' | ';') | Token::End) {
                at.advance()?;
            }
            (Vec::new(), Vec::new())
        }
        head => head?,
    };
    let body = if at.accept(';')? {
        None
    } else if at.token() == Token::Mark('{') {
        let start = at.clone();
        match block(at, 0) {
            Err(error) if is_unsupported(&error) => {
                refusal = refusal.or(Some(error));
                *at = start;
                skip_group(at, '{', '}')?;
                Some(Vec::new())
            }
            body => Some(body?),
        }
    } else {
        return Err(at.expected("`{` or `;`"));
    };
    Ok(Function { line, linkage, entry, name, returns, parameters, directives, body, refusal })
}

const fn is_unsupported(error: &PtxError) -> bool {
    matches!(error.reason, Reason::Unsupported(_))
}

/// Passes over `.attribute(...)`, none of which is supported.
fn attribute(at: &mut Cursor<'_>) -> Result<Option<PtxError>, PtxError> {
    if at.token() != Token::Dotted("attribute") {
        return Ok(None);
    }
    let error = at.unsupported();
    at.advance()?;
    skip_group(at, '(', ')')?;
    Ok(Some(error))
}

/// Passes over what is between a mark, which is in hand, and the one that closes it.
fn skip_group(at: &mut Cursor<'_>, open: char, close: char) -> Result<(), PtxError> {
    at.expect(open)?;
    let mut depth = 1_u64;
    while depth > 0 {
        match at.token() {
            Token::Mark(mark) if mark == open => depth += 1,
            Token::Mark(mark) if mark == close => depth -= 1,
            Token::End => return Err(at.expected(&format!("`{close}`"))),
            _ => {}
        }
        at.advance()?;
    }
    Ok(())
}

/// Reads the parameters of a function and the directives after them.
fn head(at: &mut Cursor<'_>) -> Result<(Vec<Variable>, Vec<Directive>), PtxError> {
    let parameters = optional_parameters(at)?;
    let mut directives = Vec::new();
    while let Token::Dotted(_) = at.token() {
        directives.extend(directive(at)?);
    }
    Ok((parameters, directives))
}

/// Returns what is declared in parentheses, or nothing.
pub(super) fn optional_parameters(at: &mut Cursor<'_>) -> Result<Vec<Variable>, PtxError> {
    if at.token() == Token::Mark('(') { parameters(at) } else { Ok(Vec::new()) }
}

/// Returns a directive between the head of a function and its body.
fn directive(at: &mut Cursor<'_>) -> Result<Option<Directive>, PtxError> {
    let Token::Dotted(word) = at.token() else { return Err(at.expected("a directive")) };
    if !matches!(
        word,
        "maxntid" | "reqntid" | "minnctapersm" | "maxnctapersm" | "maxnreg" | "noreturn" | "pragma"
    ) {
        return Err(at.unsupported());
    }
    at.advance()?;
    Ok(match word {
        "maxntid" => Some(Directive::MaxThreads(extents(at)?)),
        "reqntid" => Some(Directive::RequiredThreads(extents(at)?)),
        "minnctapersm" => {
            Some(Directive::MinBlocks(at.bounded("blocks of a multiprocessor", u32::MAX)?))
        }
        "maxnreg" => Some(Directive::MaxRegisters(at.bounded("registers of a thread", u32::MAX)?)),
        // A hint for register allocation, deprecated since PTX ISA 2.0.
        "maxnctapersm" => {
            at.bounded("blocks of a multiprocessor", u32::MAX)?;
            None
        }
        "noreturn" => Some(Directive::NoReturn),
        _ => {
            let text = debug::pragma(at)?.to_owned();
            at.expect(';')?;
            Some(Directive::Pragma(text))
        }
    })
}

/// Returns one to three numbers of threads.
fn extents(at: &mut Cursor<'_>) -> Result<[u32; 3], PtxError> {
    let mut extents = [1; 3];
    for (axis, extent) in extents.iter_mut().enumerate() {
        if axis > 0 && !at.accept(',')? {
            break;
        }
        *extent = at.bounded("threads of a block along an axis", u32::MAX)?;
    }
    Ok(extents)
}
