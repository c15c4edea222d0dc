//! Allocations, and what is known of an address.

use core::ffi::c_void;

use crate::driver::entry::{Session, calls};
use crate::driver::ledger;
use crate::driver::pointers::{Out, Span};
use crate::driver::status::{Outcome, Status};
use crate::driver::task::Task;
use crate::memory::Kind;

/// Flags of pinned memory: portable, mapped, write-combined.
const HOST_ALLOC_FLAGS: u32 = 7;
/// Flags of registered memory: portable, mapped, I/O memory, read-only.
const HOST_REGISTER_FLAGS: u32 = 0xF;
/// The two of those this library cannot register.
const HOST_REGISTER_REFUSED: u32 = 0xC;
/// The flag of managed memory for all streams; 2 is for the host first.
const ATTACH_FLAGS: [u32; 2] = [1, 2];
/// The pieces of advice there are, by number: read-mostly to unset-accessed-by.
const ADVICE: core::ops::RangeInclusive<u32> = 1..=6;

/// Where memory is to be: `CUmemLocation`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Location {
    /// 1 for a device, 2 for the host, 3 and 4 for a node of the host.
    pub kind: u32,
    /// The ordinal.
    pub id: i32,
}

fn pinned(session: &mut Session, address: Out<u64>, bytes: usize, flags: u32) -> Outcome {
    address.check()?;
    session.context()?;
    if flags & !HOST_ALLOC_FLAGS != 0 {
        return Err(Status::INVALID_VALUE);
    }
    session.refuse_while_capturing()?;
    session.wait_for_kernels();
    let base = session.allocate(bytes, Kind::Pinned, flags)?;
    address.put(base)
}

/// Waits for the work that could use an allocation, and frees it.
fn free(session: &mut Session, address: u64, kinds: &[Kind], wrong: Status) -> Outcome {
    let context = session.context()?;
    session.refuse_while_capturing()?;
    let owner = session.owned(address, kinds).map_err(|_| wrong)?.context;
    session.wait_for_context(owner)?;
    if owner != context {
        session.wait_for_kernels();
    }
    // Another thread may have freed it meanwhile.
    session.owned(address, kinds).map_err(|_| wrong)?;
    ledger::release(session, address);
    Ok(())
}

/// Checks a range of managed memory, and where it is to be.
fn managed_hint(session: &mut Session, address: u64, bytes: usize, place: Location) -> Outcome {
    session.context()?;
    match place.kind {
        1 => drop(session.device_index(place.id)?),
        2..=4 => {}
        _ => return Err(Status::INVALID_VALUE),
    }
    let (base, owned) = session.owned_at(address).ok_or(Status::INVALID_VALUE)?;
    let fits = bytes > 0 && bytes as u64 <= owned.bytes - (address - base);
    if owned.kind == Kind::Managed && fits { Ok(()) } else { Err(Status::INVALID_VALUE) }
}

/// Returns the place of the older calls: -1 is the host.
const fn place_of(device: i32) -> Location {
    if device == -1 { Location { kind: 2, id: 0 } } else { Location { kind: 1, id: device } }
}

fn prefetch(session: &mut Session, address: u64, bytes: usize, to: Location, on: u64) -> Outcome {
    let stream = session.stream_handle(on)?;
    managed_hint(session, address, bytes, to)?;
    session.submit(stream, Task::Mark).map(drop)
}

fn advise(session: &mut Session, address: u64, bytes: usize, advice: u32, at: Location) -> Outcome {
    if !ADVICE.contains(&advice) {
        return Err(Status::INVALID_VALUE);
    }
    managed_hint(session, address, bytes, at)
}

