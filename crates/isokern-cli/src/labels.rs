//! Names of classes, from a file for an output.

use std::path::PathBuf;

use isokern_model::Model;
use thiserror::Error;

use crate::error::{CliError, name};
use crate::figures::counted;
use crate::input::read_file;
use crate::ports;
use crate::source_file::source_name;
use isokern::Ports;

/// The names of the classes of some outputs.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    /// For each output in order, a name for each class, or none at all.
    by_output: Vec<Vec<String>>,
}

/// Why a file does not name the classes of an output.
#[derive(Debug, Error)]
pub(crate) enum LabelError {
    #[error("byte {offset} is not UTF-8. Fix: save the file as UTF-8, a label on each line")]
    NotText { offset: usize },
    #[error(
        "there {} {}, the output has {}. Fix: give a label for each class, one on a line, in their \
         order{}",
        if *.have == 1 { "is" } else { "are" },
        counted(*.have, "label"),
        if *.need == 1 { "1 class".to_owned() } else { format!("{need} classes") },
        if *.have + 1 == *.need { "; a first line for the background may be missing" } else { "" }
    )]
    Count { have: usize, need: usize },
    #[error(
        "the output is {shape}, which is no row of classes. Fix: pass --labels for an output that \
         is one"
    )]
    NoClasses { shape: String },
}

impl Labels {
    /// Reads the files that `--labels` gives: of each line of text, the label of a class.
    pub(crate) fn read(given: &[PathBuf], model: &Model<'_>) -> Result<Self, CliError> {
        let ports = Ports::outputs(model);
        let mut by_output = Vec::new();
        for (port, path) in ports.iter().zip(ports::assign_by(&ports, "labels", given)?) {
            let Some(path) = path else {
                by_output.push(Vec::new());
                continue;
            };
            let refused = |source| CliError::Labels { name: name(path), source };
            let (need, shape) = (port.tensor.len(), port.facts());
            if need != port.tensor.depth() {
                return Err(refused(LabelError::NoClasses { shape }));
            }
            let labels = parse(&read_file(path, &source_name(path))?).map_err(refused)?;
            let have = labels.len();
            if have != need {
                return Err(refused(LabelError::Count { have, need }));
            }
            by_output.push(labels);
        }
        Ok(Self { by_output })
    }

    /// Returns the label of a class of an output, as the file has it.
    pub(crate) fn of(&self, output: usize, class: usize) -> Option<&str> {
        self.by_output.get(output)?.get(class).map(String::as_str)
    }
}

/// Returns the lines of a text, without spaces around them and without empty ones at the end.
fn parse(bytes: &[u8]) -> Result<Vec<String>, LabelError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = core::str::from_utf8(bytes)
        .map_err(|error| LabelError::NotText { offset: error.valid_up_to() })?;
    Ok(text.trim_end().lines().map(|line| line.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::{LabelError, parse};

    #[test]
    fn a_label_is_a_line() {
        for text in ["a\nb c\n", "\u{feff}a\r\nb c", " a\n\tb c \n\n\n"] {
            assert_eq!(parse(text.as_bytes()).expect("it is text"), ["a", "b c"], "{text:?}");
        }
        assert_eq!(parse(b"a\n\nb").expect("it is text"), ["a", "", "b"]);
        assert!(parse(b"").expect("it is text").is_empty());
        assert!(matches!(parse(b"a\xFF"), Err(LabelError::NotText { offset: 1 })));
    }
}
