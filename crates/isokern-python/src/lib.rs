//! The native part of the Python package `isokern`: models, sessions and the program.
//!
//! What Python code can do as well is in `python/isokern`: tables of a model, comparison with other
//! runtimes, answers as futures. Arrays are copied at the door, so that the interpreter's lock can
//! be released while a model runs, whoever writes to them then.
//!
//! # Safety
//!
//! No `unsafe`.

mod arrays;
mod asked;
mod call;
mod device;
mod errors;
mod inputs;
mod model;
mod owner;
mod session;

use std::ffi::OsString;

use pyo3::prelude::{Bound, PyModule, PyResult, Python, pyfunction, pymodule};
use pyo3::types::PyModuleMethods;
use pyo3::wrap_pyfunction;

/// Runs the program `isokern` with these arguments, its own name first, and returns what it exits
/// with.
#[pyfunction]
fn run_program(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| isokern_cli::run_program(arguments))
}

/// The module `isokern._native`.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<device::Device>()?;
    module.add_class::<model::Model>()?;
    module.add_class::<session::Session>()?;
    module.add_class::<asked::Asked>()?;
    module.add_function(wrap_pyfunction!(run_program, module)?)
}
