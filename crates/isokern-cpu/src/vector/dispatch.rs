//! The door between code for every processor and code for some.
//!
//! A value of [`Avx2`] or [`Avx512`] exists only where `detect` found the
//! instructions: that is the invariant every block below rests on.
#![allow(unsafe_code)]

use std::is_x86_feature_detected as has;

use isokern_core::Cells;
use isokern_model::requant::PairScales;

use super::tile::{ChannelDots, Dots, PlainLoop, Steps, Tile, Windows};
use super::{
    avx2, avx2_depthwise, avx2_quantize, avx2_table, avx2_windows, avx512, avx512_depthwise,
    avx512_table,
};

/// Proof that this processor has AVX2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Avx2(());

/// Proof that this processor has AVX2, and AVX-512 F, BW, VL and VNNI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Avx512 {
    /// Proof that it has AVX-512 VBMI as well, if it has.
    vbmi: Option<Vbmi>,
}

/// Proof that this processor has AVX-512 F, BW and VBMI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Vbmi(());

impl Avx2 {
    /// Returns the proof, if it holds.
    pub(super) fn detect() -> Option<Self> {
        has!("avx2").then_some(Self(()))
    }
}

impl Avx512 {
    /// Returns the proof, if it holds.
    pub(super) fn detect() -> Option<Self> {
        let all = has!("avx512f") && has!("avx512bw") && has!("avx512vl") && has!("avx512vnni");
        let vbmi = has!("avx512vbmi").then_some(Vbmi(())).filter(|_| all);
        (all && has!("avx2")).then_some(Self { vbmi })
    }
}

impl Tile for Avx2 {
    fn dots(&self, job: &Dots<'_>) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { avx2::dots(job) }
    }

    fn depthwise(&self, job: &ChannelDots<'_>, x: Cells<'_>, y: Cells<'_>) -> bool {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { avx2_depthwise::depthwise(job, x, y) }
    }

    fn add(&self, scales: &PairScales, a: Cells<'_>, b: Cells<'_>, y: Cells<'_>) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { avx2::add(scales, a, b, y) }
    }

    fn windows(&self, job: &Windows, x: Cells<'_>, y: Cells<'_>) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { avx2_windows::windows(job, x, y) }
    }

    fn quantise_to_i8(&self, steps: Steps, x: Cells<'_>, y: Cells<'_>) -> usize {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { avx2_quantize::to_i8(steps, x, y) }
    }

    fn quantise_to_i16(&self, steps: Steps, x: Cells<'_>, y: Cells<'_>) -> usize {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { avx2_quantize::to_i16(steps, x, y) }
    }

    fn table(&self, table: &[i8; 256], flip: u8, x: Cells<'_>, y: Cells<'_>) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { avx2_table::table(table, flip, x, y) }
    }

    fn plain(&self, work: impl PlainLoop) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { avx2::plain(work) }
    }
}

impl Tile for Avx512 {
    fn dots(&self, job: &Dots<'_>) {
        // SAFETY: `self` proves that the processor has AVX-512 F, BW, VL and VNNI.
        unsafe { avx512::dots(job) }
    }

    fn depthwise(&self, job: &ChannelDots<'_>, x: Cells<'_>, y: Cells<'_>) -> bool {
        // SAFETY: `self` proves that the processor has AVX-512 F, BW, VL and VNNI.
        unsafe { avx512_depthwise::depthwise(job, x, y) }
    }

    fn add(&self, scales: &PairScales, a: Cells<'_>, b: Cells<'_>, y: Cells<'_>) {
        // SAFETY: `self` proves that the processor has AVX-512 F, BW, VL and VNNI.
        unsafe { avx512::add(scales, a, b, y) }
    }

    fn windows(&self, job: &Windows, x: Cells<'_>, y: Cells<'_>) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { avx2_windows::windows(job, x, y) }
    }

    fn quantise_to_i8(&self, steps: Steps, x: Cells<'_>, y: Cells<'_>) -> usize {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { avx2_quantize::to_i8(steps, x, y) }
    }

    fn quantise_to_i16(&self, steps: Steps, x: Cells<'_>, y: Cells<'_>) -> usize {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { avx2_quantize::to_i16(steps, x, y) }
    }

    fn table(&self, table: &[i8; 256], flip: u8, x: Cells<'_>, y: Cells<'_>) {
        match self.vbmi {
            // SAFETY: the value proves that the processor has AVX-512 F, BW and VBMI.
            Some(_) => unsafe { avx512_table::table(table, flip, x, y) },
            // SAFETY: `self` proves that the processor has AVX2.
            None => unsafe { avx2_table::table(table, flip, x, y) },
        }
    }

    fn plain(&self, work: impl PlainLoop) {
        // SAFETY: `self` proves that the processor has AVX-512 F, BW, VL and VNNI.
        unsafe { avx512::plain(work) }
    }
}
