//! The process whose threads a session has: a fork leaves them behind.

use std::process;

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

/// Returns the refusal of a session that was closed.
pub(crate) fn closed(py: Python<'_>, name: &str) -> PyErr {
    Kind::Closed.raise(py, format!("{name}: the session is closed. Fix: start another"))
}
