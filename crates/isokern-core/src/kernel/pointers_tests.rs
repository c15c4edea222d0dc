//! A pointer to a kernel hides nothing of it.

use super::toys::{Own, WRONG};
use super::{GpuKernel, HealthStatus, KernelMode};
use crate::pointers::check_pointers;

fn check<K: GpuKernel>(kernel: K) {
    assert_eq!(kernel.metadata().id(), "metadata");
    assert_eq!((kernel.id(), kernel.mode()), ("own", KernelMode::Ring));
    assert_eq!((kernel.validate(), kernel.health()), (Err(WRONG), HealthStatus::Degraded));
}

#[test]
fn s4_every_method_of_a_kernel_is_reached_through_every_pointer() {
    check_pointers!(check, Own);
}
