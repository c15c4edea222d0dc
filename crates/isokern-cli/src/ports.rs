//! The inputs and outputs of a model, as the command line names them and messages show them.

mod error;
#[cfg(test)]
mod tests;

use core::fmt;
use core::ops::Range;
use std::path::{Path, PathBuf};

use isokern_model::{Model, Tensor};

use crate::element;
use crate::error::name;
use crate::escape::quoted;
use crate::figures::shape;

pub(crate) use error::PortError;

/// The most ports that a message lists.
const LISTED: usize = 8;

/// Which end of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// What the caller writes.
    Input,
    /// What the caller reads.
    Output,
}

/// One input or output of a model.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    pub(crate) side: Side,
    /// Its index among the inputs or outputs.
    pub(crate) index: usize,
    /// Its name, as the model has it; empty where it has none.
    pub(crate) name: String,
    /// Its tensor.
    pub(crate) tensor: Tensor,
    /// Its bytes in a packed sample.
    pub(crate) range: Range<usize>,
}

/// All inputs, or all outputs, of a model; one at least.
#[derive(Clone, Debug)]
pub(crate) struct Ports {
    side: Side,
    ports: Vec<Port>,
}

/// What one option of the command line gives.
#[derive(Debug, PartialEq, Eq)]
enum Given<'g> {
    /// A file for the port at this index.
    Named(usize, &'g Path),
    /// A file, and no port of the model before an equals sign.
    Plain(&'g Path),
}

impl Side {
    /// The word for one of them, and the option of the command line.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

impl Ports {
    /// Returns the inputs of a model.
    pub(crate) fn inputs(model: &Model<'_>) -> Self {
        let name = |index| model.input_name(index).to_owned();
        Self::new(Side::Input, model.inputs(), name)
    }

    /// Returns the outputs of a model.
    pub(crate) fn outputs(model: &Model<'_>) -> Self {
        let name = |index| model.output_name(index).to_owned();
        Self::new(Side::Output, model.outputs(), name)
    }

    fn new(
        side: Side,
        tensors: impl Iterator<Item = Tensor>,
        name: impl Fn(usize) -> String,
    ) -> Self {
        let mut end = 0;
        let port = |(index, tensor): (usize, Tensor)| {
            let start = end;
            end += tensor.bytes();
            Port { side, index, name: name(index), tensor, range: start..end }
        };
        Self { side, ports: tensors.enumerate().map(port).collect() }
    }

    /// Returns the ports in their order.
    pub(crate) fn iter(&self) -> core::slice::Iter<'_, Port> {
        self.ports.iter()
    }

    /// Returns the port, if there is only one.
    pub(crate) fn only(&self) -> Option<&Port> {
        if let [port] = self.ports.as_slice() { Some(port) } else { None }
    }

    /// Returns the bytes of a packed sample.
    pub(crate) fn sample_bytes(&self) -> usize {
        self.ports.last().map_or(0, |port| port.range.end)
    }

    /// Returns the file of each port, by index, from what `--input` or `--output` gives:
    /// `NAME=FILE`, `INDEX=FILE`, or the file alone for a model with one such port.
    pub(crate) fn assign<'g>(
        &self,
        given: &'g [PathBuf],
    ) -> Result<Vec<Option<&'g Path>>, PortError> {
        self.assign_by(self.side.word(), given)
    }

    /// As [`assign`](Self::assign), from what an option of this name gives.
    pub(crate) fn assign_by<'g>(
        &self,
        option: &'static str,
        given: &'g [PathBuf],
    ) -> Result<Vec<Option<&'g Path>>, PortError> {
        let mut files: Vec<Option<&Path>> = vec![None; self.ports.len()];
        for text in given {
            let (index, path) = match self.read(option, text)? {
                Given::Named(index, path) => (index, path),
                Given::Plain(path) if self.ports.len() == 1 && !is_mistaken(path) => (0, path),
                Given::Plain(path) => return Err(self.unnamed(option, path)),
            };
            let is_shared = files.contains(&Some(path));
            match files.get_mut(index) {
                Some(file @ None) => *file = Some(path),
                _ => return Err(PortError::Twice { port: self.ports[index].to_string() }),
            }
            // A file may be read twice, but not from a pipe.
            if is_shared && (option == Side::Output.word() || path == Path::new("-")) {
                let (file, side) = (name(path), self.side.word());
                return Err(PortError::SameFile { file, side });
            }
        }
        Ok(files)
    }

    /// Fails unless every port has a file.
    pub(crate) fn check_all_given(&self, files: &[Option<&Path>]) -> Result<(), PortError> {
        let missing = self.ports.iter().zip(files).find(|(_, file)| file.is_none());
        match missing {
            None => Ok(()),
            Some((port, _)) => Err(PortError::Missing {
                port: port.to_string(),
                side: self.side.word(),
                index: port.index,
                list: self.list(),
            }),
        }
    }

    /// Reads what one option gives. The part before an equals sign names a port, or all of it
    /// is a path.
    fn read<'g>(&self, option: &'static str, given: &'g Path) -> Result<Given<'g>, PortError> {
        let Some(text) = given.to_str() else { return Ok(Given::Plain(given)) };
        for (place, _) in text.match_indices('=') {
            if let Some(index) = self.find(option, &text[..place])? {
                if place + 1 == text.len() {
                    return Err(PortError::NoFile { given: name(given), option });
                }
                return Ok(Given::Named(index, Path::new(&text[place + 1..])));
            }
        }
        Ok(Given::Plain(given))
    }

    /// Returns the index of the port with this index or name; an index comes first.
    fn find(&self, option: &'static str, key: &str) -> Result<Option<usize>, PortError> {
        let is_index = key.bytes().all(|byte| byte.is_ascii_digit());
        let index = key.parse().ok().filter(|&index: &usize| is_index && index < self.ports.len());
        if index.is_some() {
            return Ok(index);
        }
        let is_named = |port: &&Port| !key.is_empty() && port.name == key;
        let named: Vec<usize> = self.iter().filter(is_named).map(|port| port.index).collect();
        match named[..] {
            [] => Ok(None),
            [index] => Ok(Some(index)),
            [first, second, ..] => {
                let (key, side) = (key.to_owned(), self.side.word());
                Err(PortError::Ambiguous { key, side, option, first, second })
            }
        }
    }

    /// The error for a path alone, where there are several ports.
    fn unnamed(&self, option: &'static str, path: &Path) -> PortError {
        let (side, list, given) = (self.side.word(), self.list(), name(path));
        match given.split_once('=') {
            Some((key, _)) => PortError::Unknown { key: key.to_owned(), side, option, list },
            None => PortError::Unnamed { given, side, option, list },
        }
    }

    /// Returns the ports with what they are, on one line.
    fn list(&self) -> String {
        let shown = self.iter().take(LISTED).map(|port| format!("{port}: {}", port.facts()));
        let shown: Vec<String> = shown.collect();
        let more = self.ports.len().saturating_sub(LISTED);
        match more {
            0 => shown.join(", "),
            more => format!("{}, and {more} more", shown.join(", ")),
        }
    }
}

/// Returns whether this is more likely a name that no port has than a path: there is no file of the
/// whole text, but one of what comes after its equals sign.
fn is_mistaken(path: &Path) -> bool {
    let file = path.to_str().and_then(|text| text.split_once('=')).map(|(_, file)| file);
    file.is_some_and(|file| Path::new(file).exists() && !path.exists())
}

impl Port {
    /// Returns shape and element type: `1x8x8x1 int8`.
    pub(crate) fn facts(&self) -> String {
        format!("{} {}", shape(self.tensor.shape()), element::name(self.tensor.dtype()))
    }
}

/// The port with its index and, escaped, its name: `input 0 "left"`.
impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.side.word(), self.index)?;
        if self.name.is_empty() { Ok(()) } else { write!(formatter, " {}", quoted(&self.name)) }
    }
}
