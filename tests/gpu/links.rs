//! What a message takes between two actors that stay on the device, and to one and back.
#![allow(unsafe_code)]

use core::time::Duration;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;

use isokern_core::actor::{ActorPlan, LinkEnd, NoBuffers, NoLinks};
use isokern_core::{MessageHeader, actor};
use isokern_cuda::{CudaHost, ResidentPlan};
use isokern_guard::SystemClock;
use isokern_ring::{ActorOn, spawn};
use isokern_test_actors::{Do, FIRST_SUM, Script};
use serde_json::json;

use crate::device::Gpu;
use crate::samples::Samples;
use crate::{Effort, Failure};

/// What the device code is built for; a device runs the highest that it reaches.
const TARGETS: [u32; 3] = [90, 80, 75];
/// The kernel of `tests/actors/device`.
const KERNEL: &str = "isokern_test_actors";
/// Actors in a row, and the links between them.
const ROW: usize = 4;
const HOPS: u32 = ROW as u32 - 1;
/// How long the kernel stays without its host.
const LEASE: Duration = Duration::from_secs(10);
/// After this long a message is lost.
const PATIENCE: Duration = Duration::from_secs(60);

type Host = CudaHost<SystemClock>;
type Actor = ActorOn<Host, Script>;
type Memory = <Host as actor::Host<Script>>::Memory;
type Linked = ActorOn<Host, Script, NoBuffers, (NoLinks, LinkEnd<Memory>)>;

/// Measures both paths with the device code in `folder`, and adds what must not be to `wrong`.
pub(crate) fn measure(
    gpu: &Gpu,
    effort: Effort,
    folder: &Path,
    wrong: &mut Vec<String>,
) -> Result<(), Failure> {
    let capability = gpu.context().device().compute_capability()?;
    let ptx = read(folder, capability)?;
    let plan = ResidentPlan::new(ROW as u32).with_lease(LEASE);
    // SAFETY: `resident_kernel!` made the entry, which keeps the protocol.
    let host =
        unsafe { CudaHost::start_ptx(gpu.context(), SystemClock, plan, ptx.as_bytes(), KERNEL) };
    let host = host.map_err(failed)?;
    let mut row = row(&host)?;
    echo(&mut row, effort, wrong)?;
    relay(&mut row, effort, wrong)?;
    drop(row);
    host.stop(LEASE).map_err(failed)
}

/// Returns the text for the highest target that a device reaches.
pub(crate) fn read(folder: &Path, capability: u32) -> Result<String, Failure> {
    let target = TARGETS.into_iter().find(|target| *target <= capability);
    let target = target.ok_or_else(|| failed(format!("a device of {capability} is too old")))?;
    let path = folder.join(format!("test_actors_sm{target}.ptx"));
    fs::read_to_string(&path).map_err(|error| {
        failed(format!("{}: {error}. Fix: name the bundle's `actors`", path.display()))
    })
}

/// Starts the actors, the last first; each sends to the one before it here.
fn row(host: &Host) -> Result<Vec<Actor>, Failure> {
    let mut row: Vec<Actor> = vec![spawn(host, Script::new(), ActorPlan::new()).map_err(failed)?];
    while row.len() < ROW {
        let link = row.last_mut().and_then(|actor| actor.take_link(1));
        let link = link.ok_or_else(|| failed("a script has two mailboxes"))?;
        let plan = ActorPlan::new().try_with_link(link).map_err(failed)?;
        let linked: Linked = spawn(host, Script::new(), plan).map_err(failed)?;
        row.push(linked);
    }
    Ok(row)
}

/// Measures one question to an actor with a number for its answer.
fn echo(row: &mut [Actor], effort: Effort, wrong: &mut Vec<String>) -> Result<(), Failure> {
    let asker = row[0].requester(0).ok_or_else(|| failed("it has a mailbox"))?;
    let mut times = Samples::new();
    let (samples, warm_up) = (effort.of(20_000, 4), effort.of(2_000, 1));
    for number in 1..=warm_up + samples {
        let start = Instant::now();
        let sequence = asker.try_ask(MessageHeader::new(), Do::Add.with(1)).map_err(failed)?;
        let answer = loop {
            match asker.try_answer_to(sequence) {
                Some(answer) => break answer,
                None => core::hint::spin_loop(),
            }
        };
        let time = start.elapsed();
        let sum = answer.result.map_err(failed)?;
        if sum != FIRST_SUM + number {
            wrong.push(format!("links: answer {number} is {sum}"));
        }
        if number > warm_up {
            times.add(time);
        }
    }
    let path = "host to device to host: one question, one answer, no driver call";
    times.print("round trip", "an echo that stays", path, effort, &json!({}));
    Ok(())
}

/// Measures a message that all actors of the row pass on, by the device's own timer.
fn relay(row: &mut [Actor], effort: Effort, wrong: &mut Vec<String>) -> Result<(), Failure> {
    let mut times = Samples::new();
    let (samples, warm_up) = (effort.of(20_000, 4), effort.of(2_000, 1));
    for number in 1..=warm_up + samples {
        let first = &mut row[ROW - 1];
        pollster::block_on(first.ask(Do::Stamp.with(0))).map_err(failed)?;
        await_told(&row[0], u64::from(number))?;
        let passed_ns = pollster::block_on(row[0].ask(Do::Add.with(0))).map_err(failed)?;
        if passed_ns == 0 {
            wrong.push(format!("links: message {number} took no time"));
        }
        if number > warm_up {
            times.add_ns(f64::from(passed_ns) / f64::from(HOPS));
        }
    }
    let path = "device to device over a link: from one actor's take of a message to the next's, \
                a third of three; timed on the device";
    times.print("link", "a message passed on", path, effort, &json!({"hops": HOPS}));
    Ok(())
}

/// Waits until the last of a row has handled so many messages of its link.
fn await_told(last: &Actor, count: u64) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        let stats = last.link_stats(1).ok_or_else(|| failed("it is linked"))?;
        if stats.told_count == count {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(failed(format!("{} of {count} messages arrived", stats.told_count)));
        }
        thread::yield_now();
    }
}

fn failed(error: impl core::fmt::Display) -> Failure {
    Failure::Wrong(format!("links: {error}"))
}
