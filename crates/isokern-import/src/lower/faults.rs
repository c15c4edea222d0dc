//! Errors that name an operator and its tensors.

use super::activations::tensor_error;
use super::site::Site;
use crate::error::{CopyFault, ImportError, OperatorFault, TensorFault};
use crate::quantize::MultiplierFault;

impl Site<'_, '_> {
    /// Returns the error for this operator.
    pub(super) const fn fault(&self, fault: OperatorFault) -> ImportError {
        ImportError::Operator { index: self.index, name: self.operator.name, fault }
    }

    /// Returns the error for a copy that is none.
    pub(super) const fn copy_fault(&self, fault: CopyFault) -> ImportError {
        self.fault(OperatorFault::Copy(fault))
    }

    /// Returns the error for a multiplier of this operator.
    pub(super) const fn multiplier_fault(
        &self,
        channel: usize,
        fault: MultiplierFault,
    ) -> ImportError {
        self.fault(match fault {
            MultiplierFault::NoNumber => OperatorFault::NoMultiplier { channel },
            MultiplierFault::Shift(shift) => OperatorFault::Shift { channel, shift },
            MultiplierFault::NotSmall => OperatorFault::SumScale,
        })
    }

    /// Returns the error for a tensor of this operator.
    pub(super) fn tensor_fault(
        &self,
        role: &'static str,
        index: usize,
        fault: TensorFault,
    ) -> ImportError {
        let operator = Some((self.index, self.operator.name));
        tensor_error(self.graph, operator, role, index, fault)
    }
}
