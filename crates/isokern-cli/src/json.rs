//! Reports as JSON, for programs, with nothing in them that a terminal would obey.

use std::io::{self, Write};

use serde::Serialize;

use isokern::escape::is_plain;

/// Prints one value, indented, and ends the line.
///
/// What the text of a report would have escaped is `\u` and four digits here: the value is the
/// same for every reader of JSON.
pub(crate) fn print(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    print_text(&serde_json::to_string_pretty(value)?, out)
}

/// Works as [`print()`], on one line: for long lists of numbers.
pub(crate) fn print_line(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    print_text(&serde_json::to_string(value)?, out)
}

fn print_text(text: &str, out: &mut impl Write) -> io::Result<()> {
    // Outside its strings, JSON is ASCII.
    for piece in text.split_inclusive(|character| !is_plain(character)) {
        match piece.chars().next_back().filter(|&last| last != '\n' && !is_plain(last)) {
            None => out.write_all(piece.as_bytes())?,
            Some(last) => {
                out.write_all(&piece.as_bytes()[..piece.len() - last.len_utf8()])?;
                for unit in last.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::print;

    #[test]
    fn strings_have_plain_characters_alone_and_the_same_value() {
        let names = ["a\u{1b}[2J\u{7f}", "\u{202e}\u{9b}31m", "\u{e0041}b\u{feff}", "größe\n", ""];
        let mut text = Vec::new();
        print(&names, &mut text).expect("a vector takes every byte");
        let text = String::from_utf8(text).expect("it is UTF-8");
        assert!(text.contains("\"\\u202e\\u009b31m\""), "{text}");
        assert!(text.contains("\"\\udb40\\udc41b\\ufeff\""), "{text}");
        assert!(text.lines().flat_map(str::chars).all(isokern::escape::is_plain), "{text}");
        let read: Vec<String> = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(read, names);
    }
}
