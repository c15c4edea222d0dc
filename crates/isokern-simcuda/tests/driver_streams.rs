//! Streams and events: order, waits, functions of the program.
#![allow(unsafe_code, clippy::unwrap_used)]

mod standin;

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use cudarc::driver::sys::{CUevent, CUresult, CUstream};
use standin::{OwnContext, live_objects, turn};

/// A busy machine lets a thread wait for seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Equality, as a flag of waits for words.
const EQUAL: u32 = 1;

fn stream(flags: u32) -> CUstream {
    let mut stream = ptr::null_mut();
    assert_eq!(call!(cuStreamCreate(&raw mut stream, flags)), 0);
    stream
}

fn event(flags: u32) -> CUevent {
    let mut event = ptr::null_mut();
    assert_eq!(call!(cuEventCreate(&raw mut event, flags)), 0);
    event
}

fn device(bytes: usize) -> u64 {
    let mut address = 0;
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, bytes)), 0);
    address
}

fn word(address: u64) -> u32 {
    let mut word = 0_u32;
    assert_eq!(call!(cuMemcpyDtoH_v2((&raw mut word).cast(), address, 4)), 0);
    word
}

/// A pinned word: streams that wait for it are shut until it is 1.
struct Gate(*mut u32);

impl Gate {
    fn new() -> Self {
        let mut host = ptr::null_mut();
        assert_eq!(call!(cuMemHostAlloc(&raw mut host, 4, 0)), 0);
        // SAFETY: four bytes were just allocated.
        unsafe { host.cast::<u32>().write_volatile(0) };
        Self(host.cast())
    }

    fn shut(&self, stream: CUstream) {
        assert_eq!(call!(cuStreamWaitValue32_v2(stream, self.0 as u64, 1, EQUAL)), 0);
    }

    fn open(&self) {
        // SAFETY: the word is alive; streams read it atomically.
        unsafe { AtomicU32::from_ptr(self.0) }.store(1, Ordering::Release);
    }
}

#[test]
fn work_of_a_stream_is_done_in_order() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (address, stream) = (device(4), stream(1));
    for value in 0..100 {
        assert_eq!(call!(cuMemsetD32Async(address, value, 1, stream)), 0);
    }
    assert_eq!(call!(cuStreamSynchronize(stream)), 0);
    assert_eq!(call!(cuStreamQuery(stream)), 0);
    assert_eq!(word(address), 99);
}

#[test]
fn a_stream_that_waits_stops_no_other() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (address, gate) = (device(8), Gate::new());
    let (shut, open) = (stream(1), stream(1));
    gate.shut(shut);
    assert_eq!(call!(cuMemsetD32Async(address, 1, 1, shut)), 0);
    assert_eq!(call!(cuMemsetD32Async(address + 4, 2, 1, open)), 0);
    assert_eq!(call!(cuStreamSynchronize(open)), 0);
    assert_eq!(call!(cuStreamQuery(shut)), 600);
    gate.open();
    assert_eq!(call!(cuStreamSynchronize(shut)), 0);
    assert_eq!((word(address), word(address + 4)), (1, 2));
}

#[test]
fn the_legacy_stream_waits_for_blocking_streams_and_they_for_it() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (address, gate) = (device(4), Gate::new());
    let (blocking, free) = (stream(0), stream(1));
    gate.shut(blocking);
    assert_eq!(call!(cuMemsetD32Async(address, 1, 1, blocking)), 0);
    assert_eq!(call!(cuMemsetD32Async(address, 2, 1, ptr::null_mut())), 0);
    assert_eq!(call!(cuStreamQuery(ptr::null_mut())), 600);
    let second = stream(0);
    assert_eq!(call!(cuMemsetD32Async(address, 3, 1, second)), 0);
    // A stream that does not wait for the legacy stream runs meanwhile.
    let event = event(0);
    assert_eq!(call!(cuEventRecord(event, free)), 0);
    assert_eq!(call!(cuEventSynchronize(event)), 0);
    thread::sleep(Duration::from_millis(20));
    assert_eq!(call!(cuStreamQuery(second)), 600, "it waits for the legacy stream");
    gate.open();
    assert_eq!(call!(cuStreamSynchronize(second)), 0);
    assert_eq!(word(address), 3);
}

