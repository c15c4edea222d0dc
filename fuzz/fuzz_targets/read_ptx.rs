//! Any bytes as a PTX text: an error that points into it, or a tree that can be analysed.
#![no_main]

use isokern_simcuda::program::pressure;
use isokern_simcuda::ptx::ast::Item;
use isokern_simcuda::ptx::parse;
use libfuzzer_sys::fuzz_target;

/// What most texts start with: with it mutations reach the bodies after.
const HEAD: &str = ".version 7.8\n.target sm_80\n.address_size 64\n";

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    read(&text);
    if !text.starts_with(HEAD) {
        read(&format!("{HEAD}{text}"));
    }
});

fn read(text: &str) {
    match parse(text) {
        Ok(module) => {
            for item in &module.items {
                let Item::Function(function) = item else { continue };
                let own = pressure::registers(function);
                let all = pressure::with_callees(&module, &function.name);
                assert!(own <= pressure::MAX_REGISTERS && all <= pressure::MAX_REGISTERS);
            }
        }
        Err(error) => {
            let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
            let line = error.line as usize;
            assert!((1..=lines).contains(&line), "line {line} of {lines}: {error}");
        }
    }
}
