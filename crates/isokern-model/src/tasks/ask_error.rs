//! Why a place was not asked or answered.

use isokern_core::InferenceError;
use thiserror::Error;

/// Why a place was not asked, answered or released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TaskAskError {
    /// The table has no such model.
    #[error("the table has no model {model}. Fix: name one by its index in the table")]
    NoModel {
        /// Index that was named.
        model: u32,
    },
    /// There is no such place.
    #[error("there is no place {place}. Fix: name one below `place_count`")]
    NoPlace {
        /// Index that was named.
        place: u32,
    },
    /// The place is another task's.
    #[error(
        "place {place} is in use. Fix: answer or release its task first, or make more places: \
         one for each task in flight"
    )]
    PlaceInUse {
        /// Index of the place.
        place: u32,
    },
    /// The place has no outputs.
    #[error(
        "place {place} has no outputs. Fix: wait for the end of its task; release it if that was \
         faulted or cancelled"
    )]
    NotDone {
        /// Index of the place.
        place: u32,
    },
    /// The model has state and no stream was named.
    #[error("model {model} keeps state from step to step. Fix: name the stream of this step")]
    NoStreamNamed {
        /// Index of the model.
        model: u32,
    },
    /// The model has no state, and a stream was named.
    #[error("model {model} has no state. Fix: name no stream")]
    NoState {
        /// Index of the model.
        model: u32,
    },
    /// There is no such stream, or a worker has it.
    #[error("stream {stream} is not there, or running. Fix: name one that is, between its tasks")]
    NoStream {
        /// Index that was named.
        stream: u32,
    },
    /// The stream is of another model.
    #[error("stream {stream} is of model {model}. Fix: name a stream of the model that is to run")]
    StreamOfOther {
        /// Index of the stream.
        stream: u32,
        /// Index of its model.
        model: u32,
    },
    /// A task of the stream is in flight.
    #[error(
        "stream {stream} has a task in flight, in place {place}. Fix: answer or release that \
         first: the steps of a stream run one after the other"
    )]
    StreamInUse {
        /// Index of the stream.
        stream: u32,
        /// Place of the task in flight.
        place: u32,
    },
    /// The inputs were not written.
    #[error(transparent)]
    Inputs(InferenceError),
}
