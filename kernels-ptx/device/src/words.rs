//! Words and cells that the host or other blocks read and write at the same time.
//!
//! Each access is one instruction with its order and scope written out: `.sys` where the
//! other side is the host, `.gpu` where it is a block of the same device. A scope that is
//! too narrow is a data race, one that is too wide costs time.
//!
//! On the device a word *is* an address and travels by value, but for those of structures, which
//! are in their place. `.global` forms are used:
//! such words are in global or mapped memory, never in shared.
#![allow(unsafe_code)]

use core::arch::asm;
use core::cell::UnsafeCell;

use isokern_core::ring::{
    AddressSpace, CellValue, SharedCell, SharedCounter, SharedRmw, SharedWord,
};

/// A word type and a cell type of one scope; `$release` is the order of a releasing store.
macro_rules! scoped {
    ($word:ident, $cell:ident, $scope:literal, $release:literal) => {
        #[doc = concat!("A 32-bit word whose other side is in scope `.", $scope, "`.")]
        #[derive(Clone, Copy)]
        pub struct $word {
            address: u64,
        }

        impl $word {
            /// Returns the word at `address`.
            ///
            /// # Safety
            ///
            /// * `address` is that of four bytes of global or mapped memory, aligned to four,
            ///   for as long as the word is used;
            /// * no Rust reference to them exists.
            #[inline(always)]
            pub const unsafe fn at(address: u64) -> Self {
                Self { address }
            }
        }

        impl SharedWord for $word {
            #[inline(always)]
            fn load_relaxed(&self) -> u32 {
                let value: u32;
                // SAFETY: the word is valid, by the contract of `at`.
                unsafe {
                    asm!(
                        concat!("ld.relaxed.", $scope, ".global.u32 {v}, [{a}];"),
                        v = out(reg32) value, a = in(reg64) self.address, options(nostack),
                    );
                }
                value
            }

            #[inline(always)]
            fn load_acquire(&self) -> u32 {
                let value: u32;
                // SAFETY: the word is valid, by the contract of `at`.
                unsafe {
                    asm!(
                        concat!("ld.acquire.", $scope, ".global.u32 {v}, [{a}];"),
                        v = out(reg32) value, a = in(reg64) self.address, options(nostack),
                    );
                }
                value
            }

            #[inline(always)]
            fn store_relaxed(&self, value: u32) {
                // SAFETY: the word is valid, by the contract of `at`.
                unsafe {
                    asm!(
                        concat!("st.relaxed.", $scope, ".global.u32 [{a}], {v};"),
                        a = in(reg64) self.address, v = in(reg32) value, options(nostack),
                    );
                }
            }

            #[inline(always)]
            fn store_release(&self, value: u32) {
                // SAFETY: the word is valid, by the contract of `at`.
                unsafe {
                    asm!(
                        concat!("st.", $release, ".", $scope, ".global.u32 [{a}], {v};"),
                        a = in(reg64) self.address, v = in(reg32) value, options(nostack),
                    );
                }
            }
        }

        #[doc = concat!("Eight bytes {data, turn} whose other side is in scope `.", $scope, "`.")]
        #[derive(Clone, Copy)]
        pub struct $cell {
            address: u64,
        }

        impl $cell {
            /// Returns the cell at `address`.
            ///
            /// # Safety
            ///
            /// As for the word, of eight bytes aligned to eight.
            #[inline(always)]
            pub const unsafe fn at(address: u64) -> Self {
                Self { address }
            }
        }

        impl SharedCell for $cell {
            #[inline(always)]
            fn poll(&self) -> CellValue {
                let both: u64;
                // SAFETY: the cell is valid, by the contract of `at`.
                unsafe {
                    asm!(
                        concat!("ld.relaxed.", $scope, ".global.b64 {v}, [{a}];"),
                        v = out(reg64) both, a = in(reg64) self.address, options(nostack),
                    );
                }
                cell_value(both)
            }

            #[inline(always)]
            fn poll_acquire(&self) -> CellValue {
                let both: u64;
                // SAFETY: the cell is valid, by the contract of `at`.
                unsafe {
                    asm!(
                        concat!("ld.acquire.", $scope, ".global.b64 {v}, [{a}];"),
                        v = out(reg64) both, a = in(reg64) self.address, options(nostack),
                    );
                }
                cell_value(both)
            }

            #[inline(always)]
            fn publish(&self, data: u32, turn: u32) {
                // SAFETY: the cell is valid, by the contract of `at`.
                unsafe {
                    asm!(
                        concat!("st.relaxed.", $scope, ".global.b64 [{a}], {v};"),
                        a = in(reg64) self.address, v = in(reg64) cell_bits(data, turn),
                        options(nostack),
                    );
                }
            }

            #[inline(always)]
            fn publish_release(&self, data: u32, turn: u32) {
                // SAFETY: the cell is valid, by the contract of `at`.
                unsafe {
                    asm!(
                        concat!("st.", $release, ".", $scope, ".global.b64 [{a}], {v};"),
                        a = in(reg64) self.address, v = in(reg64) cell_bits(data, turn),
                        options(nostack),
                    );
                }
            }

            #[inline(always)]
            fn read(&self) -> Option<CellValue> {
                Some(self.poll_acquire())
            }

            #[inline(always)]
            fn replace(&self, data: u32, turn: u32) {
                self.publish_release(data, turn);
            }
        }
    };
}