#[test]
fn events_order_streams() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (address, gate) = (device(4), Gate::new());
    let (first, second, event) = (stream(1), stream(1), event(2));
    assert_eq!(call!(cuEventQuery(event)), 0, "never recorded");
    gate.shut(first);
    assert_eq!(call!(cuMemsetD32Async(address, 1, 1, first)), 0);
    assert_eq!(call!(cuEventRecord(event, first)), 0);
    assert_eq!(call!(cuStreamWaitEvent(second, event, 0)), 0);
    assert_eq!(call!(cuMemsetD32Async(address, 2, 1, second)), 0);
    assert_eq!(call!(cuEventQuery(event)), 600);
    thread::sleep(Duration::from_millis(10));
    assert_eq!(call!(cuStreamQuery(second)), 600);
    gate.open();
    assert_eq!(call!(cuStreamSynchronize(second)), 0);
    assert_eq!(call!(cuEventQuery(event)), 0);
    assert_eq!(word(address), 2);
}

#[test]
fn elapsed_time_needs_two_records_with_times() {
    let _turn = turn();
    let _own = OwnContext::new();
    let (gate, stream) = (Gate::new(), stream(1));
    let (start, end, plain) = (event(0), event(0), event(2));
    let mut time = -1.0;
    assert_eq!(call!(cuEventElapsedTime_v2(&raw mut time, start, end)), 400, "no records");
    assert_eq!(call!(cuEventRecord(start, stream)), 0);
    gate.shut(stream);
    assert_eq!(call!(cuEventRecord(end, stream)), 0);
    assert_eq!(call!(cuEventElapsedTime_v2(&raw mut time, start, end)), 600);
    // A busy machine may let the stream's thread wait for longer than this one sleeps.
    assert_eq!(call!(cuEventSynchronize(start)), 0);
    thread::sleep(Duration::from_millis(5));
    gate.open();
    assert_eq!(call!(cuEventSynchronize(end)), 0);
    assert_eq!(call!(cuEventElapsedTime(&raw mut time, start, end)), 0);
    assert!((5.0..60_000.0).contains(&time), "{time} ms");
    assert_eq!(call!(cuEventRecord(plain, stream)), 0);
    assert_eq!(call!(cuStreamSynchronize(stream)), 0);
    assert_eq!(call!(cuEventElapsedTime_v2(&raw mut time, start, plain)), 400);
    assert_eq!(call!(cuEventDestroy_v2(plain)), 0);
    assert_eq!(call!(cuEventDestroy_v2(plain)), 400);
}

#[test]
fn functions_of_the_program_run_in_order_and_make_no_calls() {
    static SEEN: AtomicU32 = AtomicU32::new(0);
    extern "C" fn look(data: *mut c_void) {
        let mut free = 0;
        let code = call!(cuMemGetInfo_v2(&raw mut free, ptr::null_mut()));
        // SAFETY: the test passes a word that outlives the stream's work.
        let word = unsafe { data.cast::<u32>().read_volatile() };
        SEEN.store(code * 1000 + word, Ordering::SeqCst);
    }
    let _turn = turn();
    let _own = OwnContext::new();
    let (gate, stream) = (Gate::new(), stream(1));
    assert_eq!(call!(cuStreamWriteValue32_v2(stream, gate.0 as u64, 7, 0)), 0);
    assert_eq!(call!(cuLaunchHostFunc(stream, Some(look), gate.0.cast())), 0);
    assert_eq!(call!(cuStreamWriteValue32_v2(stream, gate.0 as u64, 8, 0)), 0);
    assert_eq!(call!(cuStreamSynchronize(stream)), 0);
    assert_eq!(SEEN.load(Ordering::SeqCst), 800_007);
    assert_eq!(call!(cuLaunchHostFunc(stream, None, ptr::null_mut())), 1);
    extern "C" fn listen(stream: CUstream, status: CUresult, data: *mut c_void) {
        // SAFETY: as in `look`.
        let word = unsafe { data.cast::<u32>().read_volatile() };
        let known = u32::from(!stream.is_null() && status == CUresult::CUDA_SUCCESS);
        SEEN.store(known * 100 + word, Ordering::SeqCst);
    }
    assert_eq!(call!(cuStreamAddCallback(stream, Some(listen), gate.0.cast(), 0)), 0);
    assert_eq!(call!(cuStreamSynchronize(stream)), 0);
    assert_eq!(SEEN.load(Ordering::SeqCst), 108);
}

