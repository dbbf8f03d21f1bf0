//! What a page consists of: prose, and blocks, which are fences and tables; some blocks are under a mark.
//!
//! A mark is a comment on a line of its own that says what the block below it is made from:
//!
//! ```text
//! <!-- code: crates/step2-waker/src/park.rs#ThreadPark -->      a fence: the item, found by its name
//! <!-- exercises: step2 -->                                     a table: the step's exercises
//! <!-- output -->                                               a fence: `$ command`, and what it prints
//! <!-- python: demo gather -->                                  a fence: a program that prints what the demo prints
//! ```

use std::ops::Range;

/// The words that a mark may begin with. Each has a test that holds what is below it.
pub const MARKS: [&str; 4] = ["code", "exercises", "output", "python"];

/// One line of a page.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// What it says, without its end.
    pub text: &'a str,
    /// Where it stands.
    pub part: Part,
    /// Its bytes in the page, its end included.
    span: Range<usize>,
}

/// Where a line stands: outside fences, or as the first, an inner or the last line of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Outside fences.
    Prose,
    /// Three or more backticks, and maybe a language.
    Opens,
    /// In a fence.
    Inside,
    /// At least as many backticks.
    Closes,
}

impl<'a> Line<'a> {
    /// Returns the mark on this line, as its word and what it says behind that; `None` if there is none.
    pub fn mark(&self) -> Option<(&'a str, &'a str)> {
        let inside = self.text.trim().strip_prefix("<!-- ")?.strip_suffix(" -->")?;
        (self.part == Part::Prose).then(|| inside.split_once(": ").unwrap_or((inside, "")))
    }

    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A fence.
    Fence,
    /// A table.
    Table,
    /// The place below a mark where neither is.
    Nothing,
}

/// A fence, a table, or the place for one.
#[derive(Clone, Debug)]
pub struct Block<'a> {
    /// The number of its first line, or of the mark above it.
    pub line: usize,
    /// What it is.
    pub kind: Kind,
    /// The word of the mark above it, and what the mark says behind that; both empty without a mark.
    pub mark: (&'a str, &'a str),
    /// What a fence says behind its backticks.
    pub language: &'a str,
    /// Its lines without their indentation, and without a fence's first and last one.
    pub text: String,
    /// The bytes of those lines in the page.
    pub span: Range<usize>,
    /// How many spaces they are indented by.
    pub indent: usize,
    /// Whether it ends. A fence without an end takes in the rest of its page.
    pub is_whole: bool,
}

/// Returns the lines of a page.
pub fn lines(page: &str) -> Vec<Line<'_>> {
    let (mut start, mut opened_by) = (0, 0);
    let mut lines = Vec::new();
    for (at, whole) in page.split_inclusive('\n').enumerate() {
        let text = whole.trim_end_matches(['\r', '\n']);
        let (trimmed, span) = (text.trim(), start..start + whole.len());
        let ticks = trimmed.len() - trimmed.trim_start_matches('`').len();
        let part = match opened_by {
            0 if ticks >= 3 => Part::Opens,
            0 => Part::Prose,
            open if ticks >= open && ticks == trimmed.len() => Part::Closes,
            _ => Part::Inside,
        };
        match part {
            Part::Opens => opened_by = ticks,
            Part::Closes => opened_by = 0,
            Part::Prose | Part::Inside => {}
        }
        start = span.end;
        lines.push(Line { number: at + 1, text, part, span });
    }
    lines
}

/// Returns the numbered lines outside fences.
pub fn prose(page: &str) -> impl Iterator<Item = (usize, &str)> {
    lines(page).into_iter().filter(|line| line.part == Part::Prose).map(|line| (line.number, line.text))
}

/// Returns the blocks of a page. Between a mark and its block there may be empty lines, and nothing else.
pub fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut found: Vec<Block<'_>> = Vec::new();
    // Whether the last block is a mark's empty place that may still be filled, or a table that may go on.
    let mut is_open = false;
    for line in lines(page) {
        let is_row = line.text.trim_start().starts_with('|');
        match line.part {
            Part::Prose if is_row => {
                if !is_open || found.last().is_none_or(|last| last.kind != Kind::Table) {
                    begin(&mut found, Kind::Table, &line, line.span.start, is_open);
                }
                go_on(&mut found, &line);
                is_open = true;
            }
            Part::Prose if line.mark().is_some() => {
                begin(&mut found, Kind::Nothing, &line, line.span.end, false);
                is_open = true;
            }
            Part::Prose => {
                let is_place = found.last().is_some_and(|last| last.kind == Kind::Nothing);
                is_open &= is_place && line.text.trim().is_empty();
            }
            Part::Opens => begin(&mut found, Kind::Fence, &line, line.span.end, is_open),
            Part::Inside => go_on(&mut found, &line),
            Part::Closes => {
                is_open = false;
                found.last_mut().expect("a fence has begun").is_whole = true;
            }
        }
    }
    found
}

/// Adds a block that begins with `line`, in the last one's place if that is below the mark it belongs to.
fn begin<'a>(found: &mut Vec<Block<'a>>, kind: Kind, line: &Line<'a>, start: usize, is_below_mark: bool) {
    let mark = match found.pop_if(|last| is_below_mark && last.kind == Kind::Nothing) {
        Some(place) => place.mark,
        None => line.mark().unwrap_or_default(),
    };
    let language = if kind == Kind::Fence { line.text.trim().trim_start_matches('`') } else { "" };
    let (text, span, is_whole) = (String::new(), start..start, kind != Kind::Fence);
    found.push(Block {
        line: line.number,
        kind,
        mark,
        language,
        text,
        span,
        indent: line.indent(),
        is_whole,
    });
}

/// Adds a line to the last block.
fn go_on(found: &mut [Block<'_>], line: &Line<'_>) {
    let block = found.last_mut().expect("a block has begun");
    block.text.push_str(&line.text[line.indent().min(block.indent)..]);
    block.text.push('\n');
    block.span.end = line.span.end;
}
