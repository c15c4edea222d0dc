//! Counts of small kernels, worked out by hand.

use isokern_simcuda::machine::{Counts, Engine, Grid, Profile, Progress};
use isokern_simcuda::memory::Kind;

use super::launch::{Device, Shape, kernel};

/// Runs `k` in slices of `budget` and gives what was counted.
fn profile(text: &str, shape: Shape, budget: u64) -> (Device, Profile) {
    let device = Device::new(text);
    let out = device.memory.allocate(1 << 16, Kind::Module).unwrap();
    let mut engine = Engine::new(&device.memory);
    let mut grid = Grid::new(&device.program, device.launch(shape, out));
    assert!(grid.profile().is_none(), "nothing is kept that nobody asked for");
    grid.keep_profile();
    while engine.run(&mut grid, budget).unwrap() == Progress::Running {}
    let profile = grid.profile().unwrap().clone();
    assert_eq!(profile.total().thread_instructions, grid.counters().thread_instructions);
    assert_eq!(profile.total().warp_instructions, grid.counters().warp_instructions);
    (device, profile)
}

/// Returns a store by each thread with a stride, a read of shared memory with conflicts, a barrier,
/// an atomic, and a dot product in half of the lanes.
fn all_kinds() -> String {
    let body = ".shared .align 8 .b8 w[8192];\n\
         mul.wide.u32 %rd1, %r0, 8;\nadd.u64 %rd1, %rd0, %rd1;\n\
         st.global.u32 [%rd1], %r0;\n\
         mov.u32 %r2, w;\nmad.lo.u32 %r2, %r0, 16, %r2;\n\
         st.shared.u32 [%r2], %r0;\n\
         bar.sync 0;\n\
         atom.global.add.u32 %r3, [%rd0+4], 1;\n\
         and.b32 %r4, %r0, 1;\nsetp.eq.u32 %p1, %r4, 0;\n\
         @%p1 dp4a.u32.u32 %r5, %r0, %r0, 0;";
    kernel("", body)
}

#[test]
fn each_kind_is_counted_where_it_stands() {
    let text = all_kinds();
    let (device, profile) = profile(&text, Shape::new(1, 64), 1 << 20);
    let lines = profile.lines(&device.program, 0);
    let at = |words: &str| -> Counts {
        let line = 1 + text.lines().position(|line| line.contains(words)).unwrap();
        lines.iter().find(|found| found.line as usize == line).unwrap().counts
    };
    let store = at("st.global");
    // 32 lanes, 8 bytes apart: 256 bytes are 8 sectors a warp.
    assert_eq!((store.global_requests, store.global_sectors), (2, 16));
    // 16 bytes apart: four lanes have a bank's word in the same bank.
    assert_eq!((at("st.shared").shared_requests, at("st.shared").shared_passes), (2, 8));
    assert_eq!(at("bar.sync").barriers, 2);
    assert_eq!((at("atom").atomic_lanes, at("atom").global_sectors), (64, 2));
    let dot = at("dp4a");
    assert_eq!((dot.dot_lanes, dot.thread_instructions, dot.warp_instructions), (32, 32, 2));
    assert_eq!(lines.iter().map(|line| line.counts.barriers).sum::<u64>(), 2);
}

#[test]
fn slices_and_other_runs_change_no_count() {
    let text = all_kinds();
    let whole = profile(&text, Shape::new(3, 64), 1 << 20).1;
    let sliced = profile(&text, Shape::new(3, 64), 1).1;
    assert_eq!(whole.total(), sliced.total());
    assert_eq!(whole.of_function(0), sliced.of_function(0));
    let mut twice = whole.clone();
    twice.merge(&sliced);
    assert_eq!(twice.total().global_sectors, 2 * whole.total().global_sectors);
}

/// Returns the longest chain of a body.
fn chain(declarations: &str, body: &str) -> u32 {
    profile(&kernel(declarations, body), Shape::new(1, 32), 1 << 20).1.longest_chain()
}

#[test]
fn chains_go_through_registers_calls_and_own_memory() {
    let free = "ld.global.u32 %r1, [%rd0];\nld.global.u32 %r2, [%rd0+4];\nadd.u32 %r3, %r1, %r2;";
    assert_eq!(chain("", free), 1);
    let next = "ld.global.u32 %r1, [%rd0];\ncvt.u64.u32 %rd1, %r1;\nadd.u64 %rd1, %rd1, %rd0;\n\
        ld.global.u32 %r2, [%rd1];\ncvt.u64.u32 %rd1, %r2;\nadd.u64 %rd1, %rd1, %rd0;\n\
        ld.global.u32 %r2, [%rd1];\n";
    assert_eq!(chain("", next), 3);
    // A loop of five loads, each of the word that the one before gave.
    let chase = "mov.u32 %r4, 5;\nmov.u64 %rd1, %rd0;\nL:\nld.global.u32 %r1, [%rd1];\n\
        cvt.u64.u32 %rd2, %r1;\nadd.u64 %rd1, %rd0, %rd2;\nsub.u32 %r4, %r4, 1;\n\
        setp.ne.u32 %p1, %r4, 0;\n@%p1 bra L;";
    assert_eq!(chain("", chase), 5);
    // As many loads, none at an address that another gave.
    assert_eq!(chain("", &chase.replace("add.u64 %rd1, %rd0, %rd2;", "")), 1);
    let stack = format!(
        ".local .align 8 .b8 own[8];\n{next}st.local.u32 [own], %r2;\nmov.u32 %r2, 0;\n\
         ld.local.u32 %r2, [own];\ncvt.u64.u32 %rd1, %r2;\nadd.u64 %rd1, %rd1, %rd0;\n\
         ld.global.u32 %r2, [%rd1];"
    );
    assert_eq!(chain("", &stack), 4);
    let same = ".func (.param .b32 r) same(.param .b32 a)\n{\n.reg .b32 %x;\n\
        ld.param.b32 %x, [a];\nst.param.b32 [r], %x;\nret;\n}\n";
    let called = "ld.global.u32 %r1, [%rd0];\n{\n.param .b32 a;\n.param .b32 r;\n\
        st.param.b32 [a], %r1;\ncall (r), same, (a);\nld.param.b32 %r2, [r];\n}\n\
        cvt.u64.u32 %rd1, %r2;\nadd.u64 %rd1, %rd1, %rd0;\nld.global.u32 %r2, [%rd1];";
    assert_eq!(chain(same, called), 2);
}
