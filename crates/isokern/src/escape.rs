//! Texts from outside, as they may be shown: names in models, headers of arrays, labels, paths,
//! messages of drivers.

/// Returns a text with every character escaped that is not seen as itself: `\u{1b}`, `\n`.
///
/// Those are control characters, marks that turn the direction of writing, joiners, spaces of
/// other kinds, line separators, and characters for private use or for none. What is left can
/// neither move a cursor nor start a new line, nor put itself before the text it follows. A text
/// that was escaped stays as it is, so escaping twice does no harm.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for piece in text.split_inclusive(PLAIN) {
        let escapable = piece.strip_suffix(PLAIN).unwrap_or(piece);
        shown.extend(escapable.escape_debug());
        shown.push_str(&piece[escapable.len()..]);
    }
    shown
}

/// Returns a name between quotation marks, escaped, those inside it too.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", escaped(name).replace('"', "\\\""))
}

/// Returns whether a character is shown as itself.
#[must_use]
pub fn is_plain(character: char) -> bool {
    PLAIN.contains(&character) || character.escape_debug().len() == 1
}

/// What `escape_debug` would escape for the sake of quotation marks.
const PLAIN: [char; 3] = ['\\', '"', '\''];

#[cfg(test)]
mod tests {
    use super::{escaped, is_plain, quoted};

    #[test]
    fn what_would_not_be_seen_as_itself_is_escaped() {
        let cases = [
            ("a\u{1b}[2J", "a\\u{1b}[2J"),
            ("\u{7}\r\n\t\0", "\\u{7}\\r\\n\\t\\0"),
            ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
            ("\u{200e}\u{200f}\u{2066}\u{2069}", "\\u{200e}\\u{200f}\\u{2066}\\u{2069}"),
            ("\u{61c}\u{200b}\u{200d}\u{feff}", "\\u{61c}\\u{200b}\\u{200d}\\u{feff}"),
            ("\u{7f}\u{80}\u{9b}31m", "\\u{7f}\\u{80}\\u{9b}31m"),
            ("\u{2028}\u{2029}\u{a0}", "\\u{2028}\\u{2029}\\u{a0}"),
            ("\u{e000}\u{e0041}", "\\u{e000}\\u{e0041}"),
        ];
        for (text, shown) in cases {
            assert_eq!(escaped(text), shown);
            assert_eq!(escaped(shown), shown, "a second time");
            assert!(!text.chars().all(is_plain) && shown.chars().all(is_plain), "{shown}");
        }
    }

    #[test]
    fn words_of_every_writing_and_paths_stay_as_they_are() {
        for text in ["C:\\a\\b.ikm", "it's \"x\"", "größe", "数字", "עברית", "e\u{301}", "`|i1`"]
        {
            assert_eq!(escaped(text), text);
        }
        assert_eq!(quoted("a\"b\n"), "\"a\\\"b\\n\"");
    }
}
