//! Graphs: work captured from streams, to be run as a whole.
//!
//! A capture follows the streams that take part in it. Each has a list of nodes that its next node
//! comes after; events carry such lists from one stream to another. At the end every forked stream
//! must have been joined to the one the capture began in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::status::{Outcome, Status};
use super::stream::{StreamKind, this_thread};
use super::task::Task;
use super::world::World;

/// Calls of any thread that a capture could not follow are refused.
const MODE_GLOBAL: u32 = 0;
/// No call is refused.
const MODE_RELAXED: u32 = 2;

/// A piece of work in a graph.
#[derive(Debug, Clone)]
pub struct Node {
    /// The work.
    pub task: Task,
    /// The handle a program knows it by.
    pub handle: u64,
    /// Indices of the nodes that come before.
    pub after: Vec<usize>,
}

/// A graph.
#[derive(Debug)]
pub struct Graph {
    /// The context it was captured in.
    pub context: u64,
    /// Its nodes; each comes after nodes of lower index.
    pub nodes: Vec<Node>,
}

/// A graph that can be launched.
#[derive(Debug)]
pub struct Executable {
    /// The context it runs in.
    pub context: u64,
    /// Its nodes.
    pub nodes: Arc<[Node]>,
    /// Its last launch: the next one waits for it.
    pub last: Option<super::stream::Ticket>,
}

/// A capture that has not ended.
#[derive(Debug)]
pub struct Capture {
    /// The context.
    pub context: u64,
    origin: u64,
    mode: u32,
    thread: u64,
    invalid: bool,
    nodes: Vec<Node>,
    /// What the next node of each stream comes after.
    last: BTreeMap<u64, Vec<usize>>,
}

impl World {
    /// Begins to capture a stream.
    ///
    /// # Errors
    ///
    /// [`Status::STREAM_CAPTURE_UNSUPPORTED`] for the legacy stream, [`Status::ILLEGAL_STATE`]
    /// where it is captured already, [`Status::INVALID_VALUE`] for an unknown mode.
    pub fn begin_capture(&mut self, handle: u64, mode: u32) -> Outcome {
        if mode > MODE_RELAXED {
            return Err(Status::INVALID_VALUE);
        }
        let stream = self.stream(handle)?;
        if stream.kind == StreamKind::Legacy {
            return Err(Status::STREAM_CAPTURE_UNSUPPORTED);
        }
        if stream.capture.is_some() {
            return Err(Status::ILLEGAL_STATE);
        }
        let context = stream.context;
        let id = self.new_handle();
        self.stream(handle)?.capture = Some(id);
        let capture = Capture {
            context,
            origin: handle,
            mode,
            thread: this_thread(),
            invalid: false,
            nodes: Vec::new(),
            last: BTreeMap::from([(handle, Vec::new())]),
        };
        self.captures.insert(id, capture);
        Ok(())
    }

    /// Ends a capture and gives the graph.
    ///
    /// # Errors
    ///
    /// [`Status::ILLEGAL_STATE`] where the stream is not captured, and the codes of captures that
    /// went wrong; the capture is over after all but the first two of those.
    pub fn end_capture(&mut self, handle: u64) -> Outcome<u64> {
        let id = self.stream(handle)?.capture.ok_or(Status::ILLEGAL_STATE)?;
        let capture = self.captures.get(&id).ok_or(Status::ILLEGAL_STATE)?;
        if capture.origin != handle {
            return Err(Status::STREAM_CAPTURE_UNMATCHED);
        }
        if capture.mode != MODE_RELAXED && capture.thread != this_thread() {
            return Err(Status::STREAM_CAPTURE_WRONG_THREAD);
        }
        let capture = self.captures.remove(&id).ok_or(Status::ILLEGAL_STATE)?;
        for stream in self.streams.values_mut().filter(|stream| stream.capture == Some(id)) {
            stream.capture = None;
        }
        if capture.invalid {
            return Err(Status::STREAM_CAPTURE_INVALIDATED);
        }
        if !capture.is_joined() {
            return Err(Status::STREAM_CAPTURE_UNJOINED);
        }
        let graph = self.new_handle();
        self.graphs.insert(graph, Graph { context: capture.context, nodes: capture.nodes });
        Ok(graph)
    }

    /// Returns 0 for a stream that is not captured, 1 for one that is, 2 where that went wrong.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`], [`Status::STREAM_CAPTURE_IMPLICIT`] for the legacy stream while
    /// a blocking stream is captured.
    pub fn capture_status(&mut self, handle: u64) -> Outcome<u32> {
        self.refuse_implicit_capture(handle)?;
        let Some(id) = self.stream(handle)?.capture else { return Ok(0) };
        Ok(if self.captures.get(&id).is_some_and(|capture| capture.invalid) { 2 } else { 1 })
    }

    /// Adds work of a captured stream to its graph.
    ///
    /// # Errors
    ///
    /// [`Status::STREAM_CAPTURE_INVALIDATED`], [`Status::STREAM_CAPTURE_UNSUPPORTED`] for what a
    /// graph cannot do.
    pub fn add_captured(&mut self, id: u64, stream: u64, task: Task) -> Outcome {
        if matches!(task, Task::Free(_) | Task::Record(_) | Task::Graph(_)) {
            self.invalidate(id);
            return Err(Status::STREAM_CAPTURE_UNSUPPORTED);
        }
        let handle = self.new_handle();
        let capture = self.live_capture(id)?;
        let last = capture.last.entry(stream).or_default();
        let after = core::mem::replace(last, vec![capture.nodes.len()]);
        capture.nodes.push(Node { task, handle, after });
        Ok(())
    }

