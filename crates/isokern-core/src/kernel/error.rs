//! Errors of kernels: why a call of a kernel gave no answer.

use thiserror::Error;

use super::permission::Permission;
use super::refusal::{Busy, QuotaExceeded};
use crate::compute::{InferenceError, InferenceErrorKind};

/// A call that was refused, stopped, or failed.
///
/// ```
/// use isokern_core::kernel::Permission;
/// use isokern_core::KernelError;
///
/// let denied = KernelError::PermissionDenied { permission: Permission::new("kws.infer") };
/// assert_eq!(denied.code(), 2005);
/// assert!(!denied.is_retryable() && !denied.has_started());
/// assert!(denied.to_string().contains("Fix:"));
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum KernelError {
    /// The kernel's own configuration is wrong. Code 2001.
    #[error("invalid kernel configuration: {reason}. Fix: construct the kernel without that.")]
    InvalidConfiguration {
        /// What was found.
        reason: &'static str,
    },
    /// The input was refused; nothing was run. Code 2002.
    #[error("invalid input: {reason}. Fix: pass an input that the kernel's documentation allows.")]
    InvalidInput {
        /// What was found.
        reason: &'static str,
    },
    /// The deadline had passed before the work began; nothing was run. Code 2003.
    #[error("the deadline passed before the work began. Fix: call earlier or allow more time.")]
    DeadlineExceeded,
    /// The limit ended while the work ran; it was stopped, or runs on. Code 2004.
    #[error(
        "the time limit of {limit_ns} ns ended before the work did. \
         Fix: allow more time or send less work."
    )]
    Timeout {
        /// The time there was when the work began, in ns.
        limit_ns: u64,
    },
    /// The caller lacks the permission the kernel asks for; nothing was run. Code 2005.
    #[error(
        "permission denied: the call needs {permission}. \
         Fix: ask to use it in the call, and have it granted to the caller."
    )]
    PermissionDenied {
        /// What the kernel asks for.
        permission: Permission,
    },
    /// The tenant may not call now; nothing was run. Code 2006.
    #[error(transparent)]
    QuotaExceeded(#[from] QuotaExceeded),
    /// The kernel answers only calls that say who calls; nothing was run. Code 2007.
    #[error("the kernel is governed and the call has no context. Fix: use execute_with_context.")]
    ContextRequired,
    /// Another call is using the kernel; nothing was run. Code 2008.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Every place to wait is taken; nothing was run. Code 2009.
    #[error("every worker is busy and the queue is full. Fix: try again later or add workers.")]
    Saturated,
    /// The work was withdrawn before it was done. Code 2010.
    #[error("the work was cancelled. Fix: send it again if it is still wanted.")]
    Cancelled,
    /// The kernel's code panicked; the kernel may be in any state. Code 2011.
    #[error("the kernel panicked. Fix: mend the kernel; its panic message names the place.")]
    Panicked,
    /// The model did not run. Code 2012.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// The kernel says it failed, with a number of its own. Code 2013.
    #[error("the kernel failed with its own code {code}. Fix: look it up in the kernel's docs.")]
    Failed {
        /// The kernel's number.
        code: u32,
    },
}

impl KernelError {
    /// Returns the stable number of the variant.
    #[must_use]
    pub const fn code(&self) -> u32 {
        match self {
            Self::InvalidConfiguration { .. } => 2001,
            Self::InvalidInput { .. } => 2002,
            Self::DeadlineExceeded => 2003,
            Self::Timeout { .. } => 2004,
            Self::PermissionDenied { .. } => 2005,
            Self::QuotaExceeded(_) => 2006,
            Self::ContextRequired => 2007,
            Self::Busy(_) => 2008,
            Self::Saturated => 2009,
            Self::Cancelled => 2010,
            Self::Panicked => 2011,
            Self::Inference(_) => 2012,
            Self::Failed { .. } => 2013,
        }
    }

