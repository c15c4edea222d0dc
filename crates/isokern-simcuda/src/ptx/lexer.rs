//! Characters to tokens, with lines; comments and white space are dropped here.
//!
//! Source: NVIDIA, *PTX ISA*, chapter 4 (syntax).

use crate::error::{PtxError, Reason};

/// A token; the words are slices of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An identifier, with the percent sign of a register; `_` alone is one too.
    Word(&'a str),
    /// A dot and what follows it, given without the dot: `param`, `shared::cta`, `16x64b`.
    Dotted(&'a str),
    /// A number as it is written.
    Number(&'a str),
    /// A string without its quotes.
    Text(&'a str),
    /// A single character.
    Mark(char),
    /// The end of the text.
    End,
}

impl core::fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Word(word) | Self::Number(word) => write!(f, "`{word}`"),
            Self::Dotted(word) => write!(f, "`.{word}`"),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Mark(mark) => write!(f, "`{mark}`"),
            Self::End => write!(f, "the end of the text"),
        }
    }
}

/// Reads tokens off a text.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl<'a> Lexer<'a> {
    /// Returns a lexer at the start of a text of fewer than 4 Gi lines.
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// Returns the next token and its line; [`Token::End`] forever after the last one.
    pub(super) fn next(&mut self) -> Result<(Token<'a>, u32), PtxError> {
        self.skip_blanks()?;
        let start = self.at;
        let Some(first) = self.peek(0) else { return Ok((Token::End, self.line)) };
        let token = match first {
            b'%' if self.peek(1).is_some_and(is_word) => self.word(1),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' => self.word(0),
            b'0'..=b'9' => self.number(),
            b'.' => self.dotted()?,
            b'"' => self.string()?,
            b',' | b';' | b':' | b'{' | b'}' | b'(' | b')' | b'[' | b']' | b'<' | b'>' | b'@'
            | b'!' | b'|' | b'=' | b'+' | b'-' | b'~' | b'*' | b'/' | b'%' | b'&' | b'^' | b'?' => {
                self.at += 1;
                Token::Mark(char::from(first))
            }
            _ => {
                let found = self.text[start..].chars().next().unwrap_or_default();
                return Err(self.syntax(format!("unexpected character {found:?}")));
            }
        };
        Ok((token, self.line))
    }

    /// Returns the byte `ahead` of the current place.
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn syntax(&self, why: impl Into<String>) -> PtxError {
        PtxError::new(self.line, Reason::Syntax(why.into()))
    }

    fn skip_blanks(&mut self) -> Result<(), PtxError> {
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'\n'), _) => {
                    self.line += 1;
                    self.at += 1;
                }
                (Some(b' ' | b'\t' | b'\r' | 0x0b | 0x0c), _) => self.at += 1,
                (Some(b'/'), Some(b'/')) => {
                    let rest = &self.text[self.at..];
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                (Some(b'/'), Some(b'*')) => {
                    let body = &self.text[self.at + 2..];
                    let length =
                        body.find("*/").ok_or_else(|| self.syntax("comment without `*/`"))?;
                    self.line += newlines(&body[..length]);
                    self.at += length + 4;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Advances over a run of word characters that starts `ahead`, and returns the whole.
    fn run(&mut self, ahead: usize) -> &'a str {
        let start = self.at;
        let rest = &self.text.as_bytes()[start + ahead..];
        let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
        self.at = start + ahead + length;
        &self.text[start..self.at]
    }

    fn word(&mut self, prefix: usize) -> Token<'a> {
        Token::Word(self.run(prefix))
    }

    /// Reads digits, letters, a fraction and an exponent; what it says is checked when it is read.
    fn number(&mut self) -> Token<'a> {
        let start = self.at;
        let mut last = self.run(0);
        let decimal = |text: &str| !text.starts_with("0x") && !text.starts_with("0X");
        if self.peek(0) == Some(b'.') && self.peek(1).is_some_and(|byte| byte.is_ascii_digit()) {
            last = self.run(1);
        }
        let signed = matches!(self.peek(0), Some(b'+' | b'-'))
            && self.peek(1).is_some_and(|byte| byte.is_ascii_digit());
        if signed && decimal(last) && last.ends_with(['e', 'E']) {
            self.run(1);
        }
        Token::Number(&self.text[start..self.at])
    }

    fn dotted(&mut self) -> Result<Token<'a>, PtxError> {
        let start = self.at + 1;
        if self.run(1).len() == 1 {
            return Err(self.syntax("a dot without a name"));
        }
        while self.peek(0) == Some(b':')
            && self.peek(1) == Some(b':')
            && self.peek(2).is_some_and(is_word)
        {
            self.run(2);
        }
        Ok(Token::Dotted(&self.text[start..self.at]))
    }

    fn string(&mut self) -> Result<Token<'a>, PtxError> {
        let start = self.at + 1;
        let rest = &self.text.as_bytes()[start..];
        let mut length = 0;
        loop {
            match rest.get(length) {
                Some(b'"') => break,
                // The escaped character may be a quote; a newline is an error either way.
                Some(b'\\') if rest.get(length + 1).is_some_and(u8::is_ascii_graphic) => {
                    length += 2;
                }
                None | Some(b'\n') => return Err(self.syntax("string without a closing quote")),
                Some(_) => length += 1,
            }
        }
        self.at = start + length + 1;
        Ok(Token::Text(&self.text[start..start + length]))
    }
}

/// Returns whether a byte may be inside an identifier.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$'
}

fn newlines(text: &str) -> u32 {
    let count = text.bytes().filter(|byte| *byte == b'\n').count();
    u32::try_from(count).unwrap_or(u32::MAX)
}
