//! Errors of ports: why values do not belong to an input or output.

use isokern_core::DType;
use thiserror::Error;

use crate::escape::quoted;

/// Why values are not those of an input or output of a model.
///
/// A `port` is an input or output in words, `input 0 "left"`; `facts` are its shape and type,
/// `1x8x8x1 int8`; `list` has all there are.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PortError {
    /// There is none with this name or index.
    #[error("the model has no {side} {}; it has {list}. Fix: pass one of these", quoted(.key))]
    Unknown {
        /// The name or index.
        key: String,
        /// `input` or `output`.
        side: &'static str,
        /// What there is.
        list: String,
    },
    /// Two have this name.
    #[error(
        "{side}s {first} and {second} of the model both have the name {}. Fix: pass the index",
        quoted(.key)
    )]
    Ambiguous {
        /// The name.
        key: String,
        /// `input` or `output`.
        side: &'static str,
        /// The index of one.
        first: usize,
        /// The index of another.
        second: usize,
    },
    /// Values came without saying for which of several inputs.
    #[error(
        "the values do not say which input they are for; the model has {list}. Fix: pass a pair \
         for each, such as `[(0, &values), (1, &others)]` or with names in place of indices"
    )]
    Unnamed {
        /// What there is.
        list: String,
    },
    /// An input has no values.
    #[error("no values are given for {port}. Fix: pass them as well")]
    Missing {
        /// The input.
        port: String,
    },
    /// An input has values twice.
    #[error("values are given twice for {port}. Fix: pass them once")]
    Twice {
        /// The input.
        port: String,
    },
    /// There are more values, or fewer, than it has.
    #[error("{have} values are given for {port} ({facts}), which has {need}. Fix: pass {need}")]
    Length {
        /// The input or output.
        port: String,
        /// Its shape and type.
        facts: String,
        /// Values given.
        have: usize,
        /// Values of one sample.
        need: usize,
    },
    /// Inputs of a batch hold different numbers of samples, or no whole number.
    #[error(
        "{have} values are given for {port} ({facts}), which has {need} a sample; other inputs \
         have {samples}. Fix: pass as many whole samples for each input"
    )]
    Samples {
        /// The input.
        port: String,
        /// Its shape and type.
        facts: String,
        /// Values given.
        have: usize,
        /// Values of one sample.
        need: usize,
        /// In words, the samples of the others.
        samples: String,
    },
    /// The values are of a type that is not the port's, nor can become that.
    #[error(
        "the values are {}, {port} has {facts}. Fix: {}",
        .found.name(),
        fix(*.wanted)
    )]
    Element {
        /// The type of the values.
        found: DType,
        /// The type of the port.
        wanted: DType,
        /// The input or output.
        port: String,
        /// Its shape and type.
        facts: String,
    },
    /// A real number that no integer represents.
    #[error("value {index} for {port} is not a number. Fix: replace the NaN")]
    NotANumber {
        /// Its place among the values.
        index: usize,
        /// The input.
        port: String,
    },
}

fn fix(wanted: DType) -> String {
    let name = wanted.name();
    if crate::element::quantised_range(wanted).is_some() {
        return format!("use {name} for quantised values, or f32 for real ones");
    }
    format!("use {name}")
}
