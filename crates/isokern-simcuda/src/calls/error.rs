//! Start, version, names and texts of codes.

use core::ffi::{CStr, c_char, c_void};

use crate::driver::entry::calls;
use crate::driver::pointers::{In, Out};
use crate::driver::status::{self, Status};

calls! {
    /// Starts the driver.
    fn cuInit(session, flags: u32) {
        if flags != 0 {
            return Err(Status::INVALID_VALUE);
        }
        session.initialize()
    }

    /// Returns the driver's version, 12080 for 12.8.
    fn cuDriverGetVersion(session, version: Out<i32>) {
        version.put(session.settings.driver_version.cast_signed())
    }

    /// Returns a code in words.
    fn cuGetErrorString(_session, error: u32, text: Out<*const c_char>) {
        text.put(status::text(error).map_or(core::ptr::null(), CStr::as_ptr))?;
        status::text(error).map(drop).ok_or(Status::INVALID_VALUE)
    }

    /// Returns a code's name.
    fn cuGetErrorName(_session, error: u32, name: Out<*const c_char>) {
        name.put(status::name(error).map_or(core::ptr::null(), CStr::as_ptr))?;
        status::name(error).map(drop).ok_or(Status::INVALID_VALUE)
    }

    /// Returns a table of private functions: there is none, whatever its id.
    fn cuGetExportTable(_session, table: Out<*const c_void>, id: In<c_void>) {
        table.put(core::ptr::null())?;
        Err(if id.is_null() { Status::INVALID_VALUE } else { Status::NOT_FOUND })
    }

    /// Begins profiling. There is no profiler, which the driver API allows.
    fn cuProfilerStart(session) {
        session.context().map(drop)
    }

    /// Ends profiling.
    fn cuProfilerStop(session) {
        session.context().map(drop)
    }
}
