//! Tests that hold the text, the code and the layers together.
//!
//! Each file in `tests/` is one rule: a function from text to complaints, the tree held to it, and a few small texts that
//! break it, so that the rule itself cannot go blind. This library is what they share: the tree, and how to complain.

mod source;

mod tree;

pub use source::{Complaints, Source};
pub use tree::{root, sources, sources_in};
