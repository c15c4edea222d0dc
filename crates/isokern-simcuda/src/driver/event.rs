//! Events: marks in streams, for waiting and for timing.
//!
//! Times are those of the host's clock when the mark was reached. They say how long the stand-in
//! took and nothing about a GPU.

use std::time::Instant;

use super::entry::Session;
use super::status::{Outcome, Status};
use super::stream::Ticket;
use super::task::Task;
use super::world::World;

/// The flag of events without a time.
pub const DISABLE_TIMING: u32 = 2;

/// An event.
#[derive(Debug)]
pub struct Event {
    /// The context it belongs to.
    pub context: u64,
    /// Its flags: 1 blocking wait, 2 without a time.
    pub flags: u32,
    /// Its last record outside captures.
    pub recorded: Option<Ticket>,
    /// Its last record, where that was in a capture: the capture and its last nodes.
    pub captured: Option<(u64, Vec<usize>)>,
    /// When the last record was reached.
    pub time: Option<Instant>,
}

impl World {
    /// Makes an event.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] for unknown flags, those of [`context`](World::context).
    pub fn new_event(&mut self, flags: u32) -> Outcome<u64> {
        let context = self.context()?;
        if flags & !7 != 0 || flags & 4 != 0 && flags & DISABLE_TIMING == 0 {
            return Err(Status::INVALID_VALUE);
        }
        let handle = self.new_handle();
        let event = Event { context, flags, recorded: None, captured: None, time: None };
        self.events.insert(handle, event);
        Ok(handle)
    }

    /// Returns an event by its handle, and its context without a fault.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`], and the code of the fault that ended the context.
    pub fn event(&self, handle: u64) -> Outcome<&Event> {
        let event = self.events.get(&handle).ok_or(Status::INVALID_HANDLE)?;
        self.context_of(event.context)?.fault.map_or(Ok(event), Err)
    }

    /// Returns where the last record of an event is; `None` where there is none yet.
    ///
    /// # Errors
    ///
    /// [`Status::CAPTURED_EVENT`] where it was in a capture, those of [`event`](Self::event).
    pub fn recorded(&self, handle: u64) -> Outcome<Option<Ticket>> {
        let event = self.event(handle)?;
        if event.captured.is_some() { Err(Status::CAPTURED_EVENT) } else { Ok(event.recorded) }
    }

    /// Returns the milliseconds between the records of two events.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`] where one has no time or no record, [`Status::NOT_READY`] where
    /// one was not reached yet.
    pub fn elapsed(&self, start: u64, end: u64) -> Outcome<f32> {
        let mut times = [None; 2];
        let mut ready = true;
        for (handle, time) in [start, end].into_iter().zip(&mut times) {
            let recorded = self.recorded(handle)?.ok_or(Status::INVALID_HANDLE)?;
            let event = self.event(handle)?;
            if event.flags & DISABLE_TIMING != 0 {
                return Err(Status::INVALID_HANDLE);
            }
            ready &= self.is_done(recorded);
            *time = event.time;
        }
        let [Some(start), Some(end)] = times else { return Err(Status::NOT_READY) };
        if !ready {
            return Err(Status::NOT_READY);
        }
        let ahead = end.saturating_duration_since(start).as_secs_f32();
        let late = start.saturating_duration_since(end).as_secs_f32();
        Ok((ahead - late) * 1e3)
    }
}

impl Session {
    /// Records an event at the end of a stream.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`] also where the two are of different contexts.
    pub fn record(&mut self, handle: u64, stream: u64) -> Outcome {
        let stream = self.stream_handle(stream)?;
        let (context, capture) = {
            let stream = self.stream(stream)?;
            (stream.context, stream.capture)
        };
        if self.event(handle)?.context != context {
            return Err(Status::INVALID_HANDLE);
        }
        let captured = match capture {
            Some(capture) => Some((capture, self.captured_last(capture, stream)?)),
            None => None,
        };
        let ticket = match captured {
            Some(_) => None,
            None => Some(self.submit(stream, Task::Record(handle))?),
        };
        if let Some(event) = self.events.get_mut(&handle) {
            event.captured = captured;
            if ticket.is_some() {
                event.recorded = ticket;
                event.time = None;
            }
        }
        Ok(())
    }

    /// Lets later work of a stream wait for an event.
    ///
    /// # Errors
    ///
    /// The codes of captures, where the two are not of the same.
    pub fn wait_event(&mut self, stream: u64, handle: u64) -> Outcome {
        let stream = self.stream_handle(stream)?;
        let event = self.event(handle)?;
        let (recorded, captured) = (event.recorded, event.captured.clone());
        let capture = self.stream(stream)?.capture;
        match (capture, captured) {
            (_, Some((of_event, nodes))) => self.join_capture(stream, of_event, &nodes),
            (Some(_), None) if recorded.is_none() => Ok(()),
            (Some(capture), None) => {
                self.invalidate(capture);
                Err(Status::STREAM_CAPTURE_ISOLATION)
            }
            (None, None) => {
                let after = recorded.filter(|ticket| !self.is_done(*ticket));
                if let Some(ticket) = after {
                    self.submit_after(stream, Task::Mark, vec![ticket])?;
                }
                Ok(())
            }
        }
    }
}
