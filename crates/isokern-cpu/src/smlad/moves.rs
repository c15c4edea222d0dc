//! Loops that bring activations together.
#![allow(unsafe_code)]

use core::arch::asm;
use core::cell::Cell;

use isokern_ops::dual_mac::Halves;

/// See [`DualMac`](isokern_ops::dual_mac::DualMac).
#[inline(always)]
pub(super) fn widen<const STEP: usize>(xs: &[Cell<i8>], offsets: u32, halves: &mut [Halves]) {
    let groups = (xs.len() / 4).min(halves.len().div_ceil(STEP));
    // SAFETY: reads `groups` words of `xs` and writes as many elements of `halves`, each of
    // which starts inside. Word loads need no alignment on an Armv7E-M; `halves` has that of
    // its words, which `strd` needs.
    unsafe {
        asm!(
            "lsrs {pairs}, {groups}, #1",
            "beq 3f",
            "2:",
            "ldr {word}, [{x}], #4",
            "sxtab16 {even}, {offsets}, {word}",
            "sxtab16 {odd}, {offsets}, {word}, ror #8",
            "strd {even}, {odd}, [{halves}], #{step}",
            "ldr {word}, [{x}], #4",
            "sxtab16 {even}, {offsets}, {word}",
            "sxtab16 {odd}, {offsets}, {word}, ror #8",
            "strd {even}, {odd}, [{halves}], #{step}",
            "subs {pairs}, {pairs}, #1",
            "bne 2b",
            "3:",
            "lsls {groups}, {groups}, #31",
            "beq 4f",
            "ldr {word}, [{x}]",
            "sxtab16 {even}, {offsets}, {word}",
            "sxtab16 {odd}, {offsets}, {word}, ror #8",
            "strd {even}, {odd}, [{halves}]",
            "4:",
            step = const STEP * size_of::<Halves>(),
            x = inout(reg) xs.as_ptr() => _,
            halves = inout(reg) halves.as_mut_ptr() => _,
            groups = inout(reg) groups => _,
            offsets = in(reg) offsets,
            pairs = out(reg) _,
            word = out(reg) _,
            even = out(reg) _,
            odd = out(reg) _,
            options(nostack),
        );
    }
}

/// See [`DualMac`](isokern_ops::dual_mac::DualMac).
#[inline(always)]
pub(super) fn words_apart(xs: &[Cell<i8>], step: usize, words: &mut [u32]) {
    let count = words.len();
    let Some(last) = count.checked_sub(1) else { return };
    if last.saturating_mul(step).saturating_add(4) > xs.len() {
        return;
    }
    // SAFETY: reads a word at every `step` bytes of `xs`, `count` of them, the last of which
    // is inside, and writes as many to `words`. Word loads need no alignment on an Armv7E-M;
    // `words` has that of its elements, which `strd` needs.
    unsafe {
        asm!(
            "lsrs {pairs}, {count}, #1",
            "beq 3f",
            "2:",
            "ldr {first}, [{x}]",
            "ldr {second}, [{x}, {step}]",
            "add {x}, {x}, {step}, lsl #1",
            "strd {first}, {second}, [{word}], #8",
            "subs {pairs}, {pairs}, #1",
            "bne 2b",
            "3:",
            "lsls {count}, {count}, #31",
            "beq 4f",
            "ldr {first}, [{x}]",
            "str {first}, [{word}]",
            "4:",
            x = inout(reg) xs.as_ptr() => _,
            word = inout(reg) words.as_mut_ptr() => _,
            count = inout(reg) count => _,
            step = in(reg) step,
            pairs = out(reg) _,
            first = out(reg) _,
            second = out(reg) _,
            options(nostack),
        );
    }
}
