//! Random graphs with what TFLite Micro computes for them, as `models/random_graphs.py` writes
//! them: read, converted, run and compared.
//!
//! A folder has `graphs.jsonl`, a line a graph, and `graphs.bin`, which the lines point into.

mod compare;
mod tally;

use core::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::vectors::own_folder;

pub use compare::{Difference, Form, Verdict, check, check_on_device};
pub use tally::Tally;

/// Graphs of one folder.
#[derive(Debug)]
pub struct Graphs {
    /// One a graph, in the order of the file.
    pub records: Vec<Record>,
    bytes: Vec<u8>,
}

/// One graph.
#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    /// What it was made from.
    pub seed: u64,
    /// TFLite's names of its operators.
    pub operators: Vec<String>,
    /// Runs with inputs of their own; those of a stream follow one another.
    pub runs: usize,
    /// Whether state goes on from run to run.
    pub stream: bool,
    /// What the operators write: the outputs of the model that has them all.
    pub values: Vec<Value>,
    /// Places in `values` of the outputs of the model that has only the last ones.
    pub ends: Vec<usize>,
    model: [usize; 2],
    end: [usize; 2],
    inputs: [usize; 2],
    outputs: [usize; 2],
}

/// A tensor that an operator writes.
#[derive(Debug, Clone, Deserialize)]
pub struct Value {
    /// Index of the operator in the file.
    pub operator: usize,
    /// Its element type.
    pub dtype: String,
    /// Its size.
    pub bytes: usize,
}

/// Returns the folder of the committed graphs, or the one that `ISOKERN_GRAPHS` names.
#[must_use]
pub fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::var_os("ISOKERN_GRAPHS")
        .map_or_else(|| own_folder().join("graphs"), |named| root.join(named))
}

impl Graphs {
    /// Reads a folder.
    ///
    /// # Panics
    ///
    /// If a file is missing or says something else than it should.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let lines = String::from_utf8(read("graphs.jsonl")).expect("the lines are text");
        let record = |line: &str| serde_json::from_str(line).expect("a line is a record");
        let records: Vec<Record> = lines.lines().map(record).collect();
        assert!(!records.is_empty(), "{} has no graph", folder.display());
        Self { records, bytes: read("graphs.bin") }
    }

    /// Returns the file with every value as an output.
    #[must_use]
    pub fn model(&self, record: &Record) -> &[u8] {
        self.part(record.model)
    }

    /// Returns the file with the last values as outputs; empty if all that is written is kept as
    /// state.
    #[must_use]
    pub fn end(&self, record: &Record) -> &[u8] {
        self.part(record.end)
    }

    /// Returns the bytes of all inputs, one run after the other.
    #[must_use]
    pub fn inputs(&self, record: &Record) -> Vec<&[u8]> {
        runs(self.part(record.inputs), record.runs)
    }

    /// Returns the bytes of all values, one run after the other.
    #[must_use]
    pub fn outputs(&self, record: &Record) -> Vec<&[u8]> {
        runs(self.part(record.outputs), record.runs)
    }

    /// Returns whether some int8 value of a graph has both ends of its range among its bytes.
    #[must_use]
    pub fn saturates(&self, record: &Record) -> bool {
        let outputs = self.outputs(record);
        (0..record.values.len()).any(|place| {
            let bytes = || outputs.iter().flat_map(|run| &run[record.span(place)]);
            let has = |end: i8| bytes().any(|&byte| byte.cast_signed() == end);
            record.values[place].dtype == "int8" && has(i8::MIN) && has(i8::MAX)
        })
    }

    fn part(&self, [offset, len]: [usize; 2]) -> &[u8] {
        &self.bytes[offset..offset + len]
    }
}

impl Record {
    /// Returns where a value is in the bytes of a run.
    fn span(&self, place: usize) -> Range<usize> {
        let start = self.values[..place].iter().map(|value| value.bytes).sum();
        start..start + self.values[place].bytes
    }
}

/// Cuts bytes into as many equal parts as there are runs.
fn runs(bytes: &[u8], count: usize) -> Vec<&[u8]> {
    if bytes.is_empty() {
        return vec![&[]; count];
    }
    let parts = bytes.chunks_exact(bytes.len() / count);
    assert!(parts.remainder().is_empty(), "the runs are of one length");
    parts.collect()
}
