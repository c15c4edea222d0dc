//! Graphs: capture, fork and join, replay, and what a capture refuses.
#![allow(unsafe_code, clippy::unwrap_used)]

mod standin;

use core::ptr;

use cudarc::driver::sys;
use cudarc::driver::sys::CUstreamCaptureMode::{
    CU_STREAM_CAPTURE_MODE_GLOBAL as GLOBAL, CU_STREAM_CAPTURE_MODE_RELAXED as RELAXED,
};
use cudarc::driver::sys::CUstreamCaptureStatus::{
    self, CU_STREAM_CAPTURE_STATUS_ACTIVE as ACTIVE,
    CU_STREAM_CAPTURE_STATUS_INVALIDATED as INVALID, CU_STREAM_CAPTURE_STATUS_NONE as NONE,
};
use cudarc::driver::sys::{CUevent, CUgraph, CUgraphExec, CUstream, CUstreamCaptureMode};
use standin::{OwnContext, executed, live_objects, turn};

/// Two streams, an event each, and device memory of two words.
struct Parts {
    first: CUstream,
    second: CUstream,
    fork: CUevent,
    join: CUevent,
    address: u64,
}

fn parts() -> Parts {
    let (mut first, mut second) = (ptr::null_mut(), ptr::null_mut());
    let (mut fork, mut join) = (ptr::null_mut(), ptr::null_mut());
    let mut address = 0;
    assert_eq!(call!(cuStreamCreate(&raw mut first, 1)), 0);
    assert_eq!(call!(cuStreamCreate(&raw mut second, 1)), 0);
    assert_eq!(call!(cuEventCreate(&raw mut fork, 2)), 0);
    assert_eq!(call!(cuEventCreate(&raw mut join, 2)), 0);
    assert_eq!(call!(cuMemAlloc_v2(&raw mut address, 8)), 0);
    Parts { first, second, fork, join, address }
}

fn begin(stream: CUstream, mode: CUstreamCaptureMode) {
    assert_eq!(call!(cuStreamBeginCapture_v2(stream, mode)), 0);
}

fn end(stream: CUstream) -> (u32, CUgraph) {
    let mut graph = ptr::dangling_mut();
    let code = call!(cuStreamEndCapture(stream, &raw mut graph));
    (code, graph)
}

fn status(stream: CUstream) -> CUstreamCaptureStatus {
    let mut status = NONE;
    assert_eq!(call!(cuStreamIsCapturing(stream, &raw mut status)), 0);
    status
}

fn words(address: u64) -> [u32; 2] {
    let mut words = [0_u32; 2];
    assert_eq!(call!(cuMemcpyDtoH_v2((&raw mut words).cast(), address, 8)), 0);
    words
}

fn fill(address: u64, value: u32, stream: CUstream) -> u32 {
    call!(cuMemsetD32Async(address, value, 1, stream))
}

#[test]
fn a_fork_that_is_joined_runs_as_often_as_it_is_launched() {
    let _turn = turn();
    let before = live_objects();
    let own = OwnContext::new();
    let Parts { first, second, fork, join, address } = parts();
    begin(first, GLOBAL);
    assert_eq!(fill(address, 1, first), 0);
    assert_eq!(call!(cuEventRecord(fork, first)), 0);
    assert_eq!(call!(cuStreamWaitEvent(second, fork, 0)), 0);
    assert_eq!(status(second), ACTIVE);
    // The copy comes after the fill it was forked from.
    assert_eq!(call!(cuMemcpyDtoDAsync_v2(address + 4, address, 4, second)), 0);
    assert_eq!(call!(cuEventRecord(join, second)), 0);
    assert_eq!(call!(cuStreamWaitEvent(first, join, 0)), 0);
    assert_eq!(fill(address, 2, first), 0);
    assert_eq!(call!(cuEventQuery(join)), 907);
    let (code, graph) = end(first);
    assert_eq!((code, status(first), status(second)), (0, NONE, NONE));

    let mut count = 0;
    assert_eq!(call!(cuGraphGetNodes(graph, ptr::null_mut(), &raw mut count)), 0);
    assert_eq!(count, 3);
    let mut executable: CUgraphExec = ptr::null_mut();
    assert_eq!(call!(cuGraphInstantiateWithFlags(&raw mut executable, graph, 0)), 0);
    assert_eq!(call!(cuGraphUpload(executable, first)), 0);
    assert_eq!(call!(cuGraphDestroy(graph)), 0);
    assert_eq!(call!(cuGraphDestroy(graph)), 1);
    assert_eq!(words(address), [0xA5A5_A5A5; 2], "a capture runs nothing");
    for _ in 0..3 {
        assert_eq!(call!(cuMemsetD8_v2(address, 0, 8)), 0);
        assert_eq!(call!(cuCtxSynchronize()), 0);
        assert_eq!(call!(cuGraphLaunch(executable, first)), 0);
        assert_eq!(call!(cuStreamSynchronize(first)), 0);
        assert_eq!(words(address), [2, 1]);
    }
    assert_eq!(call!(cuGraphExecDestroy(executable)), 0);
    assert_eq!(call!(cuGraphLaunch(executable, first)), 1);
    drop(own);
    assert_eq!(live_objects(), before);
}

