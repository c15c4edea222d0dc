//! Contexts, the current one of a thread, and their settings.

use crate::driver::context::check_flags;
use crate::driver::entry::{Session, calls};
use crate::driver::pointers::{In, Out};
use crate::driver::status::{Outcome, Status};
use crate::driver::world::{current, with_current};

/// What a context is to be beside its flags: `CUctxCreateParams`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct CreateParams {
    /// Shares of multiprocessors: an array.
    pub affinities: u64,
    /// Entries in it.
    pub affinity_count: i32,
    /// What is shared with a graphics library.
    pub graphics: u64,
}

fn create(session: &mut Session, context: Out<u64>, flags: u32, device: i32) -> Outcome {
    context.check()?;
    check_flags(flags)?;
    let device = session.device_index(device)?;
    let handle = session.new_context(device, false, flags);
    with_current(|stack| stack.push(handle));
    context.put(handle)
}

/// The version of the interface that contexts say they have.
const API_VERSION: u32 = 3020;

calls! {
    /// Makes a context and makes it current.
    fn cuCtxCreate_v2(session, context: Out<u64>, flags: u32, device: i32) {
        create(session, context, flags, device)
    }

    /// Makes a context and makes it current; shares of multiprocessors cannot be given.
    fn cuCtxCreate_v3(
        session,
        context: Out<u64>,
        _affinities: In<u64>,
        affinity_count: i32,
        flags: u32,
        device: i32,
    ) {
        if affinity_count != 0 {
            return Err(session.not_supported("a share of multiprocessors"));
        }
        create(session, context, flags, device)
    }

    /// Makes a context and makes it current; it cannot be shared with a graphics library.
    fn cuCtxCreate_v4(
        session,
        context: Out<u64>,
        parameters: In<CreateParams>,
        flags: u32,
        device: i32,
    ) {
        if !parameters.is_null() {
            let CreateParams { affinity_count, graphics, .. } = parameters.get(0)?;
            if affinity_count != 0 || graphics != 0 {
                return Err(session.not_supported("a share of multiprocessors or of graphics"));
            }
        }
        create(session, context, flags, device)
    }

    /// Ends a context that `cuCtxCreate_v2` made.
    fn cuCtxDestroy_v2(session, context: u64) {
        session.destroy_context(context)
    }

    /// Puts a context on this thread's stack.
    fn cuCtxPushCurrent_v2(session, context: u64) {
        session.context_of(context)?;
        with_current(|stack| stack.push(context));
        Ok(())
    }

    /// Takes the current context from this thread's stack.
    fn cuCtxPopCurrent_v2(_session, context: Out<u64>) {
        let handle = current().ok_or(Status::INVALID_CONTEXT)?;
        with_current(Vec::pop);
        context.put_if_wanted(handle);
        Ok(())
    }

    /// Makes a context current in place of the one that is.
    fn cuCtxSetCurrent(session, context: u64) {
        session.set_current(context)
    }

    /// Returns the current context, 0 without one.
    fn cuCtxGetCurrent(_session, context: Out<u64>) {
        context.put(current().unwrap_or(0))
    }

    /// Returns the device of the current context.
    fn cuCtxGetDevice(session, device: Out<i32>) {
        let (_, ordinal) = session.context_and_device()?;
        device.put(i32::try_from(ordinal).map_err(|_| Status::INVALID_DEVICE)?)
    }

    /// Returns the version of the interface a context was made with.
    fn cuCtxGetApiVersion(session, context: u64, version: Out<u32>) {
        match context {
            0 => session.context().map(drop)?,
            _ => session.context_of(context).map(drop)?,
        }
        version.put(API_VERSION)
    }

    /// Waits for all work of the current context.
    fn cuCtxSynchronize(session) {
        let context = session.context()?;
        session.refuse_while_capturing()?;
        session.wait_for_context(context)
    }

    /// Sets the flags of the current context.
    fn cuCtxSetFlags(session, flags: u32) {
        check_flags(flags)?;
        session.context_mut()?.flags = flags;
        Ok(())
    }

    /// Returns the flags of the current context.
    fn cuCtxGetFlags(session, flags: Out<u32>) {
        flags.put(session.context_mut()?.flags)
    }

    /// Returns a limit of the current context.
    fn cuCtxGetLimit(session, value: Out<usize>, limit: u32) {
        let context = session.context_mut()?;
        let limit = *context.limits.get(limit as usize).ok_or(Status::UNSUPPORTED_LIMIT)?;
        value.put(usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// Sets a limit of the current context.
    fn cuCtxSetLimit(session, limit: u32, value: usize) {
        session.set_limit(limit, value)
    }

    /// Returns the preferred use of on-chip memory.
    fn cuCtxGetCacheConfig(session, config: Out<u32>) {
        config.put(session.context_mut()?.preferences.cache)
    }

    /// Sets the preferred use of on-chip memory. It is a wish, which devices may ignore.
    fn cuCtxSetCacheConfig(session, config: u32) {
        let context = session.context_mut()?;
        if config > 3 {
            return Err(Status::INVALID_VALUE);
        }
        context.preferences.cache = config;
        Ok(())
    }

    /// Returns the preferred width of shared memory's banks.
    fn cuCtxGetSharedMemConfig(session, config: Out<u32>) {
        config.put(session.context_mut()?.preferences.banks)
    }

    /// Sets the preferred width of shared memory's banks, another wish.
    fn cuCtxSetSharedMemConfig(session, config: u32) {
        let context = session.context_mut()?;
        if config > 2 {
            return Err(Status::INVALID_VALUE);
        }
        context.preferences.banks = config;
        Ok(())
    }

    /// Returns the least and the most urgent priority of streams.
    fn cuCtxGetStreamPriorityRange(session, least: Out<i32>, greatest: Out<i32>) {
        session.context()?;
        least.put_if_wanted(0);
        greatest.put_if_wanted(crate::calls::stream::MOST_URGENT);
        Ok(())
    }

    /// Makes all lines of a persisting L2 cache ordinary ones: there are none others.
    fn cuCtxResetPersistingL2Cache(session) {
        session.context().map(drop)
    }

    /// Lets the current context reach the memory of another: addresses are unified, so it does.
    fn cuCtxEnablePeerAccess(session, peer: u64, flags: u32) {
        let (_, device) = session.context_and_device()?;
        if flags != 0 {
            return Err(Status::INVALID_VALUE);
        }
        if session.context_of(peer)?.device == device {
            return Err(Status::PEER_ACCESS_UNSUPPORTED);
        }
        Ok(())
    }
}
