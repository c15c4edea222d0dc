//! Backends around a backend: one counts calls, one fails on demand.

use core::cell::Cell;
use std::rc::Rc;

use isokern_core::compute::{BackendCapabilities, BackendError, ModelMetadata, PortMetadata};
use isokern_core::{ComputeBackend, ComputeModel, InferenceError, Payload, PayloadMut};

/// Counts the calls that reach a backend and its models.
#[derive(Debug, Clone)]
pub struct Traced<T> {
    inner: T,
    calls: Rc<Cell<Calls>>,
}

/// How often each method was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// `load_model`.
    pub load: usize,
    /// `init`.
    pub init: usize,
    /// `infer_one`, also from a batch.
    pub infer_one: usize,
}

impl<T> Traced<T> {
    /// Wraps a backend.
    pub fn new(inner: T) -> Self {
        Self { inner, calls: Rc::default() }
    }

    /// Returns the calls so far.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.calls.get()
    }

    fn count(&self, change: impl Fn(&mut Calls)) {
        let mut calls = self.calls.get();
        change(&mut calls);
        self.calls.set(calls);
    }
}

impl<B, I, O> ComputeBackend<I, O> for Traced<B>
where
    B: ComputeBackend<I, O>,
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
{
    type Model = Traced<B::Model>;
    type Error = B::Error;
    type ModelDescriptor<'desc>
        = B::ModelDescriptor<'desc>
    where
        Self: 'desc;

    fn capabilities(&self) -> BackendCapabilities {
        self.inner.capabilities()
    }

    fn load_model<'desc>(
        &self,
        descriptor: Self::ModelDescriptor<'desc>,
    ) -> Result<Self::Model, Self::Error> {
        self.count(|calls| calls.load += 1);
        let inner = self.inner.load_model(descriptor)?;
        Ok(Traced { inner, calls: Rc::clone(&self.calls) })
    }
}

// A batch is the default one, sample by sample, so that each is counted.
impl<M, I, O> ComputeModel<I, O> for Traced<M>
where
    M: ComputeModel<I, O>,
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
{
    fn init(&mut self) -> Result<(), InferenceError> {
        self.count(|calls| calls.init += 1);
        self.inner.init()
    }

    fn infer_one(&mut self, input: &I, output: &mut O) -> Result<(), InferenceError> {
        self.count(|calls| calls.infer_one += 1);
        self.inner.infer_one(input, output)
    }

    fn drain(&mut self) -> Result<(), InferenceError> {
        self.inner.drain()
    }

    fn reset(&mut self) -> Result<(), InferenceError> {
        self.inner.reset()
    }

    fn metadata(&self) -> ModelMetadata {
        self.inner.metadata()
    }

    fn input_port(&self, position: usize) -> Option<PortMetadata> {
        self.inner.input_port(position)
    }

    fn output_port(&self, position: usize) -> Option<PortMetadata> {
        self.inner.output_port(position)
    }
}

/// A backend that loses its device at one call.
#[derive(Debug, Clone)]
pub struct Faulty<T> {
    inner: T,
    left: Rc<Cell<usize>>,
}

impl<T> Faulty<T> {
    /// Lets `calls` calls through, then fails each one.
    pub fn after(calls: usize, inner: T) -> Self {
        Self { inner, left: Rc::new(Cell::new(calls)) }
    }

    fn pass(&self) -> Result<(), BackendError> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(BackendError::DeviceLost { driver_code: 0 }),
        }
    }
}

impl<B, I, O> ComputeBackend<I, O> for Faulty<B>
where
    B: ComputeBackend<I, O>,
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
{
    type Model = Faulty<B::Model>;
    type Error = InferenceError;
    type ModelDescriptor<'desc>
        = B::ModelDescriptor<'desc>
    where
        Self: 'desc;

    fn capabilities(&self) -> BackendCapabilities {
        self.inner.capabilities()
    }

    fn load_model<'desc>(
        &self,
        descriptor: Self::ModelDescriptor<'desc>,
    ) -> Result<Self::Model, Self::Error> {
        self.pass()?;
        let inner = self.inner.load_model(descriptor).map_err(Into::into)?;
        Ok(Faulty { inner, left: Rc::clone(&self.left) })
    }
}

// A batch is the default one, sample by sample, so that each may fail.
impl<M, I, O> ComputeModel<I, O> for Faulty<M>
where
    M: ComputeModel<I, O>,
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
{
    fn init(&mut self) -> Result<(), InferenceError> {
        self.pass()?;
        self.inner.init()
    }

    fn infer_one(&mut self, input: &I, output: &mut O) -> Result<(), InferenceError> {
        self.pass()?;
        self.inner.infer_one(input, output)
    }

    fn drain(&mut self) -> Result<(), InferenceError> {
        self.pass()?;
        self.inner.drain()
    }

    fn reset(&mut self) -> Result<(), InferenceError> {
        self.pass()?;
        self.inner.reset()
    }

    fn metadata(&self) -> ModelMetadata {
        self.inner.metadata()
    }

    fn input_port(&self, position: usize) -> Option<PortMetadata> {
        self.inner.input_port(position)
    }

    fn output_port(&self, position: usize) -> Option<PortMetadata> {
        self.inner.output_port(position)
    }
}
