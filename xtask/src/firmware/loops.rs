//! Operators of random shapes on a board: the fastest loops of its processor against the plain
//! ones.

use super::emulator;
use super::programs::{Program, Programs};
use crate::failure::Failure;

/// How many operators are drawn, and the digest of all their outputs, on every board.
const OPERATORS: u64 = 800;
const DIGEST: &str = "a92d5f90f673c5de";

/// Runs them; fails where one differs, or where others were drawn than elsewhere.
pub(super) fn check(programs: &Programs<'_>) -> Result<(), Failure> {
    let report = emulator::run(programs.board, &programs.build(Program::Loops, None)?)?;
    let (run, different) = (report.number("operators")?, report.number("different")?);
    let (board, digest) = (programs.board.name, report.one("digest")?);
    if different > 0 {
        let message = format!("loops: {different} of {run} operators differ on {board}");
        return Err(Failure::Check(message));
    }
    if (run, digest) != (OPERATORS, DIGEST) {
        let message = format!(
            "loops: {run} operators with digest {digest} on {board}, expected {OPERATORS} with \
             {DIGEST}. Fix: where `loops.rs` draws others, put its figures here"
        );
        return Err(Failure::Check(message));
    }
    let text =
        format_args!("loops      {run} random operators, digest {digest}: as the plain loops say");
    programs.worker.say(text);
    Ok(())
}
