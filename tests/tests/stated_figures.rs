//! Figures that the API states are those of the record they name.

use isokern_core::KernelMode;

const BENCHMARKS: &str = include_str!("../../docs/benchmarks.md");
const MODE: &str = include_str!("../../crates/isokern-core/src/kernel/mode.rs");

/// Returns the overhead in ns of a way to call the keyword-spotting model, from the record.
fn recorded_ns(way: &str) -> f64 {
    let kws = BENCHMARKS.split("| KWS DS-CNN | ring |").nth(1).expect("the record has the model");
    let rows = format!("| KWS DS-CNN | ring |{kws}");
    let row = rows.lines().take(4).find(|row| row.split('|').nth(2).map(str::trim) == Some(way));
    let cell = row.and_then(|row| row.split('|').nth(5)).expect("the model has the way");
    let median = cell.split('[').next().expect("a median").replace(' ', "");
    median.parse().expect("it is a number")
}

#[test]
fn s2_typical_overhead_is_the_record_s_and_says_what_limits_cost() {
    for (mode, way) in [(KernelMode::Batch, "`execute`"), (KernelMode::Ring, "ring")] {
        let stated_us = mode.typical_overhead_us();
        assert!((stated_us - recorded_ns(way) / 1_000.0).abs() < 0.005, "{mode}: {stated_us}");
    }
    for way in ["execute_with_timeout", "execute_with_context"] {
        let recorded_us = format!("{:.2}", recorded_ns(&format!("`{way}`")) / 1_000.0);
        let mut rows = MODE.lines().filter(|line| line.contains(&format!("`{way}`")));
        assert!(rows.any(|row| row.contains(&recorded_us)), "{way}: {recorded_us}");
    }
    assert!(KernelMode::Megakernel.typical_overhead_us().is_nan());
}
