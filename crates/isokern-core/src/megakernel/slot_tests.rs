//! Every step from every state, alone and in sequence.

use std::string::ToString;

use proptest::prelude::{Strategy, any, prop_assert, prop_oneof, proptest};

use super::{TaskFlags, TaskPriority, TaskSlot, TaskState, TaskTransition, TaskTransitionError};

type Stepped = Result<TaskSlot, TaskTransitionError>;

const STATE: usize = 0;
const PRIORITY: usize = 3;
const PC: usize = 7;
const DATA: usize = 8;
const EPOCH: usize = 9;
const AGE: usize = 12;
const REQUEUES: usize = 13;
const YIELDS: usize = 14;
const FLAGS: usize = 15;

/// Returns a slot whose words all differ, in this state and with every flag.
fn slot(state: u32) -> [u32; 16] {
    let mut words = core::array::from_fn(|index| 100 + index as u32);
    words[STATE] = state;
    words[FLAGS] = u32::MAX;
    words
}

fn take(transition: TaskTransition, task: TaskSlot) -> Stepped {
    match transition {
        TaskTransition::Claim => task.claim(),
        TaskTransition::Pause => task.pause(1, 2, 3),
        TaskTransition::Resume => task.resume(task.resume_epoch()),
        TaskTransition::Yield => task.yield_at(1, 2),
        TaskTransition::Requeue => task.requeue(1, 2, TaskPriority::Low),
        TaskTransition::Complete => task.complete(),
        TaskTransition::Fault => task.fault(77),
    }
}

/// Returns the words after a step as the protocol lists them, `None` where there is no step.
fn expected(transition: TaskTransition, before: [u32; 16]) -> Option<[u32; 16]> {
    let alive = matches!(before[STATE], 1 | 2 | 4 | 5 | 6);
    let allowed = match transition {
        TaskTransition::Claim => matches!(before[STATE], 1 | 5 | 6),
        TaskTransition::Resume => before[STATE] == 4,
        _ => alive,
    };
    let mut after = before;
    let others = before[FLAGS] & !0b1111;
    match transition {
        TaskTransition::Claim => {
            after[STATE] = 2;
            after[FLAGS] = before[FLAGS] & !0b1110;
        }
        TaskTransition::Pause => {
            (after[STATE], after[FLAGS]) = (4, others | 0b0001);
            (after[PC], after[DATA], after[EPOCH]) = (1, 2, 3);
        }
        TaskTransition::Resume => {
            after[STATE] = 1;
            after[FLAGS] = (before[FLAGS] & !0b0011) | 0b1000;
        }
        TaskTransition::Yield => {
            (after[STATE], after[FLAGS]) = (5, others | 0b0010);
            (after[PC], after[DATA]) = (1, 2);
            after[YIELDS] += 1;
        }
        TaskTransition::Requeue => {
            (after[STATE], after[FLAGS]) = (6, others | 0b0100);
            (after[PC], after[DATA], after[PRIORITY]) = (1, 2, 3);
            after[REQUEUES] += 1;
            after[AGE] += 1;
        }
        TaskTransition::Complete => (after[STATE], after[FLAGS]) = (3, 0),
        TaskTransition::Fault => {
            (after[STATE], after[FLAGS]) = (7, 0);
            after[DATA] = 77;
        }
    }
    allowed.then_some(after)
}

#[test]
fn every_step_from_every_state_word() {
    for state in (0..=9).chain([31, 32, 33, u32::MAX]) {
        for transition in TaskTransition::ALL {
            let before = slot(state);
            let wanted = expected(transition, before)
                .ok_or(TaskTransitionError::WrongState { transition, state });
            let found = take(transition, TaskSlot::from_words(before)).map(TaskSlot::to_words);
            assert_eq!(found, wanted, "{transition} from {state}");
        }
    }
}

#[test]
fn full_counters_refuse_the_step() {
    for (word, counter, transition) in [
        (YIELDS, "yield_count", TaskTransition::Yield),
        (REQUEUES, "requeue_count", TaskTransition::Requeue),
        (AGE, "age_ticks", TaskTransition::Requeue),
    ] {
        let mut words = slot(2);
        words[word] = u32::MAX - 1;
        let last = take(transition, TaskSlot::from_words(words)).expect("one is left");
        assert_eq!(last.to_words()[word], u32::MAX);
        let refused = TaskTransitionError::CounterOverflow { counter };
        assert_eq!(take(transition, last), Err(refused));
        // A slot that could not take the step at all says so first.
        let mut done = last.to_words();
        done[STATE] = 3;
        let wrong = TaskTransitionError::WrongState { transition, state: 3 };
        assert_eq!(take(transition, TaskSlot::from_words(done)), Err(wrong));
    }
}

