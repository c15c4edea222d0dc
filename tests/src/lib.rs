//! What the suites share: drafts of models, real-thread teams, where vectors are.
#![allow(clippy::missing_panics_doc, reason = "in a test, a panic is the answer")]

pub mod actor_suite;
pub mod conformance;
pub mod conversions;
pub mod counting;
pub mod counts;
pub mod device;
pub mod drafts;
pub mod echo;
pub mod gated;
pub mod graphs;
pub mod hostile;
pub mod matrix;
pub mod port_checks;
pub mod port_models;
pub mod probes;
pub mod refusals;
pub mod replay_words;
pub mod resident;
pub mod seeds;
pub mod standin;
pub mod streams;
pub mod task_replay;
pub mod task_suite;
pub mod team;
pub mod trials;
pub mod vectors;
pub mod wrappers;
pub mod zoo;

/// The program in `docs/actors.md`, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../../docs/actors.md")]
struct Actors;
