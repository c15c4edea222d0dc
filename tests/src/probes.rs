//! The probes of the shipped PTX: each runs on a device and gives the record it wrote.

use bytemuck::Zeroable;
use isokern_core::device::{PingPongLines, ProbeRecord};
use isokern_simcuda::machine::{Fault, Launch};

use crate::device::Device;

/// How a probe is run.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    /// Warps take turns.
    Turns,
    /// By seed, with stores that wait.
    Seed(u64),
}

/// What went wrong with a probe's run.
pub type Failed = Box<Fault>;

/// Two blocks that hand `words` words to each other, `rounds` times.
///
/// # Errors
///
/// The fault that ended it.
pub fn ping_pong(device: &Device, rounds: u64, order: Order) -> Result<ProbeRecord, Failed> {
    let lines = device.upload(bytemuck::bytes_of(&PingPongLines::zeroed()));
    let values = |output| vec![lines, rounds, 32, 1_000_000, output];
    run(
        device,
        "isokern_probe_ping_pong",
        Shape { blocks: 2, threads: 1, shared: 0 },
        values,
        order,
    )
}

/// A block of `threads` threads that write, meet and read, `rounds` times.
///
/// # Errors
///
/// The fault that ended it.
pub fn barrier(
    device: &Device,
    threads: u32,
    rounds: u64,
    order: Order,
) -> Result<ProbeRecord, Failed> {
    let shape = Shape { blocks: 1, threads, shared: 4 * threads };
    run(device, "isokern_probe_barrier", shape, |output| vec![rounds, output, 0], order)
}

/// A writer and two blocks of readers of `count` cells.
///
/// # Errors
///
/// The fault that ended it.
pub fn cells(
    device: &Device,
    count: u32,
    rounds: u64,
    order: Order,
) -> Result<ProbeRecord, Failed> {
    let cells = device.upload(&vec![0; 8 * count as usize]);
    let values = |output| vec![cells, count.into(), rounds, 10_000, 1, output];
    let shape = Shape { blocks: 3, threads: count, shared: 0 };
    run(device, "isokern_probe_cells", shape, values, order)
}

/// A chase of `steps` links through a chain of distances that starts at address `chain`.
///
/// # Errors
///
/// The fault that ended it.
pub fn chase(device: &Device, chain: u64, steps: u64) -> Result<ProbeRecord, Failed> {
    let shape = Shape { blocks: 1, threads: 32, shared: 0 };
    let values = |output| vec![chain, steps, output];
    run(device, "isokern_probe_chase", shape, values, Order::Turns)
}

/// A chase of `steps` links through `words` words of shared memory, `stride` apart.
///
/// # Errors
///
/// The fault that ended it.
pub fn shared_chase(
    device: &Device,
    words: u32,
    stride: u64,
    steps: u64,
) -> Result<ProbeRecord, Failed> {
    let shape = Shape { blocks: 1, threads: 64, shared: 8 * words };
    let values = |output| vec![words.into(), stride, steps, output, 0];
    run(device, "isokern_probe_shared_chase", shape, values, Order::Turns)
}

struct Shape {
    blocks: u32,
    threads: u32,
    shared: u32,
}

fn run(
    device: &Device,
    name: &str,
    shape: Shape,
    values: impl Fn(u64) -> Vec<u64>,
    order: Order,
) -> Result<ProbeRecord, Failed> {
    let output = device.upload(bytemuck::bytes_of(&ProbeRecord::default()));
    let entry = device.entry(name);
    let launch = Launch {
        entry,
        grid: [shape.blocks, 1, 1],
        block: [shape.threads, 1, 1],
        dynamic_shared: shape.shared,
        parameters: device.parameters(entry, &values(output)),
        resident_max: shape.blocks,
    };
    match order {
        Order::Turns => drop(device.run(launch)?),
        Order::Seed(seed) => device.run_by_seed(launch, seed)?,
    }
    let record = device.download(output, size_of::<ProbeRecord>());
    Ok(bytemuck::pod_read_unaligned(&record))
}
