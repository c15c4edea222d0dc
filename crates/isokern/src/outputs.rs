//! Answers: the outputs of one sample, or of a batch.

use isokern_core::compute::Quantization;

use crate::element::Element;
use crate::error::Error;
use crate::port::{Port, PortError, PortKey, Ports};
use crate::values::{mismatch, real};

/// The outputs of the samples of one call, until the session's next.
#[derive(Clone, Copy, Debug)]
pub struct Outputs<'s> {
    name: &'s str,
    ports: &'s Ports,
    /// Packed samples, one after another.
    samples: &'s [u8],
}

/// The values of one output of a model, for one sample.
#[derive(Clone, Copy, Debug)]
pub struct Output<'s> {
    port: &'s Port,
    bytes: &'s [u8],
}

/// A class and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Class {
    /// Its index in the output.
    pub index: usize,
    /// The real number that the output's value represents.
    pub score: f32,
}

impl<'s> Outputs<'s> {
    pub(crate) const fn new(name: &'s str, ports: &'s Ports, samples: &'s [u8]) -> Self {
        Self { name, ports, samples }
    }

    /// Returns how many samples were run.
    #[must_use]
    pub fn sample_count(&self) -> usize {
        self.samples.len() / self.ports.sample_bytes().max(1)
    }

    /// Returns the bytes of all outputs in order, sample after sample.
    #[must_use]
    pub const fn bytes(&self) -> &'s [u8] {
        self.samples
    }

    /// Returns the outputs of the sample at `index`; none where there is none.
    #[must_use]
    pub fn sample(&self, index: usize) -> Option<Self> {
        let samples = self.samples.chunks_exact(self.ports.sample_bytes().max(1)).nth(index)?;
        Some(Self { samples, ..*self })
    }

    /// Returns the outputs of each sample, in order.
    pub fn samples(&self) -> impl ExactSizeIterator<Item = Self> + use<'s> {
        let outputs = *self;
        let each = self.samples.chunks_exact(self.ports.sample_bytes().max(1));
        each.map(move |samples| Self { samples, ..outputs })
    }

    /// Returns the output with this index or name, of the first sample.
    ///
    /// # Errors
    ///
    /// [`Error::Port`] where the model has no such output, with the ones it has.
    pub fn at<'k>(&self, key: impl Into<PortKey<'k>>) -> Result<Output<'s>, Error> {
        let port = self.ports.find(key).map_err(|source| self.error(source))?;
        Ok(Output { port, bytes: self.samples.get(port.range.clone()).unwrap_or(&[]) })
    }

    /// Returns the values of an output, for all samples, one after another.
    ///
    /// # Errors
    ///
    /// [`Error::Port`] where the model has no such output, or its values are no `T`.
    pub fn to_vec<'k, T: Element>(&self, key: impl Into<PortKey<'k>>) -> Result<Vec<T>, Error> {
        let port = self.ports.find(key).map_err(|source| self.error(source))?;
        let mut values = vec![T::default(); self.sample_count() * port.value_count()];
        let targets = values.chunks_exact_mut(port.value_count().max(1));
        for (outputs, target) in self.samples().zip(targets) {
            outputs.at(port.index)?.read(target).map_err(|source| self.error(source))?;
        }
        Ok(values)
    }

    /// Copies the values of an output, for all samples, into `target`. Allocates nothing.
    ///
    /// # Errors
    ///
    /// As [`to_vec`](Self::to_vec), and where `target` has another length.
    pub fn read<'k, T: Element>(
        &self,
        key: impl Into<PortKey<'k>>,
        target: &mut [T],
    ) -> Result<(), Error> {
        let port = self.ports.find(key).map_err(|source| self.error(source))?;
        let need = port.value_count();
        if target.len() != self.sample_count() * need {
            return Err(self.error(length(port, target.len())));
        }
        for (outputs, target) in self.samples().zip(target.chunks_exact_mut(need.max(1))) {
            outputs.at(port.index)?.read(target).map_err(|source| self.error(source))?;
        }
        Ok(())
    }

    /// Returns the `count` classes with the highest values of an output of the first sample.
    ///
    /// # Errors
    ///
    /// [`Error::Port`] where the model has no such output, or its values represent no real
    /// numbers.
    pub fn highest<'k>(
        &self,
        key: impl Into<PortKey<'k>>,
        count: usize,
    ) -> Result<Vec<Class>, Error> {
        self.at(key)?.highest(count).map_err(|source| self.error(source))
    }

    fn error(&self, source: PortError) -> Error {
        Error::Port { name: self.name.to_owned(), source }
    }
}

impl<'s> Output<'s> {
    /// Returns the values that a port has in these bytes, which are the port's in a sample.
    #[must_use]
    pub const fn new(port: &'s Port, bytes: &'s [u8]) -> Self {
        Self { port, bytes }
    }

    /// Returns which output it is, with its name, shape, type and scale.
    #[must_use]
    pub const fn port(&self) -> &'s Port {
        self.port
    }

    /// Returns the values' bytes, the low byte of a value first.
    #[must_use]
    pub const fn bytes(&self) -> &'s [u8] {
        self.bytes
    }

    /// Copies the values into `target`: as they are, or as the real numbers that they represent.
    ///
    /// # Errors
    ///
    /// [`PortError::Element`] where they are no `T`; [`PortError::Length`] where `target` has
    /// another length.
    pub fn read<T: Element>(&self, target: &mut [T]) -> Result<(), PortError> {
        let Self { port, bytes } = *self;
        let (dtype, have) = (port.dtype(), target.len());
        if have != port.value_count() {
            return Err(length(port, have));
        }
        let values = bytes.chunks_exact(dtype.size_bytes());
        if T::DTYPE == dtype {
            target.iter_mut().zip(values).for_each(|(target, bytes)| *target = T::read(bytes));
            return Ok(());
        }
        let quantization = port.quantization().filter(|_| T::of_real(0.0).is_some());
        let Some(quantization) = quantization else { return Err(mismatch(T::DTYPE, port)) };
        for (target, bytes) in target.iter_mut().zip(values) {
            *target = T::of_real(real(quantization, dtype, bytes)).unwrap_or_default();
        }
        Ok(())
    }

    /// Returns the `count` classes with the highest values; of equal ones the lower index first.
    ///
    /// # Errors
    ///
    /// [`PortError::Element`] where the values represent no real numbers.
    pub fn highest(&self, count: usize) -> Result<Vec<Class>, PortError> {
        let mut scores = vec![0.0_f32; self.port.value_count()];
        self.read(&mut scores)?;
        let class = |(index, score)| Class { index, score };
        let mut classes: Vec<Class> = scores.into_iter().enumerate().map(class).collect();
        classes.sort_by(|one, other| other.score.total_cmp(&one.score));
        classes.truncate(count);
        Ok(classes)
    }

    /// Returns what the integers represent; none where they are taken as they are.
    #[must_use]
    pub fn quantization(&self) -> Option<Quantization> {
        self.port.quantization()
    }
}

fn length(port: &Port, have: usize) -> PortError {
    let (facts, need, port) = (port.facts(), port.value_count(), port.to_string());
    PortError::Length { port, facts, have, need }
}
