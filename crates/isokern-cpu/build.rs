//! Tells the source which multiplications an Arm microcontroller has, which a stable compiler knows
//! but does not show as a `target_feature`: the DSP instructions of Armv7E-M, those of Armv7-M, or
//! the one of Armv6-M.

/// Processors that have DSP instructions, of targets that have not in general.
const PROCESSORS: [&str; 4] = ["cortex-m33", "cortex-m35p", "cortex-m55", "cortex-m85"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(arm_dsp, arm_mla, arm_muls)");
    let target = std::env::var("TARGET").unwrap_or_default();
    let is_mainline = target.starts_with("thumbv8m.main-");
    if target.starts_with("thumbv7em-") || is_mainline && names_a_processor() {
        println!("cargo::rustc-cfg=arm_dsp");
    } else if target.starts_with("thumbv7m-") || is_mainline {
        println!("cargo::rustc-cfg=arm_mla");
    } else if target.starts_with("thumbv6m-") || target.starts_with("thumbv8m.base-") {
        println!("cargo::rustc-cfg=arm_muls");
    }
}

/// Whether the flags choose one of them: `-C target-cpu=cortex-m33`. The last choice counts.
fn names_a_processor() -> bool {
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let mut choices = flags.split('\u{1f}').filter_map(|flag| flag.split_once("target-cpu="));
    choices.next_back().is_some_and(|(_, processor)| PROCESSORS.contains(&processor))
}
