//! Where outputs of a model go: a file for each, or standard output.

mod whole_file;

use std::io::Write;
use std::path::{Path, PathBuf};

use isokern_model::Model;

use crate::element::Element;
use crate::error::{CliError, name};
use crate::npy;
use crate::packed::Samples;
use crate::ports::{Port, Ports};

pub(crate) use whole_file::write_file;

/// The outputs that are written, each with its file.
#[derive(Debug)]
pub(crate) struct Targets<'g> {
    targets: Vec<(Port, &'g Path)>,
}

impl<'g> Targets<'g> {
    /// Finds the outputs of a model that the command line gives files for, `-` being standard
    /// output.
    pub(crate) fn new(given: &'g [PathBuf], model: &Model<'_>) -> Result<Self, CliError> {
        let ports = Ports::outputs(model);
        let files = ports.assign(given)?;
        let target = |(port, file): (&Port, Option<&'g Path>)| Some((port.clone(), file?));
        let targets: Vec<_> = ports.iter().zip(files).filter_map(target).collect();
        for (port, path) in &targets {
            let dtype = port.tensor.dtype();
            if is_npy(path) && Element::of(dtype).is_none() {
                return Err(CliError::OutputElement { name: name(path), dtype: dtype.name() });
            }
        }
        Ok(Self { targets })
    }

    /// Writes the files. Says whether an output went to standard output, which then has
    /// nothing else.
    pub(crate) fn write(&self, outputs: &Samples, out: &mut impl Write) -> Result<bool, CliError> {
        let is_stdout = |path: &Path| path == Path::new("-");
        let (to_stdout, to_files): (Vec<_>, Vec<_>) =
            self.targets.iter().partition(|(_, path)| is_stdout(path));
        for (port, path) in to_files {
            write_file(path, &encoded(path, port, outputs))?;
        }
        for (port, path) in &to_stdout {
            out.write_all(&encoded(path, port, outputs))?;
        }
        Ok(!to_stdout.is_empty())
    }

    /// Returns the names of the files, in the order of the outputs.
    pub(crate) fn names(&self) -> Vec<String> {
        self.targets.iter().map(|(_, path)| name(path)).collect()
    }
}

fn is_npy(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "npy")
}

/// Returns the bytes of a file: an array where its name says so, else the values alone.
fn encoded(path: &Path, port: &Port, outputs: &Samples) -> Vec<u8> {
    let mut values = Vec::with_capacity(outputs.count() * port.tensor.bytes());
    outputs.iter().for_each(|sample| values.extend_from_slice(&sample[port.range.clone()]));
    let Some(element) = Element::of(port.tensor.dtype()).filter(|_| is_npy(path)) else {
        return values;
    };
    let dims = match port.tensor.shape() {
        [1, dims @ ..] => dims,
        dims => dims,
    };
    let count = outputs.count() as u64;
    let shape: Vec<u64> =
        core::iter::once(count).chain(dims.iter().map(|&size| size.into())).collect();
    npy::write(&shape, element.descr, &values)
}
