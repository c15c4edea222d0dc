//! Batch mode: a call for each input.

use isokern_firmware::cargo::Unpacked;

use crate::{Pool, Program, add_outputs, inputs_of, no_outputs, write_input};

/// Runs all inputs, and returns the digest of the outputs.
#[inline(never)]
pub(crate) fn run(
    program: &Program,
    pool: &mut Pool,
    state: &mut [u8],
    cargo: Unpacked,
) -> Option<u64> {
    let (mut lender, _borrower) = pool.split();
    let mut arena = lender.try_claim().ok()?;
    program.model().reset_state(state);
    let (count, mut inputs) = inputs_of(cargo);
    let mut sum = no_outputs();
    for _ in 0..count {
        write_input(program, &mut arena, &mut inputs).ok()?;
        program.run_with_state(&mut arena, state, 0..usize::MAX).ok()?;
        sum = add_outputs(program, &mut arena, sum).ok()?;
    }
    Some(sum)
}
