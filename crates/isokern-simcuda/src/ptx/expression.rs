//! Constants with signs and sums, and the bytes added to a symbol or register.
//!
//! Of the constant expressions of PTX these are what compilers write. The others are refused by
//! their operator.

use crate::error::PtxError;
use crate::ptx::cursor::Cursor;
use crate::ptx::lexer::Token;
use crate::ptx::number::Literal;

/// The threads of a warp, as the constant `WARP_SZ` gives them.
const WARP_SIZE: u64 = 32;

/// Returns whether a constant may start with this token.
pub(super) fn is_constant(token: Token<'_>) -> bool {
    match token {
        Token::Number(_) | Token::Mark('-' | '+' | '~') => true,
        Token::Word(word) => word == "WARP_SZ",
        _ => false,
    }
}

/// Reads a constant: literals with signs, joined by `+` and `-`.
pub(super) fn constant(at: &mut Cursor<'_>) -> Result<Literal, PtxError> {
    let mut sum = signed(at)?;
    while let Token::Mark(mark @ ('+' | '-')) = at.token() {
        let line = at.line();
        at.advance()?;
        let term = signed(at)?;
        let (Literal::Integer(left), Literal::Integer(right)) = (sum, term) else {
            return Err(PtxError::unsupported(line, "a sum of floating-point constants"));
        };
        sum = Literal::Integer(match mark {
            '+' => left.wrapping_add(right),
            _ => left.wrapping_sub(right),
        });
    }
    no_operator(at)?;
    Ok(sum)
}

/// Reads `+4`, `-4`, `+-4` or nothing: bytes added to an address.
pub(super) fn bytes(at: &mut Cursor<'_>) -> Result<i64, PtxError> {
    let Token::Mark('+' | '-') = at.token() else {
        no_operator(at)?;
        return Ok(0);
    };
    match constant(at)? {
        Literal::Integer(value) => Ok(value.cast_signed()),
        Literal::Float(_) => Err(at.syntax("a floating-point number is added to an address")),
    }
}

/// Returns a literal with any number of signs before it.
fn signed(at: &mut Cursor<'_>) -> Result<Literal, PtxError> {
    let mut negative = false;
    while let Token::Mark(mark @ ('+' | '-')) = at.token() {
        negative ^= mark == '-';
        at.advance()?;
    }
    if at.accept('~')? {
        let Literal::Integer(value) = literal(at)? else {
            return Err(at.syntax("`~` takes an integer"));
        };
        return Ok(with_sign(Literal::Integer(!value), negative));
    }
    Ok(with_sign(literal(at)?, negative))
}

fn literal(at: &mut Cursor<'_>) -> Result<Literal, PtxError> {
    let value = match at.token() {
        Token::Number(text) => Literal::read(text).map_err(|why| at.syntax(why))?,
        Token::Word("WARP_SZ") => Literal::Integer(WARP_SIZE),
        Token::Mark('(') => return Err(parentheses(at)),
        _ => return Err(at.expected("a constant")),
    };
    at.advance()?;
    Ok(value)
}

const fn with_sign(value: Literal, negative: bool) -> Literal {
    if negative { value.negate() } else { value }
}

/// Returns the refusal of an expression in parentheses.
pub(super) fn parentheses(at: &Cursor<'_>) -> PtxError {
    PtxError::unsupported(at.line(), "a constant expression with parentheses")
}

/// Refuses the operators that this reader does not evaluate.
fn no_operator(at: &Cursor<'_>) -> Result<(), PtxError> {
    match at.token() {
        Token::Mark(mark @ ('*' | '/' | '%' | '<' | '>' | '&' | '|' | '^' | '?' | '=' | '!')) => {
            let what = format!("a constant expression with {mark}");
            Err(PtxError::unsupported(at.line(), what))
        }
        _ => Ok(()),
    }
}
