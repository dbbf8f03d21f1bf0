//! Text in columns of a terminal: how wide it is, and how to make it fit.
//!
//! Names and notes come from programs and from files, so they may hold anything: Chinese, whose characters take two
//! columns each, or control characters, which would move the cursor and are shown as escapes instead.

use unicode_width::UnicodeWidthChar;

/// Counts the columns that `text` takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Cuts `text` to `columns`, with an ellipsis if anything is lost.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    let text = printable(text);
    if width(&text) <= columns {
        return text;
    }
    let mut left = columns.saturating_sub(1);
    let fits = |c: &char| {
        let fits = char_width(*c) <= left;
        left = left.saturating_sub(char_width(*c));
        fits
    };
    text.chars().take_while(fits).chain((columns > 0).then_some('…')).collect()
}

/// Cuts `text` to `columns` and fills it up with blanks.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let cut = cut(text, columns);
    let blanks = columns.saturating_sub(width(&cut));
    cut + &" ".repeat(blanks)
}

/// Breaks `text` into lines of at most `columns`, at blanks where there are any.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in printable(text).split_inclusive(' ') {
        let fits = used + width(word.trim_end()) <= columns;
        if !fits && used > 0 {
            lines.push(String::new());
            used = 0;
        }
        for c in word.chars() {
            // A word that is longer than a line is broken where the line ends.
            if used + char_width(c) > columns && c != ' ' {
                lines.push(String::new());
                used = 0;
            }
            lines.last_mut().expect("it begins with one line").push(c);
            used += char_width(c);
        }
    }
    lines
}

/// Shows as escapes what a terminal obeys or XML forbids: control characters, and those that turn the writing direction.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
        if turns || c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') {
            printable.extend(c.escape_default());
        } else {
            printable.push(c);
        }
    }
    printable
}

/// The columns one character takes, as Unicode has it: two for East Asian wide ones and emoji, none for combining marks.
fn char_width(c: char) -> usize {
    c.width().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_takes_two_columns_a_character() {
        assert_eq!(width("读取文件"), 8);
        assert_eq!(cut("读取文件", 8), "读取文件");
        assert_eq!(cut("读取文件", 7), "读取文…");
        assert_eq!(pad("读取文件", 6), "读取… ");
    }

    /// Only the marks of European scripts counted as none.
    #[test]
    fn a_mark_takes_no_column_whatever_its_script() {
        assert_eq!(width("n\u{303}"), 1);
        assert_eq!(width("ก\u{e34}"), 1);
        assert_eq!(pad("נ\u{5b8}", 2), "נ\u{5b8} ");
    }

    #[test]
    fn control_characters_are_shown_not_obeyed() {
        assert_eq!(cut("a\x1b[31m\nb", 40), "a\\u{1b}[31m\\nb");
    }

    #[test]
    fn a_long_text_is_wrapped_at_blanks_and_a_long_word_anywhere() {
        assert_eq!(wrap("polls task 1 fetch", 10), ["polls task ", "1 fetch"]);
        assert_eq!(wrap("abcdefg", 3), ["abc", "def", "g"]);
        assert_eq!(wrap("读取文件", 5), ["读取", "文件"]);
    }

    #[test]
    fn no_room_means_no_text() {
        assert_eq!(cut("abc", 0), "");
        assert_eq!(cut("abc", 1), "…");
    }
}
