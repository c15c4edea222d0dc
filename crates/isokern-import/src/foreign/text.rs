//! Kinds of files that are text.

use super::ForeignFile::{self, CArray, Json, Pointer, WebPage, Xml};

/// Returns the kind of a text; none of bytes that are none, or of other texts.
pub(super) fn kind(start: &[u8]) -> Option<ForeignFile> {
    // The last character may be cut.
    let text = match str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(start.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let text = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    if starts(&["version https://git-lfs", "version https://hawser", "/annex/objects/"]) {
        Some(Pointer)
    } else if starts(&["<!doctype html", "<html", "<head", "<body", "<script", "<meta", "<!--"]) {
        Some(WebPage)
    } else if starts(&["<?xml"]) {
        Some(if text.contains("<html") { WebPage } else { Xml })
    } else if starts(&["{", "["]) {
        Some(Json)
    } else {
        let is_array = ["char ", "uint8_t ", "int8_t "].iter().any(|kind| text.contains(kind));
        (is_array && text.contains("[]") || text.contains("0x1c, 0x00")).then_some(CArray)
    }
}
