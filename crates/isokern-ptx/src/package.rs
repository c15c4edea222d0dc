//! The device crate that is built: where it is, what it is called, what it depends on.

use crate::error::Error;
use crate::process;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A device crate.
pub(crate) struct Package {
    /// The name in its manifest.
    pub(crate) name: String,
    /// The name of its library, which names the output files.
    pub(crate) library: String,
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// The folder of each package in its dependency graph, itself included.
    pub(crate) folders: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

impl Package {
    /// Asks cargo about the package in `folder`.
    pub(crate) fn read(folder: &Path, locked: bool) -> Result<Self, Error> {
        let manifest = folder.join("Cargo.toml");
        let manifest = manifest
            .canonicalize()
            .map_err(|source| Error::Path { path: manifest.clone(), source })?;
        let mut cargo = process::cargo();
        cargo.args(["metadata", "--format-version", "1", "--manifest-path"]).arg(&manifest);
        if locked {
            cargo.arg("--locked");
        }
        let text = process::output_or_message(&mut cargo)?;
        Self::from_metadata(&text, &manifest)
    }

    fn from_metadata(text: &str, manifest: &Path) -> Result<Self, Error> {
        let metadata: Metadata = serde_json::from_str(text).map_err(|error| {
            Error::Check(format!("cannot read what `cargo metadata` printed: {error}"))
        })?;
        let own = metadata.packages.iter().find(|entry| entry.manifest_path == manifest);
        let own = own.ok_or_else(|| {
            let path = manifest.display();
            Error::Check(format!("{path} has no package. Fix: name the folder of one crate"))
        })?;
        let is_cdylib = |target: &&Target| target.crate_types.iter().any(|kind| kind == "cdylib");
        let library = own.targets.iter().find(is_cdylib).ok_or_else(|| {
            let name = &own.name;
            Error::Check(format!(
                "`{name}` builds no cdylib. Fix: add `crate-type = [\"cdylib\"]` to [lib]"
            ))
        })?;
        let manifests = metadata.packages.iter().map(|entry| &entry.manifest_path);
        let folders = manifests.filter_map(|path| path.parent()).map(Path::to_owned);
        Ok(Self {
            name: own.name.clone(),
            library: library.name.clone(),
            folder: manifest.parent().unwrap_or(manifest).to_owned(),
            folders: folders.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Package;
    use std::path::Path;

    fn metadata(kind: &str) -> String {
        format!(
            r#"{{"packages": [
              {{"name": "dependency", "version": "1.2.3", "manifest_path": "/r/d/Cargo.toml",
                "targets": [{{"name": "dependency", "crate_types": ["lib"]}}]}},
              {{"name": "my-device", "version": "0.1.0", "manifest_path": "/m/Cargo.toml",
                "targets": [{{"name": "my_device", "crate_types": ["{kind}"]}}]}}
            ], "version": 1}}"#
        )
    }

    #[test]
    fn the_library_and_every_folder_are_found() {
        let text = metadata("cdylib");
        let package = Package::from_metadata(&text, Path::new("/m/Cargo.toml")).unwrap();
        assert_eq!((package.name.as_str(), package.library.as_str()), ("my-device", "my_device"));
        assert_eq!(package.folder, Path::new("/m"));
        assert!(package.folders.contains(&"/r/d".into()));
        assert_eq!(package.folders.len(), 2);
    }

    #[test]
    fn what_builds_no_ptx_is_refused() {
        let message = |text: &str, path| {
            Package::from_metadata(text, Path::new(path)).err().map(|failure| failure.to_string())
        };
        let message_of = |text: &str, path| message(text, path).unwrap_or_default();
        assert!(message_of(&metadata("lib"), "/m/Cargo.toml").contains("cdylib"));
        assert!(message_of(&metadata("cdylib"), "/other/Cargo.toml").contains("no package"));
        assert!(message_of("{", "/m/Cargo.toml").contains("cargo metadata"));
    }
}
