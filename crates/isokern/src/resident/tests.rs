//! Questions, limits and ends of a resident model.

use core::time::Duration;

use isokern_core::actor::ActorError;
use isokern_cpu::InstructionSet;
use isokern_ring::WaitStrategy;

use super::asker::header;
use super::{PARKED, ResidentModel, SLOTS};
use crate::error::Error;
use crate::model::Model;

static MODEL: &[u8] = include_bytes!("../../../../tests/models/digits.ikm");
const IMAGE: [u8; 64] = [0; 64];

fn start(buffer_count: usize, wait: WaitStrategy) -> ResidentModel {
    let model = Model::named("digits", MODEL).expect("it is one");
    let model = ResidentModel::start(&model, InstructionSet::PLAIN, buffer_count, wait);
    model.expect("the thread starts")
}

#[test]
fn as_many_questions_as_buffers_are_under_way() {
    for wait in [PARKED, WaitStrategy::Yield, WaitStrategy::Spin] {
        for buffer_count in [1, 3, SLOTS, SLOTS + 1] {
            let mut model = start(buffer_count, wait);
            let expected = buffer_count.min(SLOTS);
            let mut outputs = Vec::new();
            // Twice, so that every buffer is used again.
            for _ in 0..2 {
                for asked in 0..=expected {
                    let is_asked = model.try_ask(&IMAGE, None).expect("the actor lives");
                    assert_eq!(is_asked, asked < expected);
                }
                while model.answer(|output| outputs.push(output.to_vec())).unwrap().is_some() {}
            }
            assert_eq!(outputs.len(), 2 * expected);
            assert!(outputs.iter().all(|output| output.len() == 10 && *output == outputs[0]));
            model.finish().expect("it stops");
        }
    }
}

#[test]
fn the_limit_travels_as_the_message_s_deadline() {
    let mut model = start(1, PARKED);
    assert!(model.try_ask(&IMAGE, Some(Duration::ZERO)).expect("the actor lives"));
    let sequence = model.asker.under_way.front().expect("it was asked").sequence;
    let answer = model.asker.collect(sequence);
    let late = [Err(ActorError::Expired), Err(ActorError::TimedOut)];
    assert!(late.contains(&answer.result), "{answer:?}");

    let deadline_ns = |limit: Duration| {
        let header = header(Some(limit));
        header.deadline_ns().map(|deadline_ns| deadline_ns - header.creation_ns())
    };
    assert_eq!(deadline_ns(Duration::from_millis(5)), Some(5_000_000));
    assert_eq!(deadline_ns(Duration::from_secs(7_200)), Some(7_200_000_000_000));
    assert_eq!(header(Some(Duration::MAX)).deadline_ns(), Some(u64::MAX), "no limit");
    assert_eq!(header(None).deadline_ns(), None);
}

#[test]
fn an_answer_that_is_collected_late_is_none() {
    let mut model = start(1, PARKED);
    let limit = Duration::from_millis(20);
    assert!(model.try_ask(&IMAGE, Some(limit)).expect("the actor lives"));
    // The actor answers in time, and nobody looks.
    std::thread::sleep(2 * limit);
    match model.answer(|_| panic!("there is no output to read")) {
        Err(Error::Timeout { input_index: 0, limit: found, .. }) => assert_eq!(found, limit),
        other => panic!("{other:?}"),
    }
}
