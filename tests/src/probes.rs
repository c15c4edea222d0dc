//! The probes of the shipped PTX: each runs on a device and gives the record it wrote.

use core::cell::Cell;
use core::fmt;

use bytemuck::Zeroable;
use isokern_core::device::{PingPongLines, ProbeRecord};
use isokern_simcuda::address_map::SHARED_BASE;
use isokern_simcuda::machine::Launch;
use isokern_simcuda::replay::{Replay, Wrong, judge};

use crate::device::Device;

/// How a probe is run.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    /// Warps take turns.
    Turns,
    /// By seed, with stores that wait and loads that return old values.
    Seed(u64),
}

/// Why a probe failed: a fault, or a record with violations, with what happened to the memory it
/// is about where it ran by seed.
#[derive(Debug)]
pub struct Failed {
    /// Violations that the probe counted; 0 for a fault.
    pub violations: u64,
    text: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Runs two blocks that hand `words` words to each other, `rounds` times.
///
/// # Errors
///
/// A fault, or violations.
pub fn ping_pong(device: &Device, rounds: u64, order: Order) -> Result<ProbeRecord, Failed> {
    run(device, order, |output| {
        let lines = device.upload(bytemuck::bytes_of(&PingPongLines::zeroed()));
        Trial {
            name: "isokern_probe_ping_pong",
            shape: Shape { blocks: 2, threads: 1, shared: 0 },
            values: vec![lines, rounds, 32, 1_000_000, output],
            shown: lines + core::mem::offset_of!(PingPongLines, payload_0) as u64,
        }
    })
}

/// Runs a block of `threads` threads that write, meet and read, `rounds` times.
///
/// # Errors
///
/// A fault, or violations.
pub fn barrier(
    device: &Device,
    threads: u32,
    rounds: u64,
    order: Order,
) -> Result<ProbeRecord, Failed> {
    run(device, order, |output| Trial {
        name: "isokern_probe_barrier",
        shape: Shape { blocks: 1, threads, shared: 4 * threads },
        values: vec![rounds, output, 0],
        shown: SHARED_BASE,
    })
}

/// Runs a writer and two blocks of readers of `count` cells.
///
/// # Errors
///
/// A fault, or violations.
pub fn cells(
    device: &Device,
    count: u32,
    rounds: u64,
    order: Order,
) -> Result<ProbeRecord, Failed> {
    run(device, order, |output| {
        let cells = device.upload(&vec![0; 8 * count as usize]);
        Trial {
            name: "isokern_probe_cells",
            shape: Shape { blocks: 3, threads: count, shared: 0 },
            values: vec![cells, count.into(), rounds, 10_000, 1, output],
            shown: cells,
        }
    })
}

/// Runs a chase of `steps` links through a chain of distances that starts at address `chain`.
///
/// # Errors
///
/// A fault.
pub fn chase(device: &Device, chain: u64, steps: u64) -> Result<ProbeRecord, Failed> {
    run(device, Order::Turns, |output| Trial {
        name: "isokern_probe_chase",
        shape: Shape { blocks: 1, threads: 32, shared: 0 },
        values: vec![chain, steps, output],
        shown: chain,
    })
}

/// Runs a chase of `steps` links through `words` words of shared memory, `stride` apart.
///
/// # Errors
///
/// A fault.
pub fn shared_chase(
    device: &Device,
    words: u32,
    stride: u64,
    steps: u64,
) -> Result<ProbeRecord, Failed> {
    run(device, Order::Turns, |output| Trial {
        name: "isokern_probe_shared_chase",
        shape: Shape { blocks: 1, threads: 64, shared: 8 * words },
        values: vec![words.into(), stride, steps, output, 0],
        shown: SHARED_BASE,
    })
}

struct Shape {
    blocks: u32,
    threads: u32,
    shared: u32,
}

/// A probe that is ready to run.
struct Trial {
    name: &'static str,
    shape: Shape,
    values: Vec<u64>,
    /// The first word of what it reads.
    shown: u64,
}

fn run(
    device: &Device,
    order: Order,
    prepare: impl Fn(u64) -> Trial,
) -> Result<ProbeRecord, Failed> {
    let violations = Cell::new(0);
    let ready = || {
        let output = device.upload(bytemuck::bytes_of(&ProbeRecord::default()));
        let Trial { name, shape, values, shown } = prepare(output);
        let entry = device.entry(name);
        let launch = Launch {
            entry,
            grid: [shape.blocks, 1, 1],
            block: [shape.threads, 1, 1],
            dynamic_shared: shape.shared,
            parameters: device.parameters(entry, &values),
            resident_max: shape.blocks,
        };
        (launch, output, shown)
    };
    let look = |output, shown| {
        let record = device.download(output, size_of::<ProbeRecord>());
        let record: ProbeRecord = bytemuck::pod_read_unaligned(&record);
        violations.set(record.violations);
        let is_clean = record.violations == 0;
        if is_clean { Ok(record) } else { Err(Wrong::at(shown, format!("{record:?}"))) }
    };
    let done = match order {
        Order::Turns => {
            let (launch, output, shown) = ready();
            let done = device.run(launch).map_err(Wrong::from);
            done.and_then(|_| look(output, shown)).map_err(|wrong| wrong.to_string())
        }
        Order::Seed(seed) => {
            let by_seed = |replay: &mut Replay| {
                let (launch, output, shown) = ready();
                device.run_in(replay, launch)?;
                look(output, shown)
            };
            let judged = judge(|| Replay::weak(&device.memory, seed), by_seed);
            judged.map_err(|verdict| format!("seed {seed}: {verdict}"))
        }
    };
    done.map_err(|text| Failed { violations: violations.get(), text })
}
