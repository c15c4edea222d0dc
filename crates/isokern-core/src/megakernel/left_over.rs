//! What the policy is asked with when a slice follows another.

use super::config::MegakernelConfig;
use super::error::MegakernelError;
use super::launch::MegakernelLaunchRequest;
use super::report::MegakernelReport;
use super::shared_slot::SharedTaskSlot;
use super::task_host::TaskLimits;
use super::task_memory::TaskMemory;

/// Returns the request of
/// [`launch_request_for_tasks`](MegakernelConfig::launch_request_for_tasks) for the slots of a
/// memory at rest, without a copy of them all. Tasks that no worker has taken in are queued, too.
///
/// # Errors
///
/// As there.
pub fn launch_request_for_memory<M: TaskMemory>(
    config: &MegakernelConfig,
    memory: &M,
    limits: TaskLimits,
) -> Result<MegakernelLaunchRequest, MegakernelError> {
    let request_for = |tasks: &[_]| {
        config.launch_request_for_tasks(
            tasks,
            limits.workgroup_size_x,
            limits.workgroups_per_dimension,
            limits.invocations_per_workgroup,
        )
    };
    let mut all = request_for(&[])?;
    for slot in (0..memory.shape().slot_count()).filter_map(|index| memory.slot(index)) {
        let one = request_for(&[SharedTaskSlot::snapshot(slot)])?;
        all.queue_len = all.queue_len.saturating_add(one.queue_len);
        all.requeue_count = all.requeue_count.saturating_add(one.requeue_count);
        all.max_priority_age = all.max_priority_age.max(one.max_priority_age);
    }
    let unread = u32::try_from(MegakernelReport::of(memory).unread).unwrap_or(u32::MAX);
    all.queue_len = all.queue_len.saturating_add(unread);
    Ok(all)
}