calls! {
    /// Allocates device memory. Where a kernel runs this waits, as a driver may.
    fn cuMemAlloc_v2(session, address: Out<u64>, bytes: usize) {
        address.check()?;
        session.context()?;
        session.refuse_while_capturing()?;
        session.wait_for_kernels();
        let base = session.allocate(bytes, Kind::Device, 0)?;
        address.put(base)
    }

    /// Allocates rows of device memory, each beginning at a multiple of 512 bytes.
    fn cuMemAllocPitch_v2(
        session,
        address: Out<u64>,
        pitch: Out<usize>,
        width: usize,
        rows: usize,
        element: u32,
    ) {
        address.check()?;
        pitch.check()?;
        session.context()?;
        if !matches!(element, 4 | 8 | 16) {
            return Err(Status::INVALID_VALUE);
        }
        session.refuse_while_capturing()?;
        session.wait_for_kernels();
        let row = width.checked_next_multiple_of(512).ok_or(Status::OUT_OF_MEMORY)?;
        let bytes = row.checked_mul(rows).ok_or(Status::OUT_OF_MEMORY)?;
        let base = session.allocate(bytes, Kind::Device, 0)?;
        pitch.put(row)?;
        address.put(base)
    }

    /// Frees device or managed memory, after all work of its context.
    fn cuMemFree_v2(session, address: u64) {
        if address == 0 {
            return session.context().map(drop);
        }
        free(session, address, &[Kind::Device, Kind::Managed], Status::INVALID_VALUE)
    }

    /// Allocates memory both sides reach at one address.
    fn cuMemAllocManaged(session, address: Out<u64>, bytes: usize, flags: u32) {
        address.check()?;
        session.context()?;
        if !ATTACH_FLAGS.contains(&flags) {
            return Err(Status::INVALID_VALUE);
        }
        session.refuse_while_capturing()?;
        session.wait_for_kernels();
        let base = session.allocate(bytes, Kind::Managed, flags)?;
        address.put(base)
    }

    /// Allocates pinned memory. It is mapped, since addresses are unified.
    fn cuMemHostAlloc(session, address: Out<u64>, bytes: usize, flags: u32) {
        pinned(session, address, bytes, flags)
    }

    /// Allocates pinned memory.
    fn cuMemAllocHost_v2(session, address: Out<u64>, bytes: usize) {
        pinned(session, address, bytes, 0)
    }

    /// Frees pinned memory, after all work of its context.
    fn cuMemFreeHost(session, address: u64) {
        free(session, address, &[Kind::Pinned], Status::INVALID_VALUE)
    }

    /// Makes memory of the host reachable for devices.
    fn cuMemHostRegister_v2(session, start: Out<c_void>, bytes: usize, flags: u32) {
        start.check()?;
        let (context, device) = session.context_and_device()?;
        if flags & !HOST_REGISTER_FLAGS != 0 {
            return Err(Status::INVALID_VALUE);
        }
        if flags & HOST_REGISTER_REFUSED != 0 {
            return Err(session.not_supported("registering I/O or read-only memory"));
        }
        session.refuse_while_capturing()?;
        session.wait_for_kernels();
        let span = Span::from_output(start, bytes);
        let base = session.memory.register(span.to_store()).map_err(ledger::of_allocation)?;
        let (kind, bytes) = (Kind::Registered, bytes as u64);
        let owned =
            ledger::Owned { context, device, bytes, kind, flags, pool: None, leaving: false };
        session.ledger.insert(base, owned);
        Ok(())
    }

    /// Ends the registration of memory, after all work of its context.
    fn cuMemHostUnregister(session, address: u64) {
        free(session, address, &[Kind::Registered], Status::HOST_MEMORY_NOT_REGISTERED)
    }

    /// Returns the device's address of pinned memory.
    fn cuMemHostGetDevicePointer_v2(session, device: Out<u64>, address: u64, flags: u32) {
        session.context()?;
        let known = session.owned_at(address).filter(|(_, owned)| owned.on_host());
        if flags != 0 || known.is_none() {
            return Err(Status::INVALID_VALUE);
        }
        device.put(address)
    }

    /// Returns the flags of pinned memory.
    fn cuMemHostGetFlags(session, flags: Out<u32>, address: u64) {
        session.context()?;
        let known = session.owned_at(address).filter(|(_, owned)| owned.kind == Kind::Pinned);
        let (_, owned) = known.ok_or(Status::INVALID_VALUE)?;
        // All pinned memory is mapped.
        flags.put(owned.flags | 2)
    }

    /// Returns free and total memory of the current device in bytes.
    fn cuMemGetInfo_v2(session, free: Out<usize>, total: Out<usize>) {
        let (_, device) = session.context_and_device()?;
        total.check()?;
        let all = session.settings.memory_bytes;
        let left = all.saturating_sub(session.used_bytes(device));
        free.put(usize::try_from(left).unwrap_or(usize::MAX))?;
        total.put(usize::try_from(all).unwrap_or(usize::MAX))
    }

    /// Returns the allocation that holds an address.
    fn cuMemGetAddressRange_v2(session, base: Out<u64>, bytes: Out<usize>, address: u64) {
        session.context()?;
        let (start, owned) = session.owned_at(address).ok_or(Status::NOT_FOUND)?;
        base.put_if_wanted(start);
        bytes.put_if_wanted(usize::try_from(owned.bytes).unwrap_or(usize::MAX));
        Ok(())
    }

    /// Returns an attribute of an address.
    fn cuPointerGetAttribute(session, value: Out<c_void>, attribute: u32, address: u64) {
        session.context()?;
        value.check()?;
        let (base, owned) = session.owned_at(address).ok_or(Status::INVALID_VALUE)?;
        match attribute {
            1 => value.cast::<u64>().put(owned.context),
            // Host or device; managed memory counts as the device's.
            2 => value.cast::<u32>().put(if owned.on_host() { 1 } else { 2 }),
            3 => value.cast::<u64>().put(address),
            4 if owned.kind != Kind::Device => value.cast::<u64>().put(address),
            7 => value.cast::<u64>().put(base),
            8 => value.cast::<u32>().put(u32::from(owned.kind == Kind::Managed)),
            9 => value.cast::<u32>().put(u32::try_from(owned.device).unwrap_or(0)),
            11 => value.cast::<u64>().put(base),
            12 => value.cast::<u64>().put(owned.bytes),
            13 => value.cast::<u8>().put(1),
            17 => value.cast::<u64>().put(owned.pool.unwrap_or(0)),
            4 => Err(Status::INVALID_VALUE),
            _ => Err(session.not_supported("this attribute of an address")),
        }
    }

    /// Says where managed memory will be used. It is one memory here, so nothing moves.
    fn cuMemPrefetchAsync(session, address: u64, bytes: usize, device: i32, stream: u64) {
        prefetch(session, address, bytes, place_of(device), stream)
    }

    /// Says where managed memory will be used.
    fn cuMemPrefetchAsync_v2(
        session,
        address: u64,
        bytes: usize,
        place: Location,
        flags: u32,
        stream: u64,
    ) {
        if flags != 0 {
            return Err(Status::INVALID_VALUE);
        }
        prefetch(session, address, bytes, place, stream)
    }

    /// Says how managed memory will be used: advice, which changes no result.
    fn cuMemAdvise(session, address: u64, bytes: usize, advice: u32, device: i32) {
        advise(session, address, bytes, advice, place_of(device))
    }

    /// Says how managed memory will be used.
    fn cuMemAdvise_v2(session, address: u64, bytes: usize, advice: u32, place: Location) {
        advise(session, address, bytes, advice, place)
    }
}

const _: () = assert!(size_of::<Location>() == 8, "it is passed by value");
