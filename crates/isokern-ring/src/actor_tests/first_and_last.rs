//! What comes before the first message and after the last: `initialize` and `shutdown`.

use core::task::Waker;
use core::time::Duration;

use isokern_core::actor::{ActorError, ActorMemory, ActorPlan, ActorState, Mailboxes, Supervision};
use isokern_core::call::Clock;
use isokern_core::ring::{ErrorRecord, HostControl, HostLine};

use super::ends::settle_catching;
use super::toys::{Do, Script, Tidiness};
use super::{LoopActor, answers, ask, settle, start};
use crate::{FAULT_PANIC, FAULT_SHUTDOWN, Pace, Spinning, Step, ThreadHost, spawn};

/// Does something to the host line in the n-th pause of a handler.
struct InPause<'m, F> {
    line: &'m HostLine,
    pauses_left: u32,
    act: F,
}

impl<F: FnMut(&HostLine)> Pace for InPause<'_, F> {
    fn waker(&self) -> &Waker {
        Waker::noop()
    }

    fn pause(&mut self) {
        self.pauses_left = self.pauses_left.saturating_sub(1);
        if self.pauses_left == 0 {
            (self.act)(self.line);
        }
    }
}

fn restart_once() -> Supervision {
    let (window, backoff) = (Duration::from_secs(1), Duration::ZERO);
    Supervision::Restart { count_max: 1, window, backoff }
}

fn shutdown_error(actor: &LoopActor<8, 1>) -> Option<(u32, u32)> {
    let error = actor.view().expect("nobody writes").shutdown_error();
    error.map(|ErrorRecord { code, detail }| (code, detail))
}

#[test]
fn s2_initialize_is_a_future_that_a_stop_interrupts() {
    let script = Script { initialize_us: 1_000_000, ..Script::default() };
    let mut actor = start::<8, 1>(&script, ActorPlan::new());
    ask(&mut actor, Do::Add.with(1));
    let memory = *actor.running_mut().memory();
    let act = |line: &HostLine| HostControl::new().stop(line);
    let mut pace = InPause { line: memory.host_line(), pauses_left: 3, act };
    assert_eq!(actor.running_mut().step(&mut pace), Step::Worked);
    assert_eq!(script.clock.now_ns(), 3_000, "dropped at the safe point after the order");
    assert_eq!(actor.state(), ActorState::Draining);
    assert_eq!(settle(&mut actor), Step::Over);
    assert_eq!(answers(&mut actor), [Err(ActorError::Stopped)]);
    assert_eq!((actor.state(), script.calls.counts()), (ActorState::Stopped, (1, 1)));
}

#[test]
fn a_long_initialize_ends_and_its_lease_is_looked_at() {
    let script = Script { initialize_us: 1_000, ..Script::default() };
    let mut patient = start::<8, 1>(&script, ActorPlan::new());
    ask(&mut patient, Do::Add.with(1));
    assert_eq!(settle(&mut patient), Step::Idle);
    assert_eq!((answers(&mut patient), script.clock.now_ns()), ([Ok(101)].into(), 1_000_000));

    let plan = ActorPlan::new().with_lease(Duration::from_micros(100));
    let mut deserted = start::<8, 1>(&script, plan);
    assert_eq!(settle(&mut deserted), Step::Over);
    assert_eq!((deserted.state(), script.clock.now_ns()), (ActorState::Stopped, 1_101_000));
}

#[test]
fn s2_an_error_at_shutdown_reaches_the_owner() {
    let script = Script { tidiness: Tidiness::Fails, ..Script::default() };
    let mut actor = start::<8, 1>(&script, ActorPlan::new().with_supervision(restart_once()));
    ask(&mut actor, Do::Add.with(1));
    assert_eq!(settle(&mut actor), Step::Idle);
    assert_eq!(shutdown_error(&actor), None);
    actor.shutdown();
    assert_eq!(settle(&mut actor), Step::Over);
    assert_eq!(answers(&mut actor), [Ok(101)], "what was accepted is answered");
    let fault = actor.view().and_then(|view| view.fault()).expect("it is recorded");
    assert_eq!((actor.state(), fault.code), (ActorState::Faulted, FAULT_SHUTDOWN));
    assert_eq!(fault.detail, 55 << 32 | 2013);
    assert_eq!(shutdown_error(&actor), Some((2013, 55)));
    assert_eq!(script.calls.counts(), (1, 1), "an end is no reason to begin again");
}

