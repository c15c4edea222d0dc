//! The matrix set: models that give one digest on every device in every mode, the inputs that the
//! digests are over, and what boards say of them.
//!
//! The set is the repository's own models, which have every kind of operator and state, and, where
//! they are beside the repository, the reference models and the small ones of `../shared/zoo`.

use std::fs;
use std::path::Path;

use isokern_model::Model;
use isokern_model::layout::Layout;

use crate::vectors::{
    Case, cases_of_any_ports, own_cases_of_any_ports, own_folder, reference_folder,
};
use crate::zoo;

/// Work, in multiply-accumulates, below which a public model is of the set.
const PUBLIC_MACS: u64 = 25_000_000;

/// A model of the set.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// The file.
    pub tflite: Vec<u8>,
    /// Inputs with known answers, which stand in where generated ones are an error; of a model with
    /// state one stream.
    pub vectors: Vec<i8>,
    /// What TFLite Micro answers to them.
    pub answers: Vec<i8>,
}

/// Returns the repository's own models.
#[must_use]
pub fn own() -> Vec<Member> {
    let mut members: Vec<_> = own_cases_of_any_ports().into_iter().map(Member::from_case).collect();
    let folder = own_folder().join("streams");
    let file = |name: &str, end: &str| bytes(&folder.join(format!("{name}.{end}")));
    members.extend([("keyword", "out.tflm.u8"), ("variables", "out.tflm.i8")].map(
        |(name, answers)| Member {
            name: name.to_owned(),
            tflite: file(name, "tflite"),
            vectors: bytemuck::cast_slice(&file(name, "in.i8")).to_vec(),
            answers: bytemuck::cast_slice(&file(name, answers)).to_vec(),
        },
    ));
    members
}

/// Returns the reference models; none where these are not.
#[must_use]
pub fn reference() -> Vec<Member> {
    let cases = reference_folder().map(|folder| cases_of_any_ports(&folder));
    cases.unwrap_or_default().into_iter().map(Member::from_case).collect()
}

/// Returns the public models that convert and are small; none where these are not.
#[must_use]
pub fn public() -> Vec<Member> {
    let cases = zoo::rows().into_iter().filter(|row| !row.is_refused()).map(|row| row.case());
    cases.filter(is_small).map(Member::from_case).collect()
}

fn is_small(case: &Case) -> bool {
    let artifact = case.convert(Layout::Row);
    let model = Model::parse(artifact.bytes()).expect("it was just converted");
    model.header().macs() < PUBLIC_MACS
}

impl Member {
    fn from_case(case: Case) -> Self {
        let Case { name, tflite, inputs: vectors, outputs: answers, .. } = case;
        Self { name, tflite, vectors, answers }
    }
}

/// What boards say of models: the record that `cargo xtask firmware` compares with what they do.
#[derive(Debug)]
pub struct Boards(String);

/// What one program on a board says of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnBoard<'r> {
    /// The board.
    pub board: &'r str,
    /// What the program is compiled for.
    pub code: &'r str,
    /// The digest, if the model has run.
    pub digest: Option<&'r str>,
    /// The modes that gave it, or what is short.
    pub what: &'r str,
}

impl OnBoard<'_> {
    /// Returns whether the model has run in a mode.
    #[must_use]
    pub fn has_run(&self, mode: &str) -> bool {
        self.digest.is_some() && self.what.split(" = ").any(|one| one == mode)
    }
}

impl Boards {
    /// Reads the record.
    #[must_use]
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("firmware/figures.md");
        Self(String::from_utf8(bytes(&path)).expect("it is a text"))
    }

    /// Returns what they say of a model, in the order of the record.
    pub fn of(&self, name: &str) -> impl Iterator<Item = OnBoard<'_>> {
        let table = self.0.split("## Every mode").nth(1).expect("the record has the table");
        table.lines().filter_map(move |line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [board, code, model, what, digest] = cells[..] else { return None };
            let digest = (!what.starts_with("does not fit")).then_some(digest);
            (model == name).then_some(OnBoard { board, code, digest, what })
        })
    }
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
