//! What only the stand-in has: reports, counts, failures on demand.

use core::ffi::c_char;

use crate::driver::entry::calls;
use crate::driver::injection::Failure;
use crate::driver::pointers::{Out, Text};
use crate::driver::status::Status;
use crate::driver::world::LiveObjects;
use crate::machine::Counts;

calls! {
    /// Writes the report of the last fault, cut to `room` bytes with its NUL; empty text where
    /// there was none.
    fn isokernSimLastReport(session, text: Out<c_char>, room: usize) {
        text.put_text(&session.report, room)
    }

    /// Counts what is alive in this process.
    fn isokernSimLiveObjects(session, objects: Out<LiveObjects>) {
        objects.put(session.live_objects())
    }

    /// Lets a call fail: the `index`-th from now, from 1, of this name, or of any for `*`.
    fn isokernSimFailAt(session, call: Text, index: u64, code: u32) {
        let call = call.read(Status::INVALID_VALUE)?;
        let status = Status::from_code(code).ok_or(Status::INVALID_VALUE)?;
        if index == 0 || call.is_empty() {
            return Err(Status::INVALID_VALUE);
        }
        session.injector.add(Failure { call, index, status });
        Ok(())
    }

    /// Forgets all failures that were asked for.
    fn isokernSimFailNever(session) {
        session.injector.clear();
        Ok(())
    }

    /// Returns how often a call was made, or any for `*`.
    fn isokernSimCallCount(session, call: Text, count: Out<u64>) {
        let call = call.read(Status::INVALID_VALUE)?;
        count.put(session.injector.count(&call))
    }

    /// Starts to count, from zero, what kernels that begin from now on execute; 0 stops. Nothing is
    /// running or waiting then, or the calling program does not mind.
    fn isokernSimKeepProfiles(session, keep: u32) {
        session.keep_profiles(keep != 0);
        Ok(())
    }

    /// Returns what kernels that ended have counted since then, together.
    fn isokernSimCounts(session, counts: Out<Counts>) {
        counts.put(session.profiled())
    }

    /// Returns what kernels executed so far: instructions times threads, and instructions of warps.
    fn isokernSimExecuted(session, threads: Out<u64>, warps: Out<u64>) {
        let executed = session.executed;
        threads.put(executed.thread_instructions)?;
        warps.put(executed.warp_instructions)
    }
}
