//! What a resident grid on the stand-in costs its host: the processor time of an idle one, and the
//! time from a word to its echo while host and stand-in share one core.
//!
//! `cargo bench -p isokern-tests --bench idle_grid`. All threads are pinned to one core. The host
//! spins while it waits. Times are those of an interpreter and say nothing about a GPU.
#![allow(unsafe_code)]

use core::ffi::c_void;
use core::hint::spin_loop;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::ffi::CString;
use std::fs;
use std::time::Instant;

use cudarc::driver::sys;
use isokern_tests::standin::library;

const PTX: &str = include_str!("idle_grid.ptx");
/// Threads of the one block.
const THREADS: u32 = 256;
const END: u32 = u32::MAX;
/// How long it is watched while it has nothing to do.
const IDLE: Duration = Duration::from_secs(3);
const QUESTIONS: usize = 3000;
/// Questions after a pause, and the pause: they come at any moment of a nap.
const LONE_QUESTIONS: usize = 300;
const PAUSE: Duration = Duration::from_micros(7_130);
/// Clock ticks of a second in `/proc`, on every Linux of today.
const TICKS: f64 = 100.0;

fn main() {
    // `cargo test --benches` builds this and asks it to run nothing.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    assert!(library().is_some(), "the stand-in is built beside this program");
    let core = core_affinity::get_core_ids().and_then(|cores| cores.last().copied());
    let pinned = core.is_some_and(core_affinity::set_for_current);
    println!("one block of {THREADS} threads; pinned to one core: {pinned}\n");
    let words = start();
    let (question, answer) = (word(words), word(words.wrapping_add(16)));
    ask(question, answer, 1);
    let before = processor_seconds();
    let start = Instant::now();
    std::thread::sleep(IDLE);
    let share = (processor_seconds() - before) / start.elapsed().as_secs_f64();
    println!("idle: {:.1} % of a core\n", 100.0 * share);
    println!("| questions | echo p50, µs | p90 | p99 |\n|---|--:|--:|--:|");
    let rows = [("one after the other", QUESTIONS, None), ("alone", LONE_QUESTIONS, Some(PAUSE))];
    let mut number = 1;
    for (name, count, pause) in rows {
        let mut times: Vec<Duration> = (0..count)
            .map(|_| {
                if let Some(pause) = pause {
                    std::thread::sleep(pause);
                }
                number += 1;
                let start = Instant::now();
                ask(question, answer, number);
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        let at =
            |share: f64| times[(share * (times.len() - 1) as f64) as usize].as_nanos() as f64 / 1e3;
        println!("| {name} | {:.0} | {:.0} | {:.0} |", at(0.5), at(0.9), at(0.99));
    }
    ask(question, answer, END);
    // SAFETY: the context is current.
    assert_eq!(unsafe { sys::cuCtxSynchronize() } as u32, 0);
}

/// Writes a word and spins until it comes back.
fn ask(question: &AtomicU32, answer: &AtomicU32, word: u32) {
    question.store(word, Ordering::Release);
    while answer.load(Ordering::Acquire) != word {
        spin_loop();
    }
}

/// Starts the grid; gives its words, which are in pinned memory that is never freed.
fn start() -> *mut u32 {
    let text = CString::new(PTX).expect("a text has no NUL");
    let (mut context, mut module, mut function) =
        (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    let mut words = ptr::null_mut();
    // Calls a function of the driver.
    macro_rules! call {
        ($name:ident($($argument:expr),*)) => {{
            #[allow(clippy::macro_metavars_in_unsafe, reason = "the arguments are this file's")]
            // SAFETY: places are of the types that the call writes; the kernel takes the address
            // of the memory that is allocated for it, of which it uses 80 bytes.
            let code = unsafe { sys::$name($($argument),*) };
            assert_eq!(code as u32, 0, stringify!($name));
        }};
    }
    call!(cuInit(0));
    call!(cuDevicePrimaryCtxRetain(&raw mut context, 0));
    call!(cuCtxSetCurrent(context));
    call!(cuModuleLoadData(&raw mut module, text.as_ptr().cast()));
    call!(cuModuleGetFunction(&raw mut function, module, c"echo".as_ptr()));
    call!(cuMemHostAlloc(&raw mut words, 128, 2));
    // SAFETY: 128 bytes were just allocated, and nobody else knows of them.
    unsafe { ptr::write_bytes(words.cast::<u8>(), 0, 128) };
    let mut address = words as u64;
    let mut places: [*mut c_void; 1] = [(&raw mut address).cast()];
    let (stream, places, none) = (ptr::null_mut(), places.as_mut_ptr(), ptr::null_mut());
    call!(cuLaunchKernel(function, 1, 1, 1, THREADS, 1, 1, 0, stream, places, none));
    words.cast()
}

fn word<'a>(place: *mut u32) -> &'a AtomicU32 {
    // SAFETY: the memory is never freed, and only used atomically from now on.
    unsafe { AtomicU32::from_ptr(place) }
}

/// Returns the processor time of this process, of user and system together.
fn processor_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").expect("Linux has it");
    // Behind the name, in parentheses, `utime` and `stime` are fields 12 and 13.
    let fields = text.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
}
