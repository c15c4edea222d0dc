//! Runs under a context: who calls, until when, with which permissions.

use core::time::Duration;

use isokern_core::call::{Clock, ExecutionContext, ExecutionEnvironment};
use isokern_core::kernel::{KernelError, whole_ns};
use isokern_core::{KernelMetadata, KernelMode};

use super::Session;
use crate::error::Error;
use crate::outputs::Outputs;
use crate::values::Inputs;

const METADATA: KernelMetadata = KernelMetadata::new("isokern.session", KernelMode::Batch);

impl Session {
    /// Runs the model once under a context: its deadline, quota and observer.
    ///
    /// Checked before any work: the deadline, the tenant's quota. The time that is left limits the
    /// run as [`run_within`](Self::run_within) does. The observer is notified how the run ended.
    /// Permissions of a kernel's own are `Governed`'s, of `isokern-guard`.
    ///
    /// ```
    /// use core::time::Duration;
    /// use isokern::guard::SystemClock;
    /// use isokern::{AllowAll, Device, Environment, ExecutionContext, Model, Principal};
    ///
    /// # static DIGITS: &[u8] = include_bytes!("../../../../tests/models/digits.ikm");
    /// let mut session = Model::from_bytes(DIGITS)?.session(Device::Cpu)?;
    /// let environment = Environment::new(SystemClock, AllowAll);
    /// let context = ExecutionContext::new(&environment, Principal::new("alice", &[]))
    ///     .with_time_limit(Duration::from_secs(5));
    /// let outputs = session.run_with_context(&context, &[0_i8; 64])?;
    /// assert_eq!(outputs.bytes().len(), 10);
    /// # Ok::<(), isokern::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Kernel`] where the call was refused; as [`run_within`](Self::run_within).
    pub fn run_with_context<E: ExecutionEnvironment>(
        &mut self,
        context: &ExecutionContext<'_, E>,
        inputs: &(impl Inputs + ?Sized),
    ) -> Result<Outputs<'_>, Error> {
        self.pack(inputs, Some(1))?;
        let name = self.model().name().to_owned();
        let refused = |source| Error::Kernel { name: name.clone(), input_index: 0, source };
        let call = context.admit(&METADATA, Ok(())).map_err(refused)?;
        let limit = context.deadline_ns().map(|deadline_ns| {
            let now_ns = context.environment().clock().now_ns();
            Duration::from_nanos(deadline_ns.saturating_sub(now_ns))
        });
        let result = self.run_packed(1, limit);
        let ended = call.end(result.as_ref().map(|_| ()).map_err(as_kernel_error));
        debug_assert_eq!(ended.is_ok(), result.is_ok());
        result
    }
}

/// Returns an error as observers are told of it.
fn as_kernel_error(error: &Error) -> KernelError {
    match error {
        Error::Timeout { limit, .. } => KernelError::Timeout { limit_ns: whole_ns(*limit) },
        Error::Infer { source, .. } => KernelError::Inference(*source),
        Error::Cuda { source, .. } => KernelError::Inference((**source).clone().into()),
        Error::Kernel { source, .. } => *source,
        _ => KernelError::Failed { code: 0 },
    }
}
