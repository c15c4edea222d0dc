//! Launches: what is checked before a kernel may run.

use std::sync::Arc;

use super::device::{BLOCK_MAX, GRID_MAX, SHARED_PER_BLOCK, Sizes, THREADS_PER_BLOCK, sizes};
use super::entry::Session;
use super::module::Function;
use super::occupancy::Need;
use super::pointers::In;
use super::status::{Outcome, Status};
use super::stream::Ticket;
use super::task::{Kernel, Task};
use super::world::World;
use crate::machine::Launch;
use core::ffi::c_void;

/// A launch as the program asked for it, but for the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Blocks in x, y and z.
    pub grid: [u32; 3],
    /// Threads of a block in x, y and z.
    pub block: [u32; 3],
    /// Dynamic shared memory in bytes a block.
    pub dynamic_shared: u32,
    /// Whether all blocks must be resident at once.
    pub cooperative: bool,
}

/// The keys of the list that `extra` is.
const EXTRA_END: u64 = 0;
const EXTRA_POINTER: u64 = 1;
const EXTRA_SIZE: u64 = 2;

/// How many entries `extra` may have before it must end.
const EXTRA_MAX: usize = 16;

impl Session {
    /// Checks a launch and puts it at the end of a stream.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`], [`Status::INVALID_VALUE`] for a wrong shape or a missing
    /// parameter, [`Status::LAUNCH_OUT_OF_RESOURCES`], [`Status::COOPERATIVE_LAUNCH_TOO_LARGE`].
    pub fn launch(
        &mut self,
        function: u64,
        shape: Shape,
        stream: u64,
        parameters: In<In<c_void>>,
        extra: In<In<c_void>>,
    ) -> Outcome<Ticket> {
        let stream = self.stream_handle(stream)?;
        let context = self.stream(stream)?.context;
        let found = self.function(function)?;
        if found.context != context {
            return Err(Status::INVALID_HANDLE);
        }
        let parameters = read_parameters(found, parameters, extra)?;
        let kernel = self.check(function, shape, parameters)?;
        self.submit(stream, Task::Launch(Arc::new(kernel)))
    }
}

impl World {
    /// Returns the kernel to run, where the device can run it.
    fn check(&self, handle: u64, shape: Shape, parameters: Vec<u8>) -> Outcome<Kernel> {
        let function = self.function(handle)?;
        let decoded = function.decoded()?;
        let device = sizes(self.settings.sm);
        let threads = check_shape(decoded, shape)?;
        if shape.dynamic_shared > function.dynamic_max {
            return Err(Status::INVALID_VALUE);
        }
        let shared = u64::from(decoded.static_shared) + u64::from(shape.dynamic_shared);
        let need = Need { threads, registers: decoded.registers, shared };
        let blocks = need.blocks(device);
        if blocks == 0 {
            return Err(Status::LAUNCH_OUT_OF_RESOURCES);
        }
        let resident_max = blocks * self.settings.multiprocessors;
        let wanted: u64 = shape.grid.iter().map(|count| u64::from(*count)).product();
        if shape.cooperative && wanted > resident_max.into() {
            return Err(Status::COOPERATIVE_LAUNCH_TOO_LARGE);
        }
        let taken = wanted.min(resident_max.into()) * 1000 / u64::from(resident_max);
        let launch = Launch {
            entry: function.index,
            grid: shape.grid,
            block: shape.block,
            dynamic_shared: shape.dynamic_shared,
            parameters,
            resident_max,
        };
        Ok(Kernel {
            name: decoded.name.clone(),
            program: Arc::clone(&function.program),
            launch,
            share: u32::try_from(taken).unwrap_or(1000),
        })
    }

    /// Returns what a block of a kernel needs.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`].
    pub fn need(&self, function: u64, threads: u32, dynamic: u64) -> Outcome<Need> {
        let decoded = self.function(function)?.decoded()?;
        let shared = u64::from(decoded.static_shared) + dynamic;
        Ok(Need { threads, registers: decoded.registers, shared })
    }

    /// Returns the most threads a block of a kernel may have: by its declaration and by its
    /// registers.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`].
    pub fn most_threads(&self, function: u64) -> Outcome<u32> {
        let decoded = self.function(function)?.decoded()?;
        let declared = decoded.max_threads.unwrap_or(THREADS_PER_BLOCK).min(THREADS_PER_BLOCK);
        let fits = |threads: &u32| {
            let need = Need { threads: *threads, registers: decoded.registers, shared: 0 };
            need.blocks(sizes(self.settings.sm)) > 0
        };
        Ok((1..=declared).rev().find(fits).unwrap_or(0))
    }

