//! The place of the reader in the tokens: one token in hand, one ahead.

use crate::error::{PtxError, Reason};
use crate::ptx::lexer::{Lexer, Token};
use crate::ptx::number;
use crate::ptx::{MAX_STATEMENTS, MAX_TEXT_OPERANDS};

/// Reads tokens one after the other.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    lexer: Lexer<'a>,
    token: Token<'a>,
    line: u32,
    next: (Token<'a>, u32),
    /// Statements and declared names so far.
    statements: u64,
    /// Operands so far.
    operands: u64,
}

impl<'a> Cursor<'a> {
    /// Returns a cursor at the first token of a text.
    pub(super) fn new(text: &'a str) -> Result<Self, PtxError> {
        let mut lexer = Lexer::new(text);
        let (token, line) = lexer.next()?;
        let next = lexer.next()?;
        Ok(Self { lexer, token, line, next, statements: 0, operands: 0 })
    }

    /// Returns the token in hand.
    pub(super) const fn token(&self) -> Token<'a> {
        self.token
    }

    /// Returns its line.
    pub(super) const fn line(&self) -> u32 {
        self.line
    }

    /// Returns the token after it.
    pub(super) const fn ahead(&self) -> Token<'a> {
        self.next.0
    }

    /// Takes the token in hand.
    pub(super) fn advance(&mut self) -> Result<Token<'a>, PtxError> {
        let token = self.token;
        (self.token, self.line) = self.next;
        self.next = self.lexer.next()?;
        Ok(token)
    }

    /// Takes the token in hand if it is `mark`.
    pub(super) fn accept(&mut self, mark: char) -> Result<bool, PtxError> {
        let found = self.token == Token::Mark(mark);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// Takes the directive in hand if it is `.word`.
    pub(super) fn accept_dotted(&mut self, word: &str) -> Result<bool, PtxError> {
        let found = self.token == Token::Dotted(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// Takes `mark`.
    pub(super) fn expect(&mut self, mark: char) -> Result<(), PtxError> {
        if self.accept(mark)? { Ok(()) } else { Err(self.expected(&format!("`{mark}`"))) }
    }

    /// Takes an identifier.
    pub(super) fn word(&mut self, what: &str) -> Result<&'a str, PtxError> {
        let Token::Word(word) = self.token else { return Err(self.expected(what)) };
        self.advance()?;
        Ok(word)
    }

    /// Takes an unsigned integer.
    pub(super) fn integer(&mut self, what: &str) -> Result<u64, PtxError> {
        let Token::Number(text) = self.token else { return Err(self.expected(what)) };
        let value = number::integer(text).map_err(|why| self.syntax(why))?;
        self.advance()?;
        Ok(value)
    }

    /// Takes an unsigned integer of at most `limit`.
    pub(super) fn bounded(&mut self, what: &'static str, limit: u32) -> Result<u32, PtxError> {
        let line = self.line;
        let have = self.integer(what)?;
        let value = u32::try_from(have).ok().filter(|value| *value <= limit);
        value.ok_or_else(|| over(line, what, have, limit.into()))
    }

    /// Takes a string.
    pub(super) fn text(&mut self, what: &str) -> Result<&'a str, PtxError> {
        let Token::Text(text) = self.token else { return Err(self.expected(what)) };
        self.advance()?;
        Ok(text)
    }

    /// Counts a statement or a declared name.
    pub(super) fn count_statement(&mut self) -> Result<(), PtxError> {
        self.statements += 1;
        if self.statements <= MAX_STATEMENTS {
            return Ok(());
        }
        Err(over(self.line, "statements of a text", self.statements, MAX_STATEMENTS))
    }

    /// Counts an operand.
    pub(super) fn count_operand(&mut self) -> Result<(), PtxError> {
        self.operands += 1;
        if self.operands <= MAX_TEXT_OPERANDS {
            return Ok(());
        }
        Err(over(self.line, "operands of a text", self.operands, MAX_TEXT_OPERANDS))
    }

    /// Returns a syntax error at the token in hand.
    pub(super) fn syntax(&self, why: impl Into<String>) -> PtxError {
        PtxError::new(self.line, Reason::Syntax(why.into()))
    }

    /// Returns a syntax error that says what should be here instead.
    pub(super) fn expected(&self, what: &str) -> PtxError {
        self.syntax(format!("expected {what}, found {}", self.token))
    }

    /// Returns an error that names the token in hand as unsupported.
    pub(super) fn unsupported(&self) -> PtxError {
        let text = self.token.to_string();
        PtxError::unsupported(self.line, text.trim_matches('`'))
    }
}

/// Returns an error about a bound.
pub(super) const fn over(line: u32, what: &'static str, have: u64, limit: u64) -> PtxError {
    PtxError::new(line, Reason::Limit { what, have, limit })
}
