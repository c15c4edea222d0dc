//! Registers of kernels as an assembler counted them, which is better than an estimate from PTX.

use std::collections::HashMap;

/// Reads a record: lines `[entry.NAME]`, each with a line `registers = N` after it. Other lines
/// are left alone, so the limits of device code that `cargo xtask ptx` compares are such a record.
#[must_use]
pub fn read(text: &str) -> HashMap<String, u32> {
    let mut found = HashMap::new();
    let mut entry = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            entry = line.strip_prefix("[entry.").and_then(|rest| rest.strip_suffix(']'));
        }
        let count = line.strip_prefix("registers").and_then(|rest| rest.trim().strip_prefix('='));
        let digits = count.map(|rest| rest.split('#').next().unwrap_or_default().trim());
        if let (Some(name), Some(Ok(count))) = (entry, digits.map(str::parse)) {
            found.insert(name.to_owned(), count);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_record_has_a_count_for_each_entry() {
        let text = "# words\n[entry.a]\nregisters = 40 # of 255\nshared_bytes = 8\n\n[entry.b]\n\
            frame_bytes = 3\n[other]\nregisters = 9\n[entry.c]\nregisters=255\n";
        let found = read(text);
        assert_eq!((found.len(), found["a"], found["c"]), (2, 40, 255));
    }
}
