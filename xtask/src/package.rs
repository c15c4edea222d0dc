//! The stage `package`: every crate that is to be published builds from its own archive, with
//! nothing but what the archive holds.

use crate::failure::Failure;
use crate::{process, repository};
use serde::Deserialize;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What `cargo metadata` says of the workspace.
#[derive(Deserialize)]
struct Workspace {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    description: Option<String>,
    readme: Option<String>,
    rust_version: Option<String>,
    keywords: Vec<String>,
    categories: Vec<String>,
    documentation: Option<String>,
    /// The registries it may go to; `None` for any, none of them for a crate that stays here.
    publish: Option<Vec<String>>,
    metadata: Option<serde_json::Value>,
}

/// Checks what registries show of each published crate, then packs all and builds each archive.
///
/// Nothing that is built here runs, so it is built as fast as the compiler can.
pub(crate) fn run() -> Result<(), Failure> {
    let mut metadata = process::cargo();
    metadata.args(["metadata", "--format-version=1", "--no-deps"]);
    let workspace = read(&process::output(&mut metadata)?)?;
    let mut command = process::cargo();
    command.args(["package", "--allow-dirty"]);
    command.args(["--config", "profile.dev.opt-level=0", "--config", "profile.dev.debug=false"]);
    for package in &workspace.packages {
        if package.is_published() {
            if let Some(missing) = package.missing() {
                let text = format!("{} has no {missing} in its manifest", package.name);
                return Err(Failure::Check(text));
            }
            command.args(["--package", &package.name]);
        }
    }
    // Cargo keeps what earlier builds unpacked and compiled, also of crates that are gone, and
    // takes a version that it has seen for the same, whatever is in it now.
    let folder = repository::target_dir().join("package");
    let _absent = std::fs::remove_dir_all(&folder);
    forget_unpacked(&workspace.packages)?;
    command.env("CARGO_TARGET_DIR", folder);
    process::run(&mut command)
}

/// Removes what cargo has unpacked of these packages, out of its folders of registries without a
/// name: those that it makes of archives.
fn forget_unpacked(packages: &[Package]) -> Result<(), Failure> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let Some(sources) = home.map(|home| home.join("registry/src")) else { return Ok(()) };
    let failure = |path: &Path| {
        let path = path.to_owned();
        |source| Failure::Path { path, source }
    };
    let registries = match sources.read_dir() {
        Ok(registries) => registries,
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(failure(&sources)(source)),
    };
    for registry in registries {
        let registry = registry.map_err(failure(&sources))?;
        if !registry.file_name().to_string_lossy().starts_with('-') {
            continue;
        }
        for package in packages {
            let unpacked = registry.path().join(format!("{}-{}", package.name, package.version));
            match std::fs::remove_dir_all(&unpacked) {
                Err(source) if source.kind() != ErrorKind::NotFound => {
                    return Err(failure(&unpacked)(source));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn read(json: &str) -> Result<Workspace, Failure> {
    serde_json::from_str(json)
        .map_err(|error| Failure::Check(format!("cargo metadata is not as expected: {error}")))
}

impl Package {
    fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }

    /// Returns what a page of a registry would lack.
    fn missing(&self) -> Option<&'static str> {
        let docs_rs = self.metadata.as_ref().and_then(|tables| tables.get("docs")?.get("rs"));
        [
            ("description", self.description.is_some()),
            ("readme", self.readme.is_some()),
            ("rust-version", self.rust_version.is_some()),
            ("keywords", !self.keywords.is_empty()),
            ("categories", !self.categories.is_empty()),
            ("documentation", self.documentation.is_some()),
            ("settings for docs.rs", docs_rs.is_some()),
        ]
        .into_iter()
        .find_map(|(what, is_there)| (!is_there).then_some(what))
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    const PACKAGES: &str = r#"{"packages": [
        {"name": "whole", "version": "0.1.0", "description": "d", "readme": "README.md",
         "rust_version": "1.95", "keywords": ["k"], "categories": ["c"],
         "documentation": "https://docs.rs/whole",
         "publish": null, "metadata": {"docs": {"rs": {"all-features": true}}}},
        {"name": "bare", "version": "0.1.0", "description": "d", "readme": null,
         "rust_version": "1.95",
         "keywords": [], "categories": [], "documentation": null,
         "publish": null, "metadata": null},
        {"name": "own", "version": "0.1.0", "description": null, "readme": null,
         "rust_version": null,
         "keywords": [], "categories": [], "documentation": null,
         "publish": [], "metadata": null}
    ]}"#;

    #[test]
    fn published_crates_need_what_a_registry_shows() {
        let workspace = read(PACKAGES).unwrap();
        let seen: Vec<_> = workspace
            .packages
            .iter()
            .map(|package| (package.name.as_str(), package.is_published(), package.missing()))
            .collect();
        let expected = [
            ("whole", true, None),
            ("bare", true, Some("readme")),
            ("own", false, Some("description")),
        ];
        assert_eq!(seen, expected);
    }
}
