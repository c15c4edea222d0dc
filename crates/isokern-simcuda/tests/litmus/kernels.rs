//! PTX of litmus tests: each role is a thread that goes through all slots.

use core::fmt::Write;

/// Slots a run goes through: each is a trial with two words of its own.
pub(crate) const SLOTS: u64 = 16;

/// Bytes of a slot: x at 0, y at 64, what was read from 128.
pub(crate) const SLOT_BYTES: u64 = 256;

/// The shapes, by the names of the literature (Alglave, Maranget, Tautschnig, *Herding Cats*,
/// TOPLAS 2014).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::upper_case_acronyms, reason = "the names of the literature")]
pub(crate) enum Test {
    MP,
    SB,
    LB,
    CoRR,
    IRIW,
    WRC,
}

/// Where the threads are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Each in a block of its own.
    OwnBlocks,
    /// In warps of one block.
    OneBlock,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Cta,
    Gpu,
    Sys,
}

/// What orders the accesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strength {
    /// Nothing: they are relaxed.
    None,
    /// Stores release.
    Release,
    /// Loads acquire.
    Acquire,
    Both,
    /// They are relaxed, with a `fence.sc` between.
    Fence,
}

impl Placement {
    pub(crate) const ALL: [Self; 2] = [Self::OwnBlocks, Self::OneBlock];
}

impl Scope {
    pub(crate) const ALL: [Self; 3] = [Self::Cta, Self::Gpu, Self::Sys];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cta => "cta",
            Self::Gpu => "gpu",
            Self::Sys => "sys",
        }
    }
}

impl Strength {
    pub(crate) const ALL: [Self; 5] =
        [Self::None, Self::Release, Self::Acquire, Self::Both, Self::Fence];
}

/// What a role does: `W` or `R`, then `x` or `y`; a space is where a fence goes.
impl Test {
    pub(crate) const ALL: [Self; 6] =
        [Self::MP, Self::SB, Self::LB, Self::CoRR, Self::IRIW, Self::WRC];

    pub(crate) const fn roles(self) -> &'static [&'static str] {
        match self {
            Self::MP => &["Wx Wy", "Ry Rx"],
            Self::SB => &["Wx Ry", "Wy Rx"],
            Self::LB => &["Rx Wy", "Ry Wx"],
            Self::CoRR => &["Wx", "Rx Rx"],
            Self::IRIW => &["Wx", "Wy", "Rx Ry", "Ry Rx"],
            Self::WRC => &["Wx", "Rx Wy", "Ry Rx"],
        }
    }

    /// Returns how long each role waits before its first slot, so that what it reads has time to
    /// come.
    const fn delays(self) -> &'static [u32] {
        match self {
            Self::MP | Self::CoRR => &[0, 80],
            Self::SB | Self::LB => &[0, 0],
            Self::IRIW => &[0, 0, 80, 80],
            Self::WRC => &[0, 80, 160],
        }
    }

    /// Returns what the loads read, role by role, in the outcome in question.
    pub(crate) const fn outcome(self) -> &'static [u32] {
        match self {
            Self::SB => &[0, 0],
            Self::LB => &[1, 1],
            Self::MP | Self::CoRR => &[1, 0],
            Self::IRIW => &[1, 0, 1, 0],
            Self::WRC => &[1, 1, 0],
        }
    }
}

/// Returns a kernel `k` with one parameter, the address of the slots.
pub(crate) fn text(test: Test, placement: Placement, scope: Scope, strength: Strength) -> String {
    let mut body = String::new();
    match placement {
        Placement::OwnBlocks => body.push_str("mov.u32 %r1, %ctaid.x;\n"),
        Placement::OneBlock => body.push_str(
            "mov.u32 %r0, %tid.x;\nand.b32 %r2, %r0, 31;\nsetp.ne.u32 %p0, %r2, 0;\n\
             @%p0 ret;\nshr.u32 %r1, %r0, 5;\n",
        ),
    }
    let mut reads = 0;
    for (index, (role, delay)) in test.roles().iter().zip(test.delays()).enumerate() {
        let bytes = SLOTS * SLOT_BYTES;
        write!(
            body,
            "setp.ne.u32 %p0, %r1, {index};\n@%p0 bra AFTER{index};\n\
             mov.u32 %r3, {delay};\nDELAY{index}:\nsetp.eq.u32 %p2, %r3, 0;\n\
             @!%p2 sub.u32 %r3, %r3, 1;\n@!%p2 bra DELAY{index};\n\
             mov.u64 %rd1, %rd0;\nadd.u64 %rd2, %rd0, {bytes};\nLOOP{index}:\n"
        )
        .unwrap();
        for (at, access) in role.split(' ').enumerate() {
            if at > 0 && strength == Strength::Fence {
                writeln!(body, "fence.sc.{};", scope.name()).unwrap();
            }
            let place = if access.ends_with('x') { 0 } else { 64 };
            if access.starts_with('W') {
                let order = ["relaxed", "release"][usize::from(releases(strength))];
                writeln!(body, "st.{order}.{}.global.u32 [%rd1+{place}], 1;", scope.name())
            } else {
                let order = ["relaxed", "acquire"][usize::from(acquires(strength))];
                let scope = scope.name();
                writeln!(body, "ld.{order}.{scope}.global.u32 %r{}, [%rd1+{place}];", 8 + at)
            }
            .unwrap();
        }
        for (at, access) in role.split(' ').enumerate() {
            if access.starts_with('R') {
                let place = 128 + 4 * reads;
                writeln!(body, "st.global.u32 [%rd1+{place}], %r{};", 8 + at).unwrap();
                reads += 1;
            }
        }
        write!(
            body,
            "add.u64 %rd1, %rd1, {SLOT_BYTES};\nsetp.lt.u64 %p1, %rd1, %rd2;\n\
             @%p1 bra LOOP{index};\nret;\nAFTER{index}:\n"
        )
        .unwrap();
    }
    kernel(&body)
}

/// Returns a kernel `k` with the parameter `out` in `%rd0`.
pub(crate) fn kernel(body: &str) -> String {
    format!(
        ".version 7.8\n.target sm_75\n.address_size 64\n\
         .visible .entry k(.param .u64 out)\n{{\n\
         .reg .pred %p<8>;\n.reg .b32 %r<32>;\n.reg .b64 %rd<16>;\n\
         ld.param.u64 %rd0, [out];\n{body}\nret;\n}}\n"
    )
}

const fn releases(strength: Strength) -> bool {
    matches!(strength, Strength::Release | Strength::Both)
}

const fn acquires(strength: Strength) -> bool {
    matches!(strength, Strength::Acquire | Strength::Both)
}
