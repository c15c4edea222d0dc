//! Modules, kernels and variables.

use core::ffi::{c_char, c_void};
use std::fs;

use crate::driver::entry::{Session, calls};
use crate::driver::module::foreign_image;
use crate::driver::pointers::{In, Out, Text};
use crate::driver::status::{Outcome, Status};

/// Options of `cuModuleLoadDataEx`, by number.
const INFO_LOG: u32 = 3;
const INFO_LOG_BYTES: u32 = 4;
const ERROR_LOG: u32 = 5;
const ERROR_LOG_BYTES: u32 = 6;
/// Registers, threads and so on: how to compile, which an interpreter does not do.
const LAST_OPTION: u32 = 40;

/// A value of an option: a number or a pointer, whichever the option wants.
type Value = Out<c_void>;

/// Where logs go.
#[derive(Debug, Clone, Copy, Default)]
struct Logs {
    error: Option<(Out<c_char>, usize)>,
    /// The index of the option with the size of the error log, where the used size goes.
    error_size: Option<usize>,
    info_size: Option<usize>,
}

fn read_image(session: &mut Session, image: In<c_void>) -> Outcome<String> {
    let bytes = image.cast::<u8>();
    let mut start = [0; 4];
    for (index, byte) in start.iter_mut().enumerate() {
        *byte = bytes.get(index)?;
        if *byte == 0 {
            break;
        }
    }
    if let Some(what) = foreign_image(start) {
        let _said = session.not_supported(&format!("{what}; it runs PTX text"));
        return Err(Status::NO_BINARY_FOR_GPU);
    }
    image.text().read(Status::INVALID_PTX)
}

fn load(session: &mut Session, module: Out<u64>, text: &str) -> Result<(), (Status, String)> {
    let bare = |status| (status, String::new());
    module.check().map_err(bare)?;
    session.context().map_err(bare)?;
    session.refuse_while_capturing().map_err(bare)?;
    session.wait_for_kernels();
    let handle = session.load_module(text).map_err(|refused| (refused.status, refused.log))?;
    module.put(handle).map_err(bare)
}

/// Loads without a place for the log, which goes to the standard error output then.
fn load_loudly(session: &mut Session, module: Out<u64>, text: &str) -> Outcome {
    load(session, module, text).map_err(|(status, log)| {
        if !log.is_empty() {
            eprintln!("{log}");
        }
        status
    })
}

fn read_options(count: u32, options: In<u32>, values: In<Value>) -> Outcome<Logs> {
    let mut logs = Logs::default();
    let mut buffer = None;
    let mut room = 0;
    for index in 0..count as usize {
        let value = values.get(index)?;
        let number = usize::try_from(value.address() & 0xFFFF_FFFF).unwrap_or(0);
        match options.get(index)? {
            ERROR_LOG => buffer = Some(value.cast::<c_char>()),
            ERROR_LOG_BYTES => {
                room = number;
                logs.error_size = Some(index);
            }
            INFO_LOG_BYTES => logs.info_size = Some(index),
            INFO_LOG | 0..=LAST_OPTION => {}
            _ => return Err(Status::INVALID_VALUE),
        }
    }
    logs.error = buffer.filter(|_| room > 0).map(|buffer| (buffer, room));
    Ok(logs)
}

