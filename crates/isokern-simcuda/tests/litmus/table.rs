//! What PTX allows: *PTX ISA*, memory consistency model, axioms of coherence, causality and
//! fence-SC order, worked out cell by cell.

use super::kernels::{Placement, Scope, Strength, Test};

/// What is said of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It is allowed, and seen.
    Allowed,
    /// It is forbidden, and never seen.
    Forbidden,
    /// It is allowed, and never seen: loads take effect in order here.
    NotModelled,
}

/// What the scope holds: for none, release, acquire, both, `fence.sc`.
const REACHED: [(Test, &str); 6] = [
    (Test::MP, "AAAFF"),
    (Test::SB, "AAAAF"),
    (Test::LB, "UUUFF"),
    (Test::CoRR, "FFFFF"),
    (Test::IRIW, "AAAAF"),
    (Test::WRC, "AAAFF"),
];

/// What is outside the scope, so that no order and no piece reaches it.
const OUT_OF_REACH: [(Test, &str); 6] = [
    (Test::MP, "AAAAA"),
    (Test::SB, "AAAAA"),
    (Test::LB, "UUUUU"),
    (Test::CoRR, "UUUUU"),
    (Test::IRIW, "AAAAA"),
    (Test::WRC, "AAAAA"),
];

pub(crate) fn mark(test: Test, placement: Placement, scope: Scope, strength: Strength) -> Mark {
    let reached = placement == Placement::OneBlock || scope != Scope::Cta;
    let rows = if reached { REACHED } else { OUT_OF_REACH };
    let (_, row) = rows.into_iter().find(|(found, _)| *found == test).expect("every test has one");
    match row.as_bytes()[strength as usize] {
        b'A' => Mark::Allowed,
        b'F' => Mark::Forbidden,
        _ => Mark::NotModelled,
    }
}
