//! Fault records: how device code says that something is wrong, and ends.

use core::fmt;
use core::mem::offset_of;

use crate::numbered;
use bytemuck::{Pod, Zeroable};

/// Where device code writes its first fault: 64 bytes, aligned to 8, zeroed by the host
/// before a launch.
///
/// It is in memory of the device, or in mapped memory of the host: the threads of a grid race
/// for it with a compare-and-swap of device scope, which is atomic among them in either. The
/// host has no part in that race, and reads the record once the kernel has ended, with
/// [`FaultRecord::fault`]. The first fault stays, later ones are dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct FaultRecord {
    /// [`FaultState`], as a number.
    pub state: u32,
    /// [`FaultCode::code`].
    pub code: u32,
    /// Index of the block in its grid.
    pub block: u32,
    /// Index of the thread in its block.
    pub thread: u32,
    /// What [`FaultCode`] says beside the code.
    pub detail: u64,
    /// Sample the block was at, or 0 where there are none.
    pub sample: u64,
    /// Line of the source at which a panic started; 0 for other codes.
    pub line: u32,
    /// Column of that line.
    pub column: u32,
    /// Zero.
    pub reserved: [u32; 6],
}

const _: () = {
    assert!(size_of::<FaultRecord>() == 64);
    assert!(align_of::<FaultRecord>() == 8);
    assert!(offset_of!(FaultRecord, state) == 0);
    assert!(offset_of!(FaultRecord, code) == 4);
    assert!(offset_of!(FaultRecord, block) == 8);
    assert!(offset_of!(FaultRecord, thread) == 12);
    assert!(offset_of!(FaultRecord, detail) == 16);
    assert!(offset_of!(FaultRecord, sample) == 24);
    assert!(offset_of!(FaultRecord, line) == 32);
    assert!(offset_of!(FaultRecord, column) == 36);
};

/// The progress of writing a [`FaultRecord`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum FaultState {
    /// No fault.
    Empty = 0,
    /// A thread has claimed the record and not yet filled it.
    Claimed = 1,
    /// Every field is written.
    Written = 2,
}

numbered! {
    /// The kind of a fault. The numbers are stable.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum FaultCode: u32, code, from_code {
        /// A bounds check or another assertion failed; the record has its line.
        Panic = 1,
        /// Parameters of another version, or that contradict the model; detail is what the
        /// device expected.
        Parameters = 2,
        /// The bytes do not begin with a model's header; detail is their length.
        Model = 3,
        /// The device code was built without an operator; detail is its index.
        Operator = 4,
        /// The launch gave too little shared memory; detail is the bytes needed.
        SharedMemory = 5,
        /// The arena is too short; detail is the bytes needed.
        Arena = 6,
        /// An operator was given an index outside of what it picks from; detail is the operator's
        /// index.
        Index = 7,
    }
}

impl FaultRecord {
    /// Returns the fault that was recorded, if any.
    ///
    /// ```
    /// use isokern_core::device::{FaultCode, FaultRecord, FaultState};
    ///
    /// let mut record = FaultRecord::default();
    /// assert_eq!(record.fault(), None);
    /// record.state = FaultState::Written as u32;
    /// record.code = FaultCode::SharedMemory.code();
    /// record.detail = 4096;
    /// let text = record.fault().expect("one is written").to_string();
    /// assert!(text.contains("4096 bytes of shared memory"), "{text}");
    /// ```
    #[must_use]
    pub const fn fault(&self) -> Option<Fault> {
        if self.state == FaultState::Empty as u32 { None } else { Some(Fault { record: *self }) }
    }
}

/// A recorded fault, as text and as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    record: FaultRecord,
}

impl Fault {
    /// Returns what was wrong; `None` for a number this build does not know, and for a record that
    /// was claimed and never filled.
    #[must_use]
    pub const fn code(&self) -> Option<FaultCode> {
        if self.record.state != FaultState::Written as u32 {
            return None;
        }
        FaultCode::from_code(self.record.code)
    }

    /// Returns the record's fields.
    #[must_use]
    pub const fn record(&self) -> &FaultRecord {
        &self.record
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FaultRecord { code, block, thread, detail, sample, line, column, .. } = self.record;
        write!(f, "device code stopped in block {block}, thread {thread}, at sample {sample}: ")?;
        match self.code() {
            Some(FaultCode::Panic) => write!(
                f,
                "a check failed at line {line}, column {column}. Fix: report it with the model; \
                 the blob may have changed after it was checked"
            ),
            Some(FaultCode::Parameters) => write!(
                f,
                "the parameters do not fit the model or this device code (expected {detail}). \
                 Fix: use a backend and device code of one version"
            ),
            Some(FaultCode::Model) => write!(
                f,
                "its {detail} bytes are not a packed model. Fix: copy the whole blob to the \
                 device, after checking it"
            ),
            Some(FaultCode::Operator) => write!(
                f,
                "operator {detail} is of a kind the device code was built without. Fix: build \
                 it with the operator set of this model"
            ),
            Some(FaultCode::SharedMemory) => write!(
                f,
                "the launch needs {detail} bytes of shared memory. Fix: launch as planned, and \
                 raise the function's limit first"
            ),
            Some(FaultCode::Arena) => {
                write!(f, "the model needs an arena of {detail} bytes. Fix: launch as planned")
            }
            Some(FaultCode::Index) => write!(
                f,
                "operator {detail} was given an index outside of what it picks from. Fix: pass \
                 indices below the size of that dimension"
            ),
            None if self.record.state == FaultState::Written as u32 => {
                write!(f, "unknown code {code}. Fix: use a backend and device code of one version")
            }
            None => write!(f, "the record was claimed and not filled. Fix: read it after the end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::{FaultCode, FaultRecord, FaultState};

    fn written(code: u32) -> FaultRecord {
        FaultRecord { state: FaultState::Written as u32, code, detail: 77, ..Default::default() }
    }

    #[test]
    fn every_code_reads_back_and_says_what_to_do() {
        for code in 1..=7 {
            let fault = written(code).fault().expect("a fault is written");
            assert_eq!(fault.code().map(FaultCode::code), Some(code));
            let text = fault.to_string();
            assert!(text.contains("Fix: "), "{text}");
            assert_eq!(text.contains("77"), code != 1, "{text}");
        }
        assert_eq!(FaultCode::from_code(0), None);
        assert_eq!(FaultCode::from_code(8), None);
    }

    #[test]
    fn codes_of_another_version_and_half_written_records_are_faults_too() {
        let fault = written(99).fault().expect("a fault is written");
        assert_eq!(fault.code(), None);
        assert!(fault.to_string().contains("unknown code 99"));
        let claimed = FaultRecord { state: FaultState::Claimed as u32, ..written(1) };
        let fault = claimed.fault().expect("somebody met a fault");
        assert_eq!(fault.code(), None);
        assert!(fault.to_string().contains("claimed"));
    }
}
