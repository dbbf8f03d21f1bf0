//! What a rendered page says to a browser: where its links lead, what it loads, and what can be linked to in it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use html5ever::Attribute;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// What matters of a page, or of a picture.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// What a link can lead to in it.
    pub(crate) anchors: BTreeSet<String>,
    /// Where a reader can go from it.
    pub(crate) links: BTreeSet<String>,
    /// What a browser fetches to show it.
    pub(crate) loads: BTreeSet<String>,
}

impl Page {
    /// Reads a page as a browser would.
    pub(crate) fn read(text: &str) -> Self {
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(text));
        let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
        // It stops after a script, for it to run.
        while !input.is_empty() {
            let _script = tokenizer.feed(&input);
        }
        tokenizer.end();
        tokenizer.sink.0.take()
    }

    fn see(&mut self, tag: &Tag) {
        for Attribute { name, value } in &tag.attrs {
            let value = value.trim().to_owned();
            match (&*name.local, &*tag.name) {
                ("id", _) | ("name", "a") => drop(self.anchors.insert(value)),
                ("href" | "xlink:href", "a") => drop(self.links.insert(value)),
                // Of the page for what is not found, which can be shown at any address.
                ("href", "base") => {}
                ("src" | "href" | "xlink:href" | "data" | "poster", _) => drop(self.loads.insert(value)),
                _ => {}
            }
        }
    }
}

#[derive(Default)]
struct Reader(RefCell<Page>);

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else { return TokenSinkResult::Continue };
        if tag.kind == TagKind::EndTag {
            return TokenSinkResult::Continue;
        }
        self.0.borrow_mut().see(&tag);
        // What is inside these is no markup.
        match &*tag.name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BTreeSet, Page};

    #[test]
    fn what_is_in_scripts_and_comments_is_no_markup() {
        let page = Page::read(
            "<!-- <a href='no'> --><script src=a.js>'<a href=\"no\">'</script><title><a href=no></title><p id=x><a href='b&amp;c'>",
        );
        assert_eq!(page.links, BTreeSet::from(["b&c".to_owned()]));
        assert_eq!(page.loads, BTreeSet::from(["a.js".to_owned()]));
        assert!(page.anchors.contains("x"));
    }
}
