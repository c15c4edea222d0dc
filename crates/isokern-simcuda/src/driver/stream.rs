//! Streams: queues of work, and what work waits for.
//!
//! Every piece of work has a position in its stream, from 1. A [`Ticket`] names one; work is done
//! when its stream has completed that many. Everything that orders work across streams is a list of
//! tickets to wait for: events, and the legacy stream, whose work waits for all earlier work of
//! blocking streams and which later work of blocking streams waits for.

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::VecDeque;
use std::sync::Arc;

use super::entry::Session;
use super::status::{Outcome, Status};
use super::task::{Kernel, Task, TaskProgress};
use super::world::World;

/// The handle of the legacy stream, beside 0.
pub const LEGACY: u64 = 1;
/// The handle of the calling thread's own default stream.
pub const PER_THREAD: u64 = 2;
/// The flag of streams that do not wait for the legacy stream.
pub const NON_BLOCKING: u32 = 1;

/// A place in the order of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The stream.
    pub stream: u64,
    /// The position in it.
    pub position: u64,
}

/// A stream.
#[derive(Debug)]
pub struct Stream {
    /// The context it belongs to.
    pub context: u64,
    /// What kind it is.
    pub kind: StreamKind,
    /// Its flags.
    pub flags: u32,
    /// Its priority: lower numbers are more urgent. It does not change the order here.
    pub priority: i32,
    /// The capture it takes part in.
    pub capture: Option<u64>,
    /// Work that has not ended; the first may be running.
    pub queue: VecDeque<Item>,
    /// Whether the executor holds the first item.
    pub busy: bool,
    /// Whether it was destroyed and only finishes its work.
    pub closing: bool,
    enqueued: u64,
    completed: u64,
    /// The kernel that has begun and not ended.
    pub kernel: Option<Arc<Kernel>>,
    /// Whether all threads of that kernel slept when they last had their turn.
    pub asleep: bool,
    /// The fewest instructions of warps after which its kernel slept again.
    pub least_look: u64,
}

/// What kind of stream it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// The context's legacy stream.
    Legacy,
    /// A thread's default stream.
    PerThread(u64),
    /// A stream the program created.
    Created,
}

/// Work in a queue.
#[derive(Debug)]
pub struct Item {
    /// Where it is in the order.
    pub ticket: Ticket,
    /// What must be done before.
    pub after: Vec<Ticket>,
    /// What there is to do, and how far it is.
    pub progress: TaskProgress,
}

impl Stream {
    /// Returns whether all threads of its kernel sleep again after a slice of so many instructions,
    /// and it was the shortest one: they looked at what they wait for and found nothing.
    pub const fn looks_in_vain(&mut self, executed: u64) -> bool {
        if !self.asleep {
            self.least_look = u64::MAX;
            return false;
        }
        if executed < self.least_look {
            self.least_look = executed;
        }
        executed == self.least_look
    }

    /// Returns a stream without work.
    #[must_use]
    pub const fn new(context: u64, kind: StreamKind, flags: u32, priority: i32) -> Self {
        Self {
            context,
            kind,
            flags,
            priority,
            capture: None,
            queue: VecDeque::new(),
            busy: false,
            closing: false,
            enqueued: 0,
            completed: 0,
            kernel: None,
            asleep: false,
            least_look: u64::MAX,
        }
    }

    /// Returns whether a program created it and has not destroyed it.
    #[must_use]
    pub fn is_created(&self) -> bool {
        self.kind == StreamKind::Created && !self.closing
    }

    /// Returns whether all its work is done.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.completed == self.enqueued
    }

    /// Returns the kernel that has begun and not ended.
    #[must_use]
    pub fn running_kernel(&self) -> Option<&str> {
        self.kernel.as_ref().map(|kernel| kernel.name.as_str())
    }

    /// Notes that the first piece of work has ended.
    pub fn complete(&mut self) {
        self.completed += 1;
        self.kernel = None;
    }

    /// Drops all work, as if it were done.
    pub fn abandon(&mut self) {
        self.queue.clear();
        self.completed = self.enqueued;
        self.kernel = None;
    }

    fn waits_for_legacy(&self) -> bool {
        self.kind != StreamKind::Legacy && self.flags & NON_BLOCKING == 0
    }
}

impl World {
    /// Returns the stream a program means by a handle, in the current context.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`] for a handle of no live stream; those of
    /// [`context`](Self::context).
    pub fn stream_handle(&mut self, handle: u64) -> Outcome<u64> {
        let context = self.context()?;
        match handle {
            0 | LEGACY => {
                let context = self.contexts.get(&context).ok_or(Status::INVALID_CONTEXT)?;
                Ok(context.legacy_stream)
            }
            PER_THREAD => Ok(self.stream_of_thread(context)),
            _ => {
                let stream = self.streams.get(&handle).ok_or(Status::INVALID_HANDLE)?;
                if !stream.is_created() {
                    return Err(Status::INVALID_HANDLE);
                }
                let context = self.contexts.get(&stream.context).ok_or(Status::INVALID_CONTEXT)?;
                context.fault.map_or(Ok(handle), Err)
            }
        }
    }

    fn stream_of_thread(&mut self, context: u64) -> u64 {
        let kind = StreamKind::PerThread(this_thread());
        let mut streams = self.streams.iter();
        if let Some((handle, _)) = streams.find(|(_, s)| s.kind == kind && s.context == context) {
            return *handle;
        }
        let handle = self.new_handle();
        self.streams.insert(handle, Stream::new(context, kind, 0, 0));
        handle
    }

