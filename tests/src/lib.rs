//! What the suites share: drafts of models, real-thread teams, where vectors lie.

pub mod drafts;
pub mod team;
pub mod vectors;
