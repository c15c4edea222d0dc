//! The top level of a text: version, target, variables and functions.
//!
//! Source: NVIDIA, *PTX ISA*, chapter 11 (module and linking directives).

use crate::error::PtxError;
use crate::ptx::ast::{Item, Linkage, Module};
use crate::ptx::cursor::Cursor;
use crate::ptx::debug;
use crate::ptx::function::function;
use crate::ptx::lexer::Token;
use crate::ptx::variable::declaration;

/// Reads a whole text.
pub(super) fn module(at: &mut Cursor<'_>) -> Result<Module, PtxError> {
    let version = version(at)?;
    let mut target = target(at)?;
    while at.token() == Token::Dotted("target") {
        target = target.max(self::target(at)?);
    }
    address_size(at)?;
    let mut items = Vec::new();
    while at.token() != Token::End {
        item(at, &mut items)?;
    }
    Ok(Module { version, target, items })
}

/// Reads `.version 7.8`, which every text starts with.
fn version(at: &mut Cursor<'_>) -> Result<(u32, u32), PtxError> {
    if !at.accept_dotted("version")? {
        return Err(at.expected("`.version`"));
    }
    let Token::Number(text) = at.token() else { return Err(at.expected("a version")) };
    let numbers = text.split_once('.').map(|(major, minor)| (major.parse(), minor.parse()));
    let Some((Ok(major), Ok(minor))) = numbers else {
        return Err(at.syntax(format!("`{text}` is no version: expected two numbers and a dot")));
    };
    at.advance()?;
    Ok((major, minor))
}

/// Reads `.target sm_90`, with options that have no effect here.
fn target(at: &mut Cursor<'_>) -> Result<u32, PtxError> {
    if !at.accept_dotted("target")? {
        return Err(at.expected("`.target`"));
    }
    let mut target = None;
    loop {
        let Token::Word(word) = at.token() else { return Err(at.expected("a target")) };
        match (architecture(word), word) {
            (Some(number), _) if target.replace(number).is_some() => {
                return Err(at.syntax("two architectures in one `.target`"));
            }
            (Some(_), _) | (None, "debug" | "texmode_independent" | "texmode_unified") => {}
            _ => return Err(at.unsupported()),
        }
        at.advance()?;
        if !at.accept(',')? {
            break;
        }
    }
    target.ok_or_else(|| at.syntax("`.target` names no architecture such as sm_80"))
}

/// Returns the number of `sm_80`, `sm_90a` or `sm_100f`.
fn architecture(word: &str) -> Option<u32> {
    let digits = word.strip_prefix("sm_")?;
    digits.strip_suffix(['a', 'f']).unwrap_or(digits).parse().ok()
}

/// Reads `.address_size 64`; a text that leaves it out gets the host's, which is 64 as well.
fn address_size(at: &mut Cursor<'_>) -> Result<(), PtxError> {
    if !at.accept_dotted("address_size")? {
        return Ok(());
    }
    let line = at.line();
    match at.integer("a number of bits")? {
        64 => Ok(()),
        bits => Err(PtxError::unsupported(line, format!(".address_size {bits}"))),
    }
}

fn item(at: &mut Cursor<'_>, items: &mut Vec<Item>) -> Result<(), PtxError> {
    if debug::skip(at)? {
        return Ok(());
    }
    let linkage = linkage(at)?;
    match at.token() {
        Token::Dotted("entry" | "func") => items.push(Item::Function(function(at, linkage)?)),
        Token::Dotted("global" | "const" | "shared") => {
            declaration(at, linkage, |variable| items.push(Item::Variable(variable)))?;
        }
        Token::Dotted("reg" | "local" | "param") => {
            let Token::Dotted(word) = at.token() else { return Err(at.unsupported()) };
            return Err(PtxError::unsupported(at.line(), format!(".{word} outside functions")));
        }
        Token::Dotted(_) => return Err(at.unsupported()),
        _ => return Err(at.expected("a directive")),
    }
    Ok(())
}

fn linkage(at: &mut Cursor<'_>) -> Result<Linkage, PtxError> {
    let linkage = match at.token() {
        Token::Dotted("extern") => Linkage::Extern,
        Token::Dotted("visible") => Linkage::Visible,
        Token::Dotted("weak") => Linkage::Weak,
        Token::Dotted("common") => Linkage::Common,
        _ => return Ok(Linkage::Internal),
    };
    at.advance()?;
    Ok(linkage)
}
