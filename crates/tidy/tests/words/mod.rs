//! The identifiers and keywords of Rust code, without its comments, strings and unit tests.
#![allow(dead_code, reason = "each test file uses a part of it")]

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use tidy::Source;

/// An identifier or a keyword, and the line it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// Returns the words of `source`, but for what is marked `#[cfg(test)]`.
pub(crate) fn words(source: &Source) -> Vec<Word> {
    let mut words = Vec::new();
    walk(tokens(source), false, &mut words);
    words
}

/// Returns all words of `source`, its unit tests included.
pub(crate) fn words_with_tests(source: &Source) -> Vec<Word> {
    let mut words = Vec::new();
    walk(tokens(source), true, &mut words);
    words
}

fn tokens(source: &Source) -> TokenStream {
    match source.text.parse() {
        Ok(tokens) => tokens,
        Err(error) => panic!("{}: is not Rust: {error}", source.path),
    }
}

fn walk(stream: TokenStream, with_tests: bool, words: &mut Vec<Word>) {
    let mut trees = stream.into_iter();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Group(group) if is_cfg_test(&group.stream()) && !with_tests => skip_item(&mut trees),
            TokenTree::Group(group) => walk(group.stream(), with_tests, words),
            TokenTree::Ident(ident) => {
                words.push(Word { text: ident.to_string(), line: ident.span().start().line });
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Tells whether this is the inside of `#[cfg(test)]`, or of `#[cfg(all(test, …))]`.
fn is_cfg_test(attribute: &TokenStream) -> bool {
    let text: String = attribute.to_string().split_whitespace().collect();
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// Passes over the item after an attribute: up to its block, or to its semicolon.
fn skip_item(trees: &mut impl Iterator<Item = TokenTree>) {
    for tree in trees {
        match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            _ => {}
        }
    }
}
