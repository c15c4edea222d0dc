//! Bodies of functions: declarations, labels, instructions and nested blocks.

use crate::error::{PtxError, Reason};
use crate::ptx::ast::{Guard, Instruction, Linkage, Statement};
use crate::ptx::cursor::{Cursor, over};
use crate::ptx::debug;
use crate::ptx::function::optional_parameters;
use crate::ptx::lexer::Token;
use crate::ptx::number;
use crate::ptx::operand::operands;
use crate::ptx::variable::declaration;
use crate::ptx::{MAX_ARGUMENTS, MAX_DEPTH, MAX_MODIFIERS};

/// Reads a block with its braces; `depth` blocks are around it.
pub(super) fn block(at: &mut Cursor<'_>, depth: u64) -> Result<Vec<Statement>, PtxError> {
    if depth == MAX_DEPTH {
        return Err(over(at.line(), "nested blocks", depth + 1, MAX_DEPTH));
    }
    at.expect('{')?;
    let mut list = Vec::new();
    while !at.accept('}')? {
        statement(at, depth, &mut list)?;
    }
    Ok(list)
}

fn statement(at: &mut Cursor<'_>, depth: u64, list: &mut Vec<Statement>) -> Result<(), PtxError> {
    at.count_statement()?;
    match (at.token(), at.ahead()) {
        (Token::Mark('{'), _) => list.push(Statement::Block(block(at, depth + 1)?)),
        (Token::Dotted("reg" | "local" | "shared" | "param"), _) => {
            declaration(at, Linkage::Internal, |variable| {
                list.push(Statement::Variable(variable))
            })?;
        }
        (Token::Dotted(word @ ("global" | "const")), _) => {
            return Err(PtxError::unsupported(at.line(), format!(".{word} inside a function")));
        }
        (Token::Dotted("pragma"), _) => list.extend(used_bytes(at)?),
        (Token::Dotted(_), _) => {
            if !debug::skip(at)? {
                return Err(at.unsupported());
            }
        }
        (Token::Word(_), Token::Mark(':')) => list.push(label(at)?),
        (Token::Word(_) | Token::Mark('@'), _) => {
            list.push(Statement::Instruction(instruction(at)?));
        }
        _ => return Err(at.expected("a statement or `}`")),
    }
    Ok(())
}

/// Returns the one `.pragma` of a body that says what a program may do; others advise a compiler.
///
/// Source: NVIDIA, *PTX ISA*, pragma strings, `used_bytes_mask` (since 8.3).
fn used_bytes(at: &mut Cursor<'_>) -> Result<Option<Statement>, PtxError> {
    let line = at.line();
    at.advance()?;
    let text = debug::pragma(at)?;
    at.expect(';')?;
    let Some(mask) = text.trim().strip_prefix("used_bytes_mask") else { return Ok(None) };
    let mask = number::integer(mask.trim()).ok().and_then(|mask| u32::try_from(mask).ok());
    let wrong = || PtxError::new(line, Reason::Syntax(format!("`{text}` has no 32-bit mask")));
    mask.map(|mask| Some(Statement::UsedBytes { line, mask })).ok_or_else(wrong)
}

/// Reads `name:`, or the table or prototype it names.
fn label(at: &mut Cursor<'_>) -> Result<Statement, PtxError> {
    let line = at.line();
    let name = at.word("a label")?.to_owned();
    at.expect(':')?;
    match at.token() {
        Token::Dotted("branchtargets") => {
            at.advance()?;
            let targets = names(at)?;
            Ok(Statement::BranchTargets { line, name, targets })
        }
        Token::Dotted("callprototype") => {
            at.advance()?;
            let returns = optional_parameters(at)?;
            if at.word("`_`")? != "_" {
                return Err(at.syntax("a prototype is named `_`"));
            }
            let parameters = optional_parameters(at)?;
            at.accept_dotted("noreturn")?;
            at.expect(';')?;
            Ok(Statement::CallPrototype { line, name, returns, parameters })
        }
        Token::Dotted("calltargets") => Err(at.unsupported()),
        _ => Ok(Statement::Label { line, name }),
    }
}

/// Reads `a, b, c;`
fn names(at: &mut Cursor<'_>) -> Result<Vec<String>, PtxError> {
    let mut list = Vec::new();
    loop {
        list.push(at.word("a label")?.to_owned());
        if !at.accept(',')? {
            break;
        }
        if list.len() == MAX_ARGUMENTS {
            let limit = MAX_ARGUMENTS as u64;
            return Err(over(at.line(), "the targets of a table", limit + 1, limit));
        }
    }
    at.expect(';')?;
    Ok(list)
}

fn instruction(at: &mut Cursor<'_>) -> Result<Instruction, PtxError> {
    let guard = guard(at)?;
    let line = at.line();
    let opcode = at.word("an instruction")?.to_owned();
    let mut modifiers = Vec::new();
    while let Token::Dotted(word) = at.token() {
        if modifiers.len() == MAX_MODIFIERS {
            let limit = MAX_MODIFIERS as u64;
            return Err(over(line, "the modifiers of an instruction", limit + 1, limit));
        }
        modifiers.push(word.to_owned());
        at.advance()?;
    }
    let operands = operands(at, opcode == "call")?;
    Ok(Instruction { line, guard, opcode, modifiers, operands })
}

/// Reads `@p` or `@!p`, if it is there.
fn guard(at: &mut Cursor<'_>) -> Result<Option<Guard>, PtxError> {
    if !at.accept('@')? {
        return Ok(None);
    }
    let negated = at.accept('!')?;
    let register = at.word("a predicate")?.to_owned();
    Ok(Some(Guard { register, negated }))
}
