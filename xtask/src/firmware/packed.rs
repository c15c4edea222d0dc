//! Packed models with what the host makes of them, for programs that are not in Rust.

use super::host::{Host, read};
pub(crate) use super::models::reference_folder;
use super::models::{self, Model};
use super::zoo;
use crate::failure::Failure;
use std::path::PathBuf;

/// A packed model that takes generated inputs.
pub(crate) struct Packed {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// The digest of its outputs on the host.
    pub(crate) digest: String,
}

/// Returns the committed models, and those of others where they are: packed below a folder of the
/// build output, and run on the host. Those that take no generated input are named and left out.
pub(crate) fn all(folder: &str) -> Result<Vec<Packed>, Failure> {
    let host = Host::build(folder)?;
    let committed = models::all(&host)?.into_iter();
    let mut packed: Vec<Packed> = committed
        .map(|Model { name, path, bytes, digest, .. }| Packed { name, path, bytes, digest })
        .collect();
    let (rows, folder) = zoo::rows()?;
    for row in rows {
        let path = host.convert(&row.name, &row.path(&folder))?;
        let blob = read(&path)?;
        if models::takes_generated(&blob) {
            let digest = host.digest(&row.name, &path)?;
            packed.push(Packed { name: row.name, path, bytes: blob.len() as u64, digest });
        } else {
            println!("{}: left out, it takes no generated input", row.name);
        }
    }
    Ok(packed)
}