    /// Returns a stream by its handle.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`].
    pub fn stream(&mut self, handle: u64) -> Outcome<&mut Stream> {
        self.streams.get_mut(&handle).ok_or(Status::INVALID_HANDLE)
    }

    /// Returns whether the work of a ticket is done.
    #[must_use]
    pub fn is_done(&self, ticket: Ticket) -> bool {
        let stream = self.streams.get(&ticket.stream);
        stream.is_none_or(|stream| stream.completed >= ticket.position)
    }

    /// Returns the ticket of the last work in a stream.
    #[must_use]
    pub fn last_ticket(&self, stream: u64) -> Ticket {
        let position = self.streams.get(&stream).map_or(0, |stream| stream.enqueued);
        Ticket { stream, position }
    }

    /// Puts work at the end of a stream, or into the graph it is captured to.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`], and the codes of captures.
    pub fn enqueue(&mut self, handle: u64, task: Task, after: Vec<Ticket>) -> Outcome<Ticket> {
        let stream = self.stream(handle)?;
        let (context, capture) = (stream.context, stream.capture);
        if let Some(capture) = capture {
            self.add_captured(capture, handle, task)?;
            return Ok(Ticket { stream: handle, position: 0 });
        }
        self.refuse_implicit_capture(handle)?;
        let mut after = after;
        after.extend(self.legacy_order(handle, context));
        after.retain(|ticket| ticket.stream != handle);
        let stream = self.stream(handle)?;
        stream.enqueued += 1;
        let ticket = Ticket { stream: handle, position: stream.enqueued };
        stream.queue.push_back(Item { ticket, after, progress: TaskProgress::new(task) });
        Ok(ticket)
    }

    /// Returns what work of this stream waits for because of the legacy stream.
    fn legacy_order(&self, handle: u64, context: u64) -> Vec<Ticket> {
        let Some(stream) = self.streams.get(&handle) else { return Vec::new() };
        let counts = |other: &Stream| match stream.kind {
            StreamKind::Legacy => other.waits_for_legacy(),
            _ => stream.waits_for_legacy() && other.kind == StreamKind::Legacy,
        };
        let others = self.streams.iter();
        others
            .filter(|(_, other)| other.context == context && !other.is_idle() && counts(other))
            .map(|(other, _)| self.last_ticket(*other))
            .collect()
    }

    /// Returns the streams whose first work can go on, sorted.
    #[must_use]
    pub fn ready_streams(&self) -> Vec<u64> {
        let ready = |stream: &Stream| {
            let first = stream.queue.front().filter(|_| !stream.busy);
            first.is_some_and(|item| {
                item.after.iter().all(|ticket| self.is_done(*ticket))
                    && self.can_go_on(&item.progress)
            })
        };
        self.streams.iter().filter(|(_, s)| ready(s)).map(|(handle, _)| *handle).collect()
    }

    /// Returns whether a kernel runs, or is first in its stream and waits for nothing there.
    #[must_use]
    pub fn kernel_is_near(&self) -> bool {
        self.streams.values().any(|stream| {
            let first = stream.queue.front();
            stream.kernel.is_some()
                || first.is_some_and(|item| {
                    let due = item.after.iter().all(|ticket| self.is_done(*ticket));
                    due && item.progress.kernel().is_some()
                })
        })
    }

    /// Ends all streams that have no work left and were destroyed.
    pub fn sweep_streams(&mut self) {
        self.streams.retain(|_, stream| !(stream.closing && stream.is_idle()));
    }
}

/// Returns a number of the calling thread, there until the process is gone.
pub(super) fn this_thread() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }
    if NUMBER.get() == 0 {
        NUMBER.set(COUNT.fetch_add(1, Ordering::Relaxed));
    }
    NUMBER.get()
}

impl Session {
    /// Waits until the work of tickets is done.
    ///
    /// # Errors
    ///
    /// The code of the fault that ended the stream's context.
    pub fn wait_for(&mut self, tickets: &[Ticket]) -> Outcome {
        let of_context = |ticket: &Ticket| self.streams.get(&ticket.stream).map(|s| s.context);
        let contexts: Vec<_> = tickets.iter().filter_map(of_context).collect();
        self.wait(|world| tickets.iter().all(|ticket| world.is_done(*ticket)).then_some(()));
        let fault = contexts.iter().find_map(|handle| self.contexts.get(handle)?.fault);
        fault.map_or(Ok(()), Err)
    }

    /// Waits for all work that a context has now.
    ///
    /// # Errors
    ///
    /// The code of the fault that ended the context.
    pub fn wait_for_context(&mut self, context: u64) -> Outcome {
        let streams = self.streams.iter().filter(|(_, stream)| stream.context == context);
        let tickets: Vec<_> = streams.map(|(handle, _)| self.last_ticket(*handle)).collect();
        self.wait_for(&tickets)
    }

    /// Waits until no kernel runs or is about to: what a real driver may do in calls that change
    /// what is mapped. See the CUDA programming guide on implicit synchronization.
    pub fn wait_for_kernels(&mut self) {
        self.wait(|world| (!world.kernel_is_near()).then_some(()));
    }
}