    /// Returns an attribute of a kernel.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`], [`Status::INVALID_VALUE`] for an unknown attribute.
    pub fn function_attribute(&self, handle: u64, attribute: u32) -> Outcome<i32> {
        let function = self.function(handle)?;
        let decoded = function.decoded()?;
        let value = match attribute {
            0 => self.most_threads(handle)?,
            1 => decoded.static_shared,
            // Every kernel of a module has all its constants.
            2 => u32::try_from(function.program.constant_bytes()).unwrap_or(u32::MAX),
            // Whether it was compiled to cache loads in L1: it was not compiled.
            7 => 0,
            3 => decoded.local_bytes,
            4 => decoded.registers,
            // The virtual architecture of the text, in tens: 75 for sm_75.
            5 => function.program.target(),
            6 => self.settings.sm,
            8 => function.dynamic_max,
            9 => return Ok(function.carveout),
            // Clusters: none required, none allowed.
            10..=15 => 0,
            _ => return Err(Status::INVALID_VALUE),
        };
        i32::try_from(value).map_err(|_| Status::INVALID_VALUE)
    }

    /// Sets an attribute of a kernel.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`], [`Status::INVALID_VALUE`] for a value or attribute that cannot
    /// be set.
    pub fn set_function_attribute(&mut self, handle: u64, attribute: u32, value: i32) -> Outcome {
        let Sizes { shared_optin, .. } = sizes(self.settings.sm);
        let most = shared_optin.saturating_sub(self.function(handle)?.decoded()?.static_shared);
        let function = self.functions.get_mut(&handle).ok_or(Status::INVALID_HANDLE)?;
        match attribute {
            8 => {
                let value = u32::try_from(value).map_err(|_| Status::INVALID_VALUE)?;
                if value > most {
                    return Err(Status::INVALID_VALUE);
                }
                function.dynamic_max = value;
            }
            9 if (-1..=100).contains(&value) => function.carveout = value,
            _ => return Err(Status::INVALID_VALUE),
        }
        Ok(())
    }
}

/// Refuses a shape no device or not this kernel can have; gives the threads of a block.
fn check_shape(decoded: &crate::program::Function, shape: Shape) -> Outcome<u32> {
    let within = |counts: [u32; 3], most: [u32; 3]| {
        counts.iter().zip(most).all(|(count, most)| (1..=most).contains(count))
    };
    if !within(shape.grid, GRID_MAX) || !within(shape.block, BLOCK_MAX) {
        return Err(Status::INVALID_VALUE);
    }
    // Only now, as the greatest sides of all would be more than any number counts.
    let threads: u32 = shape.block.iter().product();
    if threads > THREADS_PER_BLOCK {
        return Err(Status::INVALID_VALUE);
    }
    if decoded.required_threads.is_some_and(|required| required != shape.block)
        || decoded.max_threads.is_some_and(|most| threads > most)
    {
        return Err(Status::INVALID_VALUE);
    }
    Ok(threads)
}

/// Lays the parameters out as the kernel reads them.
fn read_parameters(
    function: &Function,
    parameters: In<In<c_void>>,
    extra: In<In<c_void>>,
) -> Outcome<Vec<u8>> {
    let decoded = function.decoded()?;
    if !extra.is_null() {
        if !parameters.is_null() {
            return Err(Status::INVALID_VALUE);
        }
        return read_extra(decoded.parameter_bytes as usize, extra);
    }
    let mut block = vec![0; decoded.parameter_bytes as usize];
    for (index, parameter) in decoded.parameters.iter().enumerate() {
        let bytes = parameters.parameter(index, parameter.bytes as usize)?;
        let start = parameter.offset as usize;
        let place = block.get_mut(start..start + bytes.len()).ok_or(Status::INVALID_VALUE)?;
        place.copy_from_slice(&bytes);
    }
    Ok(block)
}

/// Reads a buffer of parameters that the program laid out itself.
fn read_extra(needed: usize, extra: In<In<c_void>>) -> Outcome<Vec<u8>> {
    let mut buffer = None;
    let mut size = None;
    for pair in 0..EXTRA_MAX {
        match extra.get(2 * pair)?.address() {
            EXTRA_END => {
                let (buffer, size): (In<c_void>, usize) =
                    buffer.zip(size).ok_or(Status::INVALID_VALUE)?;
                if size < needed {
                    return Err(Status::INVALID_VALUE);
                }
                return buffer.bytes(needed);
            }
            EXTRA_POINTER => buffer = Some(extra.get(2 * pair + 1)?),
            EXTRA_SIZE => size = Some(extra.get(2 * pair + 1)?.cast::<usize>().get(0)?),
            _ => return Err(Status::INVALID_VALUE),
        }
    }
    Err(Status::INVALID_VALUE)
}

const _: () = assert!(SHARED_PER_BLOCK <= sizes(75).shared_optin);
