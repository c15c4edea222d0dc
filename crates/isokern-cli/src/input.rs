//! Samples for a model, from a file for each of its inputs or from standard input.

mod decode;
mod error;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use isokern_model::Model;

use crate::error::{CliError, name};
use crate::packed::Samples;
use crate::ports::{Port, Ports};
use decode::decode;

pub(crate) use error::InputError;

/// The most bytes that are read: 1 GiB.
const BYTES_MAX: u64 = 1 << 30;

/// Reads the samples of a model from what the command line gives, `-` being standard input.
///
/// There is one sample at least.
pub(crate) fn read(given: &[PathBuf], model: &Model<'_>) -> Result<Samples, CliError> {
    let ports = Ports::inputs(model);
    let files = ports.assign(given)?;
    ports.check_all_given(&files)?;
    let (mut columns, mut first) = (Vec::new(), None);
    for (port, path) in ports.iter().zip(files.into_iter().flatten()) {
        let column = read_port(port, path, ports.only().is_some())?;
        let count = column.len() / port.tensor.bytes();
        let (first_port, first_count) = first.get_or_insert_with(|| (port.to_string(), count));
        if *first_count != count {
            return Err(CliError::SampleCounts {
                first: first_port.clone(),
                first_count: *first_count,
                other: port.to_string(),
                other_count: count,
            });
        }
        columns.push(column);
    }
    Ok(Samples::new(joined(&ports, columns), ports.sample_bytes()))
}

/// Reads the values of one input for all samples, one after another.
fn read_port(port: &Port, path: &Path, is_only: bool) -> Result<Vec<u8>, CliError> {
    let stdin = path == Path::new("-");
    let file = if stdin { "standard input".to_owned() } else { name(path) };
    let name = if is_only { file } else { format!("{file} for {port}") };
    let bytes = match read_bytes(path, stdin) {
        Ok(bytes) => bytes,
        Err(source) => return Err(CliError::Read { name, source }),
    };
    let named_npy = path.extension().is_some_and(|extension| extension == "npy");
    decode(bytes, named_npy, &port.tensor).map_err(|source| CliError::Input { name, source })
}

fn read_bytes(path: &Path, stdin: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if stdin {
        io::stdin().lock().take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Joins the values of all inputs, as many samples of each, to samples.
fn joined(ports: &Ports, mut columns: Vec<Vec<u8>>) -> Vec<u8> {
    if let ([column], Some(_)) = (columns.as_mut_slice(), ports.only()) {
        return core::mem::take(column);
    }
    let mut rows: Vec<_> = ports
        .iter()
        .zip(&columns)
        .map(|(port, column)| column.chunks_exact(port.tensor.bytes()))
        .collect();
    let mut bytes = Vec::with_capacity(columns.iter().map(Vec::len).sum());
    while rows.first().is_some_and(|rows| rows.len() > 0) {
        rows.iter_mut().filter_map(Iterator::next).for_each(|row| bytes.extend_from_slice(row));
    }
    bytes
}
