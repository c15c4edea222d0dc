//! Any text as a module: what is loaded runs for a while, and ends well or in a fault.
#![no_main]

use std::sync::Arc;

use isokern_simcuda::machine::{Engine, Grid, Launch};
use isokern_simcuda::memory::{Kind, Memory};
use isokern_simcuda::program::{Limits, Program};
use isokern_simcuda::replay::Replay;
use libfuzzer_sys::fuzz_target;

/// What most texts start with: with it mutations reach the bodies after.
const HEAD: &str = ".version 7.8\n.target sm_80\n.address_size 64\n";

/// Bytes of device memory, all of it the kernel's to use.
const MEMORY: u64 = 1 << 16;

/// Instructions of warps a kernel may run.
const BUDGET: u64 = 20_000;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    run(&text);
    if !text.starts_with(HEAD) {
        run(&format!("{HEAD}{text}"));
    }
});

/// Runs every kernel of a text with two blocks of 40 threads, in turns and by seed. Its parameters
/// are addresses of memory.
fn run(text: &str) {
    let memory = Arc::new(Memory::new(2 * MEMORY));
    let Ok(program) = Program::load(text, &memory, Limits { isa: (9, 0), sm: 90 }) else {
        assert_eq!(memory.count(), 0, "a text that is refused keeps no memory");
        return;
    };
    let program = Arc::new(program);
    let Ok(address) = memory.allocate(MEMORY, Kind::Device) else {
        return;
    };
    for entry in 0..program.function_count() {
        let function = program.function(entry).expect("the index is below the count");
        if !function.entry {
            continue;
        }
        let parameters = address.to_le_bytes().into_iter().cycle();
        let launch = Launch {
            entry,
            grid: [2, 1, 1],
            block: [40, 1, 1],
            dynamic_shared: 256,
            parameters: parameters.take(function.parameter_bytes as usize).collect(),
            resident_max: 2,
        };
        let mut engine = Engine::new(&memory);
        let mut grid = Grid::new(&program, launch.clone());
        // A fault is an answer; so is a kernel that would go on.
        let _ = engine.run(&mut grid, BUDGET);
        let mut replay = Replay::new(&memory, 1);
        replay.launch(&program, launch);
        let _ = replay.finish(200);
    }
}