    /// Returns the nodes that the next node of a captured stream comes after.
    ///
    /// # Errors
    ///
    /// [`Status::STREAM_CAPTURE_INVALIDATED`].
    pub fn captured_last(&mut self, id: u64, stream: u64) -> Outcome<Vec<usize>> {
        Ok(self.live_capture(id)?.last.get(&stream).cloned().unwrap_or_default())
    }

    /// Lets a stream take part in a capture, after some of its nodes.
    ///
    /// # Errors
    ///
    /// [`Status::STREAM_CAPTURE_MERGE`] where it takes part in another,
    /// [`Status::STREAM_CAPTURE_IMPLICIT`] for the legacy stream, and
    /// [`Status::CAPTURED_EVENT`] where the capture has ended.
    pub fn join_capture(&mut self, handle: u64, id: u64, nodes: &[usize]) -> Outcome {
        if !self.captures.contains_key(&id) {
            return Err(Status::CAPTURED_EVENT);
        }
        let stream = self.stream(handle)?;
        if stream.kind == StreamKind::Legacy {
            self.invalidate(id);
            return Err(Status::STREAM_CAPTURE_IMPLICIT);
        }
        match stream.capture {
            Some(other) if other != id => {
                self.invalidate(other);
                self.invalidate(id);
                return Err(Status::STREAM_CAPTURE_MERGE);
            }
            _ => stream.capture = Some(id),
        }
        let last = self.live_capture(id)?.last.entry(handle).or_default();
        last.extend(nodes);
        last.sort_unstable();
        last.dedup();
        Ok(())
    }

    /// Ends a capture as failed; it stays until the program ends it.
    pub fn invalidate(&mut self, id: u64) {
        if let Some(capture) = self.captures.get_mut(&id) {
            capture.invalid = true;
        }
    }

    /// Refuses a call that waits for, or looks at, a stream that is captured.
    ///
    /// # Errors
    ///
    /// [`Status::STREAM_CAPTURE_UNSUPPORTED`], after which the capture is invalid.
    pub fn refuse_captured(&mut self, handle: u64) -> Outcome {
        self.refuse_implicit_capture(handle)?;
        if let Some(id) = self.stream(handle)?.capture {
            self.invalidate(id);
            return Err(Status::STREAM_CAPTURE_UNSUPPORTED);
        }
        Ok(())
    }

    /// Refuses a call that a capture of this thread, or a global one of any thread, cannot follow.
    ///
    /// # Errors
    ///
    /// [`Status::STREAM_CAPTURE_UNSUPPORTED`], after which those captures are invalid.
    pub fn refuse_while_capturing(&mut self) -> Outcome {
        let here = this_thread();
        let mut found = false;
        for capture in self.captures.values_mut() {
            let concerned = capture.mode == MODE_GLOBAL || capture.thread == here;
            if concerned && capture.mode != MODE_RELAXED {
                capture.invalid = true;
                found = true;
            }
        }
        if found { Err(Status::STREAM_CAPTURE_UNSUPPORTED) } else { Ok(()) }
    }

    /// Refuses work of the legacy stream while a stream that waits for it is captured.
    ///
    /// # Errors
    ///
    /// [`Status::STREAM_CAPTURE_IMPLICIT`], after which the capture is invalid.
    pub fn refuse_implicit_capture(&mut self, handle: u64) -> Outcome {
        let stream = self.stream(handle)?;
        if stream.kind != StreamKind::Legacy {
            return Ok(());
        }
        let context = stream.context;
        let others = self.streams.values();
        let captured: Vec<_> = others
            .filter(|s| s.context == context && s.flags & super::stream::NON_BLOCKING == 0)
            .filter_map(|s| s.capture)
            .collect();
        captured.iter().for_each(|id| self.invalidate(*id));
        if captured.is_empty() { Ok(()) } else { Err(Status::STREAM_CAPTURE_IMPLICIT) }
    }

    /// Makes a graph ready to be launched.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for a handle of no graph.
    pub fn instantiate(&mut self, graph: u64) -> Outcome<u64> {
        let graph = self.graphs.get(&graph).ok_or(Status::INVALID_VALUE)?;
        let (context, nodes) = (graph.context, Arc::from(graph.nodes.as_slice()));
        let handle = self.new_handle();
        self.executables.insert(handle, Executable { context, nodes, last: None });
        Ok(handle)
    }

    fn live_capture(&mut self, id: u64) -> Outcome<&mut Capture> {
        let capture = self.captures.get_mut(&id).ok_or(Status::STREAM_CAPTURE_INVALIDATED)?;
        if capture.invalid { Err(Status::STREAM_CAPTURE_INVALIDATED) } else { Ok(capture) }
    }
}

impl Capture {
    /// Returns whether every node comes before what the first stream would do next.
    fn is_joined(&self) -> bool {
        let mut reached = vec![false; self.nodes.len()];
        let mut open = self.last.get(&self.origin).cloned().unwrap_or_default();
        while let Some(index) = open.pop() {
            if let (Some(seen @ false), Some(node)) =
                (reached.get_mut(index), self.nodes.get(index))
            {
                *seen = true;
                open.extend(&node.after);
            }
        }
        reached.iter().all(|seen| *seen)
    }
}
