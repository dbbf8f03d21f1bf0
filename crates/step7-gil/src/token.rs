//! A line of a program's text, cut into tokens.
//!
//! ```text
//! LOAD_CONST  "a # b"   # comment
//! [  Word   ] [ Text ]
//! ```

use std::collections::VecDeque;
use std::fmt;

use crate::AsmError;
use crate::literal;

/// The characters that end a word. All but the last two are tokens themselves.
const SPECIAL: [char; 7] = ['(', ')', ',', '=', ':', '#', '"'];

/// A piece of a line.
#[derive(Clone, PartialEq)]
pub(crate) enum Token<'a> {
    /// A name, a mnemonic or a number.
    Word(&'a str),
    /// Text that stood in quotes, its escapes replaced.
    Text(String),
    /// One of `(`, `)`, `,`, `=` and `:`.
    Mark(char),
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "`{word}`"),
            Self::Text(text) => f.write_str(&literal::write_text(text)),
            Self::Mark(mark) => write!(f, "`{mark}`"),
        }
    }
}

/// What is left of a line.
pub(crate) struct Line<'a> {
    pub(crate) number: u32,
    tokens: VecDeque<Token<'a>>,
}

impl<'a> Line<'a> {
    /// Cuts a line, whose comment is left out.
    pub(crate) fn cut(number: u32, text: &'a str) -> Result<Self, AsmError> {
        let mut line = Self { number, tokens: VecDeque::new() };
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next().filter(|&first| first != '#') {
            let (token, after) = if first == '"' {
                let (text, after) = literal::read_text(&rest[1..]).map_err(|reason| line.error(reason))?;
                (Token::Text(text), after)
            } else if SPECIAL.contains(&first) {
                (Token::Mark(first), &rest[1..])
            } else {
                let is_end = |c: char| c.is_whitespace() || SPECIAL.contains(&c);
                let (word, after) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
                (Token::Word(word), after)
            };
            line.tokens.push_back(token);
            rest = after.trim_start();
        }
        Ok(line)
    }

    /// Makes an error about this line.
    pub(crate) fn error(&self, reason: impl Into<String>) -> AsmError {
        AsmError { line: self.number, reason: reason.into() }
    }

    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Says whether the next token is this mark.
    pub(crate) fn is_at(&self, mark: char) -> bool {
        self.tokens.front() == Some(&Token::Mark(mark))
    }

    /// Takes the next token; `wanted` says what it should be, in case there is none.
    pub(crate) fn token(&mut self, wanted: &str) -> Result<Token<'a>, AsmError> {
        self.tokens
            .pop_front()
            .ok_or_else(|| self.error(format!("the line ends where {wanted} should follow")))
    }

    /// Takes a word.
    pub(crate) fn word(&mut self, wanted: &str) -> Result<&'a str, AsmError> {
        match self.token(wanted)? {
            Token::Word(word) => Ok(word),
            other => Err(self.error(format!("{other} stands where {wanted} should"))),
        }
    }

    /// Takes this very word.
    pub(crate) fn keyword(&mut self, keyword: &str) -> Result<(), AsmError> {
        match self.token(&format!("`{keyword}`"))? {
            Token::Word(word) if word == keyword => Ok(()),
            other => Err(self.error(format!("{other} stands where `{keyword}` should"))),
        }
    }

    /// Takes a name.
    pub(crate) fn name(&mut self, wanted: &str) -> Result<&'a str, AsmError> {
        let word = self.word(wanted)?;
        self.check_name(word)?;
        Ok(word)
    }

    /// Makes sure that a word is a name: letters, digits, `_` and `.`, and no digit or `.` first.
    pub(crate) fn check_name(&self, word: &str) -> Result<(), AsmError> {
        let is_first = |c: char| c.is_alphabetic() || c == '_';
        if word.starts_with(is_first) && word.chars().all(|c| is_first(c) || c.is_numeric() || c == '.') {
            return Ok(());
        }
        Err(self.error(format!(
            "`{word}` is no name; begin with a letter or `_`, go on with these, digits and `.`"
        )))
    }

    /// Takes a number of arguments.
    pub(crate) fn count(&mut self) -> Result<u32, AsmError> {
        let word = self.word("a number of arguments")?;
        word.parse()
            .map_err(|_| self.error(format!("`{word}` is no number of arguments; write `0`, `1` or so")))
    }

    /// Takes a mark.
    pub(crate) fn mark(&mut self, mark: char) -> Result<(), AsmError> {
        match self.token(&format!("`{mark}`"))? {
            Token::Mark(found) if found == mark => Ok(()),
            other => Err(self.error(format!("{other} stands where `{mark}` should"))),
        }
    }

    /// Takes names in parentheses, with commas between them.
    pub(crate) fn names(&mut self) -> Result<Vec<&'a str>, AsmError> {
        let mut names = Vec::new();
        self.mark('(')?;
        while !self.is_at(')') {
            if !names.is_empty() {
                self.mark(',')?;
            }
            names.push(self.name("a name or `)`")?);
        }
        self.mark(')')?;
        Ok(names)
    }

    /// Makes sure that nothing is left.
    pub(crate) fn end(mut self) -> Result<(), AsmError> {
        match self.tokens.pop_front() {
            None => Ok(()),
            Some(extra) => Err(self.error(format!("{extra} is more than this line takes; remove it"))),
        }
    }
}
