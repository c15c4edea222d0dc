//! Replies of actors: a reply, or one of the ways in which there is none.

use bytemuck::{Pod, Zeroable};
use thiserror::Error;

use crate::kernel::KernelError;

/// The 16 bytes before a reply.
///
/// | bytes | field |
/// |---|---|
/// | 0..4 | sequence of the request |
/// | 4..8 | code: 0 answered, 1 to 255 [`ActorError`], above a [`KernelError`] |
/// | 8..12 | detail, as the code has it |
/// | 12..16 | zero |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct ReplyHeader {
    sequence: u32,
    code: u32,
    detail: u32,
    reserved: u32,
}

// Host, firmware and device read these numbers: a change is a change of protocol.
const _: () = assert!(size_of::<ReplyHeader>() == 16 && align_of::<ReplyHeader>() == 4);

impl ReplyHeader {
    /// Returns the header of the reply to a request.
    #[must_use]
    pub const fn new(sequence: u32, outcome: Result<(), ActorError>) -> Self {
        let (code, detail) = match outcome {
            Ok(()) => (0, 0),
            Err(error) => error.to_wire(),
        };
        Self { sequence, code, detail, reserved: 0 }
    }

    /// Returns the sequence of the request this answers.
    #[must_use]
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Returns whether there is an answer.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub const fn outcome(&self) -> Result<(), ActorError> {
        match self.code {
            0 => Ok(()),
            code => Err(ActorError::from_wire(code, self.detail)),
        }
    }
}

/// Why a message that an actor accepted has no answer.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum ActorError {
    /// The deadline had passed when its turn came, and the handler did not run; or it had passed
    /// when the reply was taken. Code 1.
    #[error(
        "the deadline passed before the message was handled or its reply taken. Fix: allow more \
         time, or send fewer messages."
    )]
    Expired,
    /// The deadline passed while the handler ran; it was dropped at a safe point. Code 2.
    #[error("the deadline passed while the message was handled. Fix: allow more time.")]
    TimedOut,
    /// The handler broke at this message, or the actor did before it came to it. Code 3.
    #[error("the actor is faulted. Fix: mend its handler, or supervise it so that it restarts.")]
    ActorFaulted,
    /// The actor was stopped before it came to the message. Code 4.
    #[error("the actor was stopped first. Fix: start another and send the message again.")]
    Stopped,
    /// The message's buffer is not lent to the actor. Code 5.
    #[error("the lent buffer is stale or foreign. Fix: send the handle of a lending once only.")]
    BufferRefused,
    /// The message came with a buffer and has none, or the other way. Code 6.
    #[error("the message's kind is unknown. Fix: use both sides of the same version.")]
    KindUnknown,
    /// The handler answered with an error. The code is the kernel error's.
    #[error("the handler refused: kernel error {code}, detail {detail}. Fix: see KernelError.")]
    Handler {
        /// [`KernelError::code`].
        code: u32,
        /// [`KernelError::detail`].
        detail: u32,
    },
}

impl ActorError {
    /// Returns the error of a handler that answered with this.
    #[must_use]
    pub const fn of_handler(error: KernelError) -> Self {
        Self::Handler { code: error.code(), detail: error.detail() }
    }

    /// Returns the handler's error, as far as it crossed ([`KernelError::from_code`]); `None` when
    /// the handler did not answer with one.
    #[must_use]
    pub const fn kernel_error(&self) -> Option<KernelError> {
        match self {
            Self::Handler { code, detail } => KernelError::from_code(*code, *detail),
            Self::Expired
            | Self::TimedOut
            | Self::ActorFaulted
            | Self::Stopped
            | Self::BufferRefused
            | Self::KindUnknown => None,
        }
    }

    /// Says whether the same message, sent again later, may be answered.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Expired | Self::TimedOut | Self::ActorFaulted)
    }

    const fn to_wire(self) -> (u32, u32) {
        match self {
            Self::Expired => (1, 0),
            Self::TimedOut => (2, 0),
            Self::ActorFaulted => (3, 0),
            Self::Stopped => (4, 0),
            Self::BufferRefused => (5, 0),
            Self::KindUnknown => (6, 0),
            Self::Handler { code, detail } => (code, detail),
        }
    }

    const fn from_wire(code: u32, detail: u32) -> Self {
        match code {
            1 => Self::Expired,
            2 => Self::TimedOut,
            3 => Self::ActorFaulted,
            4 => Self::Stopped,
            5 => Self::BufferRefused,
            6 => Self::KindUnknown,
            _ => Self::Handler { code, detail },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ActorError, ReplyHeader};
    use crate::compute::{InferenceError, InferenceErrorKind};
    use crate::kernel::KernelError;

    #[test]
    fn every_outcome_crosses() {
        let inference = InferenceError::new(InferenceErrorKind::ExecutionFailed).with_code(77);
        for outcome in [
            Ok(()),
            Err(ActorError::Expired),
            Err(ActorError::TimedOut),
            Err(ActorError::ActorFaulted),
            Err(ActorError::Stopped),
            Err(ActorError::BufferRefused),
            Err(ActorError::KindUnknown),
            Err(ActorError::of_handler(KernelError::Failed { code: u32::MAX })),
            Err(ActorError::of_handler(KernelError::Inference(inference))),
            Err(ActorError::of_handler(KernelError::Cancelled)),
        ] {
            let header = ReplyHeader::new(9, outcome);
            let crossed: ReplyHeader = bytemuck::cast(bytemuck::cast::<_, [u32; 4]>(header));
            assert_eq!((crossed.sequence(), crossed.outcome()), (9, outcome));
        }
        let inference = ActorError::of_handler(KernelError::Inference(inference));
        assert_eq!(inference, ActorError::Handler { code: 2012, detail: 77 });
    }

    #[test]
    fn s4_the_asker_has_the_handler_s_error_again() {
        for error in [KernelError::Failed { code: 9 }, KernelError::Cancelled] {
            assert_eq!(ActorError::of_handler(error).kernel_error(), Some(error));
        }
        assert_eq!(ActorError::Handler { code: 7, detail: 0 }.kernel_error(), None);
        assert_eq!(ActorError::Expired.kernel_error(), None);
    }
}
