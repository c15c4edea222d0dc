//! Declarations of variables, registers and parameters.
//!
//! Source: NVIDIA, *PTX ISA*, chapter 5 (state spaces, types, variables).

use crate::error::PtxError;
use crate::ptx::ast::{Linkage, Space, Type, Variable};
use crate::ptx::cursor::{Cursor, over};
use crate::ptx::initializer::initializer;
use crate::ptx::lexer::Token;
use crate::ptx::{MAX_ALIGN, MAX_ARGUMENTS, MAX_BYTES, MAX_DIMENSIONS, MAX_RANGE};

/// What precedes the names of a declaration.
struct Prefix {
    linkage: Linkage,
    space: Space,
    align: Option<u32>,
    vector: u32,
    ty: Type,
    pointer: bool,
}

/// Returns the state space a directive names.
pub(super) fn space(word: &str) -> Option<Space> {
    Some(match word {
        "reg" => Space::Register,
        "global" => Space::Global,
        "shared" => Space::Shared,
        "local" => Space::Local,
        "const" => Space::Constant,
        "param" => Space::Parameter,
        _ => return None,
    })
}

/// Reads a declaration from its space to its semicolon; each name goes to `declared`.
pub(super) fn declaration(
    at: &mut Cursor<'_>,
    linkage: Linkage,
    mut declared: impl FnMut(Variable),
) -> Result<(), PtxError> {
    let prefix = prefix(at, linkage)?;
    loop {
        let mut variable = declarator(at, &prefix)?;
        if at.token() == Token::Mark('=') {
            if !matches!(prefix.space, Space::Global | Space::Constant) {
                return Err(at.syntax("only `.global` and `.const` variables have initializers"));
            }
            at.advance()?;
            variable.initializer = Some(initializer(at)?);
        }
        let known = linkage == Linkage::Extern || variable.initializer.is_some();
        if !known && variable.dimensions.contains(&None) {
            return Err(at.syntax(format!("`{}[]` has neither a length nor values", variable.name)));
        }
        declared(variable);
        if !at.accept(',')? {
            break;
        }
    }
    if at.accept(';')? { Ok(()) } else { Err(at.expected("`,` or `;`")) }
}

/// Reads the parameters of a function, parentheses included.
pub(super) fn parameters(at: &mut Cursor<'_>) -> Result<Vec<Variable>, PtxError> {
    at.expect('(')?;
    let mut list = Vec::new();
    if at.accept(')')? {
        return Ok(list);
    }
    loop {
        if list.len() == MAX_ARGUMENTS {
            let limit = MAX_ARGUMENTS as u64;
            return Err(over(at.line(), "parameters of a function", limit + 1, limit));
        }
        let prefix = prefix(at, Linkage::Internal)?;
        if !matches!(prefix.space, Space::Parameter | Space::Register) {
            return Err(at.syntax("a parameter is declared in `.param` or `.reg`"));
        }
        list.push(declarator(at, &prefix)?);
        if !at.accept(',')? {
            break;
        }
    }
    if at.accept(')')? { Ok(list) } else { Err(at.expected("`,` or `)`")) }
}

fn prefix(at: &mut Cursor<'_>, linkage: Linkage) -> Result<Prefix, PtxError> {
    let Token::Dotted(word) = at.token() else { return Err(at.expected("a state space")) };
    let space = space(word).ok_or_else(|| at.unsupported())?;
    at.advance()?;
    let (mut align, mut vector, mut ty, mut pointer) = (None, 1, None, false);
    while let Token::Dotted(word) = at.token() {
        match word {
            "align" => {
                at.advance()?;
                align = Some(alignment(at)?);
                continue;
            }
            "ptr" if space == Space::Parameter => {
                at.advance()?;
                skip_pointee(at)?;
                pointer = true;
                continue;
            }
            "v2" => vector = 2,
            "v4" => vector = 4,
            _ => {
                let found = Type::from_modifier(word).ok_or_else(|| at.unsupported())?;
                if ty.replace(found).is_some() {
                    return Err(at.syntax("a declaration with two types"));
                }
            }
        }
        at.advance()?;
    }
    let ty = ty.ok_or_else(|| at.expected("a type"))?;
    if ty == Type::Pred && space != Space::Register {
        return Err(at.syntax("`.pred` is a type of registers alone"));
    }
    Ok(Prefix { linkage, space, align, vector, ty, pointer })
}

/// Reads `[space] [.align N]` after `.ptr`: what the argument points to, a promise to compilers.
fn skip_pointee(at: &mut Cursor<'_>) -> Result<(), PtxError> {
    if let Token::Dotted("const" | "global" | "local" | "shared") = at.token() {
        at.advance()?;
    }
    if at.accept_dotted("align")? {
        alignment(at)?;
    }
    Ok(())
}

fn alignment(at: &mut Cursor<'_>) -> Result<u32, PtxError> {
    let (line, align) = (at.line(), at.bounded("the bytes of an alignment", MAX_ALIGN)?);
    if align.is_power_of_two() {
        return Ok(align);
    }
    let why = format!("an alignment of {align} bytes is no power of two");
    Err(PtxError::new(line, crate::error::Reason::Syntax(why)))
}

/// Reads `name`, `name<8>`, `name[2][3]`.
fn declarator(at: &mut Cursor<'_>, prefix: &Prefix) -> Result<Variable, PtxError> {
    at.count_statement()?;
    let line = at.line();
    let name = at.word("a name")?.to_owned();
    let is_register = prefix.space == Space::Register;
    let mut range = None;
    if is_register && at.accept('<')? {
        range = Some(at.bounded("the registers of a range", MAX_RANGE)?);
        at.expect('>')?;
    }
    if is_register && at.token() == Token::Mark('[') {
        return Err(at.syntax("registers have no elements"));
    }
    let dimensions = dimensions(at)?;
    let element = u64::from(prefix.ty.bytes()) * u64::from(prefix.vector);
    let lengths = dimensions.iter().flatten();
    let bytes = lengths.fold(element, |bytes, length| bytes.saturating_mul(*length));
    if bytes > MAX_BYTES {
        return Err(over(line, "the bytes of a variable", bytes, MAX_BYTES));
    }
    Ok(Variable {
        line,
        linkage: prefix.linkage,
        space: prefix.space,
        align: prefix.align,
        vector: prefix.vector,
        ty: prefix.ty,
        name,
        range,
        dimensions,
        initializer: None,
        pointer: prefix.pointer,
    })
}

fn dimensions(at: &mut Cursor<'_>) -> Result<Vec<Option<u64>>, PtxError> {
    let mut list = Vec::new();
    while at.accept('[')? {
        if list.len() == MAX_DIMENSIONS {
            let limit = MAX_DIMENSIONS as u64;
            return Err(over(at.line(), "the dimensions of an array", limit + 1, limit));
        }
        if at.token() != Token::Mark(']') {
            list.push(Some(at.integer("a length")?));
        } else if list.is_empty() {
            list.push(None);
        } else {
            return Err(at.syntax("only the first length of an array may be left open"));
        }
        at.expect(']')?;
    }
    Ok(list)
}
