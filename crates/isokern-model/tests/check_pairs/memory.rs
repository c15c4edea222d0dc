//! Pairs of `src/check/memory.rs`: no two tensors that are alive together share bytes.

use crate::blob::Blob;
use crate::models::{activation, add, copy, draft, encoded, state, two_copies, with_state};
use crate::pair;
use isokern_model::FormatError;
use isokern_model::layout::Layout;

fn overlap(first: u16, second: u16) -> impl Fn(&'static str) -> FormatError {
    move |_| FormatError::Overlap { first, second }
}

fn offset(model: &Blob, index: usize, offset: u32) -> Blob {
    model.with(|blob| blob.tensor(index, |record| record.offset = offset))
}

#[test]
fn p14_tensors_alive_together_share_no_byte() {
    // Three tensors of 6 bytes at 0, 8 and 16.
    let model = add();
    pair("Overlap", overlap(0, 1), &offset(&model, 1, 6), &offset(&model, 1, 5));
    pair("Overlap", overlap(0, 1), &offset(&model, 0, 2), &offset(&model, 0, 3));
    pair("Overlap", overlap(1, 2), &offset(&model, 2, 14), &offset(&model, 2, 13));
    let swapped = offset(&offset(&model, 2, 8), 1, 16);
    pair("Overlap", overlap(1, 2), &offset(&swapped, 1, 14), &offset(&swapped, 1, 13));
    // State and arena are two memories, with one plan each.
    let tensors = vec![activation(&[6], 0), state(&[6], 0), state(&[6], 6)];
    let mut two_states = draft(tensors, vec![copy(0, 1), copy(0, 2)], &[0], &[0]);
    two_states.state = vec![0; 12];
    let model = encoded(&two_states, Layout::Row);
    pair("Overlap", overlap(1, 2), &offset(&model, 2, 6), &offset(&model, 2, 5));
    let model = with_state();
    pair("Overlap", overlap(0, 2), &offset(&model, 2, 6), &offset(&model, 2, 0));
}

#[test]
fn in_time() {
    // The output where the input was, which nobody reads after step 1.
    let model = offset(&two_copies(), 2, 0);
    let input_until = |step| model.with(|blob| blob.tensor(0, |record| record.last_step = step));
    pair("Overlap", overlap(0, 2), &input_until(1), &input_until(2));
    // The same with the output first.
    let tensors = vec![activation(&[6], 0), activation(&[6], 8), activation(&[6], 0)];
    let model = encoded(&draft(tensors, vec![copy(2, 1), copy(1, 0)], &[2], &[0]), Layout::Row);
    let input_until = |step| model.with(|blob| blob.tensor(2, |record| record.last_step = step));
    pair("Overlap", overlap(0, 2), &input_until(1), &input_until(2));
}
