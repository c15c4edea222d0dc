//! Models that are asked and answer later, whichever mode keeps them running.

use core::time::Duration;

use isokern_core::megakernel::TaskPriority;

use crate::error::Error;
use crate::resident::{GpuResidentModel, ResidentModel};
use crate::tasked::{GpuTaskedModel, TaskedModel};

/// A model that is asked, and answers when it can.
pub trait AskedModel {
    /// Asks for the outputs of a packed sample; returns `false` when there is no room.
    ///
    /// With a limit, an answer that is collected later than that is none.
    ///
    /// # Errors
    ///
    /// Whatever keeps the model from taking it.
    fn try_ask(&mut self, sample: &[u8], limit: Option<Duration>) -> Result<bool, Error>;

    /// Waits for the oldest answer, lets `read` see each output, in order, and returns the time
    /// from the question; `None` when nothing was asked.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`]; whatever kept the model from answering.
    fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, Error>;
}

impl AskedModel for ResidentModel {
    fn try_ask(&mut self, sample: &[u8], limit: Option<Duration>) -> Result<bool, Error> {
        ResidentModel::try_ask(self, sample, limit)
    }

    fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, Error> {
        ResidentModel::answer(self, read)
    }
}

impl AskedModel for GpuResidentModel {
    fn try_ask(&mut self, sample: &[u8], limit: Option<Duration>) -> Result<bool, Error> {
        GpuResidentModel::try_ask(self, sample, limit)
    }

    fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, Error> {
        GpuResidentModel::answer(self, read)
    }
}

impl AskedModel for TaskedModel {
    fn try_ask(&mut self, sample: &[u8], limit: Option<Duration>) -> Result<bool, Error> {
        TaskedModel::try_ask(self, sample, TaskPriority::Normal, limit)
    }

    fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, Error> {
        TaskedModel::answer(self, read)
    }
}

impl AskedModel for GpuTaskedModel {
    fn try_ask(&mut self, sample: &[u8], limit: Option<Duration>) -> Result<bool, Error> {
        GpuTaskedModel::try_ask(self, sample, TaskPriority::Normal, limit)
    }

    fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, Error> {
        GpuTaskedModel::answer(self, read)
    }
}
