//! Streams, captures, waits for words, functions of the program.

use crate::driver::entry::{Session, calls};
use crate::driver::host_function::{CallbackFunction, HostData, HostFunction, PlainFunction};
use crate::driver::pointers::Out;
use crate::driver::status::{Outcome, Status};
use crate::driver::stream::{NON_BLOCKING, Stream, StreamKind};
use crate::driver::task::{Comparison, Condition, Task};

/// The most urgent priority; the least urgent is 0.
pub const MOST_URGENT: i32 = -5;

/// The flag of waits and writes that want remote writes flushed, which needs none here.
const FLUSH: u32 = 1 << 30;
/// The flag of writes that need no barrier before them: one is had all the same.
const NO_BARRIER: u32 = 1;

fn create(session: &mut Session, handle: Out<u64>, flags: u32, priority: i32) -> Outcome {
    handle.check()?;
    let context = session.context()?;
    if flags & !NON_BLOCKING != 0 {
        return Err(Status::INVALID_VALUE);
    }
    let stream = session.new_handle();
    let priority = priority.clamp(MOST_URGENT, 0);
    session.streams.insert(stream, Stream::new(context, StreamKind::Created, flags, priority));
    handle.put(stream)
}

calls! {
    /// Makes a stream.
    fn cuStreamCreate(session, stream: Out<u64>, flags: u32) {
        create(session, stream, flags, 0)
    }

    /// Makes a stream with a priority, which is brought into range and changes no order here.
    fn cuStreamCreateWithPriority(session, stream: Out<u64>, flags: u32, priority: i32) {
        create(session, stream, flags, priority)
    }

    /// Destroys a stream; its work goes on.
    fn cuStreamDestroy_v2(session, stream: u64) {
        let found = session.streams.get_mut(&stream).ok_or(Status::INVALID_HANDLE)?;
        if !found.is_created() {
            return Err(Status::INVALID_HANDLE);
        }
        found.closing = true;
        let context = found.context;
        if let Some(capture) = found.capture.take() {
            session.invalidate(capture);
        }
        session.sweep_streams();
        session.context_of(context)?.fault.map_or(Ok(()), Err)
    }

    /// Waits for the work of a stream.
    fn cuStreamSynchronize(session, stream: u64) {
        let stream = session.stream_handle(stream)?;
        session.refuse_captured(stream)?;
        let ticket = session.last_ticket(stream);
        session.wait_for(&[ticket])
    }

    /// Returns whether the work of a stream is done.
    fn cuStreamQuery(session, stream: u64) {
        let stream = session.stream_handle(stream)?;
        session.refuse_captured(stream)?;
        let idle = session.is_done(session.last_ticket(stream));
        if idle { Ok(()) } else { Err(Status::NOT_READY) }
    }

    /// Lets later work of a stream wait for an event.
    fn cuStreamWaitEvent(session, stream: u64, event: u64, flags: u32) {
        if flags != 0 {
            return Err(session.not_supported("a wait for an event outside the capture"));
        }
        session.wait_event(stream, event)
    }

    /// Returns the priority of a stream.
    fn cuStreamGetPriority(session, stream: u64, priority: Out<i32>) {
        let stream = session.stream_handle(stream)?;
        priority.put(session.stream(stream)?.priority)
    }

    /// Returns the flags of a stream.
    fn cuStreamGetFlags(session, stream: u64, flags: Out<u32>) {
        let stream = session.stream_handle(stream)?;
        flags.put(session.stream(stream)?.flags)
    }

    /// Returns the context of a stream.
    fn cuStreamGetCtx(session, stream: u64, context: Out<u64>) {
        let stream = session.stream_handle(stream)?;
        context.put(session.stream(stream)?.context)
    }

    /// Begins to capture the work of a stream.
    fn cuStreamBeginCapture_v2(session, stream: u64, mode: u32) {
        let stream = session.stream_handle(stream)?;
        session.begin_capture(stream, mode)
    }

    /// Ends a capture and gives the graph.
    fn cuStreamEndCapture(session, stream: u64, graph: Out<u64>) {
        graph.put(0)?;
        let stream = session.stream_handle(stream)?;
        let handle = session.end_capture(stream)?;
        graph.put(handle)
    }

    /// Returns whether a stream is captured.
    fn cuStreamIsCapturing(session, stream: u64, status: Out<u32>) {
        let stream = session.stream_handle(stream)?;
        status.put(session.capture_status(stream)?)
    }

    /// Says which stream uses managed memory. Host and device may use it at the same time here, so
    /// nothing has to be arranged.
    fn cuStreamAttachMemAsync(session, stream: u64, address: u64, _bytes: usize, flags: u32) {
        session.stream_handle(stream)?;
        if !matches!(flags, 1 | 2 | 4) {
            return Err(Status::INVALID_VALUE);
        }
        session.owned(address, &[crate::memory::Kind::Managed]).map(drop)
    }

    /// Lets a stream wait until a word in memory compares as wanted.
    fn cuStreamWaitValue32_v2(session, stream: u64, address: u64, value: u32, flags: u32) {
        let stream = session.stream_handle(stream)?;
        let comparison = match flags & !FLUSH {
            0 => Comparison::NotBelow,
            1 => Comparison::Equal,
            2 => Comparison::AnyBit,
            3 => Comparison::NotAllBits,
            _ => return Err(Status::INVALID_VALUE),
        };
        check_word(session, address)?;
        let condition = Condition { address, value, comparison };
        session.submit(stream, Task::WaitValue(condition)).map(drop)
    }

    /// Lets a stream write a word in memory.
    fn cuStreamWriteValue32_v2(session, stream: u64, address: u64, value: u32, flags: u32) {
        let stream = session.stream_handle(stream)?;
        if flags & !NO_BARRIER != 0 {
            return Err(Status::INVALID_VALUE);
        }
        check_word(session, address)?;
        session.submit(stream, Task::WriteValue(address, value)).map(drop)
    }

    /// Lets a stream call a function of the program, in which driver calls are refused.
    fn cuLaunchHostFunc(
        session,
        stream: u64,
        function: PlainFunction,
        data: HostData,
    ) {
        let stream = session.stream_handle(stream)?;
        let function = function.ok_or(Status::INVALID_VALUE)?;
        session.submit(stream, Task::Call(HostFunction::Plain(function, data))).map(drop)
    }

    /// Lets a stream call a function of the program with the stream's handle and a status.
    fn cuStreamAddCallback(
        session,
        stream: u64,
        function: CallbackFunction,
        data: HostData,
        flags: u32,
    ) {
        let function = function.filter(|_| flags == 0).ok_or(Status::INVALID_VALUE)?;
        let handle = session.stream_handle(stream)?;
        session.refuse_captured(handle)?;
        let task = Task::Call(HostFunction::Callback(function, data, stream));
        session.submit(handle, task).map(drop)
    }
}

fn check_word(session: &Session, address: u64) -> Outcome {
    if !address.is_multiple_of(4) {
        return Err(Status::INVALID_VALUE);
    }
    session.check_range(address, 4)
}
