//! What the suites share: drafts of models, real-thread teams, where vectors lie.

pub mod conformance;
pub mod drafts;
pub mod team;
pub mod vectors;
pub mod wrappers;
