//! A call of a session from Python: inputs copied, the interpreter's lock released, outputs copied.

use core::time::Duration;
use std::time::Instant;

use isokern::{Model, Session};
use pyo3::prelude::{Bound, PyAny, PyErr, PyResult, Python};

use crate::arrays::{Form, arrays};
use crate::errors::{Kind, raise};
use crate::inputs::Given;

/// How long a batch runs before it looks for signals, such as Ctrl-C.
const LOOK: Duration = Duration::from_millis(20);

/// Runs one sample.
pub(crate) fn run<'py>(
    py: Python<'py>,
    session: &mut Session,
    inputs: &Bound<'py, PyAny>,
    dequantize: bool,
    timeout: Option<f64>,
) -> PyResult<Bound<'py, PyAny>> {
    let model = session.model().clone();
    let given = Given::read(&model, inputs, false)?;
    let limit = timeout.map(|seconds| limit(py, seconds)).transpose()?;
    let outputs = py.detach(|| match limit {
        None => session.run(&given),
        Some(limit) => session.run_within(limit, &given),
    });
    let outputs = outputs.map_err(|error| raise(py, &error))?;
    arrays(py, model.outputs(), outputs.bytes(), Form { is_batch: false, dequantize })
}

/// Runs a batch, in pieces between which signals are looked for. What ends it early leaves the
/// session with the initial state.
pub(crate) fn run_batch<'py>(
    py: Python<'py>,
    session: &mut Session,
    inputs: &Bound<'py, PyAny>,
    dequantize: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let model = session.model().clone();
    let given = Given::read(&model, inputs, true)?;
    let mut packed = Vec::new();
    match pieces(py, session, &model, &given, &mut packed) {
        Ok(()) => arrays(py, model.outputs(), &packed, Form { is_batch: true, dequantize }),
        Err(error) => {
            py.detach(|| session.reset()).map_err(|error| raise(py, &error))?;
            Err(error)
        }
    }
}

fn pieces(
    py: Python<'_>,
    session: &mut Session,
    model: &Model,
    given: &Given,
    packed: &mut Vec<u8>,
) -> PyResult<()> {
    let (mut first, mut count) = (0, 1);
    while first < given.samples {
        let start = Instant::now();
        let now = count.min(given.samples - first);
        let piece = given.piece(model.inputs(), first, now);
        let ended = py.detach(|| {
            session.run_batch(&piece).map(|outputs| packed.extend_from_slice(outputs.bytes()))
        });
        ended.map_err(|error| raise(py, &error))?;
        py.check_signals()?;
        first += now;
        if start.elapsed() < LOOK {
            count *= 2;
        }
    }
    Ok(())
}

/// Returns a limit in seconds as a duration.
pub(crate) fn limit(py: Python<'_>, seconds: f64) -> Result<Duration, PyErr> {
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        let text = format!("{seconds} seconds are no limit. Fix: pass a number from 0 on, or None");
        Kind::Input.raise(py, text)
    })
}
