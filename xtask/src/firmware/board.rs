//! The boards: processor, target of the compiler, machine of the emulator, memory.

use super::models::Model;

/// A board that the emulator knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Board {
    /// Its name, for the emulator too.
    pub(super) name: &'static str,
    pub(super) processor: &'static str,
    pub(super) target: &'static str,
    /// What the compiler is told besides: the processor, where the target is not of one.
    pub(super) flags: &'static str,
    /// Bytes of flash and RAM, as in the board's memory map.
    flash: u64,
    ram: u64,
    /// Whether the processor computes with floats by itself.
    pub(super) has_fpu: bool,
}

/// All boards. `tests/firmware/boards` has a memory map for each.
pub(crate) static BOARDS: [Board; 4] = [
    Board {
        name: "mps2-an386",
        processor: "Cortex-M4F",
        target: "thumbv7em-none-eabihf",
        flags: "",
        flash: 4 << 20,
        ram: 4 << 20,
        has_fpu: true,
    },
    Board {
        name: "mps2-an385",
        processor: "Cortex-M3",
        target: "thumbv7m-none-eabi",
        flags: "",
        flash: 4 << 20,
        ram: 4 << 20,
        has_fpu: false,
    },
    Board {
        name: "microbit",
        processor: "Cortex-M0",
        target: "thumbv6m-none-eabi",
        flags: "",
        flash: 256 << 10,
        ram: 16 << 10,
        has_fpu: false,
    },
    Board {
        name: "mps2-an505",
        processor: "Cortex-M33",
        target: "thumbv8m.main-none-eabihf",
        flags: "-C target-cpu=cortex-m33",
        flash: 4 << 20,
        ram: 4 << 20,
        has_fpu: true,
    },
];

/// Code for the smallest processors on a board with enough memory: a Cortex-M4 executes it.
pub(super) static V6M_ON_M4: Board = Board {
    name: "mps2-an386",
    processor: "Cortex-M4F",
    target: "thumbv6m-none-eabi",
    flags: "",
    flash: 4 << 20,
    ram: 4 << 20,
    has_fpu: false,
};

/// RAM below which a board has little room for the models that programs carry.
const SMALL_RAM: u64 = 64 << 10;

/// Flash that the largest program needs beside its model.
const CODE_MAX: u64 = 40 << 10;

/// RAM that a program needs beside its arena: statics and stack.
const MEMORY_MAX: u64 = 4 << 10;

/// Returns the board with this name.
pub(crate) fn find(name: &str) -> Result<&'static Board, String> {
    BOARDS.iter().find(|board| board.name == name).ok_or_else(|| {
        let names: Vec<&str> = BOARDS.iter().map(|board| board.name).collect();
        format!("the boards are {}", names.join(", "))
    })
}

impl Board {
    /// Returns the name for a table of figures.
    pub(super) fn label(&self) -> &'static str {
        if self == &V6M_ON_M4 { "mps2-an386, v6-M" } else { self.name }
    }

    /// Returns whether the programs that carry models have little room.
    pub(super) const fn is_small(&self) -> bool {
        self.ram < SMALL_RAM
    }

    /// Returns whether flash and RAM have room for the model, and if not, what is short.
    pub(super) fn fits(&self, model: &Model) -> Result<(), String> {
        let need = |what: &str, need: u64, have: u64| {
            if need > have {
                Err(format!("needs {need} bytes of {what}, has {have}"))
            } else {
                Ok(())
            }
        };
        need("flash", model.bytes + CODE_MAX, self.flash)?;
        need("RAM", model.arena + MEMORY_MAX, self.ram)
    }
}
