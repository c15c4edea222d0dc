//! The device with the shipped PTX loaded: launches of its probes, and their records.
#![allow(unsafe_code)]

use core::ffi::c_void;
use core::ptr;
use core::time::Duration;
use std::collections::HashMap;
use std::thread;
use std::time::Instant;

use isokern_core::device::{PROBE_ENTRIES, ProbeRecord};
use isokern_cuda::{
    Context, CudaError, Device, DeviceBuffer, Function, LaunchShape, Module, Status, Stream,
    shipped_ptx, sys,
};

use crate::Failure;

/// A parameter of a kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Parameter {
    /// 32 bits.
    Word(u32),
    /// 64 bits: an address or a number.
    Long(u64),
}

/// How long a probe may take; each gives up on its own long before.
const PROBE_LIMIT: Duration = Duration::from_secs(120);
/// The entries that do nothing.
const EMPTY_ENTRIES: [&str; 2] = ["isokern_empty", "isokern_empty8"];

/// The first device.
#[derive(Debug)]
pub(crate) struct Gpu {
    name: String,
    stream: Stream,
    probes: HashMap<&'static str, Function>,
    /// The entries that do nothing, at hand: nothing is looked up while a launch is timed.
    empty: [Function; 2],
}

impl Gpu {
    /// Finds it and loads all probes, so that nothing is loaded while something is timed.
    pub(crate) fn new() -> Result<Self, Failure> {
        let context = Context::primary(Device::new(0)?)?;
        let text = shipped_ptx(context.device().compute_capability()?)?;
        let module = Module::load(&context, text.as_bytes())?;
        let probes = PROBE_ENTRIES.map(|name| module.function(name).map(|found| (name, found)));
        let probes = probes.into_iter().collect::<Result<_, _>>()?;
        let [none, eight] = EMPTY_ENTRIES;
        let empty = [module.function(none)?, module.function(eight)?];
        let name = context.device().name()?;
        Ok(Self { name, stream: Stream::new(&context)?, probes, empty })
    }

    /// Returns what the driver calls it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether the name says that there is no GPU.
    pub(crate) fn is_simulated(&self) -> bool {
        self.name.to_ascii_lowercase().contains("simulated device")
    }

    /// Returns its context.
    pub(crate) const fn context(&self) -> &Context {
        self.stream.context()
    }

    /// Returns the one stream that is used.
    pub(crate) const fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Puts an entry that does nothing into the stream, without parameters or with eight.
    pub(crate) fn launch_empty(&self, has_parameters: bool) -> Result<(), Failure> {
        let [none, eight] = &self.empty;
        let shape = LaunchShape::new(1, 32);
        let parameters = [Parameter::Long(7); 8];
        let (function, parameters) =
            if has_parameters { (eight, &parameters[..]) } else { (none, &[][..]) };
        // SAFETY: the entry has so many parameters of 64 bits, and touches nothing.
        unsafe { self.launch(function, shape, parameters) }.map_err(Into::into)
    }

    /// Works as [`launch_empty`](Self::launch_empty) without parameters, for recording.
    pub(crate) fn launch_recorded(&self) -> Result<(), CudaError> {
        let shape = LaunchShape::new(1, 32);
        // SAFETY: the entry has no parameters, and touches nothing.
        unsafe { self.launch(&self.empty[0], shape, &[]) }
    }

    /// Puts a launch of one warp with a word as its parameter into the stream.
    ///
    /// # Safety
    ///
    /// The entry has one parameter of 32 bits, and touches no memory.
    pub(crate) unsafe fn launch_with_word(
        &self,
        function: &Function,
        word: u32,
    ) -> Result<(), CudaError> {
        // SAFETY: by this function's contract.
        unsafe { self.launch(function, LaunchShape::new(1, 32), &[Parameter::Word(word)]) }
    }

    /// Runs a probe to its end. `parameters` gets the address of its record.
    ///
    /// # Safety
    ///
    /// The parameters are those of the entry, and memory they name is alive and as large as
    /// the entry's documentation asks.
    pub(crate) unsafe fn probe(
        &self,
        entry: &'static str,
        shape: LaunchShape,
        parameters: impl FnOnce(u64) -> Vec<Parameter>,
    ) -> Result<ProbeRecord, Failure> {
        // SAFETY: by this function's contract.
        unsafe { self.probe_beside(entry, shape, parameters, || ()) }
    }

    /// Works as [`probe`](Self::probe), with work of this thread while the probe runs.
    ///
    /// # Safety
    ///
    /// As [`probe`](Self::probe).
    pub(crate) unsafe fn probe_beside(
        &self,
        entry: &'static str,
        shape: LaunchShape,
        parameters: impl FnOnce(u64) -> Vec<Parameter>,
        beside: impl FnOnce(),
    ) -> Result<ProbeRecord, Failure> {
        let mut record = DeviceBuffer::new(self.context(), size_of::<ProbeRecord>())?;
        record.upload(bytemuck::bytes_of(&ProbeRecord::default()), &self.stream)?;
        let function = self.probes.get(entry);
        let function = function.ok_or_else(|| CudaError::NoEntry { entry: entry.into() })?;
        // SAFETY: by this function's contract; the record is waited for before it is freed.
        unsafe { self.launch(function, shape, &parameters(record.address())) }?;
        beside();
        let start = Instant::now();
        while !self.stream.is_idle()? {
            if start.elapsed() > PROBE_LIMIT {
                // Freeing memory would wait for the kernel: the process ends with it instead.
                eprintln!("gpu-probes: {entry} does not end");
                std::process::exit(3);
            }
            thread::sleep(Duration::from_micros(50));
        }
        let mut found = ProbeRecord::default();
        record.download(bytemuck::bytes_of_mut(&mut found), &self.stream)?;
        Ok(found)
    }

    /// Puts a launch into the stream: no more than the driver's call and a check of the context.
    ///
    /// # Safety
    ///
    /// As [`probe`](Self::probe), until the work has ended.
    unsafe fn launch(
        &self,
        function: &Function,
        shape: LaunchShape,
        parameters: &[Parameter],
    ) -> Result<(), CudaError> {
        let mut addresses = [ptr::null_mut::<c_void>(); 8];
        for (address, parameter) in addresses.iter_mut().zip(parameters) {
            *address = match parameter {
                Parameter::Word(value) => ptr::from_ref(value).cast_mut().cast(),
                Parameter::Long(value) => ptr::from_ref(value).cast_mut().cast(),
            };
        }
        self.context().bind()?;
        let LaunchShape { blocks, threads, shared_bytes, .. } = shape;
        let stream = self.stream.as_raw();
        let (function, addresses) = (function.as_raw(), addresses.as_mut_ptr());
        // SAFETY: function and stream are alive; the parameters are the caller's promise, and
        // the driver has copied them when it returns.
        let result = unsafe {
            sys::cuLaunchKernel(
                function,
                blocks,
                1,
                1,
                threads,
                1,
                1,
                shared_bytes,
                stream,
                addresses,
                ptr::null_mut(),
            )
        };
        match result as u32 {
            0 => Ok(()),
            code => {
                Err(CudaError::Call { call: "cuLaunchKernel", status: Status::from_code(code) })
            }
        }
    }
}
