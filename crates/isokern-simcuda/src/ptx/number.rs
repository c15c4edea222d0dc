//! Literals: integers of 64 bits and floating-point numbers.
//!
//! Source: NVIDIA, *PTX ISA*, chapter 4 (constants).

use crate::ptx::ast::Float;

/// The value of a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Literal {
    /// An integer; negative ones wrapped.
    Integer(u64),
    /// A floating-point number.
    Float(Float),
}

impl Literal {
    /// Reads a literal, or says why it is none.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if let Some(digits) = strip(text, "0f", "0F") {
            let bits = hex_float(text, digits, 8)?;
            return Ok(Self::Float(Float::Single(u32::try_from(bits).map_err(|_| bad(text))?)));
        }
        if let Some(digits) = strip(text, "0d", "0D") {
            return Ok(Self::Float(Float::Double(hex_float(text, digits, 16)?)));
        }
        let is_hex = strip(text, "0x", "0X").is_some();
        if text.contains('.') || (!is_hex && text.contains(['e', 'E'])) {
            return decimal_float(text);
        }
        integer(text).map(Self::Integer)
    }

    /// Returns the literal with its sign changed.
    pub(super) const fn negate(self) -> Self {
        match self {
            Self::Integer(value) => Self::Integer(value.wrapping_neg()),
            Self::Float(Float::Single(bits)) => Self::Float(Float::Single(bits ^ (1 << 31))),
            Self::Float(Float::Double(bits)) => Self::Float(Float::Double(bits ^ (1 << 63))),
        }
    }
}

/// Reads an integer in base 16, 8, 2 or 10, with or without the suffix `U`.
pub(super) fn integer(text: &str) -> Result<u64, String> {
    let digits = text.strip_suffix('U').unwrap_or(text);
    let (digits, radix) = if let Some(rest) = strip(digits, "0x", "0X") {
        (rest, 16)
    } else if let Some(rest) = strip(digits, "0b", "0B") {
        (rest, 2)
    } else if let Some(rest) = digits.strip_prefix('0').filter(|rest| !rest.is_empty()) {
        (rest, 8)
    } else {
        (digits, 10)
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(bad(text));
    }
    u64::from_str_radix(digits, radix).map_err(|_| format!("`{text}` needs more than 64 bits"))
}

fn decimal_float(text: &str) -> Result<Literal, String> {
    if !text.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte)) {
        return Err(bad(text));
    }
    let value: f64 = text.parse().map_err(|_| bad(text))?;
    Ok(Literal::Float(Float::Double(value.to_bits())))
}

fn hex_float(text: &str, digits: &str, length: usize) -> Result<u64, String> {
    if digits.len() != length || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(format!("`{text}` is no float: expected {length} hex digits after the prefix"));
    }
    u64::from_str_radix(digits, 16).map_err(|_| bad(text))
}

fn strip<'a>(text: &'a str, lower: &str, upper: &str) -> Option<&'a str> {
    text.strip_prefix(lower).or_else(|| text.strip_prefix(upper))
}

fn bad(text: &str) -> String {
    format!("`{text}` is no number")
}
