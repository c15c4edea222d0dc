//! Contexts: what a process has of a device, and how a fault ends it.

use std::fs::OpenOptions;
use std::io::Write as _;

use super::entry::Session;
use super::ledger;
use super::status::{Outcome, Status};
use super::stream::{Stream, StreamKind};
use super::world::{World, with_current};

/// Flags a context may have: scheduling, mapped host memory, resizing of local memory, and the two
/// for core dumps and synchronous memory operations.
const FLAGS: u32 = 0xFF;

/// A context.
#[derive(Debug)]
pub struct Context {
    /// The ordinal of its device.
    pub device: usize,
    /// Whether it is the device's primary context.
    pub primary: bool,
    /// Its flags.
    pub flags: u32,
    /// Its legacy stream.
    pub legacy_stream: u64,
    /// What ended it: every later call returns this.
    pub fault: Option<Status>,
    /// Its limits, by number.
    pub limits: [u64; 7],
    /// What it prefers: caches and banks.
    pub preferences: Preferences,
}

/// What a program would like; a device may do otherwise, and this one does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    /// L1 cache or shared memory, from 0 to 3.
    pub cache: u32,
    /// Width of banks, from 0 to 2.
    pub banks: u32,
}

/// Stack, printf buffer, heap, depth and count of device launches, L2 granularity, persisting L2:
/// the values a device starts with, and the largest that are accepted.
const LIMITS: [(u64, u64); 7] = [
    (1024, 512 << 10),
    (1 << 20, 1 << 40),
    (8 << 20, 1 << 40),
    (2, 24),
    (2048, 1 << 30),
    (128, 128),
    (0, 0),
];

impl World {
    /// Makes a context.
    pub fn new_context(&mut self, device: usize, primary: bool, flags: u32) -> u64 {
        let (handle, legacy_stream) = (self.new_handle(), self.new_handle());
        self.streams.insert(legacy_stream, Stream::new(handle, StreamKind::Legacy, 0, 0));
        let context = Context {
            device,
            primary,
            flags,
            legacy_stream,
            fault: None,
            limits: LIMITS.map(|(start, _)| start),
            preferences: Preferences::default(),
        };
        self.contexts.insert(handle, context);
        handle
    }

    /// Returns a context by its handle.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_CONTEXT`].
    pub fn context_of(&self, handle: u64) -> Outcome<&Context> {
        self.contexts.get(&handle).ok_or(Status::INVALID_CONTEXT)
    }

    /// Returns the current context, to change it.
    ///
    /// # Errors
    ///
    /// As [`context`](World::context).
    pub fn context_mut(&mut self) -> Outcome<&mut Context> {
        let handle = self.context()?;
        self.contexts.get_mut(&handle).ok_or(Status::INVALID_CONTEXT)
    }

    /// Ends a context's work because of a fault: nothing of it runs, and every call
    /// returns the code. The report goes where the environment says.
    pub fn fail_context(&mut self, handle: u64, status: Status, report: &str) {
        if let Some(context) = self.contexts.get_mut(&handle) {
            context.fault = Some(status);
        }
        for stream in self.streams.values_mut().filter(|stream| stream.context == handle) {
            stream.abandon();
        }
        self.sweep_streams();
        self.publish_report(&format!("error {}: {report}", status.code()));
    }

    /// Keeps a report, and writes it where the environment says.
    pub fn publish_report(&mut self, report: &str) {
        report.clone_into(&mut self.report);
        eprintln!("isokern-simcuda: {report}");
        if let Some(path) = &self.settings.report_file {
            let file = OpenOptions::new().create(true).append(true).open(path);
            if let Err(error) = file.and_then(|mut file| writeln!(file, "{report}")) {
                eprintln!("isokern-simcuda: report not written to {}: {error}", path.display());
            }
        }
    }

