//! The boards: processor, target of the compiler, machine of the emulator, memory.

use super::models::Model;

/// A board that the emulator knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Board {
    /// Its name in the tables.
    pub(super) name: &'static str,
    pub(super) machine: Machine,
    pub(super) processor: &'static str,
    pub(super) target: &'static str,
    /// What the compiler also gets: the processor, where the target is not of one.
    pub(super) flags: &'static str,
    /// Bytes of flash and RAM, as in the board's memory map.
    flash: u64,
    ram: u64,
    /// Whether the processor computes with floats by itself.
    pub(super) has_fpu: bool,
    /// The models whose costs are measured there.
    measured: Measured,
}

/// What the emulator makes of a board.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Machine {
    /// An Arm board of the board's name.
    Arm,
    /// The RISC-V machine `virt`, with a processor of these properties.
    RiscV(&'static str),
}

/// Models that are measured: each is a build of its own.
#[derive(Debug, PartialEq, Eq)]
enum Measured {
    All,
    /// Those of these names: every model runs in every mode there, with the same loops.
    Some(&'static [&'static str]),
}

/// Models of every kind of network, and those that others have figures for.
const CHOSEN: Measured = Measured::Some(&[
    "digits",
    "residual",
    "keyword",
    "ad01_int8",
    "ic_resnet8_int8",
    "kws_dscnn_int8",
    "vww_mnv1_int8",
]);

/// All boards. `tests/firmware/boards` has a memory map for each.
pub(crate) static BOARDS: [Board; 7] = [
    Board {
        name: "mps2-an386",
        machine: Machine::Arm,
        processor: "Cortex-M4F",
        target: "thumbv7em-none-eabihf",
        flags: "",
        flash: 4 << 20,
        ram: 4 << 20,
        has_fpu: true,
        measured: Measured::All,
    },
    Board {
        name: "mps2-an385",
        machine: Machine::Arm,
        processor: "Cortex-M3",
        target: "thumbv7m-none-eabi",
        flags: "",
        flash: 4 << 20,
        ram: 4 << 20,
        has_fpu: false,
        measured: Measured::All,
    },
    Board {
        name: "microbit",
        machine: Machine::Arm,
        processor: "Cortex-M0",
        target: "thumbv6m-none-eabi",
        flags: "",
        flash: 256 << 10,
        ram: 16 << 10,
        has_fpu: false,
        measured: Measured::All,
    },
    Board {
        name: "mps2-an505",
        machine: Machine::Arm,
        processor: "Cortex-M33",
        target: "thumbv8m.main-none-eabihf",
        flags: "-C target-cpu=cortex-m33",
        flash: 4 << 20,
        ram: 4 << 20,
        has_fpu: true,
        measured: Measured::All,
    },
    Board {
        name: "mps3-an547",
        machine: Machine::Arm,
        processor: "Cortex-M55",
        target: "thumbv8m.main-none-eabihf",
        flags: "-C target-cpu=cortex-m55",
        flash: 512 << 10,
        ram: 4 << 20,
        has_fpu: true,
        measured: CHOSEN,
    },
    Board {
        name: "virt-rv32imac",
        machine: Machine::RiscV("rv32,f=false,d=false"),
        processor: "RV32IMAC",
        target: "riscv32imac-unknown-none-elf",
        flags: "",
        flash: 4 << 20,
        ram: 4 << 20,
        has_fpu: false,
        measured: CHOSEN,
    },
    Board {
        name: "virt-rv32imc",
        machine: Machine::RiscV("rv32,a=false,f=false,d=false"),
        processor: "RV32IMC",
        target: "riscv32imc-unknown-none-elf",
        flags: "",
        flash: 4 << 20,
        ram: 4 << 20,
        has_fpu: false,
        measured: Measured::Some(&["digits", "kws_dscnn_int8"]),
    },
];

/// Code for the smallest processors on a board with enough memory: a Cortex-M4 executes it.
pub(super) static V6M_ON_M4: Board = Board {
    name: "mps2-an386",
    machine: Machine::Arm,
    processor: "Cortex-M4F",
    target: "thumbv6m-none-eabi",
    flags: "",
    flash: 4 << 20,
    ram: 4 << 20,
    has_fpu: false,
    measured: Measured::Some(&[]),
};

/// A board that is built for and not run: no emulator knows it.
pub(super) static NUCLEO: Board = Board {
    name: "nucleo-f446re",
    machine: Machine::Arm,
    processor: "Cortex-M4F",
    target: "thumbv7em-none-eabihf",
    flags: "",
    flash: 512 << 10,
    ram: 128 << 10,
    has_fpu: true,
    measured: Measured::Some(&[]),
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

    /// Returns the processor that the code is made for.
    pub(super) fn code_processor(&self) -> &'static str {
        if self == &V6M_ON_M4 { "Cortex-M0" } else { self.processor }
    }

    /// Returns what `isokern inspect --target` calls the processor, if it predicts for it.
    pub(super) fn prediction_target(&self) -> Option<&'static str> {
        match self.code_processor() {
            "Cortex-M4F" => Some("cortex-m4"),
            _ => None,
        }
    }

    /// Returns whether the programs that carry models have little room.
    pub(super) const fn is_small(&self) -> bool {
        self.ram < SMALL_RAM
    }

    /// Returns whether the processor has vectors of integers.
    pub(super) fn has_vectors(&self) -> bool {
        self.flags.ends_with("cortex-m55")
    }

    /// Returns whether the model is one of those whose costs are measured here.
    pub(super) fn measures(&self, model: &Model) -> bool {
        match self.measured {
            Measured::All => true,
            Measured::Some(names) => names.contains(&model.name.as_str()),
        }
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
