//! Loads a kernel, runs it, and reads what it wrote.

use std::sync::Arc;

use isokern_simcuda::machine::{Counters, Engine, Fault, Grid, Launch, Progress};
use isokern_simcuda::memory::{Kind, Memory};
use isokern_simcuda::program::{Limits, LoadError, Program};

/// A device with the kernel `k` and device memory of its own.
pub(crate) struct Device {
    pub(crate) memory: Arc<Memory>,
    pub(crate) program: Arc<Program>,
}

/// How `k` is launched.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) blocks: u32,
    pub(crate) threads: u32,
    pub(crate) dynamic_shared: u32,
}

impl Shape {
    pub(crate) const fn new(blocks: u32, threads: u32) -> Self {
        Self { blocks, threads, dynamic_shared: 0 }
    }
}

/// Returns a text with these top-level declarations and the kernel `k`, whose one parameter `out`
/// is an address. Its body starts with registers of every size and `out` in `%rd0`, the thread's
/// index in `%r0`.
pub(crate) fn kernel(declarations: &str, body: &str) -> String {
    format!(
        ".version 7.8\n.target sm_75\n.address_size 64\n{declarations}\n\
         .visible .entry k(.param .u64 out)\n{{\n\
         .reg .pred %p<8>;\n.reg .b16 %h<8>;\n.reg .b32 %r<32>;\n.reg .b64 %rd<16>;\n\
         ld.param.u64 %rd0, [out];\nmov.u32 %r0, %tid.x;\n{body}\nret;\n}}\n"
    )
}

/// The end of most kernels: `%r1` of each thread goes to word `tid` of `out`.
pub(crate) const STORE: &str =
    "mul.wide.u32 %rd15, %r0, 4;\nadd.u64 %rd15, %rd0, %rd15;\nst.global.u32 [%rd15], %r1;\n";

pub(crate) fn load(text: &str) -> Result<Device, LoadError> {
    let memory = Arc::new(Memory::new(1 << 24));
    let program = Program::load(text, &memory, Limits { isa: (7, 8), sm: 90 })?;
    Ok(Device { memory, program: Arc::new(program) })
}

impl Device {
    pub(crate) fn new(text: &str) -> Self {
        load(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    pub(crate) fn launch(&self, shape: Shape, out: u64) -> Launch {
        Launch {
            entry: self.program.entry("k").expect("the kernel is named so"),
            grid: [shape.blocks, 1, 1],
            block: [shape.threads, 1, 1],
            dynamic_shared: shape.dynamic_shared,
            parameters: out.to_le_bytes().to_vec(),
            resident_max: 4,
        }
    }

    /// Runs to the end; a kernel that takes more than 10 million instructions hangs.
    pub(crate) fn run(&self, shape: Shape, out: u64) -> Result<Counters, Box<Fault>> {
        let mut engine = Engine::new(&self.memory);
        let mut grid = Grid::new(&self.program, self.launch(shape, out));
        for _ in 0..10 {
            if engine.run(&mut grid, 1_000_000)? == Progress::Finished {
                return Ok(grid.counters());
            }
        }
        panic!("it does not end");
    }

    pub(crate) fn words(&self, address: u64, count: usize) -> Vec<u32> {
        let mut bytes = vec![0; count * 4];
        self.memory.read(address, &mut bytes).expect("it is allocated");
        let (words, _) = bytes.as_chunks::<4>();
        words.iter().map(|word| u32::from_le_bytes(*word)).collect()
    }
}

/// Runs `k` over zeroed memory and gives its first `count` words.
pub(crate) fn words(text: &str, shape: Shape, count: usize) -> Vec<u32> {
    let device = Device::new(text);
    let out = device.memory.allocate(4 * count as u64, Kind::Module).expect("there is room");
    device.run(shape, out).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
    device.words(out, count)
}

/// Runs `k` over 256 bytes and gives the fault it ends with.
pub(crate) fn fault(text: &str, shape: Shape) -> Fault {
    let device = Device::new(text);
    let out = device.memory.allocate(256, Kind::Device).expect("there is room");
    *device.run(shape, out).expect_err("it is wrong")
}
