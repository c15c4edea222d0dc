//! What a call was given: one array, or a dictionary of arrays by name or index.

use isokern::port::Ports;
use isokern::values::AsKey;
use isokern::{AsValues, Inputs, Model, PortKey, Values};
use pyo3::prelude::{Bound, PyAny, PyAnyMethods, PyResult};
use pyo3::types::{PyDict, PyDictMethods};

use crate::arrays::{Owned, read};
use crate::errors::Kind;

/// The values of every input, copied, with the index of each.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pairs: Vec<(usize, Owned)>,
    /// How many samples they are.
    pub(crate) samples: usize,
}

/// Some of the samples.
pub(crate) struct Piece<'g> {
    given: &'g Given,
    ports: &'g Ports,
    first: usize,
    count: usize,
}

impl Given {
    /// Reads what a call was given for a model.
    pub(crate) fn read(model: &Model, inputs: &Bound<'_, PyAny>, is_batch: bool) -> PyResult<Self> {
        let ports = model.inputs();
        let py = inputs.py();
        let input_error = |text: String| Kind::Input.raise(py, format!("{}: {text}", model.name()));
        let Ok(pairs) = inputs.cast::<PyDict>() else {
            let Some(port) = ports.only() else {
                let text = "an array does not say which input it is for; the model has";
                let fix = "Fix: pass a dict of arrays by name or index";
                return Err(input_error(format!("{text} {}. {fix}", ports.list())));
            };
            let (values, samples) = read(model.name(), port, inputs, is_batch)?;
            return Ok(Self { pairs: vec![(port.index, values)], samples });
        };
        let mut given = Self::default();
        for (key, array) in pairs.iter() {
            let found = match key.extract::<usize>() {
                Ok(index) => ports.find(index),
                Err(_) => ports.find(key.extract::<&str>()?),
            };
            let port = found.map_err(|error| input_error(error.to_string()))?;
            let (values, samples) = read(model.name(), port, &array, is_batch)?;
            if !given.pairs.is_empty() && given.samples != samples {
                let others = given.samples;
                let text = format!(
                    "{}: {samples} samples are given for {port}, {others} for other inputs. Fix: \
                     pass as many for each",
                    model.name()
                );
                return Err(Kind::Shape.raise(py, text));
            }
            given.samples = samples;
            given.pairs.push((port.index, values));
        }
        Ok(given)
    }

    /// Returns so many samples from a first one on.
    pub(crate) const fn piece<'g>(
        &'g self,
        ports: &'g Ports,
        first: usize,
        count: usize,
    ) -> Piece<'g> {
        Piece { given: self, ports, first, count }
    }
}

impl Inputs for Given {
    fn each<E>(
        &self,
        mut give: impl FnMut(Option<PortKey<'_>>, Values<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.pairs
            .iter()
            .try_for_each(|(index, values)| give(Some(index.as_key()), values.as_values()))
    }
}

impl Inputs for Piece<'_> {
    fn each<E>(
        &self,
        mut give: impl FnMut(Option<PortKey<'_>>, Values<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.given.pairs.iter().try_for_each(|(index, values)| {
            let port = self.ports.iter().nth(*index);
            let need = port.map_or(0, isokern::Port::value_count);
            let (first, end) = (self.first * need, (self.first + self.count) * need);
            give(Some(index.as_key()), values.part(first..end))
        })
    }
}
