//! What a run says of a model's state: a file of the states, and lines of text.

use std::io::Write;
use std::path::Path;

use isokern_model::Model;

use crate::error::{CliError, name};
use crate::figures::{counted, digest};
use crate::npy::{self, is_named_npy};
use crate::output::{Destination, Targets};
use crate::ports::PortError;
use crate::states::States;

/// The file for the states after each input, where one is wanted.
#[derive(Debug, Default)]
pub(super) struct StateFile<'g>(Option<(&'g Path, Destination)>);

impl<'g> StateFile<'g> {
    /// Finds the file, which is none that is `read` and none of an output.
    pub(super) fn new(
        path: Option<&'g Path>,
        read: &[&Path],
        targets: &Targets<'_>,
    ) -> Result<Self, CliError> {
        let Some(path) = path else { return Ok(Self(None)) };
        let destination = Destination::find(path, read)?;
        if targets.contains(&destination) {
            return Err(PortError::SameFile { file: name(path), side: "output" }.into());
        }
        Ok(Self(Some((path, destination))))
    }

    /// Returns whether the states go to standard output.
    pub(super) fn is_stdout(&self) -> bool {
        self.0.as_ref().is_some_and(|(_, destination)| destination.is_stdout())
    }

    /// Returns the name of the file.
    pub(super) fn name(&self) -> Option<String> {
        self.0.as_ref().map(|(path, _)| name(path))
    }

    /// Writes the states: bytes, a row for each input.
    pub(super) fn write(
        &self,
        states: &States,
        state_bytes: usize,
        out: &mut impl Write,
    ) -> Result<(), CliError> {
        let Some((path, destination)) = &self.0 else { return Ok(()) };
        if !is_named_npy(path) {
            return destination.write(states.bytes(), out);
        }
        let shape = [(states.bytes().len() / state_bytes) as u64, state_bytes as u64];
        destination.write(&npy::write(&shape, "|u1", states.bytes()), out)
    }
}

impl StateFile<'_> {
    /// Writes bytes that are made where there is a file.
    pub(super) fn write_bytes(
        &self,
        bytes: impl FnOnce() -> Vec<u8>,
        out: &mut impl Write,
    ) -> Result<(), CliError> {
        match &self.0 {
            Some((_, destination)) => destination.write(&bytes(), out),
            None => Ok(()),
        }
    }
}

/// Prints the bytes of state, and the digest of the last one, where the model has any.
pub(super) fn print(
    model: &Model<'_>,
    states: &States,
    is_stream: bool,
    out: &mut impl Write,
) -> Result<(), CliError> {
    match model.state_bytes() {
        0 if is_stream => {
            writeln!(
                out,
                "state      none: the model gives each input the same answer in any order"
            )?;
        }
        0 => {}
        bytes => {
            let bytes = counted(bytes, "byte");
            writeln!(out, "state      {bytes}, kept from one input to the next")?;
        }
    }
    if let Some(&last) = states.digests().last() {
        writeln!(out, "           digest {} after the last input", digest(last))?;
    }
    Ok(())
}
