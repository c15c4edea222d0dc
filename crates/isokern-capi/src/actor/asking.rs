//! The side of an actor that asks: its buffers, its questions and their answers.

#![allow(unsafe_code)]

use isokern_cpu::core::actor::ActorError;
use isokern_cpu::core::ring::{BufferHandle, PushError};
use isokern_cpu::core::{KernelError, MessageHeader};
use isokern_ring::{Answer, Requester};

use super::arenas::Arenas;
use super::clock::CallerClock;
use super::{ACTOR_BUFFERS_MAX, Cells};
use crate::model::View;
use crate::pointers::Sized32;
use crate::session::Side;
use crate::status::Status;
use crate::tensor::Tensor;

/// A buffer of an actor, from the claim to the release.
#[derive(Debug)]
#[repr(C)]
pub struct Request {
    /// `sizeof(isokern_request)`, set by the caller: `ISOKERN_REQUEST_INIT`.
    pub struct_bytes: u32,
    /// Which buffer of the actor it is, from 0.
    pub buffer: u32,
    /// Private.
    pub sequence: u32,
    /// How the model ran, an `isokern_status`; set by `isokern_actor_answer`.
    pub status: i32,
}

/// Whose a buffer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Free,
    /// The asking side's: it may write inputs and read outputs.
    Claimed,
    /// The other side's, until the question of this sequence is answered.
    Asked(u32),
}

/// What the asking side knows.
#[derive(Debug)]
pub(super) struct Asking {
    requester: Requester<&'static Cells, BufferHandle, (), CallerClock>,
    uses: [Use; ACTOR_BUFFERS_MAX],
    arenas: Arenas,
    model: View<'static>,
    state: *mut u8,
    has_clock: bool,
}

impl Asking {
    /// Returns the asking side of new cells; `None` without a mailbox.
    pub(super) fn new(
        cells: &'static Cells,
        arenas: Arenas,
        (model, state): (View<'static>, *mut u8),
        clock: CallerClock,
    ) -> Option<Self> {
        Some(Self {
            requester: Requester::try_new(cells, 0, clock)?,
            uses: [Use::Free; ACTOR_BUFFERS_MAX],
            arenas,
            model,
            state,
            has_clock: clock.now.is_some(),
        })
    }

    pub(super) fn claim(&mut self, request: &mut Request) -> Result<(), Status> {
        let uses = self.uses.iter_mut().take(self.arenas.count());
        let (index, place) =
            uses.enumerate().find(|(_, place)| **place == Use::Free).ok_or(Status::Full)?;
        *place = Use::Claimed;
        (request.buffer, request.sequence) = (index as u32, 0);
        request.status = Status::Ok as i32;
        Ok(())
    }

    pub(super) fn describe(
        &mut self,
        request: &Request,
        tensor: &mut Tensor,
        (side, index): (Side, u32),
    ) -> Result<(), Status> {
        let arena = self.arenas.start(request.buffer).ok_or(Status::NoSuchRequest)?;
        self.claimed(request)?;
        let model = self.model.checked()?;
        let port = side.port(&model, index);
        if port.is_empty() {
            return Err(Status::NoSuchTensor);
        }
        tensor.describe(&port, arena, self.state);
        Ok(())
    }

    pub(super) fn ask(&mut self, request: &mut Request, deadline_ns: u64) -> Result<(), Status> {
        if deadline_ns != 0 && !self.has_clock {
            return Err(Status::NoClock);
        }
        self.claimed(request)?;
        let header = MessageHeader::new();
        let header = if deadline_ns == 0 { header } else { header.with_deadline_ns(deadline_ns) };
        let asked = self.requester.try_ask(header, self.arenas.handle(request.buffer));
        let sequence = asked.map_err(|error| match error {
            PushError::Full(_) => Status::Full,
            PushError::Closed(_) => Status::Closed,
        })?;
        request.sequence = sequence;
        *self.claimed(request)? = Use::Asked(sequence);
        Ok(())
    }

    pub(super) fn answer(&mut self, request: &mut Request) -> Result<(), Status> {
        let Answer { header, result, .. } = self.requester.try_answer()?;
        let asked = Use::Asked(header.sequence());
        let place = self.uses.iter_mut().enumerate().find(|(_, place)| **place == asked);
        let (index, place) = place.ok_or(Status::ActorDamaged)?;
        *place = Use::Claimed;
        (request.buffer, request.sequence) = (index as u32, header.sequence());
        request.status = result.map_or_else(status_of, |()| Status::Ok) as i32;
        Ok(())
    }

    pub(super) fn release(&mut self, request: &Request) -> Result<(), Status> {
        *self.claimed(request)? = Use::Free;
        Ok(())
    }

    pub(super) fn close(&mut self) {
        self.requester.close();
    }

    /// Returns the place of a buffer that is this side's.
    fn claimed(&mut self, request: &Request) -> Result<&mut Use, Status> {
        let place = self.uses.get_mut(request.buffer as usize);
        place.filter(|place| **place == Use::Claimed).ok_or(Status::NoSuchRequest)
    }
}

/// Returns what an answer that is none says.
fn status_of(error: ActorError) -> Status {
    match error {
        ActorError::Expired => Status::Expired,
        ActorError::TimedOut => Status::TimedOut,
        ActorError::Stopped => Status::Stopped,
        error => match error.kernel_error() {
            Some(KernelError::Failed { code }) if code == Status::IndexValue as u32 => {
                Status::IndexValue
            }
            _ => Status::ActorDamaged,
        },
    }
}

// SAFETY: numbers alone, the size first.
unsafe impl Sized32 for Request {}