#[test]
fn host_memory_is_read_when_the_graph_runs() {
    let _turn = turn();
    let _own = OwnContext::new();
    let Parts { first, address, .. } = parts();
    let mut source = Box::new([1_u32, 2]);
    begin(first, RELAXED);
    let bytes = source.as_ptr().cast();
    assert_eq!(call!(cuMemcpyHtoDAsync_v2(address, bytes, 8, first)), 0);
    let (code, graph) = end(first);
    assert_eq!(code, 0);
    let mut executable: CUgraphExec = ptr::null_mut();
    assert_eq!(call!(cuGraphInstantiateWithFlags(&raw mut executable, graph, 0)), 0);
    for value in [5, 6] {
        source[1] = value;
        assert_eq!(call!(cuGraphLaunch(executable, first)), 0);
        assert_eq!(call!(cuStreamSynchronize(first)), 0);
        assert_eq!(words(address), [1, value]);
    }
}

#[test]
fn a_fork_that_is_not_joined_is_an_error() {
    let _turn = turn();
    let _own = OwnContext::new();
    let Parts { first, second, fork, address, .. } = parts();
    begin(first, GLOBAL);
    assert_eq!(call!(cuEventRecord(fork, first)), 0);
    assert_eq!(call!(cuStreamWaitEvent(second, fork, 0)), 0);
    assert_eq!(fill(address, 1, second), 0);
    assert_eq!(end(second).0, 903, "it began in the other");
    assert_eq!(end(first), (904, ptr::null_mut()));
    assert_eq!(fill(address, 3, second), 0, "the streams work again");
    assert_eq!(call!(cuStreamSynchronize(second)), 0);
    assert_eq!(words(address)[0], 3);
}

#[test]
fn waiting_for_a_captured_stream_ends_the_capture() {
    let _turn = turn();
    let _own = OwnContext::new();
    let Parts { first, address, .. } = parts();
    let wrong: [fn(CUstream, u64) -> u32; 6] = [
        |stream, _| call!(cuStreamSynchronize(stream)),
        |stream, _| call!(cuStreamQuery(stream)),
        |_, _| call!(cuCtxSynchronize()),
        |_, address| call!(cuMemFree_v2(address)),
        |_, address| call!(cuMemsetD8_v2(address, 1, 1)),
        |_, mut address| call!(cuMemAlloc_v2(&raw mut address, 1)),
    ];
    for call in wrong {
        begin(first, GLOBAL);
        assert_eq!(call(first, address), 900);
        assert_eq!(status(first), INVALID);
        assert_eq!(fill(address, 1, first), 901);
        assert_eq!(end(first), (901, ptr::null_mut()));
    }
}

