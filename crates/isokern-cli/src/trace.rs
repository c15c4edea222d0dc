//! What workers did, as a file for Chrome's `about:tracing` and for Perfetto: a track for each
//! worker, which is a thread or a block of a GPU, on it the claims of tasks.
//!
//! The form is Google's *Trace Event Format*: complete events (`ph` is `X`), with times in
//! microseconds, and the names of the tracks as metadata (`ph` is `M`).

use std::collections::BTreeSet;

use isokern::tasked::Claim;
use isokern_core::megakernel::{TaskPriority, TaskStep};
use serde::Serialize;
use serde_json::json;

/// A line of the file.
#[derive(Serialize)]
struct Event {
    name: String,
    ph: &'static str,
    pid: u32,
    tid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'static str>,
    /// Microseconds since the first claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    args: serde_json::Value,
}

/// Returns the file of these claims of a model's tasks.
pub(crate) fn file(name: &str, claims: &[Claim]) -> Vec<u8> {
    let first_ns = claims.first().map_or(0, |claim| claim.start_ns);
    let workers: BTreeSet<u32> = claims.iter().map(|claim| claim.worker).collect();
    let mut events = vec![metadata("process_name", 0, "isokern")];
    events.extend(
        workers
            .into_iter()
            .map(|worker| metadata("thread_name", worker, &format!("worker {worker}"))),
    );
    events.extend(claims.iter().map(|claim| event(name, claim, first_ns)));
    let file = json!({ "displayTimeUnit": "ns", "traceEvents": events });
    let mut bytes = file.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

fn metadata(what: &str, worker: u32, name: &str) -> Event {
    let args = json!({ "name": name });
    Event {
        name: what.to_owned(),
        ph: "M",
        pid: 1,
        tid: worker,
        cat: None,
        ts: None,
        dur: None,
        args,
    }
}

const fn class_name(class: TaskPriority) -> &'static str {
    match class {
        TaskPriority::Critical => "critical",
        TaskPriority::High => "high",
        TaskPriority::Normal => "normal",
        TaskPriority::Low => "low",
        TaskPriority::Idle => "idle",
    }
}

fn event(name: &str, claim: &Claim, first_ns: u64) -> Event {
    let micros = |ns: u64| ns as f64 / 1e3;
    let task = &claim.task;
    let class = task.priority().map_or("unknown", class_name);
    let first = task.continuation_pc();
    let (end, next) = match claim.step {
        TaskStep::Done => ("done", None),
        TaskStep::Yield { pc, .. } => ("yield", Some(pc)),
        TaskStep::Requeue { pc, .. } => ("requeue", Some(pc)),
        TaskStep::Pause { pc, .. } => ("pause", Some(pc)),
        TaskStep::Join { pc, .. } => ("join", Some(pc)),
        TaskStep::Fault { .. } => ("fault", None),
    };
    Event {
        name: format!("{name} {}", task.task_id()),
        ph: "X",
        pid: 1,
        tid: claim.worker,
        cat: Some(class),
        ts: Some(micros(claim.start_ns.saturating_sub(first_ns))),
        dur: Some(micros(claim.end_ns.saturating_sub(claim.start_ns))),
        args: json!({
            "task": task.task_id(),
            "class": class,
            "first_operator": first,
            "end": end,
            "next_operator": next,
            "yields_before": task.yield_count(),
            "queued_us": micros(claim.queued_ns),
        }),
    }
}
