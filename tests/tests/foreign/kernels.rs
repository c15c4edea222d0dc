//! Kernels compiled by NVIDIA, each with its launch and with the answer that plain Rust computes.
//!
//! A [`Case`] says everything a driver must be told and nothing about any driver. Results are
//! compared byte for byte: floating point is limited to operations that IEEE 754 rounds
//! correctly, and atomic operations to those whose outcome does not depend on the order.

mod atomics;
mod floats;
mod integers;
mod intrinsics;
mod reduce;
mod tiles;
mod warps;

use bytemuck::NoUninit;

/// One launch of one kernel.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Name of the PTX file: source, compiler and version.
    pub(crate) file: &'static str,
    /// Its text.
    pub(crate) ptx: &'static str,
    /// Name of the entry.
    pub(crate) entry: &'static str,
    /// Blocks in x, y, z.
    pub(crate) grid: [u32; 3],
    /// Threads of a block in x, y, z.
    pub(crate) block: [u32; 3],
    /// Dynamic shared memory, bytes a block.
    pub(crate) shared: u32,
    /// The parameters, in order.
    pub(crate) arguments: Vec<Argument>,
}

/// One parameter of a kernel.
#[derive(Debug, Clone)]
pub(crate) enum Argument {
    /// The address of device memory, aligned to 16 bytes or more.
    Buffer {
        /// What the memory holds before the launch.
        bytes: Vec<u8>,
        /// What it must hold after it; `None`: the same as before.
        expected: Option<Vec<u8>>,
    },
    /// A value, as the bytes the launch call is given.
    Scalar(Vec<u8>),
}

/// The PTX files of one source, one a compiler.
macro_rules! compiled {
    ($source:literal) => {
        [
            compiled!($source, ".nvrtc-11.8.89.ptx"),
            compiled!($source, ".nvrtc-12.1.105.ptx"),
            compiled!($source, ".nvcc-13.0.88.ptx"),
        ]
    };
    ($source:literal, $compiler:literal) => {
        (
            concat!($source, $compiler),
            include_str!(concat!("../../fixtures/foreign/ptx/", $source, $compiler)),
        )
    };
}

/// Returns every kernel of every source, as every compiler wrote it.
pub(crate) fn all() -> Vec<Case> {
    let sources = [
        (compiled!("atomics"), atomics::launches()),
        (compiled!("floats"), floats::launches()),
        (compiled!("integers"), integers::launches()),
        (compiled!("intrinsics"), intrinsics::launches()),
        (compiled!("reduce"), reduce::launches()),
        (compiled!("tiles"), tiles::launches()),
        (compiled!("warps"), warps::launches()),
    ];
    let mut cases = Vec::new();
    for (files, launches) in sources {
        for (file, ptx) in files {
            cases.extend(launches.iter().map(|launch| Case { file, ptx, ..launch.clone() }));
        }
    }
    cases
}

impl Case {
    /// Returns a launch in one dimension that has no PTX yet.
    fn launch(entry: &'static str, blocks: u32, threads: u32, arguments: Vec<Argument>) -> Case {
        let (grid, block) = ([blocks, 1, 1], [threads, 1, 1]);
        Case { file: "", ptx: "", entry, grid, block, shared: 0, arguments }
    }
}

impl Argument {
    /// Memory that the kernel only reads.
    fn input<T: NoUninit>(values: &[T]) -> Argument {
        Argument::Buffer { bytes: bytemuck::cast_slice(values).to_vec(), expected: None }
    }

    /// Memory that is filled with a pattern before the launch and holds `expected` after it.
    fn output<T: NoUninit>(expected: &[T]) -> Argument {
        let expected: Vec<u8> = bytemuck::cast_slice(expected).to_vec();
        Argument::Buffer { bytes: vec![0xA5; expected.len()], expected: Some(expected) }
    }

    /// Memory that holds `before`, then `after`.
    fn changed<T: NoUninit>(before: &[T], after: &[T]) -> Argument {
        assert_eq!(before.len(), after.len());
        let bytes = bytemuck::cast_slice(before).to_vec();
        Argument::Buffer { bytes, expected: Some(bytemuck::cast_slice(after).to_vec()) }
    }

    /// Returns a value.
    fn scalar<T: NoUninit>(value: T) -> Argument {
        Argument::Scalar(bytemuck::bytes_of(&value).to_vec())
    }
}

/// Numbers that look random and are the same in every run (SplitMix64, Steele et al. 2014).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number from `-bound` to `bound - 1`.
    fn signed(&mut self, bound: i32) -> i32 {
        self.below(2 * bound as u32).wrapping_sub(bound as u32) as i32
    }

    /// Returns a number below `bound`.
    fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// Returns `count` values of `draw`.
    fn many<T>(&mut self, count: usize, mut draw: impl FnMut(&mut Numbers) -> T) -> Vec<T> {
        (0..count).map(|_| draw(self)).collect()
    }
}
