//! The exported calls for events.

use crate::driver::entry::{Session, calls};
use crate::driver::pointers::Out;
use crate::driver::status::{Outcome, Status};

fn elapsed(session: &Session, time: Out<f32>, start: u64, end: u64) -> Outcome {
    time.put(session.elapsed(start, end)?)
}

calls! {
    /// Makes an event.
    fn cuEventCreate(session, event: Out<u64>, flags: u32) {
        event.check()?;
        if flags & 4 != 0 {
            return Err(session.not_supported("an event for other processes"));
        }
        let handle = session.new_event(flags)?;
        event.put(handle)
    }

    /// Destroys an event; what waits for it still does.
    fn cuEventDestroy_v2(session, event: u64) {
        let event = session.events.remove(&event).ok_or(Status::INVALID_HANDLE)?;
        session.context_of(event.context)?.fault.map_or(Ok(()), Err)
    }

    /// Records an event at the end of a stream.
    fn cuEventRecord(session, event: u64, stream: u64) {
        session.record(event, stream)
    }

    /// Records an event at the end of a stream.
    fn cuEventRecordWithFlags(session, event: u64, stream: u64, flags: u32) {
        if flags != 0 {
            return Err(session.not_supported("a record that a graph repeats"));
        }
        session.record(event, stream)
    }

    /// Returns whether an event was reached.
    fn cuEventQuery(session, event: u64) {
        match session.recorded(event)? {
            Some(ticket) if !session.is_done(ticket) => Err(Status::NOT_READY),
            _ => Ok(()),
        }
    }

    /// Waits until an event is reached.
    fn cuEventSynchronize(session, event: u64) {
        match session.recorded(event)? {
            Some(ticket) => {
                session.wait_for(&[ticket])?;
                // The stream may be gone, with a fault of the context.
                session.recorded(event).map(drop)
            }
            None => Ok(()),
        }
    }

    /// Measures the milliseconds of the host's clock between two events.
    fn cuEventElapsedTime(session, time: Out<f32>, start: u64, end: u64) {
        elapsed(session, time, start, end)
    }

    /// Measures the milliseconds of the host's clock between two events.
    fn cuEventElapsedTime_v2(session, time: Out<f32>, start: u64, end: u64) {
        elapsed(session, time, start, end)
    }
}
