//! What keeps a file from converting, collected while the lowering goes on.

use super::activations::Activations;
use super::unsupported;
use crate::error::remedy::by_cause;
use crate::error::{ImportError, UnsupportedOperator};

/// Everything that was refused so far.
#[derive(Debug, Default)]
pub(super) struct Collected {
    unsupported: Vec<UnsupportedOperator>,
    faults: Vec<ImportError>,
}

impl Collected {
    /// Adds an operator that Isokern does not have.
    pub(super) fn unsupported(&mut self, index: usize, name: &str) {
        self.unsupported.push(UnsupportedOperator { index, name: name.to_owned() });
    }

    /// Adds a fault, unless it is one of a tensor that a refused operator should have written.
    pub(super) fn fault(&mut self, fault: ImportError, activations: &Activations) {
        let is_presumed = |index| activations.is_presumed(index);
        if let ImportError::Several(faults) = fault {
            self.faults.extend(faults);
        } else if !matches!(fault, ImportError::Tensor { index, .. } if is_presumed(index)) {
            self.faults.push(fault);
        }
    }

    /// Returns the error, if anything was refused.
    pub(super) fn finish(self) -> Result<(), ImportError> {
        let mut faults: Vec<_> = by_cause(self.unsupported).into_iter().map(unsupported).collect();
        faults.extend(self.faults);
        match faults.len() {
            0 => Ok(()),
            1 => Err(faults.swap_remove(0)),
            _ => Err(ImportError::Several(faults)),
        }
    }
}
