//! The span of a governed call and the event at its end.

use isokern_core::KernelError;
use isokern_core::call::{Call, CallEvent, Clock};
use tracing::{Span, field, info, info_span, warn};

use crate::observer::{TRACING_TARGET, outcome, parent_span_id, report, trace_id};

/// The span of one call, with the permit of its quota; dropped without an end it reports that
/// its caller dropped it. The report comes first, then the permit goes back.
pub(super) struct CallSpan<'c, C: Clock, P> {
    clock: &'c C,
    call: Call<'c>,
    started_ns: u64,
    span: Span,
    result: Option<Result<(), KernelError>>,
    _permit: P,
}

impl<'c, C: Clock, P> CallSpan<'c, C, P> {
    pub(super) fn new(clock: &'c C, call: Call<'c>, started_ns: u64, permit: P) -> Self {
        let span = info_span!(
            target: TRACING_TARGET,
            "kernel.call",
            kernel = call.kernel.id(),
            version = call.kernel.version(),
            request_id = call.request_id,
            trace_id = call.trace.map(trace_id),
            parent_span_id = call.trace.map(parent_span_id),
            principal = call.principal,
            tenant = call.tenant,
            code = field::Empty,
            elapsed_ns = field::Empty,
        );
        Self { clock, call, started_ns, span, result: None, _permit: permit }
    }

    /// Returns another handle of the span.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Reports how the call ended, and returns the result.
    pub(super) fn end<T>(mut self, result: Result<T, KernelError>) -> Result<T, KernelError> {
        self.result = Some(result.as_ref().map(|_| ()).map_err(|&error| error));
        result
    }
}

impl<C: Clock, P> Drop for CallSpan<'_, C, P> {
    fn drop(&mut self) {
        let elapsed_ns = self.clock.now_ns().saturating_sub(self.started_ns);
        if self.span.is_disabled() {
            let event = match self.result {
                Some(Ok(())) => CallEvent::Succeeded { elapsed_ns },
                Some(Err(error)) => CallEvent::Failed { error, elapsed_ns },
                None => CallEvent::Dropped { elapsed_ns },
            };
            return report(&self.call, event);
        }
        if let Some(result) = self.result {
            self.span.record("code", result.err().map_or(0, |error| error.code()));
        }
        self.span.record("elapsed_ns", elapsed_ns);
        self.span.in_scope(|| report_in_span(self.result, elapsed_ns));
    }
}

/// Reports an end; the span says whose.
fn report_in_span(result: Option<Result<(), KernelError>>, elapsed_ns: u64) {
    match result {
        Some(Ok(())) => {
            info!(
                target: TRACING_TARGET,
                outcome = "ok", code = 0, elapsed_ns,
                "kernel call ended"
            );
        }
        Some(Err(error)) => {
            warn!(
                target: TRACING_TARGET,
                outcome = outcome(&error), code = error.code(), elapsed_ns,
                error = field::display(error),
                "kernel call ended"
            );
        }
        None => {
            warn!(
                target: TRACING_TARGET,
                outcome = "dropped", elapsed_ns,
                "kernel call dropped by its caller"
            );
        }
    }
}
