//! What is asked and answers later, whichever mode keeps it running.

use core::time::Duration;

use isokern_core::megakernel::TaskPriority;

use crate::error::CliError;
use crate::resident::ResidentModel;
use crate::tasked::TaskedModel;

/// A model that is asked, and answers when it can.
pub(crate) trait AskedModel {
    /// Asks; `false` when there is no room.
    fn try_ask(&mut self, sample: &[u8], limit: Option<Duration>) -> Result<bool, CliError>;

    /// Waits for the oldest answer; `None` when nothing was asked.
    fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, CliError>;
}

impl AskedModel for ResidentModel {
    fn try_ask(&mut self, sample: &[u8], limit: Option<Duration>) -> Result<bool, CliError> {
        ResidentModel::try_ask(self, sample, limit)
    }

    fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, CliError> {
        ResidentModel::answer(self, read)
    }
}

impl AskedModel for TaskedModel {
    fn try_ask(&mut self, sample: &[u8], limit: Option<Duration>) -> Result<bool, CliError> {
        TaskedModel::try_ask(self, sample, TaskPriority::Normal, limit)
    }

    fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, CliError> {
        TaskedModel::answer(self, read)
    }
}