calls! {
    /// Loads a file of PTX text.
    fn cuModuleLoad(session, module: Out<u64>, path: Text) {
        session.context()?;
        let path = path.read(Status::INVALID_VALUE)?;
        let bytes = fs::read(&path).map_err(|_| Status::FILE_NOT_FOUND)?;
        if let Some(what) = bytes.first_chunk().and_then(|start| foreign_image(*start)) {
            let _said = session.not_supported(&format!("{what}; it runs PTX text"));
            return Err(Status::NO_BINARY_FOR_GPU);
        }
        let text = String::from_utf8(bytes).map_err(|_| Status::INVALID_PTX)?;
        load_loudly(session, module, &text)
    }

    /// Loads PTX text that ends with NUL.
    fn cuModuleLoadData(session, module: Out<u64>, image: In<c_void>) {
        session.context()?;
        let text = read_image(session, image)?;
        load_loudly(session, module, &text)
    }

    /// Loads PTX text that ends with NUL; options say where the log goes.
    fn cuModuleLoadDataEx(
        session,
        module: Out<u64>,
        image: In<c_void>,
        count: u32,
        options: In<u32>,
        values: Out<Value>,
    ) {
        session.context()?;
        let logs = read_options(count, options, values.as_input())?;
        let text = read_image(session, image)?;
        let loaded = load(session, module, &text);
        let log = loaded.as_ref().err().map_or("", |(_, log)| log.as_str());
        let mut used = 0;
        if let Some((buffer, room)) = logs.error {
            buffer.put_text(log, room)?;
            used = log.len().min(room - 1);
        } else if !log.is_empty() {
            eprintln!("{log}");
        }
        if let Some(index) = logs.error_size {
            values.at(index).cast_value().put(used)?;
        }
        if let Some(index) = logs.info_size {
            values.at(index).cast_value().put(0_usize)?;
        }
        loaded.map_err(|(status, _)| status)
    }

    /// Removes a module, after all work of its context.
    fn cuModuleUnload(session, module: u64) {
        session.context()?;
        let context = session.module(module)?.context;
        session.refuse_while_capturing()?;
        session.wait_for_context(context)?;
        session.remove_module(module)
    }

    /// Returns a kernel of a module by its name.
    fn cuModuleGetFunction(session, function: Out<u64>, module: u64, name: Text) {
        session.context()?;
        function.check()?;
        let name = name.read(Status::NOT_FOUND)?;
        let handle = session.function_named(module, &name)?;
        function.put(handle)
    }

    /// Returns the place and size of a module's variable.
    fn cuModuleGetGlobal_v2(
        session,
        address: Out<u64>,
        bytes: Out<usize>,
        module: u64,
        name: Text,
    ) {
        session.context()?;
        let name = name.read(Status::NOT_FOUND)?;
        let global = session.module(module)?.program.global(&name).ok_or(Status::NOT_FOUND)?;
        address.put_if_wanted(global.address);
        bytes.put_if_wanted(usize::try_from(global.bytes).unwrap_or(usize::MAX));
        Ok(())
    }

    /// Returns an attribute of a kernel.
    fn cuFuncGetAttribute(session, value: Out<i32>, attribute: u32, function: u64) {
        session.context()?;
        value.put(session.function_attribute(function, attribute)?)
    }

    /// Sets an attribute of a kernel.
    fn cuFuncSetAttribute(session, function: u64, attribute: u32, value: i32) {
        session.context()?;
        session.set_function_attribute(function, attribute, value)
    }

    /// Sets a kernel's preferred use of on-chip memory, a wish that devices may ignore.
    fn cuFuncSetCacheConfig(session, function: u64, config: u32) {
        session.context()?;
        let function = session.functions.get_mut(&function).ok_or(Status::INVALID_HANDLE)?;
        if config > 3 {
            return Err(Status::INVALID_VALUE);
        }
        function.cache = config;
        Ok(())
    }

    /// Sets a kernel's preferred width of banks, which no device with this interface has a choice
    /// of.
    fn cuFuncSetSharedMemConfig(session, function: u64, config: u32) {
        session.context()?;
        session.function(function)?;
        if config > 2 { Err(Status::INVALID_VALUE) } else { Ok(()) }
    }

    /// Returns the module of a kernel.
    fn cuFuncGetModule(session, module: Out<u64>, function: u64) {
        session.context()?;
        module.put(session.function(function)?.module)
    }

    /// Returns the name of a kernel; it lives as long as the module.
    fn cuFuncGetName(session, name: Out<*const c_char>, function: u64) {
        session.context()?;
        name.put(session.function(function)?.name.as_ptr())
    }

    /// Returns the place and size of a kernel's parameter.
    fn cuFuncGetParamInfo(
        session,
        function: u64,
        index: usize,
        offset: Out<usize>,
        bytes: Out<usize>,
    ) {
        session.context()?;
        offset.check()?;
        let parameters = &session.function(function)?.decoded()?.parameters;
        let parameter = parameters.get(index).ok_or(Status::INVALID_VALUE)?;
        offset.put(parameter.offset as usize)?;
        bytes.put_if_wanted(parameter.bytes as usize);
        Ok(())
    }
}