scoped!(SystemWord, SystemCell, "sys", "release");
#[cfg(not(feature = "plant-dropped-fence"))]
scoped!(GpuWord, GpuCell, "gpu", "release");
#[cfg(feature = "plant-dropped-fence")]
scoped!(GpuWord, GpuCell, "gpu", "relaxed");

// Only here: across PCIe a read-modify-write is not one piece.
impl SharedRmw for GpuWord {
    #[inline(always)]
    fn compare_exchange(&self, current: u32, new: u32) -> Result<u32, u32> {
        let found: u32;
        // SAFETY: the word is valid, by the contract of `at`.
        unsafe {
            asm!(
                "atom.acq_rel.gpu.global.cas.b32 {f}, [{a}], {c}, {n};",
                f = out(reg32) found, a = in(reg64) self.address,
                c = in(reg32) current, n = in(reg32) new, options(nostack),
            );
        }
        if found == current { Ok(found) } else { Err(found) }
    }
}

// As above.
impl SharedCounter for GpuWord {
    #[inline(always)]
    fn fetch_add(&self, difference: u32) -> u32 {
        let found: u32;
        // SAFETY: the word is valid, by the contract of `at`.
        unsafe {
            asm!(
                "atom.acq_rel.gpu.global.add.u32 {f}, [{a}], {d};",
                f = out(reg32) found, a = in(reg64) self.address, d = in(reg32) difference,
                options(nostack),
            );
        }
        found
    }
}

/// A word type that is in its place in memory, for structures of words.
macro_rules! placed {
    ($placed:ident, $word:ident, $scope:literal) => {
        #[doc = concat!("A 32-bit word in its place; its other side is in scope `.", $scope, "`.")]
        ///
        /// There are only references to one, made of its address in global or mapped memory.
        #[repr(transparent)]
        pub struct $placed(UnsafeCell<u32>);

        impl $placed {
            #[inline(always)]
            fn word(&self) -> $word {
                // SAFETY: a reference is to four aligned bytes, which nobody reaches but by
                // instructions of `$word`: nobody makes references to the inside of the cell.
                unsafe { $word::at(self.0.get().expose_provenance() as u64) }
            }
        }

        impl SharedWord for $placed {
            #[inline(always)]
            fn load_relaxed(&self) -> u32 {
                self.word().load_relaxed()
            }

            #[inline(always)]
            fn load_acquire(&self) -> u32 {
                self.word().load_acquire()
            }

            #[inline(always)]
            fn store_relaxed(&self, value: u32) {
                self.word().store_relaxed(value);
            }

            #[inline(always)]
            fn store_release(&self, value: u32) {
                self.word().store_release(value);
            }
        }
    };
}

placed!(PlacedSystemWord, SystemWord, "sys");
placed!(PlacedGpuWord, GpuWord, "gpu");

impl SharedRmw for PlacedGpuWord {
    #[inline(always)]
    fn compare_exchange(&self, current: u32, new: u32) -> Result<u32, u32> {
        self.word().compare_exchange(current, new)
    }
}

impl SharedCounter for PlacedGpuWord {
    #[inline(always)]
    fn fetch_add(&self, difference: u32) -> u32 {
        self.word().fetch_add(difference)
    }
}

/// Global or mapped memory that the host reads and writes at the same time.
#[derive(Clone, Copy)]
pub struct SystemMemory(());

impl SystemMemory {
    /// Returns memory whose addresses are given later.
    ///
    /// # Safety
    ///
    /// Of every address that is asked for, the contract of [`SystemCell::at`] is kept.
    #[inline(always)]
    pub const unsafe fn new() -> Self {
        Self(())
    }
}

impl AddressSpace for SystemMemory {
    type Cell = SystemCell;
    type Word = SystemWord;

    #[inline(always)]
    fn cell(&self, address: u64) -> SystemCell {
        // SAFETY: by the contract of `new`.
        unsafe { SystemCell::at(address) }
    }

    #[inline(always)]
    fn word(&self, address: u64) -> SystemWord {
        // SAFETY: by the contract of `new`.
        unsafe { SystemWord::at(address) }
    }
}

/// Returns a cell as it is in memory: data in the lower half, turn in the upper.
#[inline(always)]
const fn cell_bits(data: u32, turn: u32) -> u64 {
    (turn as u64) << 32 | data as u64
}

#[inline(always)]
const fn cell_value(both: u64) -> CellValue {
    CellValue { data: both as u32, turn: (both >> 32) as u32 }
}
