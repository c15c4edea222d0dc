//! Samples for a model, from a file for each of its inputs or from standard input.

mod decode;
mod error;
mod values;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use isokern_model::Model;

use crate::element::real_range;
use crate::error::CliError;
use crate::figures::grouped;
use crate::npy::is_named_npy;
use crate::ports;
use crate::self_test;
use crate::source_file::{read_to, source_name};
use decode::{Decoded, decode};
pub(crate) use decode::{array_in, stored_elements};
use isokern::samples::Samples;
use isokern::{Port, Ports};

pub(crate) use error::InputError;
pub(crate) use values::{Clipped, index};

/// The most bytes that are read: 1 GiB.
const BYTES_MAX: u64 = 1 << 30;

/// What was read.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// The samples, one at least.
    pub(crate) samples: Samples,
    /// Where the values of each input are from, in order.
    pub(crate) sources: Vec<Source>,
}

/// Where the values of an input are from.
#[derive(Debug)]
pub(crate) struct Source {
    /// The file, and the input where there are several.
    pub(crate) name: String,
    /// What became of real numbers beyond its range.
    pub(crate) clipped: Clipped,
    /// The range, in real numbers.
    pub(crate) range: (f32, f32),
}

/// Says on standard error which values were cut.
pub(crate) fn tell_clipped(sources: &[Source]) {
    for Source { name, clipped, range: (least, greatest) } in sources {
        let Clipped { of_count, below_count, above_count } = *clipped;
        let count = below_count + above_count;
        if count == 0 {
            continue;
        }
        let [count, of, below, above] = [count, of_count, below_count, above_count].map(grouped);
        let note = format!(
            "note: {name}: {count} of {of} values are outside the range of the input, {least} to \
             {greatest}, and were cut to it: {below} below, {above} above\n"
        );
        // With standard error closed nobody wants to know.
        let _ = io::stderr().write_all(note.as_bytes());
    }
}

/// Reads the samples of a model from what the command line gives, `-` being standard input.
///
/// There is one sample at least. Of a stream, arrays may also hold frames.
pub(crate) fn read(
    given: &[PathBuf],
    model: &Model<'_>,
    is_stream: bool,
) -> Result<Inputs, CliError> {
    let ports = Ports::inputs(model);
    let files = ports::assign(&ports, given)?;
    ports::check_all_given(&ports, &files)?;
    let (mut columns, mut sources, mut first) = (Vec::new(), Vec::new(), None);
    for (port, path) in ports.iter().zip(files.into_iter().flatten()) {
        let (source, column) = read_port(port, path, (ports.only().is_some(), is_stream))?;
        sources.push(source);
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
    let samples = Samples::new(joined(&ports, columns), ports.sample_bytes());
    Ok(Inputs { samples, sources })
}

/// Generates samples: those that belong to this seed.
pub(crate) fn generate(model: &Model<'_>, seed: u32, count: usize) -> Result<Inputs, CliError> {
    let name = format!("generated from seed {seed}");
    if (model.input_bytes() as u64).saturating_mul(count as u64) > BYTES_MAX {
        return Err(CliError::Input { name, source: InputError::TooLong });
    }
    let samples = Samples::new(self_test::samples(model, seed, count), model.input_bytes());
    let source =
        |_: &Port| Source { name: name.clone(), clipped: Clipped::default(), range: (0.0, 0.0) };
    Ok(Inputs { samples, sources: Ports::inputs(model).iter().map(source).collect() })
}

/// Reads the values of one input for all samples, one after another.
fn read_port(
    port: &Port,
    path: &Path,
    (is_only, is_stream): (bool, bool),
) -> Result<(Source, Vec<u8>), CliError> {
    let file = source_name(path);
    let name = if is_only { file } else { format!("{file} for {port}") };
    match decode(read_file(path, &name)?, is_named_npy(path), &port.tensor, is_stream) {
        Ok(Decoded { values, clipped }) => {
            let range = real_range(&port.tensor).unwrap_or_default();
            Ok((Source { name, clipped, range }, values))
        }
        Err(source) => Err(CliError::Input { name, source }),
    }
}

/// Reads a file, or with `-` standard input; `name` is what messages call it.
pub(crate) fn read_file(path: &Path, name: &str) -> Result<Vec<u8>, CliError> {
    read_at_most(path, name, BYTES_MAX)
}

fn read_at_most(path: &Path, name: &str, bytes_max: u64) -> Result<Vec<u8>, CliError> {
    match read_to(path, bytes_max) {
        Ok(bytes) if bytes.len() as u64 > bytes_max => {
            Err(CliError::Input { name: name.to_owned(), source: InputError::TooLong })
        }
        Ok(bytes) => Ok(bytes),
        Err(source) => Err(CliError::Read { name: name.to_owned(), source }),
    }
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{InputError, read_at_most};
    use crate::error::CliError;

    #[test]
    fn no_file_is_cut_in_silence() {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let all = std::fs::read(path).expect("it is there");
        let read = |bytes_max| read_at_most(path, "x", bytes_max);
        assert_eq!(read(all.len() as u64).expect("it is not longer"), all);
        let refused = read(all.len() as u64 - 1);
        assert!(
            matches!(refused, Err(CliError::Input { source: InputError::TooLong, .. })),
            "{refused:?}"
        );
    }
}
