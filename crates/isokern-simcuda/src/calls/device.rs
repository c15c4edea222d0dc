//! Devices and what they say of themselves.

use core::ffi::c_char;

use crate::driver::device;
use crate::driver::entry::calls;
use crate::driver::pointers::{Out, Text};
use crate::driver::status::Status;

calls! {
    /// Returns the device of an ordinal.
    fn cuDeviceGet(session, device: Out<i32>, ordinal: i32) {
        session.device_index(ordinal)?;
        device.put(ordinal)
    }

    /// Returns how many devices there are.
    fn cuDeviceGetCount(session, count: Out<i32>) {
        count.put(i32::try_from(session.devices.len()).unwrap_or(i32::MAX))
    }

    /// Returns the device's name, which says that it is simulated.
    fn cuDeviceGetName(session, name: Out<c_char>, room: i32, device: i32) {
        session.device_index(device)?;
        let room = usize::try_from(room).map_err(|_| Status::INVALID_VALUE)?;
        name.put_text(&device::name(&session.settings), room)
    }

    /// Returns the device's UUID.
    fn cuDeviceGetUuid(session, uuid: Out<[u8; 16]>, device: i32) {
        uuid.put(device::uuid(session.device_index(device)?))
    }

    /// Returns the device's UUID.
    fn cuDeviceGetUuid_v2(session, uuid: Out<[u8; 16]>, device: i32) {
        uuid.put(device::uuid(session.device_index(device)?))
    }

    /// Returns the device's memory in bytes.
    fn cuDeviceTotalMem_v2(session, bytes: Out<usize>, device: i32) {
        session.device_index(device)?;
        let total = session.settings.memory_bytes;
        bytes.put(usize::try_from(total).unwrap_or(usize::MAX))
    }

    /// Returns an attribute of the device.
    fn cuDeviceGetAttribute(session, value: Out<i32>, attribute: u32, device: i32) {
        let ordinal = session.device_index(device)?;
        value.put(device::attribute(&session.settings, ordinal, attribute)?)
    }

    /// Returns the compute capability.
    fn cuDeviceComputeCapability(session, major: Out<i32>, minor: Out<i32>, device: i32) {
        let ordinal = session.device_index(device)?;
        minor.check()?;
        major.put(device::attribute(&session.settings, ordinal, 75)?)?;
        minor.put(device::attribute(&session.settings, ordinal, 76)?)
    }

    /// Returns the device's place on the bus.
    fn cuDeviceGetPCIBusId(session, text: Out<c_char>, room: i32, device: i32) {
        let ordinal = session.device_index(device)?;
        let room = usize::try_from(room).map_err(|_| Status::INVALID_VALUE)?;
        text.put_text(&device::pci_bus_id(ordinal), room)
    }

    /// Returns the device at a place on the bus.
    fn cuDeviceGetByPCIBusId(session, device: Out<i32>, text: Text) {
        let text = text.read(Status::INVALID_VALUE)?;
        let mut ordinals = 0..session.devices.len();
        let found = ordinals.find(|ordinal| {
            let have = device::pci_bus_id(*ordinal);
            text.eq_ignore_ascii_case(&have) || have.ends_with(&format!(":{text}"))
        });
        let ordinal = found.and_then(|ordinal| i32::try_from(ordinal).ok());
        device.put(ordinal.ok_or(Status::INVALID_DEVICE)?)
    }

    /// Returns whether one device reaches the memory of another: all do, since addresses are
    /// unified.
    fn cuDeviceCanAccessPeer(session, can: Out<i32>, device: i32, peer: i32) {
        session.device_index(device)?;
        session.device_index(peer)?;
        can.put(i32::from(device != peer))
    }

    /// Returns the pool a device was made with.
    fn cuDeviceGetDefaultMemPool(session, pool: Out<u64>, device: i32) {
        pool.put(session.device(device)?.default_pool)
    }

    /// Returns the pool that allocations without a pool come from.
    fn cuDeviceGetMemPool(session, pool: Out<u64>, device: i32) {
        pool.put(session.device(device)?.pool)
    }

    /// Sets the pool that allocations without a pool come from.
    fn cuDeviceSetMemPool(session, device: i32, pool: u64) {
        let ordinal = session.device_index(device)?;
        if session.pool(pool)?.device != ordinal {
            return Err(Status::INVALID_VALUE);
        }
        session.device(device)?.pool = pool;
        Ok(())
    }

    /// Takes hold of the primary context.
    fn cuDevicePrimaryCtxRetain(session, context: Out<u64>, device: i32) {
        context.check()?;
        let handle = session.retain_primary(device)?;
        context.put(handle)
    }

    /// Lets go of the primary context; the last one ends it.
    fn cuDevicePrimaryCtxRelease_v2(session, device: i32) {
        session.release_primary(device)
    }

    /// Lets go of the primary context, under its older name.
    fn cuDevicePrimaryCtxRelease(session, device: i32) {
        session.release_primary(device)
    }

    /// Ends the primary context.
    fn cuDevicePrimaryCtxReset_v2(session, device: i32) {
        session.reset_primary(device)
    }

    /// Sets the flags of the primary context.
    fn cuDevicePrimaryCtxSetFlags_v2(session, device: i32, flags: u32) {
        crate::driver::context::check_flags(flags)?;
        let primary = session.device(device)?;
        primary.primary_flags = flags;
        let handle = primary.primary;
        if let Some(context) = handle.and_then(|handle| session.contexts.get_mut(&handle)) {
            context.flags = flags;
        }
        Ok(())
    }

    /// Returns the flags of the primary context, and whether somebody holds it.
    fn cuDevicePrimaryCtxGetState(session, device: i32, flags: Out<u32>, active: Out<i32>) {
        let device = session.device(device)?;
        active.check()?;
        flags.put(device.primary_flags)?;
        active.put(i32::from(device.primary.is_some()))
    }
}
