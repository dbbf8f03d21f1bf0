//! Any page: its blocks lie in it, and what is put under its marks stays there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidy::{Kind, Source, blocks, hold};

fuzz_target!(|text: &str| {
    let page = text.replace("\r\n", "\n"); // As the tree is read.
    let blocks = blocks(&page);
    for pair in blocks.windows(2) {
        assert!(pair[0].span.end <= pair[1].span.start && pair[0].line < pair[1].line, "{pair:?}");
    }
    for block in &blocks {
        let own = &page[block.span.clone()];
        assert_eq!(own.lines().count(), block.text.lines().count(), "{block:?}");
    }
    // Whatever is made of the blocks under a mark: once it stands there, it is found there.
    for made in ["", "a\n", "a\n\n    b\n"] {
        let source = Source::new("a.md", &page);
        let (_, rewritten) = hold(&[source], "code", Kind::Fence, |_, _| Ok(made.to_owned()));
        let Some(after) = rewritten.into_iter().next() else { continue };
        let (_, again) =
            hold(&[Source::new("a.md", &after.text)], "code", Kind::Fence, |_, _| Ok(made.to_owned()));
        assert!(again.is_empty(), "{:?} becomes {:?}", after.text, again[0].text);
    }
});
