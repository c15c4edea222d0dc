//! Pointer chases: what a dependent load takes from the host's memory, from L2, from the
//! device's memory and from shared memory.
#![allow(unsafe_code)]

use isokern_core::device::ProbeRecord;
use isokern_cuda::{DeviceBuffer, LaunchShape, MappedBuffer};
use serde_json::json;

use crate::device::{Gpu, Parameter};
use crate::samples::Samples;
use crate::{Effort, Failure};

const MIB: usize = 1 << 20;
/// Bytes from node to node: a line of L2 holds one.
const NODE_BYTES: usize = 128;
/// Words of the chain in shared memory, and the distance of its links; they have no common
/// factor.
const SHARED: (u32, u32) = (2048, 33);

/// Measures all chases; a chase that ends where it must not is reported in `wrong`.
pub(crate) fn measure(gpu: &Gpu, effort: Effort, wrong: &mut Vec<String>) -> Result<(), Failure> {
    mapped(gpu, effort, wrong)?;
    global(gpu, "L2", MIB, effort, wrong)?;
    // Several times an L2; a simulated device has one memory.
    if !effort.quick {
        global(gpu, "device memory", 512 * MIB, effort, wrong)?;
    }
    shared(gpu, effort, wrong)
}

/// Measures T: the chain is in pinned memory of the host, mapped for the device.
fn mapped(gpu: &Gpu, effort: Effort, wrong: &mut Vec<String>) -> Result<(), Failure> {
    let links = chain(MIB);
    let mut memory = MappedBuffer::new(gpu.context(), MIB)?;
    memory.as_mut_slice().copy_from_slice(bytemuck::cast_slice(&links));
    let chase = Chase { variant: "T, mapped host memory", address: memory.address() };
    chase.run(gpu, &links, effort, wrong)
}

fn global(
    gpu: &Gpu,
    variant: &'static str,
    bytes: usize,
    effort: Effort,
    wrong: &mut Vec<String>,
) -> Result<(), Failure> {
    let links = chain(bytes);
    let mut memory = DeviceBuffer::new(gpu.context(), bytes)?;
    memory.upload(bytemuck::cast_slice(&links), gpu.stream())?;
    Chase { variant, address: memory.address() }.run(gpu, &links, effort, wrong)
}

/// A chain in memory that a load reaches; its owner keeps it alive.
struct Chase {
    variant: &'static str,
    address: u64,
}

impl Chase {
    fn run(
        &self,
        gpu: &Gpu,
        links: &[u64],
        effort: Effort,
        wrong: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let steps = effort.of(20_000, 300);
        let expected = follow(links, steps);
        let shape = LaunchShape::new(1, 32);
        let parameters = |record| {
            vec![Parameter::Long(self.address), Parameter::Word(steps), Parameter::Long(record)]
        };
        repeat(self.variant, steps, expected, effort, wrong, || {
            // SAFETY: these are the entry's parameters, and every link leads to a link.
            unsafe { gpu.probe("isokern_probe_chase", shape, parameters) }
        })
    }
}

fn shared(gpu: &Gpu, effort: Effort, wrong: &mut Vec<String>) -> Result<(), Failure> {
    let (words, stride) = SHARED;
    let steps = effort.of(100_000, 300);
    let expected = u64::from(steps) * u64::from(stride) % u64::from(words);
    let shape = LaunchShape::new(1, 128).with_shared_bytes(8 * words);
    let parameters = |record| {
        let [words, stride, steps] = [words, stride, steps].map(Parameter::Word);
        vec![words, stride, steps, Parameter::Long(record), Parameter::Long(0)]
    };
    repeat("shared memory", steps, expected, effort, wrong, || {
        // SAFETY: these are the entry's parameters, and the launch gives the memory it asks for.
        unsafe { gpu.probe("isokern_probe_shared_chase", shape, parameters) }
    })
}

/// Runs a chase some times, after as many that do not count, and prints ns a step.
fn repeat(
    variant: &str,
    steps: u32,
    expected: u64,
    effort: Effort,
    wrong: &mut Vec<String>,
    mut run: impl FnMut() -> Result<ProbeRecord, Failure>,
) -> Result<(), Failure> {
    let runs = effort.of(50, 3);
    let (mut times, mut cycles) = (Samples::new(), Samples::new());
    for number in 0..2 * runs {
        let record = run()?;
        if (record.completed, record.last) != (u64::from(steps), expected) {
            wrong.push(format!(
                "the chase through {variant} took {} steps to {}, not {steps} to {expected}",
                record.completed, record.last
            ));
            break;
        }
        if number >= runs {
            times.add_ns(record.nanoseconds as f64 / f64::from(steps));
            cycles.add_ns(record.cycles as f64 / f64::from(steps));
        }
    }
    let more = json!({"steps": steps, "cycles_p50": cycles.quantile(0.5)});
    times.print("chase", variant, "a dependent load, timed on the device", effort, &more);
    Ok(())
}

/// Returns a chain through all nodes of so many bytes, in an order without pattern: each node's
/// first word is the distance in bytes from the start to the next node.
fn chain(bytes: usize) -> Vec<u64> {
    let nodes = bytes / NODE_BYTES;
    let mut order: Vec<usize> = (0..nodes).collect();
    let mut state = 0x150C_E121_u64;
    // Sattolo's shuffle: one cycle, whatever the numbers are.
    for last in (1..nodes).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(last, (state >> 33) as usize % last);
    }
    let mut links = vec![0_u64; bytes / 8];
    for (node, next) in order.into_iter().enumerate() {
        if let Some(link) = links.get_mut(node * (NODE_BYTES / 8)) {
            *link = (next * NODE_BYTES) as u64;
        }
    }
    links
}

/// Returns where so many steps from the start lead.
fn follow(links: &[u64], steps: u32) -> u64 {
    (0..steps).fold(0, |at, _| links.get((at / 8) as usize).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{NODE_BYTES, chain, follow};

    #[test]
    fn a_chain_goes_through_every_node_once() {
        let links = chain(64 * NODE_BYTES);
        let mut seen: Vec<u64> = (0..64).map(|steps| follow(&links, steps)).collect();
        assert_eq!(follow(&links, 64), 0);
        assert_ne!(seen.get(1), Some(&128), "the order has no pattern");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 64);
    }
}