#[test]
fn captures_keep_apart_from_other_work() {
    let _turn = turn();
    let _own = OwnContext::new();
    let Parts { first, second, fork, join, .. } = parts();
    let legacy = ptr::null_mut();
    assert_eq!(call!(cuStreamBeginCapture_v2(legacy, GLOBAL)), 900);
    assert_eq!(end(first).0, 401, "not captured");
    // An event from outside.
    assert_eq!(call!(cuEventRecord(fork, second)), 0);
    begin(first, RELAXED);
    assert_eq!(call!(cuStreamBeginCapture_v2(first, RELAXED)), 401);
    assert_eq!(call!(cuStreamWaitEvent(first, fork, 0)), 905);
    assert_eq!(end(first).0, 901);
    // Two captures.
    begin(first, RELAXED);
    begin(second, RELAXED);
    assert_eq!(call!(cuEventRecord(join, second)), 0);
    assert_eq!(call!(cuStreamWaitEvent(first, join, 0)), 902);
    assert_eq!((end(first).0, end(second).0), (901, 901));
    // The legacy stream, beside a stream that waits for it.
    let mut blocking = ptr::null_mut();
    assert_eq!(call!(cuStreamCreate(&raw mut blocking, 0)), 0);
    begin(blocking, RELAXED);
    assert_eq!(call!(cuStreamSynchronize(legacy)), 906);
    assert_eq!(end(blocking).0, 901);
}

#[test]
fn another_thread_does_not_end_a_capture() {
    let _turn = turn();
    let own = OwnContext::new();
    let Parts { first, .. } = parts();
    begin(first, GLOBAL);
    let (context, stream) = (own.0 as usize, first as usize);
    let other = std::thread::spawn(move || {
        assert_eq!(call!(cuCtxSetCurrent(context as _)), 0);
        end(stream as CUstream).0
    });
    assert_eq!(other.join().unwrap(), 908);
    let (code, graph) = end(first);
    assert_eq!(code, 0);
    assert!(!graph.is_null(), "an empty graph is one");
}

#[test]
fn kernels_of_a_graph_run_at_each_launch() {
    const PTX: &str = include_str!("kernels/driver.ptx");
    let _turn = turn();
    let _own = OwnContext::new();
    let Parts { first, .. } = parts();
    let text = std::ffi::CString::new(PTX).unwrap();
    let (mut module, mut function) = (ptr::null_mut(), ptr::null_mut());
    let (mut counter, mut bytes) = (0, 0);
    assert_eq!(call!(cuModuleLoadData(&raw mut module, text.as_ptr().cast())), 0);
    assert_eq!(call!(cuModuleGetFunction(&raw mut function, module, c"count_up".as_ptr())), 0);
    let name = c"counter".as_ptr();
    assert_eq!(call!(cuModuleGetGlobal_v2(&raw mut counter, &raw mut bytes, module, name)), 0);
    begin(first, GLOBAL);
    for _ in 0..2 {
        let none = ptr::null_mut();
        let code =
            call!(cuLaunchKernel(function, 2, 1, 1, 32, 1, 1, 0, first, none, ptr::null_mut()));
        assert_eq!(code, 0);
    }
    let (code, graph) = end(first);
    assert_eq!(code, 0);
    let mut executable: CUgraphExec = ptr::null_mut();
    // SAFETY: a structure of numbers and handles, for all of which zero is a value.
    let mut parameters: sys::CUDA_GRAPH_INSTANTIATE_PARAMS = unsafe { core::mem::zeroed() };
    let place = &raw mut parameters;
    assert_eq!(call!(cuGraphInstantiateWithParams(&raw mut executable, graph, place)), 0);
    let before = executed();
    for _ in 0..3 {
        assert_eq!(call!(cuGraphLaunch(executable, first)), 0);
    }
    assert_eq!(call!(cuStreamSynchronize(first)), 0);
    let mut have = 0_u32;
    assert_eq!(call!(cuMemcpyDtoH_v2((&raw mut have).cast(), counter, 4)), 0);
    assert_eq!(have, 5 + 3 * 2 * 64);
    let after = executed();
    let warps = after.1 - before.1;
    // Three instructions in each of two warps, six times.
    assert_eq!((after.0 - before.0, warps), (36 * 32, 36));
}
