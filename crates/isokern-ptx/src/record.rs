//! The record beside committed PTX: which compiler made it, how, and the digest of each file.

use crate::build::FLAGS;
use crate::compiler::Identity;
use crate::error::Error;
use crate::order::File;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// The name of the file.
pub(crate) const FILE: &str = "record.toml";

/// Returns the first lines of a record that a command writes.
fn head(command: &str) -> String {
    format!(
        "# Written by `{command}` together with the files it names; `{command} --check`\n\
         # compares. Under the same compiler the files are rebuilt byte for byte.\n\n"
    )
}

/// What a record says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// The compiler flags that all targets have in common.
    pub(crate) flags: Vec<String>,
    /// The features that were on besides the default ones.
    pub(crate) features: Vec<String>,
    /// What built.
    pub(crate) compiler: Identity,
    /// What was built.
    pub(crate) file: Vec<Row>,
}

/// One file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) sha256: String,
}

impl Record {
    /// Returns the record of files that `compiler` just built.
    pub(crate) fn new(compiler: &Identity, features: &[String], files: &[File]) -> Self {
        let row = |file: &File| Row { name: file.name.clone(), sha256: sha256(&file.text) };
        Self {
            flags: FLAGS.map(str::to_owned).to_vec(),
            features: features.to_vec(),
            compiler: compiler.clone(),
            file: files.iter().map(row).collect(),
        }
    }

    /// Reads the record in `folder`; none if there is none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map(Some).map_err(|error| {
                let path = path.display();
                Error::Check(format!("{path}: {error}\nFix: write it anew with --bless"))
            }),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Path { path, source }),
        }
    }

    /// Returns the text of the file.
    pub(crate) fn text(&self, command: &str) -> Result<String, Error> {
        let body = toml::to_string(self)
            .map_err(|error| Error::Check(format!("cannot write a record: {error}")))?;
        Ok(head(command) + &body)
    }

    /// Returns what is wrong if the flags are no longer those of the record.
    pub(crate) fn other_flags(&self) -> Option<String> {
        let message = || format!("{FILE} was written for the flags {:?}", self.flags);
        (self.flags != FLAGS).then(message)
    }

    /// Returns what is wrong with a file that `folder` should hold with this text; none if nothing
    /// is.
    pub(crate) fn difference(&self, name: &str, text: &str) -> Option<String> {
        match self.file.iter().find(|row| row.name == name) {
            None => Some(format!("{name} is not in {FILE}")),
            Some(row) if row.sha256 == sha256(text) => None,
            Some(_) => Some(format!("{name} is not the file that {FILE} was written for")),
        }
    }
}

/// Returns the SHA-256 of a text, in hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the first line in which two texts differ, from 1; none if they are the same.
pub(crate) fn first_difference(one: &str, other: &str) -> Option<usize> {
    if one == other {
        return None;
    }
    let same = one.lines().zip(other.lines()).take_while(|(a, b)| a == b).count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::{File, Identity, Record, first_difference, head, sha256};
    use crate::target::Target;

    fn record() -> Record {
        let compiler = Identity {
            version: "rustc 1.96.0".to_owned(),
            commit: "ac68".to_owned(),
            llvm: "22.1.8".to_owned(),
        };
        let (name, text) = ("a_sm80.ptx".to_owned(), "text".to_owned());
        Record::new(&compiler, &[], &[File { target: Target::Sm80, name, text }])
    }

    #[test]
    fn a_record_is_found_again_in_its_text() {
        let text = record().text("cargo own ptx").unwrap();
        assert!(text.starts_with(&head("cargo own ptx")));
        assert_eq!(toml::from_str::<Record>(&text).unwrap(), record());
        assert!(toml::from_str::<Record>(&text.replace("commit", "revision")).is_err());
    }

    #[test]
    fn a_changed_file_is_noticed() {
        let record = record();
        assert_eq!(record.difference("a_sm80.ptx", "text"), None);
        assert!(record.difference("a_sm80.ptx", "texT").is_some());
        assert!(record.difference("a_sm90.ptx", "text").is_some());
    }

    #[test]
    fn digests_are_those_of_fips_180() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256("abc"), abc);
    }

    #[test]
    fn the_first_different_line_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
        assert_eq!(first_difference("a", "a\n"), Some(2));
    }
}
