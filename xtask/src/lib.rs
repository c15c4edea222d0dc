//! What the repository's commands share with its tests: reading Rust source as text.

pub mod source;
