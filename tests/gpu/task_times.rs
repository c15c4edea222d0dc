//! What the sidecars of a backlog say: what a task takes of its worker's time.

use std::collections::BTreeMap;

use isokern_core::megakernel::{TaskMemory, TaskShape};

/// A task that has ended: who claimed it and when, by the workers' clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claimed {
    pub(crate) worker: u32,
    pub(crate) claimed_ns: u64,
    /// From the claim to the end of the handler.
    pub(crate) run_ns: u64,
}

impl Claimed {
    /// Returns those of the first slots, once the workers have stopped.
    pub(crate) fn all(memory: &impl TaskMemory, slots: u32) -> Vec<Self> {
        let TaskShape { host_slots, .. } = memory.shape();
        let sidecars = (0..slots.min(host_slots)).filter_map(|slot| memory.sidecar(slot));
        let claimed = sidecars.map(|sidecar| {
            let claimed_ns = sidecar.claimed_ns();
            let run_ns = sidecar.last_ns().saturating_sub(claimed_ns);
            Self { worker: sidecar.worker(), claimed_ns, run_ns }
        });
        claimed.collect()
    }
}

/// Returns the time from one claim to the next of the same worker, the mean over all workers;
/// `None` where no worker has claimed three.
///
/// A worker's first claim does not count: its moment is before the backlog was let go.
pub(crate) fn ns_a_task(tasks: &[Claimed]) -> Option<f64> {
    let mut workers: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for task in tasks {
        workers.entry(task.worker).or_default().push(task.claimed_ns);
    }
    let (mut time_ns, mut count) = (0, 0);
    for claims in workers.values_mut() {
        claims.sort_unstable();
        if let [_, first, .., last] = claims[..] {
            time_ns += last - first;
            count += claims.len() - 2;
        }
    }
    (count > 0).then(|| time_ns as f64 / count as f64)
}

#[cfg(test)]
mod tests {
    use super::{Claimed, ns_a_task};

    fn claimed(worker: u32, claimed_ns: u64) -> Claimed {
        Claimed { worker, claimed_ns, run_ns: 0 }
    }

    #[test]
    fn a_task_takes_from_a_claim_to_the_same_worker_s_next() {
        let one = [claimed(0, 900), claimed(0, 1000), claimed(0, 5), claimed(0, 1200)];
        assert_eq!(ns_a_task(&one), Some(150.0));
        let two = [one.as_slice(), &[claimed(3, 1), claimed(3, 2), claimed(3, 602)]].concat();
        assert_eq!(ns_a_task(&two), Some(300.0));
        assert_eq!(ns_a_task(&[claimed(0, 1), claimed(1, 2), claimed(0, 7)]), None);
    }
}
