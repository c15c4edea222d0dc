//! Who may use a session: one thread at a time, in the process that has its threads. A fork leaves
//! them behind.

use std::process;
use std::sync::{Mutex, MutexGuard, TryLockError};

use pyo3::prelude::{PyErr, PyResult, Python};

use crate::errors::Kind;

/// The process that made a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner(u32);

impl Owner {
    /// Returns this process.
    pub(crate) fn this() -> Self {
        Self(process::id())
    }

    /// Returns whether this is the process; in another one nobody is to be waited for.
    pub(crate) fn is_this(self) -> bool {
        self.0 == process::id()
    }

    /// Refuses the session of this name in another process.
    pub(crate) fn check(self, py: Python<'_>, name: &str) -> PyResult<()> {
        if self.is_this() {
            return Ok(());
        }
        let text = "the session has threads or a GPU that a fork leaves behind. Fix: start it in \
                    this process";
        Err(Kind::Forked.raise(py, format!("{name}: {text}")))
    }
}

/// Locks what one thread uses at a time, and refuses a second thread at once: waiting would hold
/// the interpreter's lock, which the first needs to end.
pub(crate) fn lock<'a, T>(
    py: Python<'_>,
    used: &'a Mutex<T>,
    name: &str,
) -> PyResult<MutexGuard<'a, T>> {
    match used.try_lock() {
        Ok(locked) => Ok(locked),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => {
            let text = "another thread uses the session. Fix: start one session a thread";
            Err(Kind::Busy.raise(py, format!("{name}: {text}")))
        }
    }
}

/// Returns the refusal of a session that was closed.
pub(crate) fn closed(py: Python<'_>, name: &str) -> PyErr {
    Kind::Closed.raise(py, format!("{name}: the session is closed. Fix: start another"))
}