#[test]
fn words_are_compared_as_asked() {
    let _turn = turn();
    let _own = OwnContext::new();
    let address = device(4);
    let stream = stream(1);
    let begin = |have: u32, value: u32, flags: u32| {
        assert_eq!(call!(cuStreamWriteValue32_v2(stream, address, have, 0)), 0);
        assert_eq!(call!(cuStreamSynchronize(stream)), 0);
        assert_eq!(call!(cuStreamWaitValue32_v2(stream, address, value, flags)), 0);
    };
    let waits = |have: u32, value: u32, flags: u32| {
        begin(have, value, flags);
        thread::sleep(Duration::from_millis(3));
        let code = call!(cuStreamQuery(stream));
        // Whatever it waits for, one of these is it.
        let free = self::stream(1);
        for word in [value, !value, u32::MAX] {
            assert_eq!(call!(cuStreamWriteValue32_v2(free, address, word, 0)), 0);
            assert_eq!(call!(cuStreamSynchronize(free)), 0);
            thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(call!(cuStreamSynchronize(stream)), 0);
        code == 600
    };
    // On a busy machine the stream may look late.
    let goes_on = |have: u32, value: u32, flags: u32| {
        begin(have, value, flags);
        let until = Instant::now() + PATIENCE;
        while call!(cuStreamQuery(stream)) == 600 && Instant::now() < until {
            thread::yield_now();
        }
        call!(cuStreamQuery(stream)) == 0
    };
    assert!(waits(4, 5, 0) && goes_on(5, 5, 0) && goes_on(6, 5, 0));
    assert!(goes_on(1, u32::MAX, 0), "numbers wrap");
    assert!(waits(4, 5, EQUAL) && goes_on(5, 5, EQUAL));
    assert!(waits(8, 7, 2) && goes_on(4, 7, 2));
    assert_eq!(call!(cuStreamWaitValue32_v2(stream, address, 0, 9)), 1);
    assert_eq!(call!(cuStreamWaitValue32_v2(stream, address + 2, 0, 0)), 1);
    assert_eq!(call!(cuStreamWriteValue32_v2(stream, 64, 0, 0)), 1);
}

#[test]
fn handles_of_dead_and_other_objects_are_refused() {
    let _turn = turn();
    let before = live_objects();
    let own = OwnContext::new();
    let (stream, event) = (stream(1), event(0));
    assert_eq!(call!(cuStreamSynchronize(event.cast())), 400);
    assert_eq!(call!(cuEventQuery(stream.cast())), 400);
    assert_eq!(call!(cuStreamDestroy_v2(stream)), 0);
    assert_eq!(call!(cuStreamDestroy_v2(stream)), 400);
    assert_eq!(call!(cuEventRecord(event, stream)), 400);
    assert_eq!(call!(cuStreamDestroy_v2(ptr::null_mut())), 400);
    let mut created = ptr::null_mut();
    assert_eq!(call!(cuStreamCreate(&raw mut created, 8)), 1);
    let mut event_created = ptr::null_mut();
    assert_eq!(call!(cuEventCreate(&raw mut event_created, 16)), 1);
    assert_eq!(call!(cuEventCreate(&raw mut event_created, 4 | 2)), 801);
    drop(own);
    assert_eq!(call!(cuEventQuery(event)), 400, "it went with its context");
    assert_eq!(live_objects(), before);
}

#[test]
fn an_event_is_recorded_in_streams_of_its_context() {
    let _turn = turn();
    let _outer = OwnContext::new();
    let event = event(0);
    let _inner = OwnContext::new();
    assert_eq!(call!(cuEventRecord(event, stream(0))), 400);
}

#[test]
fn priorities_and_threads_have_streams_of_their_own() {
    let _turn = turn();
    let own = OwnContext::new();
    let (mut least, mut greatest) = (9, 9);
    assert_eq!(call!(cuCtxGetStreamPriorityRange(&raw mut least, &raw mut greatest)), 0);
    assert_eq!((least, greatest), (0, -5));
    let mut urgent = ptr::null_mut();
    assert_eq!(call!(cuStreamCreateWithPriority(&raw mut urgent, 0, -99)), 0);
    let (mut priority, mut flags) = (0, 9);
    assert_eq!(call!(cuStreamGetPriority(urgent, &raw mut priority)), 0);
    assert_eq!(call!(cuStreamGetFlags(urgent, &raw mut flags)), 0);
    assert_eq!((priority, flags), (-5, 0));

    let per_thread = 2 as CUstream;
    let (address, gate) = (device(4), Gate::new());
    gate.shut(per_thread);
    assert_eq!(call!(cuMemsetD32Async(address, 5, 1, per_thread)), 0);
    let context = own.0 as usize;
    let other = thread::spawn(move || {
        assert_eq!(call!(cuCtxSetCurrent(context as _)), 0);
        assert_eq!(call!(cuStreamQuery(2 as CUstream)), 0, "another thread's is idle");
    });
    other.join().unwrap();
    assert_eq!(call!(cuStreamQuery(per_thread)), 600);
    gate.open();
    assert_eq!(call!(cuStreamSynchronize(per_thread)), 0);
    assert_eq!(word(address), 5);
}
