//! Pairs of `src/check/operators.rs`: records, and the tensors and constants they name.

use crate::blob::Blob;
use crate::models::{
    conv2d, dead_end, in_place, reshape, softmax, state_after_constants, two_copies, with_state,
};
use crate::{header, operator, pair, pair_until};
use isokern_model::layout::Layout;
use isokern_model::{FormatError, OpKind, OpSet, OperatorSet};

#[test]
fn stretches() {
    // Of the second operator, which writes state: nothing else asks where that is written.
    let model = with_state();
    let list_start =
        |start| model.with(|blob| blob.operator(1, |record| record.list_start = start));
    pair("list_start", operator(1), &list_start(5), &list_start(4));
    pair("list_start", operator(1), &list_start(5), &list_start(6));
    let model = conv2d(Layout::Row);
    let constant_start =
        |start| model.with(|blob| blob.operator(0, |record| record.constant_start = start));
    pair("constant_start", operator(0), &constant_start(0), &constant_start(1));
    let lists = |lists: &[u16]| model.with(|blob| blob.relist(lists));
    pair("list_len", header, &lists(&[0, 1, 0, 1]), &lists(&[0, 1, 0, 1, 0]));
}

#[test]
fn last_constant() {
    // Weights, biases, multipliers, shifts, state; biases are as long as the state.
    let model = state_after_constants();
    let index = |index| model.with(|blob| blob.header(|header| header.state_constant = index));
    pair("state_constant", header, &index(4), &index(1));
    pair("constant_count", header, &index(4), &index(u16::MAX));
}

#[test]
fn records() {
    let model = softmax();
    let kind = |code| model.with(|blob| blob.operator(0, |record| record.kind = code));
    let unknown = (1..=u8::MAX).find(|&code| OpKind::from_code(code).is_none());
    let softmax_code = OpKind::Softmax.code();
    pair("kind", operator(0), &kind(softmax_code), &kind(unknown.expect("codes are left")));
    pair("kind", operator(0), &kind(softmax_code), &kind(0));
    for place in 0..3 {
        let first = model.with(|blob| blob.operator(0, |record| record.reserved[place] = 1));
        pair("reserved", operator(0), &model, &first);
    }
}

#[test]
fn kinds_of_a_program() {
    struct Softmaxes;
    impl OperatorSet for Softmaxes {
        const KINDS: OpSet = OpSet::EMPTY.with(OpKind::Softmax);
    }
    let pair = |name: &str, last: &Blob, first: &Blob| {
        assert_eq!(last.verdict_for::<Softmaxes>(), Ok(()), "{name}");
        assert_eq!(first.verdict(), Ok(()), "{name}");
        let refused = Err(FormatError::NotBuilt { index: 0 });
        assert_eq!(first.verdict_for::<Softmaxes>(), refused, "{name}");
    };
    pair("NotBuilt", &softmax(), &reshape());
}

#[test]
fn inputs() {
    let model = two_copies();
    // Lists: input 0, output 2, from 0 to 1, from 1 to 2.
    let input_of_first = |index| model.with(|blob| blob.listed(2, index));
    pair("inputs", operator(0), &input_of_first(0), &input_of_first(3));
    let alive_until = |step| model.with(|blob| blob.tensor(1, |record| record.last_step = step));
    pair("inputs", operator(1), &alive_until(2), &alive_until(1));
    // The lists end before the tensors of the second operator.
    let model = with_state();
    let lists = |lists: &[u16]| model.with(|blob| blob.relist(lists));
    let last = lists(&[0, 2, 0, 1, 2, 2, 1]);
    pair("inputs", operator(1), &last, &lists(&[0, 2, 0, 1, 2]));
}

#[test]
fn p14_no_operator_reads_what_it_writes() {
    let model = two_copies();
    // Tensor 0 is there at step 1, tensor 1 written then.
    let input_of_first = |index| model.with(|blob| blob.listed(2, index));
    pair("inputs", operator(0), &input_of_first(0), &input_of_first(1));
    // State: operator 1 reads tensor 2 or what it writes.
    let model = with_state();
    let input_of_second = |index| model.with(|blob| blob.listed(5, index));
    pair("outputs", operator(1), &input_of_second(2), &input_of_second(1));
}

#[test]
fn outputs() {
    let model = with_state();
    // Lists: input 0, output 2, from 0 and 1 to 2, from 2 to 1.
    let output_of_second = |index| model.with(|blob| blob.listed(6, index));
    pair("outputs", operator(1), &output_of_second(1), &output_of_second(3));
    pair("outputs", operator(1), &output_of_second(1), &output_of_second(0));
    pair("outputs", operator(1), &output_of_second(1), &output_of_second(2));
}

#[test]
fn roots() {
    let root = |model: &Blob, root| model.with(|blob| blob.tensor(1, |record| record.root = root));
    let (copied, in_place, other_kind) = (reshape(), in_place(), softmax());
    pair("outputs", operator(0), &root(&copied, 1), &root(&copied, 0));
    pair("outputs", operator(0), &root(&in_place, 0), &root(&in_place, 1));
    pair("outputs", operator(0), &root(&other_kind, 1), &root(&other_kind, 0));
    // What is copied from the state to the same place of the arena is no state.
    let copy_of_state = with_state().with(|blob| {
        blob.relist(&[0, 2, 1, 2, 2, 1]);
        blob.operator(0, |record| {
            (record.kind, record.input_count) = (OpKind::Reshape.code(), 1);
            record.body = [0; 13];
        });
        blob.operator(1, |record| record.list_start = 4);
        blob.header(|header| header.operator_set = [1 << OpKind::Reshape.code(), 0, 0, 0]);
        blob.tensor(0, |record| record.offset = 8);
        blob.tensor(2, |record| record.offset = 0);
    });
    let first = copy_of_state.with(|blob| blob.tensor(2, |record| record.root = 1));
    pair("outputs", operator(0), &copy_of_state, &first);
}

#[test]
fn scratch() {
    // Tensor 1 is alive at step 1 alone. No kind has scratch yet, so that a later check answers.
    let model = dead_end().with(|blob| {
        blob.relist(&[0, 0, 0, 1, 1]);
        blob.operator(0, |record| record.scratch_count = 1);
    });
    let next = FormatError::Operator { index: 0, field: "scratch_count" };
    let listed = |index| model.with(|blob| blob.listed(4, index));
    pair_until("scratch", operator(0), (&listed(1), next), &listed(2));
    pair_until("scratch", operator(0), (&model, next), &listed(0));
    let last_step = |step| model.with(|blob| blob.tensor(1, |record| record.last_step = step));
    pair_until("scratch", operator(0), (&last_step(1), next), &last_step(2));
}
