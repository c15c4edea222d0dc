//! Files that are read whole, `-` being standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::name;

/// Returns the name of a file in messages.
pub(crate) fn source_name(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { name(path) }
}

/// Reads to one byte past the most that is taken: whoever gets that byte refuses.
pub(crate) fn read_to(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if is_stdin(path) {
        io::stdin().lock().take(bytes_max + 1).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}
