//! Options of an operator as the lowering asks for them: by name, with a type.
//!
//! A reader gives an operator all options that its name implies, with the defaults of the schema
//! where the file leaves them out. Why it could not read one is reported when the lowering asks for
//! it.

use crate::error::{OperatorFault, TfliteError};

/// An option of an operator.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NamedOption<'f> {
    /// Its name in the schema.
    pub(crate) name: &'static str,
    /// Its value, or why that cannot be read.
    pub(crate) value: Result<OptionValue<'f>, OptionFault>,
}

/// The value of an option.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(dead_code, reason = "operators with other options follow")]
pub(crate) enum OptionValue<'f> {
    /// A choice, by its number in the schema.
    U8(u8),
    /// A number.
    I32(i32),
    /// A real number.
    F32(f32),
    /// Yes or no.
    Bool(bool),
    /// A name.
    Text(&'f [u8]),
    /// Numbers, each with its least byte first.
    Ints(&'f [[u8; 4]]),
}

/// Why an option cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OptionFault {
    /// It leads out of the file.
    File(TfliteError),
    /// The options are not those of the operator.
    Operator(OperatorFault),
}

/// A type that an option can have.
pub(crate) trait FromOption<'f>: Sized {
    /// Returns the value, if it has this type.
    fn from_option(value: OptionValue<'f>) -> Option<Self>;
}

impl FromOption<'_> for u8 {
    fn from_option(value: OptionValue<'_>) -> Option<Self> {
        if let OptionValue::U8(value) = value { Some(value) } else { None }
    }
}

impl FromOption<'_> for i32 {
    fn from_option(value: OptionValue<'_>) -> Option<Self> {
        if let OptionValue::I32(value) = value { Some(value) } else { None }
    }
}

impl FromOption<'_> for f32 {
    fn from_option(value: OptionValue<'_>) -> Option<Self> {
        if let OptionValue::F32(value) = value { Some(value) } else { None }
    }
}

impl FromOption<'_> for bool {
    fn from_option(value: OptionValue<'_>) -> Option<Self> {
        if let OptionValue::Bool(value) = value { Some(value) } else { None }
    }
}

impl FromOption<'_> for Vec<i32> {
    fn from_option(value: OptionValue<'_>) -> Option<Self> {
        let OptionValue::Ints(values) = value else { return None };
        Some(values.iter().map(|value| i32::from_le_bytes(*value)).collect())
    }
}

impl<'f> FromOption<'f> for &'f [u8] {
    fn from_option(value: OptionValue<'f>) -> Option<Self> {
        if let OptionValue::Text(value) = value { Some(value) } else { None }
    }
}