#[test]
fn a_pause_ends_when_its_epoch_has_come() {
    let paused = TaskSlot::ready(1).pause(5, 6, 100).unwrap();
    let early = TaskTransitionError::EpochNotCome { resume_epoch: 100, epoch: 99 };
    assert_eq!(paused.resume(99), Err(early));
    for epoch in [100, 101, u32::MAX] {
        let resumed = paused.resume(epoch).unwrap();
        assert_eq!((resumed.continuation_pc(), resumed.flags()), (5, TaskFlags::RESUME_READY));
    }
    assert!(TaskSlot::ready(1).pause(5, 6, 0).unwrap().resume(0).is_ok());
}

#[test]
fn a_new_slot_is_empty_and_fields_go_where_they_belong() {
    assert_eq!(TaskSlot::new(), TaskSlot::default());
    assert_eq!(TaskSlot::new().state(), Some(TaskState::Empty));
    let task = TaskSlot::ready(1)
        .with_tenant_id(2)
        .with_priority(TaskPriority::Idle)
        .with_input_handle(4)
        .with_output_handle(5)
        .with_param(6)
        .with_task_id(10)
        .with_parent_task_id(11);
    let words = [1, 1, 2, 4, 4, 5, 6, 0, 0, 0, 10, 11, 0, 0, 0, 0];
    assert_eq!(task.to_words(), words);
    assert_eq!((task.parent_task_id(), TaskSlot::ready(1).parent_task_id()), (Some(11), None));
    let faulted = task.fault(9).unwrap();
    assert_eq!((faulted.fault_code(), task.fault_code()), (Some(9), None));
    let all = TaskSlot::from_words(core::array::from_fn(|index| index as u32));
    assert_eq!((all.state_word(), all.op_handle(), all.tenant_id()), (0, 1, 2));
    assert_eq!((all.priority_word(), all.priority()), (3, Some(TaskPriority::Low)));
    assert_eq!((all.input_handle(), all.output_handle(), all.param()), (4, 5, 6));
    assert_eq!((all.resume_epoch(), all.task_id(), all.age_ticks()), (9, 10, 12));
    assert_eq!((all.requeue_count(), all.yield_count()), (13, 14));
    assert_eq!(all.flags().bits(), 15);
}

#[test]
fn a_refused_step_says_what_to_do() {
    let transition = TaskTransition::Claim;
    for (error, fact) in [
        (TaskTransitionError::WrongState { transition, state: 9 }, "no claim from state word 9"),
        (TaskTransitionError::EpochNotCome { resume_epoch: 2, epoch: 1 }, "until epoch 2"),
        (TaskTransitionError::CounterOverflow { counter: "age_ticks" }, "age_ticks"),
    ] {
        let message = error.to_string();
        let (problem, fix) = message.split_once(". Fix: ").expect(&message);
        assert!(problem.contains(fact) && fix.len() > 10 && fix.ends_with('.'), "{message}");
    }
}

fn any_step() -> impl Strategy<Value = (usize, u32, u32)> {
    (0..TaskTransition::ALL.len(), any::<u32>(), prop_oneof![0..4u32, any::<u32>()])
}

proptest! {
    #[test]
    fn no_sequence_of_steps_makes_state_and_flags_disagree(
        steps in proptest::collection::vec(any_step(), 0..40),
        counts in proptest::array::uniform3(prop_oneof![0..4u32, u32::MAX - 4..=u32::MAX]),
    ) {
        let mut words = TaskSlot::ready(1).to_words();
        [words[AGE], words[REQUEUES], words[YIELDS]] = counts;
        let mut task = TaskSlot::from_words(words);
        for (index, data, epoch) in steps {
            let stepped = match TaskTransition::ALL[index] {
                TaskTransition::Claim => task.claim(),
                TaskTransition::Pause => task.pause(data, data, epoch),
                TaskTransition::Resume => task.resume(epoch),
                TaskTransition::Yield => task.yield_at(data, data),
                TaskTransition::Requeue => {
                    task.requeue(data, data, TaskPriority::ALL[data as usize % 5])
                }
                TaskTransition::Complete => task.complete(),
                TaskTransition::Fault => task.fault(data),
            };
            let was_final = task.state().is_some_and(TaskState::is_final);
            prop_assert!(!(was_final && stepped.is_ok()));
            if let Ok(next) = stepped {
                prop_assert!(next.yield_count() >= task.yield_count());
                prop_assert!(next.requeue_count() >= task.requeue_count());
                prop_assert!(next.age_ticks() >= task.age_ticks());
                task = next;
            }
            prop_assert!(task.flags_match_state(), "{:?}", task);
        }
    }
}
