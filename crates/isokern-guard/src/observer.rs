//! Calls reported through `tracing`.

use core::fmt;

use isokern_core::KernelError;
use isokern_core::call::{Call, CallEvent, Observer, TraceContext};
use tracing::{debug, field, info, warn};

/// The target of every event and span of this crate, for filters.
pub const TRACING_TARGET: &str = "isokern.kernel";

/// Reports the calls of an environment as `tracing` events.
///
/// | event | level | fields besides those of the call |
/// |---|---|---|
/// | the work begins | debug | |
/// | it answered | info | `outcome` = `ok`, `code` = 0, `elapsed_ns` |
/// | it failed or was given up | warn | `outcome`, `code`, `elapsed_ns`, `error` |
/// | the caller dropped it | warn | `outcome` = `dropped`, `elapsed_ns` |
/// | it was refused | warn | `outcome` = `refused`, `code`, `error` |
///
/// The fields of a call are `kernel`, `version`, `request_id`, `trace_id` and
/// `parent_span_id` (lower-case hex, absent without a trace), `principal`, `tenant`.
/// `code` is that of [`KernelError::code`]. The target is [`TRACING_TARGET`].
///
/// ```
/// use isokern_core::{AllowAll, Environment};
/// use isokern_guard::{SystemClock, TracingObserver};
///
/// let environment = Environment::new(SystemClock, AllowAll).with_observer(TracingObserver);
/// # let _ = environment;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TracingObserver;

impl Observer for TracingObserver {
    fn observe(&self, call: &Call<'_>, event: CallEvent) {
        report(call, event);
    }
}

/// Emits an event with the fields of a call and some more.
macro_rules! event {
    ($level:ident, $call:ident, $text:literal $(, $field:ident = $value:expr)*) => {
        $level!(
            target: TRACING_TARGET,
            $($field = $value,)*
            kernel = $call.kernel.id(),
            version = $call.kernel.version(),
            request_id = $call.request_id,
            trace_id = $call.trace.map(trace_id),
            parent_span_id = $call.trace.map(parent_span_id),
            principal = $call.principal,
            tenant = $call.tenant,
            $text
        )
    };
}

/// Reports one event of a call.
pub(crate) fn report(call: &Call<'_>, event: CallEvent) {
    match event {
        CallEvent::Started => event!(debug, call, "kernel call started"),
        CallEvent::Succeeded { elapsed_ns } => {
            event!(
                info,
                call,
                "kernel call ended",
                outcome = "ok",
                code = 0,
                elapsed_ns = elapsed_ns
            );
        }
        CallEvent::Failed { error, elapsed_ns } => {
            event!(
                warn,
                call,
                "kernel call ended",
                outcome = outcome(&error),
                code = error.code(),
                elapsed_ns = elapsed_ns,
                error = field::display(error)
            );
        }
        CallEvent::Dropped { elapsed_ns } => {
            event!(
                warn,
                call,
                "kernel call dropped by its caller",
                outcome = "dropped",
                elapsed_ns = elapsed_ns
            );
        }
        CallEvent::Refused { error } => {
            event!(
                warn,
                call,
                "kernel call refused",
                outcome = "refused",
                code = error.code(),
                error = field::display(error)
            );
        }
        other => event!(warn, call, "kernel call event", event = field::debug(other)),
    }
}

/// Returns the word for how a call ended that was not refused.
pub(crate) fn outcome(error: &KernelError) -> &'static str {
    match error {
        KernelError::Timeout { .. } => "timeout",
        KernelError::Cancelled => "cancelled",
        KernelError::Panicked => "panicked",
        error if error.has_started() => "failed",
        _ => "refused",
    }
}

/// Returns the id of a trace as a field of 32 digits.
pub(crate) fn trace_id(trace: TraceContext) -> field::DisplayValue<Hex<16>> {
    field::display(Hex(trace.trace_id()))
}

/// Returns the caller's span as a field of 16 digits.
pub(crate) fn parent_span_id(trace: TraceContext) -> field::DisplayValue<Hex<8>> {
    field::display(Hex(trace.span_id()))
}

/// Bytes in lower-case hex.
pub(crate) struct Hex<const N: usize>([u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use isokern_core::KernelError;

    use super::outcome;

    #[test]
    fn each_end_of_a_call_has_its_word() {
        let words = [
            (KernelError::Timeout { limit_ns: 1 }, "timeout"),
            (KernelError::Cancelled, "cancelled"),
            (KernelError::Panicked, "panicked"),
            (KernelError::Failed { code: 1 }, "failed"),
            (KernelError::DeadlineExceeded, "refused"),
            (KernelError::InvalidInput { reason: "odd" }, "refused"),
        ];
        for (error, word) in words {
            assert_eq!(outcome(&error), word, "{error}");
        }
    }
}