    /// Returns the error of a [`code`](Self::code) and its [`detail`](Self::detail), `None` if no
    /// variant has the code.
    ///
    /// They are what crosses a ring ([`ActorError::Handler`](crate::actor::ActorError)). What does
    /// not cross is blank: reasons and permissions say so in words, limits, tenants and waits are
    /// 0, and a model's error is [`ExecutionFailed`](InferenceErrorKind::ExecutionFailed).
    ///
    /// ```
    /// use isokern_core::KernelError;
    ///
    /// let failed = KernelError::Failed { code: 7 };
    /// assert_eq!(KernelError::from_code(failed.code(), failed.detail()), Some(failed));
    /// assert_eq!(KernelError::from_code(7, 0), None);
    /// ```
    #[must_use]
    pub const fn from_code(code: u32, detail: u32) -> Option<Self> {
        const BLANK: &str = "the reason did not come along";
        Some(match code {
            2001 => Self::InvalidConfiguration { reason: BLANK },
            2002 => Self::InvalidInput { reason: BLANK },
            2003 => Self::DeadlineExceeded,
            2004 => Self::Timeout { limit_ns: 0 },
            2005 => Self::PermissionDenied {
                permission: Permission::new("a permission whose name did not come along"),
            },
            2006 => Self::QuotaExceeded(QuotaExceeded { tenant: 0, retry_after_ns: 0 }),
            2007 => Self::ContextRequired,
            2008 => Self::Busy(Busy),
            2009 => Self::Saturated,
            2010 => Self::Cancelled,
            2011 => Self::Panicked,
            2012 => Self::Inference(
                InferenceError::new(InferenceErrorKind::ExecutionFailed).with_code(detail),
            ),
            2013 => Self::Failed { code: detail },
            _ => return None,
        })
    }

    /// Returns the number within the code: the kernel's own of [`Failed`](Self::Failed), the
    /// model's of [`Inference`](Self::Inference), else 0.
    #[must_use]
    pub const fn detail(&self) -> u32 {
        match self {
            Self::Failed { code } => *code,
            Self::Inference(error) => error.code(),
            Self::InvalidConfiguration { .. }
            | Self::InvalidInput { .. }
            | Self::DeadlineExceeded
            | Self::Timeout { .. }
            | Self::PermissionDenied { .. }
            | Self::QuotaExceeded(_)
            | Self::ContextRequired
            | Self::Busy(_)
            | Self::Saturated
            | Self::Cancelled
            | Self::Panicked => 0,
        }
    }

    /// Says whether the same call, made again later, may succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Busy(_) | Self::Saturated | Self::Cancelled => true,
            Self::QuotaExceeded(refusal) => refusal.retry_after_ns != u64::MAX,
            Self::Inference(error) => {
                matches!(error.kind(), InferenceErrorKind::ResourceUnavailable)
            }
            Self::InvalidConfiguration { .. }
            | Self::InvalidInput { .. }
            | Self::DeadlineExceeded
            | Self::PermissionDenied { .. }
            | Self::ContextRequired
            | Self::Panicked
            | Self::Failed { .. } => false,
        }
    }

    /// Says whether work may have begun; `false` promises that none has.
    #[must_use]
    pub const fn has_started(&self) -> bool {
        match self {
            Self::Timeout { .. }
            | Self::Cancelled
            | Self::Panicked
            | Self::Inference(_)
            | Self::Failed { .. } => true,
            Self::InvalidConfiguration { .. }
            | Self::InvalidInput { .. }
            | Self::DeadlineExceeded
            | Self::PermissionDenied { .. }
            | Self::QuotaExceeded(_)
            | Self::ContextRequired
            | Self::Busy(_)
            | Self::Saturated => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::KernelError;

    #[test]
    fn s4_every_code_leads_back_to_its_error() {
        let numbers = 2001..=2013;
        for code in numbers.clone() {
            let error = KernelError::from_code(code, 77).expect("it has a variant");
            assert_eq!(error.code(), code, "{error}");
            let has_detail = error.detail() == 77;
            assert_eq!(has_detail, [2012, 2013].contains(&code), "{error}");
            assert_eq!(KernelError::from_code(code, error.detail()), Some(error));
        }
        for code in (0..4000).chain([u32::MAX]).filter(|code| !numbers.contains(code)) {
            assert_eq!(KernelError::from_code(code, 0), None, "{code}");
        }
    }
}
