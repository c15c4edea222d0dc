//! What slots and their sidecars say of the tasks that ended in them: the last claim of each.

use isokern_core::megakernel::{TaskMemory, TaskState, TaskStep};

use super::claims::Claim;

/// Returns the last claim of the last task of each slot, in the order of the starts, once the
/// workers have stopped. Of the workers' own clock; `queued_ns` is 0 for a task that had given way.
pub(super) fn last_claims(memory: &impl TaskMemory) -> Vec<Claim> {
    let slots = 0..memory.shape().host_slots;
    let mut claims: Vec<Claim> = slots.filter_map(|index| last_claim(memory, index)).collect();
    claims.sort_by_key(|claim| (claim.start_ns, claim.end_ns));
    claims
}

fn last_claim(memory: &impl TaskMemory, index: u32) -> Option<Claim> {
    let (slot, sidecar) = (memory.slot(index)?, memory.sidecar(index)?);
    let task = slot.snapshot();
    let step = match task.state()? {
        TaskState::Done => TaskStep::Done,
        TaskState::Faulted => TaskStep::Fault { code: task.continuation_data() },
        _ => return None,
    };
    let (start_ns, has_run) = (sidecar.claimed_ns(), task.yield_count() + task.requeue_count() > 0);
    let waited_ns = start_ns.saturating_sub(sidecar.enqueued_ns());
    Some(Claim {
        worker: sidecar.worker(),
        queued_ns: if has_run { 0 } else { waited_ns },
        start_ns,
        end_ns: sidecar.last_ns(),
        task,
        step,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use isokern_core::call::Clock;
    use isokern_core::megakernel::{
        NewTask, NoBells, SubmitterState, TaskCells, TaskContext, TaskHandler, TaskMemory,
        TaskShape, TaskSlice, TaskStep, Worker, prepare,
    };
    use isokern_core::ring::{HostCell, HostWord};
    use isokern_core::{Solo, TaskSlot};
    use isokern_guard::SystemClock;
    use isokern_ring::BoxedTasks;

    use super::last_claims;

    /// Fails with the parameter as its code, if it is not 0, after it has given way once.
    struct Fails;

    impl TaskHandler for Fails {
        fn op_count(&self) -> u32 {
            1
        }

        fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, _: &mut C) -> TaskStep {
            match (task.param(), task.continuation_pc()) {
                (0, _) => TaskStep::Done,
                (_, 0) => TaskStep::Yield { pc: 1, data: 0 },
                (code, _) => TaskStep::Fault { code },
            }
        }
    }

    #[test]
    fn each_slot_tells_the_last_claim_of_its_last_task() {
        let shape = TaskShape::try_new(4, 0, 2).expect("it is not too large");
        let cells: TaskCells<BoxedTasks, NoBells> =
            TaskCells::from_words(shape, NoBells, HostCell::default, HostWord::default);
        let memory = Arc::new(cells);
        prepare(&memory);
        let mut submitter = SubmitterState::new(1);
        for (task_id, code) in [(7, 0), (8, 40)] {
            let task = NewTask::new(0).with_task_id(task_id).with_param(code);
            submitter.try_submit(&memory, task).expect("there is room");
        }
        assert_eq!(last_claims(&memory).len(), 0, "nothing has ended");
        let slice = TaskSlice {
            worker_count: 2,
            wall_time: core::time::Duration::MAX,
            passed_over_max: 64,
        };
        let began_ns = SystemClock.now_ns();
        let mut worker = Worker::new(Arc::clone(&memory), Fails, SystemClock, 1, slice);
        for _ in 0..4 {
            worker.step();
        }
        let claims = last_claims(&memory);
        let found: Vec<_> =
            claims.iter().map(|it| (it.task.task_id(), it.worker, it.step)).collect();
        assert_eq!(found, [(7, 1, TaskStep::Done), (8, 1, TaskStep::Fault { code: 40 })]);
        assert!(claims.iter().all(|it| began_ns <= it.start_ns && it.start_ns <= it.end_ns));
        assert!(claims[0].end_ns <= claims[1].start_ns, "one worker, one after the other");
        assert_eq!((claims[1].queued_ns, claims[1].task.continuation_pc()), (0, 1));
        assert!(memory.slot(2).is_some(), "slots that were never used tell nothing");
    }
}
