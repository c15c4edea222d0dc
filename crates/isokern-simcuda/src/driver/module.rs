//! Modules and their kernels.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::Arc;

use super::status::{Outcome, Status};
use super::world::World;
use crate::error::Reason;
use crate::program::{LoadError, Program};

/// A loaded module.
#[derive(Debug)]
pub struct Module {
    /// The context it was loaded to.
    pub context: u64,
    /// The ordinal of its device.
    pub device: usize,
    /// What was loaded.
    pub program: Arc<Program>,
    /// Bytes of its variables.
    pub bytes: u64,
    /// Handles of the kernels that were asked for.
    pub functions: HashMap<String, u64>,
}

/// A kernel of a module.
#[derive(Debug)]
pub struct Function {
    /// The context of its module.
    pub context: u64,
    /// Its module.
    pub module: u64,
    /// What was loaded.
    pub program: Arc<Program>,
    /// Its index there.
    pub index: usize,
    /// Its name as C has it; it lives as long as the function.
    pub name: CString,
    /// Dynamic shared memory it may have, in bytes a block.
    pub dynamic_max: u32,
    /// The part of the on-chip memory it would like as shared memory, in per cent; -1 for any.
    pub carveout: i32,
    /// L1 cache or shared memory, from 0 to 3.
    pub cache: u32,
}

/// Returns an image that is no PTX text, by its first bytes: what it is, where it is known.
#[must_use]
pub fn foreign_image(start: [u8; 4]) -> Option<&'static str> {
    match start {
        [0x7F, b'E', b'L', b'F'] => Some("a cubin: machine code of a GPU"),
        [0x50, 0xED, 0x55, 0xBA] | [0xB1, 0x43, 0x62, 0x46] => Some("a fatbin"),
        _ => None,
    }
}

/// A module that was not loaded: the code, and what a log says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The code.
    pub status: Status,
    /// The reason with its line.
    pub log: String,
}

impl World {
    /// Loads a PTX text.
    ///
    /// # Errors
    ///
    /// [`Refused`] with [`Status::INVALID_PTX`], [`Status::UNSUPPORTED_PTX_VERSION`] or
    /// [`Status::OUT_OF_MEMORY`].
    pub fn load_module(&mut self, text: &str) -> Result<u64, Refused> {
        let bare = |status: Status| Refused { status, log: String::new() };
        let (context, device) = self.context_and_device().map_err(bare)?;
        let before = self.memory.used();
        let loaded = Program::load_lazily(text, &self.memory, self.settings.limits());
        let mut program = loaded.map_err(|error| refused(&error))?;
        program.set_registers(&self.settings.registers);
        let program = Arc::new(program);
        let bytes = self.memory.used().saturating_sub(before);
        let functions = HashMap::new();
        let handle = self.new_handle();
        self.modules.insert(handle, Module { context, device, program, bytes, functions });
        Ok(handle)
    }

    /// Returns a module by its handle.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`].
    pub fn module(&self, handle: u64) -> Outcome<&Module> {
        self.modules.get(&handle).ok_or(Status::INVALID_HANDLE)
    }

    /// Removes a module; its kernels are gone with it.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`].
    pub fn remove_module(&mut self, handle: u64) -> Outcome {
        self.modules.remove(&handle).ok_or(Status::INVALID_HANDLE)?;
        self.functions.retain(|_, function| function.module != handle);
        Ok(())
    }

    /// Returns the handle of a module's kernel: the same one each time.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`], [`Status::NOT_FOUND`]; [`Status::NOT_SUPPORTED`] and a report
    /// with the line for a kernel that uses what the machine does not know.
    pub fn function_named(&mut self, module: u64, name: &str) -> Outcome<u64> {
        let found = self.module(module)?;
        if let Some(handle) = found.functions.get(name) {
            return Ok(*handle);
        }
        let (context, program) = (found.context, Arc::clone(&found.program));
        let index = program.entry(name).ok_or(Status::NOT_FOUND)?;
        if let Some(error) = program.refusal(index).cloned() {
            self.publish_report(&format!("kernel {name} cannot run: {error}"));
            return Err(Status::NOT_SUPPORTED);
        }
        let declared = program.function(index).map_or(0, |function| function.static_shared);
        let function = Function {
            context,
            module,
            program,
            index,
            name: CString::new(name).map_err(|_| Status::NOT_FOUND)?,
            dynamic_max: super::device::SHARED_PER_BLOCK.saturating_sub(declared),
            carveout: -1,
            cache: 0,
        };
        let handle = self.new_handle();
        self.functions.insert(handle, function);
        if let Some(module) = self.modules.get_mut(&module) {
            module.functions.insert(name.to_owned(), handle);
        }
        Ok(handle)
    }

    /// Returns a kernel by its handle.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`].
    pub fn function(&self, handle: u64) -> Outcome<&Function> {
        self.functions.get(&handle).ok_or(Status::INVALID_HANDLE)
    }
}

impl Function {
    /// Returns the kernel, decoded.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_HANDLE`], which a function of a live module never is.
    pub fn decoded(&self) -> Outcome<&crate::program::Function> {
        self.program.function(self.index).ok_or(Status::INVALID_HANDLE)
    }
}

/// Returns the code and log of a module that was not loaded.
fn refused(error: &LoadError) -> Refused {
    let status = match error {
        LoadError::Memory(_) => Status::OUT_OF_MEMORY,
        LoadError::Ptx(error) => match error.reason {
            Reason::Version(..) => Status::UNSUPPORTED_PTX_VERSION,
            _ => Status::INVALID_PTX,
        },
    };
    Refused { status, log: format!("isokern-simcuda {}: {error}", env!("CARGO_PKG_VERSION")) }
}