    /// Removes a context without work, and everything that belongs to it.
    fn remove_context(&mut self, handle: u64) {
        let owned = self.ledger.iter().filter(|(_, owned)| owned.context == handle);
        let addresses: Vec<_> = owned.map(|(address, _)| *address).collect();
        for address in addresses {
            ledger::release(self, address);
        }
        self.functions.retain(|_, function| function.context != handle);
        self.modules.retain(|_, module| module.context != handle);
        self.streams.retain(|_, stream| stream.context != handle);
        self.events.retain(|_, event| event.context != handle);
        self.executables.retain(|_, executable| executable.context != handle);
        self.graphs.retain(|_, graph| graph.context != handle);
        self.captures.retain(|_, capture| capture.context != handle);
        self.contexts.remove(&handle);
    }

    /// Takes hold of a device's primary context, which is made by the first that does.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_DEVICE`], and the code of the fault that ended the context.
    pub fn retain_primary(&mut self, device: i32) -> Outcome<u64> {
        let index = self.device_index(device)?;
        let flags = self.device(device)?.primary_flags;
        let handle = match self.device(device)?.primary {
            Some(handle) => handle,
            None => self.new_context(index, true, flags),
        };
        let entry = self.device(device)?;
        entry.primary = Some(handle);
        entry.primary_count += 1;
        Ok(handle)
    }

    /// Returns what `cuCtxSetLimit` accepts.
    ///
    /// # Errors
    ///
    /// [`Status::UNSUPPORTED_LIMIT`], [`Status::INVALID_VALUE`].
    pub fn set_limit(&mut self, limit: u32, value: usize) -> Outcome {
        let index = limit as usize;
        let (_, most) = LIMITS.get(index).ok_or(Status::UNSUPPORTED_LIMIT)?;
        if value as u64 > *most {
            return Err(Status::INVALID_VALUE);
        }
        let context = self.context_mut()?;
        *context.limits.get_mut(index).ok_or(Status::UNSUPPORTED_LIMIT)? = value as u64;
        Ok(())
    }

    /// Makes a context current, or none for 0.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_CONTEXT`].
    pub fn set_current(&mut self, handle: u64) -> Outcome {
        if handle == 0 {
            with_current(Vec::pop);
            return Ok(());
        }
        self.context_of(handle)?;
        with_current(|stack| {
            stack.pop();
            stack.push(handle);
        });
        Ok(())
    }
}

impl Session {
    /// Lets go of a device's primary context; the last one ends it.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_DEVICE`], [`Status::INVALID_CONTEXT`] where nobody holds it.
    pub fn release_primary(&mut self, device: i32) -> Outcome {
        let entry = self.device(device)?;
        entry.primary_count = entry.primary_count.checked_sub(1).ok_or(Status::INVALID_CONTEXT)?;
        if entry.primary_count == 0 {
            self.reset_primary(device)?;
        }
        Ok(())
    }

    /// Ends a device's primary context, whoever holds it.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_DEVICE`].
    pub fn reset_primary(&mut self, device: i32) -> Outcome {
        if let Some(handle) = self.device(device)?.primary.take() {
            self.end_context(handle);
        }
        Ok(())
    }

    /// Waits for a context's work and frees all it has.
    pub fn end_context(&mut self, handle: u64) {
        // What the work ended with no longer matters.
        let _outcome = self.wait_for_context(handle);
        self.remove_context(handle);
    }

    /// Destroys a context a program created.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_CONTEXT`] for a primary context or none.
    pub fn destroy_context(&mut self, handle: u64) -> Outcome {
        if self.context_of(handle)?.primary {
            return Err(Status::INVALID_CONTEXT);
        }
        self.end_context(handle);
        with_current(|stack| {
            if stack.last() == Some(&handle) {
                stack.pop();
            }
        });
        Ok(())
    }
}

/// Refuses flags no context has.
///
/// # Errors
///
/// [`Status::INVALID_VALUE`].
pub const fn check_flags(flags: u32) -> Outcome {
    if flags & !FLAGS != 0 { Err(Status::INVALID_VALUE) } else { Ok(()) }
}
