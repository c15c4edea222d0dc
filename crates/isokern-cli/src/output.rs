//! Where outputs of a model go: a file for each, or standard output.

mod destination;
mod file_id;
mod follow;
mod part;
mod unfinished;
mod whole_file;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use isokern_core::DType;
use isokern_model::Model;

use crate::element::{descr, is_real, real_values};
use crate::error::{CliError, name};
use crate::npy::{self, is_named_npy};
use crate::ports::{self, PortError};
use isokern::samples::Samples;
use isokern::{Port, Ports};

pub(crate) use destination::Destination;

/// The outputs that are written, each with its file.
#[derive(Debug)]
pub(crate) struct Targets<'g> {
    targets: Vec<Target<'g>>,
    form: Form,
}

/// What is written of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The values of the output tensor.
    Values,
    /// The real numbers that they represent, in single precision.
    Reals,
}

#[derive(Debug)]
struct Target<'g> {
    port: Port,
    path: &'g Path,
    destination: Destination,
}

impl<'g> Targets<'g> {
    /// Finds the outputs of a model that the command line gives files for, `-` being standard
    /// output. No file may be one that is `read`, and no two may be one.
    pub(crate) fn new(
        given: &'g [PathBuf],
        model: &Model<'_>,
        read: &[&Path],
        form: Form,
    ) -> Result<Self, CliError> {
        let ports = Ports::outputs(model);
        let files = ports::assign(&ports, given)?;
        let mut targets: Vec<Target<'g>> = Vec::new();
        for (port, path) in ports.iter().zip(files) {
            let Some(path) = path else { continue };
            let dtype = port.tensor.dtype();
            if form == Form::Reals && !is_real(dtype) {
                return Err(CliError::NoReals { name: name(path), output: port.to_string() });
            }
            if form == Form::Values && is_named_npy(path) && descr(dtype).is_none() {
                return Err(CliError::OutputElement { name: name(path), dtype: dtype.name() });
            }
            let destination = Destination::find(path, read)?;
            if targets.iter().any(|target| target.destination.is_same(&destination)) {
                return Err(PortError::SameFile { file: name(path), side: "output" }.into());
            }
            targets.push(Target { port: port.clone(), path, destination });
        }
        Ok(Self { targets, form })
    }

    /// Returns whether an output goes to standard output, which then has nothing else.
    pub(crate) fn has_stdout(&self) -> bool {
        self.targets.iter().any(|target| target.destination.is_stdout())
    }

    /// Returns whether an output goes there.
    pub(crate) fn contains(&self, destination: &Destination) -> bool {
        self.targets.iter().any(|target| target.destination.is_same(destination))
    }

    /// Writes the files, then what goes to standard output.
    pub(crate) fn write(&self, outputs: &Samples, out: &mut impl Write) -> Result<(), CliError> {
        let (streams, files): (Vec<_>, Vec<_>) =
            self.targets.iter().partition(|target| target.destination.is_stdout());
        for Target { port, path, destination } in files.into_iter().chain(streams) {
            destination.write(&encoded(path, port, outputs, self.form), out)?;
        }
        Ok(())
    }

    /// Returns the name of the file of the output at this index, where it has one.
    pub(crate) fn name_of(&self, index: usize) -> Option<String> {
        let target = self.targets.iter().find(|target| target.port.index == index)?;
        Some(name(target.path))
    }

    /// Returns the names of the files, in the order of the outputs.
    pub(crate) fn names(&self) -> Vec<String> {
        self.targets.iter().map(|target| name(target.path)).collect()
    }
}

/// Prints what a command says of its work: to standard error where standard output has data, else
/// to standard output.
pub(crate) fn print_text(
    text: &[u8],
    stdout_has_data: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    if !stdout_has_data {
        return out.write_all(text);
    }
    // The data are what was asked for; with standard error closed nobody wants to hear of them.
    let _ = io::stderr().write_all(text);
    Ok(())
}

/// Returns the bytes of a file: an array where its name says so, else the values alone.
fn encoded(path: &Path, port: &Port, outputs: &Samples, form: Form) -> Vec<u8> {
    let mut values = Vec::with_capacity(outputs.count() * port.tensor.bytes());
    outputs.iter().for_each(|sample| values.extend_from_slice(&sample[port.range.clone()]));
    let mut dtype = port.tensor.dtype();
    if form == Form::Reals {
        let reals = real_values(&values, &port.tensor);
        values = reals.iter().flat_map(|real| real.to_le_bytes()).collect();
        dtype = DType::F32;
    }
    let Some(element) = descr(dtype).filter(|_| is_named_npy(path)) else {
        return values;
    };
    let dims = match port.tensor.shape() {
        [1, dims @ ..] => dims,
        dims => dims,
    };
    let count = outputs.count() as u64;
    let shape: Vec<u64> =
        core::iter::once(count).chain(dims.iter().map(|&size| size.into())).collect();
    npy::write(&shape, element, &values)
}