#[test]
fn s2_an_error_at_shutdown_ends_a_thread_as_faulted() {
    let script = Script { tidiness: Tidiness::Fails, ..Script::default() };
    let host = ThreadHost::<_, Mailboxes<4>>::new("script", script.clock.clone());
    let mut actor = spawn(&host, script, ActorPlan::new()).expect("it starts");
    actor.shutdown();
    let (controls, thread) = actor.into_parts();
    assert_eq!(thread.join(), ActorState::Faulted);
    let error = controls.view().and_then(|view| view.shutdown_error());
    assert_eq!(error, Some(ErrorRecord { code: 2013, detail: 55 }));
}

#[test]
fn an_error_at_shutdown_leaves_the_fault_before_it_readable() {
    let script = Script { tidiness: Tidiness::Fails, ..Script::default() };
    let mut actor = start::<8, 1>(&script, ActorPlan::new().with_supervision(restart_once()));
    ask(&mut actor, Do::Break.with(0));
    ask(&mut actor, Do::Add.with(1));
    assert_eq!(settle_catching(&mut actor), Step::Idle);
    assert_eq!(answers(&mut actor), [Err(ActorError::ActorFaulted), Ok(101)]);
    let fault = actor.view().and_then(|view| view.fault()).expect("it is recorded");
    assert_eq!((fault.code, shutdown_error(&actor)), (FAULT_PANIC, Some((2013, 55))));
    assert_eq!(script.calls.counts(), (2, 1));
}

#[test]
fn a_shutdown_that_panics_is_reported_and_is_the_end() {
    let script = Script { tidiness: Tidiness::Breaks, ..Script::default() };
    let mut actor = start::<8, 1>(&script, ActorPlan::new().with_supervision(restart_once()));
    assert_eq!(settle_catching(&mut actor), Step::Idle);
    actor.shutdown();
    assert_eq!(settle_catching(&mut actor), Step::Over);
    assert_eq!((actor.state(), script.calls.counts()), (ActorState::Faulted, (1, 1)));
    assert_eq!(shutdown_error(&actor), Some((2011, 0)));
}

#[test]
fn a_shutdown_outlives_a_stop_and_not_a_lease() {
    let script = Script { shutdown_us: 1_000, ..Script::default() };
    let mut patient = start::<8, 1>(&script, ActorPlan::new());
    patient.stop();
    assert_eq!(settle(&mut patient), Step::Over);
    assert_eq!((patient.state(), shutdown_error(&patient)), (ActorState::Stopped, None));
    assert_eq!(script.clock.now_ns(), 1_000_000);

    let plan = ActorPlan::new().with_lease(Duration::from_micros(100));
    let mut deserted = start::<8, 1>(&script, plan);
    assert_eq!(settle(&mut deserted), Step::Idle);
    script.clock.advance_us(1_000);
    assert_eq!(settle(&mut deserted), Step::Over);
    assert_eq!(script.clock.now_ns(), 2_101_000, "a lease's time after it began");
    assert_eq!(shutdown_error(&deserted), Some((2010, 0)));

    let plan = ActorPlan::new().with_lease(Duration::from_micros(700));
    let mut renewed = start::<8, 1>(&script, plan);
    assert_eq!(renewed.running_mut().step(&mut Spinning), Step::Worked, "it starts");
    renewed.shutdown();
    let memory = *renewed.running_mut().memory();
    let act = |line: &HostLine| HostControl::new().renew_lease(line, 7);
    let mut pace = InPause { line: memory.host_line(), pauses_left: 600, act };
    assert_eq!(renewed.running_mut().step(&mut pace), Step::Over);
    assert_eq!((renewed.state(), shutdown_error(&renewed)), (ActorState::Stopped, None));
}
