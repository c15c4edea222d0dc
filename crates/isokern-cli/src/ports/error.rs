//! Why files of the command line do not belong to inputs or outputs.

use thiserror::Error;

use isokern::escape::quoted;

/// A file without a port, a port without a file, or two of one.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum PortError {
    #[error(
        "--{option} {given} does not say which {side} it is for; the model has {list}. Fix: pass \
         one --{option} NAME=FILE or --{option} INDEX=FILE for each, such as --{option} 0={given}"
    )]
    Unnamed { given: String, side: &'static str, option: &'static str, list: String },
    #[error(
        "the model has no {side} {}; it has {list}. Fix: pass --{option} NAME=FILE or \
         --{option} INDEX=FILE with one of these",
        quoted(.key)
    )]
    Unknown { key: String, side: &'static str, option: &'static str, list: String },
    #[error(
        "{side}s {first} and {second} of the model both have the name {}. Fix: pass \
         --{option} {first}=FILE or --{option} {second}=FILE",
        quoted(.key)
    )]
    Ambiguous {
        key: String,
        side: &'static str,
        /// The name of the option that gives the file.
        option: &'static str,
        first: usize,
        second: usize,
    },
    #[error("--{option} {given} names no file. Fix: pass --{option} {given}FILE")]
    NoFile { given: String, option: &'static str },
    #[error("two files are given for {port}. Fix: pass one of them")]
    Twice { port: String },
    #[error("{file} is given for two {side}s. Fix: give each {side} a file of its own")]
    SameFile { file: String, side: &'static str },
    #[error(
        "no file is given for {port}; the model has {list}. Fix: pass --{side} {index}=FILE as well"
    )]
    Missing { port: String, side: &'static str, index: usize, list: String },
    #[error(transparent)]
    Other(isokern::PortError),
}

impl PortError {
    /// Returns the error for a name that two ports have, as an option gives it.
    pub(super) fn of_name(error: isokern::PortError, option: &'static str) -> Self {
        if let isokern::PortError::Ambiguous { key, side, first, second } = error {
            return Self::Ambiguous { key, side, option, first, second };
        }
        Self::Other(error)
    }
}
