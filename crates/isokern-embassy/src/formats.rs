//! What `defmt` shows of errors; as in `isokern-core`, texts are formatted on the device.

use defmt::{Display2Format, Format, Formatter, write};

use crate::ModelClientError;

impl Format for ModelClientError {
    fn format(&self, to: Formatter<'_>) {
        write!(to, "{}", Display2Format(self));
    }
}
