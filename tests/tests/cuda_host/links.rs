//! Links between actors of a device, as the host keeps them.

use isokern_core::actor::{ActorError, ActorPlan, ActorState, Mailboxes, OutboxEntry};
use isokern_cuda::ResidentError;
use isokern_guard::SystemClock;
use isokern_ring::{AskError, SpawnError, ThreadHost, spawn};
use isokern_tests::standin::live_objects;

use super::{Idle, Key, LEASE, plan, start};

/// The memory of an actor that another sends to is lent to nobody else, though it is over and
/// nobody has it.
pub(super) fn linked_memory_is_kept() {
    let before = live_objects();
    let host = start(plan(3));
    let mut target = spawn(&host, Idle {}, ActorPlan::new()).expect("a block is free");
    let link = target.take_link(0).expect("nobody used it");
    let linking = ActorPlan::new().try_with_link(link).expect("one fits");
    let sender = spawn(&host, Idle {}, linking).expect("a block is free");
    target.stop();
    assert_eq!(target.into_running().join(), ActorState::Stopped);
    assert!(!host.status()[0].is_lent, "nobody has it");
    let third = spawn(&host, Idle {}, ActorPlan::new()).expect("a block is free");
    let full = spawn(&host, Idle {}, ActorPlan::new()).map(drop);
    assert_eq!(full, Err(SpawnError::Host(ResidentError::NoFreeBlock { actors: 3 })));
    let status = host.status();
    assert_eq!([0, 1, 2].map(|block| status[block].is_lent), [false, true, true]);
    assert_eq!(sender.into_running().join(), ActorState::Stopped);
    let fourth = spawn(&host, Idle {}, ActorPlan::new()).expect("a block is free");
    assert!(host.status()[0].is_lent, "its memory is free again");
    drop((third, fourth));
    host.stop(LEASE).expect("the kernel ends");
    drop(host);
    assert_eq!(live_objects(), before);
}

/// A block that met a fault cannot close its links: the host does.
pub(super) fn closed_for_the_dead() {
    let host = start(plan(2).with_spares(1));
    let mut target = spawn(&host, Idle {}, ActorPlan::new()).expect("a block is free");
    let link = target.take_link(0).expect("nobody used it");
    let linking = ActorPlan::new().try_with_link(link).expect("one fits");
    let mut sender = spawn(&host, Key::<3> {}, linking).expect("a block is free");
    let answer = pollster::block_on(sender.ask(1));
    assert_eq!(answer, Err(AskError::Actor(ActorError::ActorFaulted)));
    assert_eq!(sender.into_running().join(), ActorState::Faulted);
    assert_eq!(target.into_running().join(), ActorState::Stopped, "its one mailbox is closed");
}

/// The link of an actor of the device is as good on a thread.
pub(super) fn a_thread_sends_to_a_device() {
    let host = start(plan(1));
    let mut target = spawn(&host, Idle {}, ActorPlan::new()).expect("a block is free");
    let link = target.take_link(0).expect("nobody used it");
    let linking = ActorPlan::new().try_with_link(link).expect("one fits");
    let threads = ThreadHost::<_, Mailboxes<2>>::new("elsewhere", SystemClock);
    let sender = spawn(&threads, Idle {}, linking).expect("a thread is free");
    assert_eq!(sender.into_running().join(), ActorState::Stopped);
    assert_eq!(target.into_running().join(), ActorState::Stopped, "its one mailbox is closed");
}

/// A link that was used would begin again on the device.
pub(super) fn used_links_are_refused() {
    let host = start(plan(2));
    let mut target = spawn(&host, Idle {}, ActorPlan::new()).expect("a block is free");
    let mut link = target.take_link(0).expect("nobody used it");
    link.pass_on(&OutboxEntry::EMPTY).expect("there is room");
    let linking = ActorPlan::new().try_with_link(link).expect("one fits");
    let refused = spawn(&host, Idle {}, linking).map(drop);
    assert_eq!(refused, Err(SpawnError::Host(ResidentError::LinkInUse)));
    assert_eq!(target.into_running().join(), ActorState::Stopped, "the link is gone");
    let sender = spawn(&host, Idle {}, ActorPlan::new()).expect("no block was ordered anything");
    assert_eq!(sender.into_running().join(), ActorState::Stopped);
}
