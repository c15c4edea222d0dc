//! Rules for manifests and lock files: one registry, versions in one place.

use super::{File, Violation};

/// The one registry that a lock file may name.
const REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// Checks a lock file; other files pass.
pub(super) fn check(file: &File<'_>) -> Vec<Violation> {
    if !file.path.ends_with("Cargo.lock") {
        return Vec::new();
    }
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(_, line)| line.starts_with("source = ") && *line != REGISTRY)
        .map(|(index, _)| file.violation(index + 1, "not from the public registry"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{File, REGISTRY, check};

    #[test]
    fn only_the_public_registry_passes() {
        let good = File { path: "Cargo.lock", text: REGISTRY };
        assert!(check(&good).is_empty());
        let text = "name = \"a\"\nsource = \"git+https://example.org/a\"\n";
        let bad = File { path: "fuzz/Cargo.lock", text };
        assert_eq!(check(&bad).len(), 1);
        let other = File { path: "a.md", text };
        assert!(check(&other).is_empty());
    }
}
