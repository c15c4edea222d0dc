//! Words: phrases that plain English has better ones for, and names that mean one thing each
//! (`docs/glossary.md`). Both are counted over the whole tree.

use super::{File, Violation};

/// Phrases, what to write instead, and the most lines that may have them. Written in two halves, or
/// this file would count.
const PHRASES: [(&str, &str, usize); 6] = [
    (concat!("beh", "ind"), "after, past, later than", 20),
    (concat!("for ", "ever"), "forever, without limit", 10),
    (concat!("any ", "more"), "no longer, or nothing", 12),
    (concat!("is ", "told"), "is reported, learns", 24),
    (concat!("stands ", "for"), "represents, means", 24),
    (concat!("left-", "behind"), "overdue", 2),
];

/// Types whose bare name is a word of the glossary, and how many may be defined: loops have a job
/// each, a backend's own is none.
const TYPES: [(&str, usize); 7] = [
    ("Lane", 0),
    ("Replays", 0),
    ("Turn", 0),
    ("Resident", 1),
    ("FaultRecord", 1),
    ("Port", 2),
    ("Job", 4),
];

/// The words of all files, with the lines that have them.
#[derive(Debug, Default)]
pub(super) struct Words {
    phrases: [Vec<Violation>; PHRASES.len()],
    types: [Vec<Violation>; TYPES.len()],
}

impl Words {
    /// Reads the prose of sources and pages, and the types that sources define.
    pub(super) fn read<T: AsRef<str>>(texts: &[(&str, T)]) -> Self {
        let mut words = Self::default();
        for (path, text) in texts {
            let file = File { path, text: text.as_ref() };
            if file.is_rust() || path.ends_with(".md") {
                words.add(&file);
            }
        }
        words
    }

    fn add(&mut self, file: &File<'_>) {
        for (index, line) in file.text.lines().enumerate() {
            for (found, (phrase, instead, _)) in self.phrases.iter_mut().zip(&PHRASES) {
                if has(line, phrase) {
                    let message = format!("`{phrase}` again; write: {instead}");
                    found.push(file.violation(index + 1, message));
                }
            }
            if !file.is_rust() {
                continue;
            }
            for (found, (name, _)) in self.types.iter_mut().zip(&TYPES) {
                if defines(line, name) {
                    let message = format!("`{name}` has a meaning in docs/glossary.md already");
                    found.push(file.violation(index + 1, message));
                }
            }
        }
    }

    /// Returns the places of each word that is used more often than it may be.
    pub(super) fn check(self) -> Vec<Violation> {
        let phrases = self.phrases.into_iter().zip(PHRASES.map(|(_, _, max)| max));
        let types = self.types.into_iter().zip(TYPES.map(|(_, max)| max));
        phrases
            .chain(types)
            .filter(|(found, max)| found.len() > *max)
            .flat_map(|(found, _)| found)
            .collect()
    }
}

/// Returns whether a line has a phrase as words of its own.
fn has(line: &str, phrase: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(phrase).any(|(start, _)| {
        let (before, rest) = line.split_at(start);
        let after = rest.get(phrase.len()..).unwrap_or_default();
        !before.ends_with(is_word) && !after.starts_with(is_word)
    })
}

/// Returns whether a line begins the definition of a type of this name.
fn defines(line: &str, name: &str) -> bool {
    let code = line.trim_start();
    let code = match code.strip_prefix("pub") {
        Some(rest) => rest.trim_start_matches(|character| character != ' ').trim_start(),
        None => code,
    };
    ["struct ", "enum ", "trait ", "type "].iter().any(|keyword| {
        code.strip_prefix(keyword).and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| {
            !rest.starts_with(|character: char| character.is_alphanumeric() || character == '_')
        }) && !code.ends_with(';')
    })
}

#[cfg(test)]
mod tests {
    use super::{PHRASES, Words, defines, has};

    #[test]
    fn words_are_whole() {
        let phrase = PHRASES[0].0;
        assert!(has(&format!("one {phrase} the other"), phrase));
        assert!(has(&format!("({phrase})"), phrase));
        assert!(!has(&format!("left_{phrase}"), phrase));
        assert!(!has(&format!("{phrase}s"), phrase));
    }

    #[test]
    fn definitions_are_told_from_uses() {
        for line in ["struct Lane {", "pub(crate) struct Lane<T> {", "    pub enum Lane {"] {
            assert!(defines(line, "Lane"), "{line}");
        }
        for line in ["let lane = Lane {", "struct Lanes {", "use crate::Lane;", "type Lane;"] {
            assert!(!defines(line, "Lane"), "{line}");
        }
    }

    #[test]
    fn one_too_many_names_every_place() {
        let (phrase, _, max) = PHRASES[0];
        let line = format!("//! one {phrase} the other\n");
        let texts = |count: usize| [("a.rs", line.repeat(count)), ("b.toml", line.clone())];
        assert!(Words::read(&texts(max)).check().is_empty());
        assert_eq!(Words::read(&texts(max + 1)).check().len(), max + 1);
        let second = [("a.rs", "struct Replays {"), ("b.md", "struct Replays {")];
        let found = Words::read(&second).check();
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("glossary"), "{}", found[0].message);
    }
}
