//! Files of the command line for the inputs and outputs of a model.

mod error;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use isokern::port::Side;
use isokern::{Port, Ports};

use crate::error::name;

pub(crate) use error::PortError;

/// What one option of the command line gives.
#[derive(Debug, PartialEq, Eq)]
enum Given<'g> {
    /// A file for the port at this index.
    Named(usize, &'g Path),
    /// A file, and no port of the model before an equals sign.
    Plain(&'g Path),
}

/// Returns the file of each port, by index, from what `--input` or `--output` gives: `NAME=FILE`,
/// `INDEX=FILE`, or the file alone for a model with one such port.
pub(crate) fn assign<'g>(
    ports: &Ports,
    given: &'g [PathBuf],
) -> Result<Vec<Option<&'g Path>>, PortError> {
    assign_by(ports, ports.side().word(), given)
}

/// Works as [`assign`], from what an option of this name gives.
pub(crate) fn assign_by<'g>(
    ports: &Ports,
    option: &'static str,
    given: &'g [PathBuf],
) -> Result<Vec<Option<&'g Path>>, PortError> {
    let mut files: Vec<Option<&Path>> = vec![None; ports.count()];
    for text in given {
        let (index, path) = match read(ports, option, text)? {
            Given::Named(index, path) => (index, path),
            Given::Plain(path) if ports.only().is_some() && !is_mistaken(path) => (0, path),
            Given::Plain(path) => return Err(unnamed(ports, option, path)),
        };
        let is_shared = files.contains(&Some(path));
        match files.get_mut(index) {
            Some(file @ None) => *file = Some(path),
            _ => {
                let port = ports.at(index).map(Port::to_string).unwrap_or_default();
                return Err(PortError::Twice { port });
            }
        }
        // A file may be read twice, but not from a pipe.
        if is_shared && (option == Side::Output.word() || path == Path::new("-")) {
            let (file, side) = (name(path), ports.side().word());
            return Err(PortError::SameFile { file, side });
        }
    }
    Ok(files)
}

/// Fails unless every port has a file.
pub(crate) fn check_all_given(ports: &Ports, files: &[Option<&Path>]) -> Result<(), PortError> {
    let missing = ports.iter().zip(files).find(|(_, file)| file.is_none());
    match missing {
        None => Ok(()),
        Some((port, _)) => Err(PortError::Missing {
            port: port.to_string(),
            side: ports.side().word(),
            index: port.index,
            list: ports.list(),
        }),
    }
}

/// Reads what one option gives. The part before an equals sign names a port, or all of it is a
/// path.
fn read<'g>(ports: &Ports, option: &'static str, given: &'g Path) -> Result<Given<'g>, PortError> {
    let Some(text) = given.to_str() else { return Ok(Given::Plain(given)) };
    for (place, _) in text.match_indices('=') {
        let found = ports.named(&text[..place]);
        let found = found.map_err(|error| PortError::of_name(error, option))?;
        if let Some(port) = found {
            if place + 1 == text.len() {
                return Err(PortError::NoFile { given: name(given), option });
            }
            return Ok(Given::Named(port.index, Path::new(&text[place + 1..])));
        }
    }
    Ok(Given::Plain(given))
}

/// Returns the error for a path alone, where there are several ports.
fn unnamed(ports: &Ports, option: &'static str, path: &Path) -> PortError {
    let (side, list, given) = (ports.side().word(), ports.list(), name(path));
    match given.split_once('=') {
        Some((key, _)) => PortError::Unknown { key: key.to_owned(), side, option, list },
        None => PortError::Unnamed { given, side, option, list },
    }
}

/// Returns whether this is more likely a name that no port has than a path: there is no file of the
/// whole text, but one of what comes after its equals sign.
fn is_mistaken(path: &Path) -> bool {
    let file = path.to_str().and_then(|text| text.split_once('=')).map(|(_, file)| file);
    file.is_some_and(|file| Path::new(file).exists() && !path.exists())
}
