//! A task that looks for the least factor of a number, and gives way to others meanwhile.

use isokern_core::device::{DeviceTaskHandler, DeviceTasks};
use isokern_core::megakernel::{NewTask, TaskContext, TaskHandler, TaskStep};
use isokern_core::{Solo, TaskSlot};

/// The name of the tasks, by which host and device code know them.
const ENTRY: &str = "factors";

/// Divisions between two looks whether others wait.
const DIVISIONS: u32 = 256;

/// The handler of the tasks: one ends well if its number is prime, and else as faulted, with the
/// least factor as the code.
#[derive(Debug, Clone, Copy, Default)]
pub struct Factors;

impl Factors {
    /// Returns the task for a number.
    #[must_use]
    pub const fn of(number: u32) -> NewTask {
        NewTask::new(0).with_param(number)
    }
}

/// Returns the least factor from `first` on and below `end`, if the number has one.
fn factor(number: u32, first: u32, end: u32) -> Option<u32> {
    (first..end).find(|divisor| number.is_multiple_of(*divisor))
}

/// Returns whether every number below `divisor` that could be the least factor is below it.
fn is_through(number: u32, divisor: u32) -> bool {
    u64::from(divisor) * u64::from(divisor) > u64::from(number)
}

impl TaskHandler for Factors {
    fn op_count(&self) -> u32 {
        1
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        let number = task.param();
        // Where the task goes on when it has given way.
        let mut first = task.continuation_pc().max(2);
        while !is_through(number, first) {
            let end = first.saturating_add(DIVISIONS).min(number);
            if let Some(code) = factor(number, first, end) {
                return TaskStep::Fault { code };
            }
            first = end;
            if context.must_yield() {
                return TaskStep::Yield { pc: first, data: 0 };
            }
        }
        TaskStep::Done
    }
}

impl DeviceTasks for Factors {
    const ENTRY: &'static str = ENTRY;
}

impl DeviceTaskHandler for Factors {
    fn handler() -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::{factor, is_through};

    #[test]
    fn the_least_factor_is_found_and_primes_have_none() {
        assert_eq!((factor(91, 2, 91), factor(97, 2, 97)), (Some(7), None));
        assert!(is_through(97, 10) && !is_through(97, 9) && !is_through(u32::MAX, 65_535));
    }
}
