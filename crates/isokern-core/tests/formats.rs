//! `defmt` shows errors as their texts and counts as numbers, and no error was forgotten.
#![allow(unsafe_code)]

use core::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use defmt::Format;
use isokern_core::actor::{ActorError, ActorState};
use isokern_core::megakernel::MegakernelReport;
use isokern_core::ring::{ActorFault, PopError, PushError};
use isokern_core::{KernelError, KernelMode};

thread_local! {
    /// What this thread has logged.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[defmt::global_logger]
struct Logger;

// SAFETY: bytes go to the memory of the thread that logs, so nothing is shared and each frame is
// whole.
unsafe impl defmt::Logger for Logger {
    fn acquire() {}

    unsafe fn flush() {}

    unsafe fn release() {}

    unsafe fn write(bytes: &[u8]) {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
    }
}

defmt::timestamp!("");

#[defmt::panic_handler]
fn panic() -> ! {
    unreachable!("nothing here asks defmt to panic")
}

/// Returns the bytes of a frame with this value.
fn logged(value: &impl Format) -> Vec<u8> {
    LOGGED.take();
    defmt::error!("{}", value);
    LOGGED.take()
}

fn contains(frame: &[u8], part: &[u8]) -> bool {
    frame.windows(part.len()).any(|window| window == part)
}

#[test]
fn errors_and_states_are_their_texts() {
    fn check(value: &(impl Format + ToString)) {
        let text = value.to_string();
        assert!(!text.is_empty() && contains(&logged(value), text.as_bytes()), "{text}");
    }
    check(&ActorError::Handler { code: 7, detail: 9 });
    check(&KernelError::InvalidInput { reason: "the buffer is short" });
    check(&PopError::Empty);
    check(&PushError::Full([1_u8; 3]));
    assert!(contains(&logged(&ActorState::Draining), ActorState::Draining.as_str().as_bytes()));
    assert!(contains(&logged(&KernelMode::Ring), KernelMode::Ring.as_str().as_bytes()));
}

#[test]
fn counts_are_numbers_in_their_order() {
    let fault = ActorFault { code: 0x0102_0304, ticket: 5, detail: 6 };
    let numbers = [0x0102_0304_u32.to_le_bytes(), 5_u32.to_le_bytes()].concat();
    assert!(contains(&logged(&fault), &numbers), "{:?}", logged(&fault));
    let report = MegakernelReport { accepted: 8, done: 7, faulted: 1, ..Default::default() };
    let numbers = [8_u64, 7, 1].map(u64::to_le_bytes).concat();
    assert!(contains(&logged(&report), &numbers), "{:?}", logged(&report));
}

/// The crates without `std` that have public errors.
const CRATES: [&str; 5] =
    ["isokern-core", "isokern-cpu", "isokern-embassy", "isokern-model", "isokern-ring"];

/// Every public type that derives `Error` is named by the file with the formats.
#[test]
fn no_error_of_a_crate_for_firmware_was_forgotten() {
    let mut found_count = 0;
    for name in CRATES {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
        let formats = fs::read_to_string(source.join("formats.rs")).expect("it is there");
        let mut files = Vec::new();
        rust_files(&source, &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("source is UTF-8");
            for error in errors(&text) {
                found_count += 1;
                let is_named = formats.split(|c: char| !c.is_alphanumeric()).any(|n| n == error);
                assert!(is_named, "{file:?}: {error} has no format in {name}/src/formats.rs");
            }
        }
    }
    assert!(found_count > 40, "{found_count} errors were found");
}

/// Returns the names of the public types that derive `Error`.
fn errors(text: &str) -> Vec<&str> {
    let mut is_error = false;
    let mut names = Vec::new();
    for line in text.lines() {
        if let Some(list) = line.strip_prefix("#[derive(") {
            is_error = list.trim_end_matches(")]").split(", ").any(|name| name == "Error");
        }
        let rest = line.strip_prefix("pub enum ").or_else(|| line.strip_prefix("pub struct "));
        if let Some(rest) = rest {
            let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            if is_error {
                names.push(&rest[..end]);
            }
            is_error = false;
        }
    }
    names
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
