//! Reads Rust source without parsing it: blanks comments and literals, then looks for words.
//!
//! The house rules ask questions such as "does `dyn` appear as code in this file?". A parser
//! would answer them too, at the price of a dependency as large as the rules. A scanner that
//! knows comments, strings and character literals is enough.

/// Returns the text with every comment and every literal replaced by spaces, line for line.
///
/// Line breaks stay, so a line number in the result is a line number in the input. Doc
/// comments are comments. Nested block comments, raw strings, byte and C strings, and the
/// difference between a lifetime and a character literal are understood.
#[must_use]
pub fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = hidden_end(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            let blank = |c: &char| if *c == '\n' { '\n' } else { ' ' };
            code.extend(chars[at..end].iter().map(blank));
            at = end;
        }
    }
    code
}

/// Returns the contents of all plain string literals, escapes as they are written.
pub fn literals(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut literals = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let end = hidden_end(&chars, at);
        if chars[at] == '"' {
            let content = chars[at..end].iter().skip(1).collect::<String>();
            literals.push(content.strip_suffix('"').unwrap_or(&content).to_owned());
        }
        at = end.max(at + 1);
    }
    literals
}

/// Returns the words of `code` with their line numbers, counted from 1.
///
/// A word is a run of letters, digits and underscores; `r#name` counts as `name`.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().enumerate().flat_map(|(index, line)| {
        line.split(|c: char| !is_word(c))
            .filter(|word| !word.is_empty())
            .map(move |word| (index + 1, word))
    })
}

/// Returns the lines, counted from 1, on which `word` is code.
#[must_use]
pub fn lines_with(text: &str, word: &str) -> Vec<usize> {
    let code = code_only(text);
    let mut lines: Vec<usize> =
        words(&code).filter(|(_, found)| *found == word).map(|(line, _)| line).collect();
    lines.dedup();
    lines
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns where the comment or literal that starts at `at` ends; `at` itself when none starts
/// there.
fn hidden_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    match (chars[at], next) {
        ('/', Some('/')) => line_end(chars, at),
        ('/', Some('*')) => block_comment_end(chars, at),
        ('"', _) => string_end(chars, at + 1),
        ('\'', _) => char_end(chars, at),
        ('r' | 'b' | 'c', _) if at == 0 || !is_word(chars[at - 1]) => prefixed_end(chars, at),
        _ => at,
    }
}

fn line_end(chars: &[char], at: usize) -> usize {
    let length = chars[at..].iter().position(|c| *c == '\n');
    length.map_or(chars.len(), |length| at + length)
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1).copied()) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) if depth == 1 => return at + 2,
            ('*', Some('/')) => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    chars.len()
}

/// Returns the end of a string with escapes whose content starts at `at`.
fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// Returns the end of a character literal, or `at` when the quote starts a lifetime.
fn char_end(chars: &[char], at: usize) -> usize {
    if chars.get(at + 1) == Some(&'\\') {
        let from = at + 3;
        let length = chars.iter().skip(from).position(|c| *c == '\'');
        return length.map_or(chars.len(), |length| from + length + 1);
    }
    if chars.get(at + 2) == Some(&'\'') { at + 3 } else { at }
}

/// Returns the end of a literal with one of the prefixes `r`, `b`, `c`, `br`, `cr`; `at` when the
/// letter only starts a word.
fn prefixed_end(chars: &[char], at: usize) -> usize {
    let mut open = at + 1;
    let mut raw = chars[at] == 'r';
    if !raw && chars.get(open) == Some(&'r') {
        raw = true;
        open += 1;
    }
    if !raw {
        return match chars.get(open) {
            Some('"') => string_end(chars, open + 1),
            Some('\'') if chars[at] == 'b' => char_end(chars, open),
            _ => at,
        };
    }
    let hashes = chars[open.min(chars.len())..].iter().take_while(|c| **c == '#').count();
    open += hashes;
    if chars.get(open) != Some(&'"') {
        return at;
    }
    raw_string_end(chars, open + 1, hashes)
}

fn raw_string_end(chars: &[char], from: usize, hashes: usize) -> usize {
    let closes = |at: usize| {
        let tail = chars.iter().skip(at + 1).take(hashes);
        chars[at] == '"' && tail.filter(|c| **c == '#').count() == hashes
    };
    let close = (from..chars.len()).find(|at| closes(*at));
    close.map_or(chars.len(), |at| at + 1 + hashes)
}

#[cfg(test)]
mod tests {
    use super::{code_only, lines_with, literals};

    #[test]
    fn comments_and_literals_are_blank() {
        let cases = [
            "// word",
            "/* a /* word */ word */",
            "\"word \\\" word\"",
            "r\"word\"",
            "r#\"word \" word\"#",
            "b\"word\"",
            "br##\"word\"# word\"##",
            "c\"word\"",
            "//! word\n/// word",
            "'\"' ; \"word\"",
            "'\\'' ; \"word\"",
            "b'\"' ; \"word\"",
            "'\\u{41}' ; \"word\"",
        ];
        for case in cases {
            assert!(lines_with(case, "word").is_empty(), "{case}: {:?}", code_only(case));
        }
    }

    #[test]
    fn code_after_comments_and_literals_stays() {
        let cases = [
            ("/* a */ word", 1),
            ("\"a\\\\\" word", 1),
            ("// a\nword", 2),
            ("\"a\nb\" word", 2),
            ("&'a word", 1),
            ("fn f<'a>(x: &'a str) -> word<'a>", 1),
            ("r#word", 1),
            ("let bar = 1; word", 1),
            ("'\\n' word", 1),
            ("'x' word", 1),
        ];
        for (case, line) in cases {
            assert_eq!(lines_with(case, "word"), [line], "{case}: {:?}", code_only(case));
        }
    }

    #[test]
    fn literals_are_found_as_they_are_written() {
        let text = "a(\"b c\", \"\") // \"d\"\n/* \"e\" */ '\"' \"f\\\"g\" \"h";
        assert_eq!(literals(text), ["b c", "", "f\\\"g", "h"]);
    }

    #[test]
    fn parts_of_words_do_not_count() {
        assert!(lines_with("dynamic un_dyn dyn_ r#dyno", "dyn").is_empty());
    }

    #[test]
    fn unfinished_text_ends_with_the_file() {
        for case in ["\"a", "/* a", "r#\"a", "'\\", "b", "r", "br", "'"] {
            assert_eq!(code_only(case).chars().count(), case.chars().count(), "{case}");
        }
    }
}
