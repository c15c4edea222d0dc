//! Control lines: old from new, and no value put together from two writes.

use super::{
    ActorFault, ControlLine, DeviceControl, DeviceState, DeviceView, ErrorRecord, HostControl,
    HostLine, HostView, HostWord, LineMemory, SharedCell, SplitCell,
};

#[test]
fn a_new_line_says_nothing() {
    let line = HostLine::new();
    assert_eq!(HostView::read(&line), Some(HostView::default()));
    assert_eq!(DeviceView::read(&line), Some(DeviceView::default()));
    assert_eq!(DeviceView::default().state(), Some(DeviceState::Absent));
    assert_eq!(DeviceView::default().fault(), None);
}

fn host_values_arrive_on<L: ControlLine>(line: &L) {
    let mut host = HostControl::new();
    host.begin(line, 3);
    host.renew_lease(line, 0x0123_4567_89ab_cdef);
    host.pause(line, true);
    let seen = HostView::read(line).expect("nobody writes now");
    assert_eq!((seen.epoch().value, seen.lease().value), (3, 0x0123_4567_89ab_cdef));
    assert!(seen.is_paused() && !seen.is_stopped());
    host.renew_lease(line, 0x0123_4567_89ab_cdef);
    host.stop(line);
    let later = HostView::read(line).expect("nobody writes now");
    assert_ne!(later.lease().turn, seen.lease().turn, "the same time is a new sign of life");
    assert!(later.is_stopped());
    host.begin(line, 4);
    let again = HostView::read(line).expect("nobody writes now");
    assert!(!again.is_stopped() && !again.is_paused());
    assert_eq!(again.epoch().value, 4);
}

#[test]
fn host_values_arrive() {
    host_values_arrive_on(&HostLine::new());
    let split = LineMemory::from_cells(SplitCell::<HostWord>::default);
    host_values_arrive_on(&split);
}

#[test]
fn device_values_arrive() {
    let line = HostLine::new();
    let mut device = DeviceControl::new();
    device.enter(&line, DeviceState::Running);
    device.beat(&line, 9);
    device.count_taken(&line, 1 << 40 | 5);
    device.count_answered(&line, 4);
    device.count_expired(&line, 1);
    device.count_failed(&line, 1 << 33);
    let seen = DeviceView::read(&line).expect("nobody writes now");
    assert_eq!(seen.state(), Some(DeviceState::Running));
    assert_eq!((seen.taken(), seen.answered(), seen.expired()), (1 << 40 | 5, 4, 1));
    assert_eq!((seen.failed(), seen.turned_away()), (1 << 33, (1 << 40) - (1 << 33)));
    assert_eq!((seen.heartbeat().value, seen.heartbeat().turn), (9, 1));
    assert_eq!((seen.fault(), seen.shutdown_error()), (None, None));
    let fault = ActorFault { code: 2, ticket: 77, detail: 0xdead_beef_0000_0001 };
    device.fault(&line, fault);
    let error = ErrorRecord { code: 2013, detail: 9 };
    device.fail_shutdown(&line, error);
    let seen = DeviceView::read(&line).expect("nobody writes now");
    assert_eq!((seen.state(), seen.fault()), (Some(DeviceState::Faulted), Some(fault)));
    assert_eq!(seen.shutdown_error(), Some(error));
}

#[test]
fn a_half_written_value_is_not_read() {
    let line = HostLine::new();
    let mut host = HostControl::new();
    host.renew_lease(&line, 1 << 32 | 1);
    // The second renewal has written its lower word and not yet the upper.
    line.cell(2).replace(2, 2);
    assert_eq!(HostView::read(&line), None);
    line.cell(3).replace(2, 2);
    assert_eq!(HostView::read(&line).map(|seen| seen.lease().value), Some(2 << 32 | 2));
}

#[test]
fn a_writer_goes_on_where_one_that_is_gone_stopped() {
    let line = HostLine::new();
    let mut gone = DeviceControl::new();
    gone.enter(&line, DeviceState::Running);
    let first = ActorFault { code: 1, ticket: 2, detail: 3 };
    gone.fault(&line, first);
    gone.enter(&line, DeviceState::Running);
    // It was counting when it went: the lower word is the new one.
    gone.count_taken(&line, 1 << 32 | 1);
    line.cell(2).replace(2, 2);
    assert_eq!(DeviceView::read(&line), None);
    let mut next = DeviceControl::resuming(&line);
    next.count_taken(&line, 3);
    let second = ActorFault { code: 4, ticket: 5, detail: 6 };
    next.fault(&line, second);
    let seen = DeviceView::read(&line).expect("every value is whole");
    assert_eq!((seen.state(), seen.fault()), (Some(DeviceState::Faulted), Some(second)));
    assert_eq!((seen.taken(), line.cell(8).poll().turn), (3, 2));
}

#[test]
fn every_state_has_its_number() {
    for code in 0..7 {
        let state = DeviceState::from_code(code).expect("a state");
        assert_eq!(state.code(), code);
        assert_eq!(state.is_over(), matches!(state, DeviceState::Exited | DeviceState::Faulted));
    }
    assert_eq!(DeviceState::from_code(7), None);
}
