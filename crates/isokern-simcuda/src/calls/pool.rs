//! Memory in the order of streams, and its pools.

use core::ffi::c_void;

use crate::calls::memory::Location;
use crate::driver::entry::{Session, calls};
use crate::driver::pointers::{In, Out};
use crate::driver::pool::{Pool, Value};
use crate::driver::status::{Outcome, Status};
use crate::driver::task::Task;
use crate::memory::Kind;

/// The properties of a new memory pool: `CUmemPoolProps`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PoolProperties {
    /// 1: pinned to a place.
    pub allocation: u32,
    /// Handles for other processes; 0 for none.
    pub handles: u32,
    /// Where.
    pub location: Location,
    /// Security attributes of another system.
    pub security: u64,
    /// The most bytes; 0 for no limit of its own.
    pub bytes_max: u64,
    /// Nothing.
    pub reserved: [u64; 7],
}

/// Who may use a pool's memory: `CUmemAccessDesc`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Access {
    /// Who.
    pub location: Location,
    /// 3 for reading and writing.
    pub flags: u32,
}

const _: () = assert!(size_of::<PoolProperties>() == 88 && size_of::<Access>() == 12);

/// Access to read and write.
const READ_WRITE: u32 = 3;

fn allocate(session: &mut Session, address: Out<u64>, bytes: usize, pool: u64) -> Outcome {
    let (_, device) = session.context_and_device()?;
    if session.pool(pool)?.device != device {
        return Err(Status::INVALID_VALUE);
    }
    let base = session.allocate(bytes, Kind::Device, 0)?;
    session.pool(pool)?.take(bytes as u64);
    if let Some(owned) = session.ledger.get_mut(&base) {
        owned.pool = Some(pool);
    }
    address.put(base)
}

fn refuse_in_capture(session: &mut Session, stream: u64) -> Outcome {
    if session.stream(stream)?.capture.is_some() {
        return Err(session.not_supported("memory of a graph"));
    }
    session.refuse_implicit_capture(stream)
}

calls! {
    /// Allocates memory in the order of a stream, from the device's pool.
    fn cuMemAllocAsync(session, address: Out<u64>, bytes: usize, stream: u64) {
        address.check()?;
        let stream = session.stream_handle(stream)?;
        refuse_in_capture(session, stream)?;
        let (_, device) = session.context_and_device()?;
        let pool = session.devices.get(device).map_or(0, |device| device.pool);
        allocate(session, address, bytes, pool)
    }

    /// Allocates memory in the order of a stream, from a pool.
    fn cuMemAllocFromPoolAsync(session, address: Out<u64>, bytes: usize, pool: u64, stream: u64) {
        address.check()?;
        let stream = session.stream_handle(stream)?;
        refuse_in_capture(session, stream)?;
        allocate(session, address, bytes, pool)
    }

    /// Frees memory when a stream gets there.
    fn cuMemFreeAsync(session, address: u64, stream: u64) {
        let stream = session.stream_handle(stream)?;
        if address == 0 {
            return Ok(());
        }
        refuse_in_capture(session, stream)?;
        session.owned(address, &[Kind::Device])?;
        if let Some(owned) = session.ledger.get_mut(&address) {
            owned.leaving = true;
        }
        session.submit(stream, Task::Free(address)).map(drop)
    }

    /// Makes a pool of a device.
    fn cuMemPoolCreate(session, pool: Out<u64>, properties: In<PoolProperties>) {
        pool.check()?;
        let properties = properties.get(0)?;
        if properties.allocation != 1 {
            return Err(Status::INVALID_VALUE);
        }
        if properties.handles != 0 || properties.location.kind != 1 || properties.bytes_max != 0 {
            return Err(session.not_supported("a pool with handles, of the host, or with a limit"));
        }
        let device = session.device_index(properties.location.id)?;
        let handle = session.new_handle();
        session.pools.insert(handle, Pool::of_device(device));
        pool.put(handle)
    }

    /// Destroys a pool; its memory stays until it is freed.
    fn cuMemPoolDestroy(session, pool: u64) {
        session.destroy_pool(pool)
    }

    /// Gives back what a pool keeps beyond a size: nothing is kept.
    fn cuMemPoolTrimTo(session, pool: u64, _bytes: usize) {
        session.pool(pool).map(drop)
    }

    /// Returns an attribute of a pool.
    fn cuMemPoolGetAttribute(session, pool: u64, attribute: u32, value: Out<c_void>) {
        match session.pool(pool)?.attribute(attribute)? {
            Value::Short(number) => value.cast::<u32>().put(number),
            Value::Long(number) => value.cast::<u64>().put(number),
        }
    }

    /// Sets an attribute of a pool.
    fn cuMemPoolSetAttribute(session, pool: u64, attribute: u32, value: In<c_void>) {
        let value = if Pool::is_short(attribute) {
            Value::Short(value.cast::<u32>().get(0)?)
        } else {
            Value::Long(value.cast::<u64>().get(0)?)
        };
        session.pool(pool)?.set_attribute(attribute, value)
    }

    /// Says who may use a pool's memory. Addresses are unified and all devices reach all memory, so
    /// only that can be asked for.
    fn cuMemPoolSetAccess(session, pool: u64, accesses: In<Access>, count: usize) {
        let owner = session.pool(pool)?.device;
        for index in 0..count {
            let access = accesses.get(index)?;
            if access.location.kind != 1 {
                return Err(Status::INVALID_VALUE);
            }
            let device = session.device_index(access.location.id)?;
            match access.flags {
                READ_WRITE => {}
                0 if device != owner => {
                    return Err(session.not_supported("taking access to a pool away"));
                }
                _ => return Err(Status::INVALID_VALUE),
            }
        }
        Ok(())
    }

    /// Returns who may use a pool's memory: every device may.
    fn cuMemPoolGetAccess(session, flags: Out<u32>, pool: u64, location: In<Location>) {
        session.pool(pool)?;
        let location = location.get(0)?;
        if location.kind != 1 {
            return Err(Status::INVALID_VALUE);
        }
        session.device_index(location.id)?;
        flags.put(READ_WRITE)
    }

    /// Shares a pool with other processes, which this library cannot.
    fn cuMemPoolExportToShareableHandle(
        session,
        _handle: Out<c_void>,
        pool: u64,
        _kind: u32,
        _flags: u64,
    ) {
        session.pool(pool)?;
        Err(session.not_supported("sharing a pool with other processes"))
    }
}
