//! The machine that is measured, as far as a program can see it.

use std::thread;
use std::time::Instant;

use isokern_cpu::InstructionSet;
use serde::Serialize;

use super::times::Times;
use crate::mode::Mode;

/// What belongs beside every figure.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: Option<String>,
    pub(crate) architecture: &'static str,
    pub(crate) system: &'static str,
    pub(crate) instruction_set: &'static str,
    pub(crate) available_thread_count: Option<usize>,
    pub(crate) used_thread_count: usize,
    /// The median of two looks at the clock with nothing between them.
    pub(crate) timer_ns: u64,
}

impl Machine {
    /// Looks around.
    pub(crate) fn look(instructions: InstructionSet, mode: Mode) -> Self {
        Self {
            processor: processor(),
            architecture: std::env::consts::ARCH,
            system: std::env::consts::OS,
            instruction_set: instructions.name(),
            available_thread_count: thread::available_parallelism().ok().map(Into::into),
            used_thread_count: if mode.is_batch() { 1 } else { 2 },
            timer_ns: timer_ns(),
        }
    }
}

fn timer_ns() -> u64 {
    let mut times = Times::new();
    for _ in 0..10_000 {
        let start = Instant::now();
        times.add(start.elapsed());
    }
    times.summary().p50_ns
}

/// Returns the processor's name for itself, from its 48 bytes of brand string (AMD64 and Intel 64
/// manuals, CPUID leaves 8000_0002 to 8000_0004).
#[cfg(target_arch = "x86_64")]
fn processor() -> Option<String> {
    use core::arch::x86_64::__cpuid;

    const LEAVES: core::ops::RangeInclusive<u32> = 0x8000_0002..=0x8000_0004;
    if __cpuid(0x8000_0000).eax < *LEAVES.end() {
        return None;
    }
    let registers = LEAVES.map(__cpuid).flat_map(|leaf| [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx]);
    let bytes: Vec<u8> = registers.flat_map(u32::to_le_bytes).collect();
    named(&String::from_utf8_lossy(&bytes))
}

/// Returns what Linux calls the processor or the board.
#[cfg(not(target_arch = "x86_64"))]
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let value = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        named(line.split_once(':')?.1)
    };
    value("model name").or_else(|| value("Hardware")).or_else(|| value("Model"))
}

/// Returns a name on one line, without padding; `None` when nothing is left.
fn named(text: &str) -> Option<String> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_brand_string_loses_its_padding() {
        assert_eq!(named("  Some(R)  CPU @ 2 GHz \0\0\0").as_deref(), Some("Some(R) CPU @ 2 GHz"));
        assert_eq!(named(" \0\0"), None);
    }
}
