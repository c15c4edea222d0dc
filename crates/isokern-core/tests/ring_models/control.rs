//! Values of several cells on a control line are of one write.

use std::sync::Arc;

use super::{LoomCell, LoomWord, ModelCell, explore, until};
use isokern_core::ring::{
    ActorFault, DeviceControl, DeviceState, DeviceView, HostControl, HostView, LineMemory,
    SplitCell,
};
use loom::thread;

/// Two renewals while another thread looks twice.
fn lease<C: ModelCell>(bound: usize) {
    explore(bound, || {
        let line = Arc::new(LineMemory::from_cells(C::default));
        let host = thread::spawn({
            let line = line.clone();
            move || {
                let mut host = HostControl::new();
                for now in 1..3 {
                    host.renew_lease(&*line, now << 32 | now);
                }
            }
        });
        let mut last = 0;
        for _ in 0..2 {
            if let Some(host) = HostView::read(&*line) {
                let lease = host.lease();
                assert_eq!(lease.value >> 32, lease.value & 0xffff_ffff, "two halves of one write");
                assert_eq!(lease.value >> 32, u64::from(lease.turn));
                assert!(lease.turn >= last, "older than before");
                last = lease.turn;
            }
        }
        host.join().expect("no panic");
    });
}

#[test]
fn a_lease_is_never_put_together_from_two() {
    lease::<LoomCell>(3);
    lease::<SplitCell<LoomWord>>(2);
}

/// Who sees the fault state sees the record.
#[test]
fn a_fault_is_seen_with_its_record() {
    explore(3, || {
        let line = Arc::new(LineMemory::from_cells(LoomCell::default));
        let fault = ActorFault { code: 1, ticket: 2, detail: 3 << 32 | 4 };
        let device = thread::spawn({
            let line = line.clone();
            move || DeviceControl::new().fault(&*line, fault)
        });
        let seen = until(|| {
            let seen = DeviceView::read(&*line)?;
            (seen.state() == Some(DeviceState::Faulted)).then_some(seen)
        });
        assert_eq!(seen.fault(), Some(fault));
        device.join().expect("no panic");
    });
}
