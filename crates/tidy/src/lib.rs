//! Tests that hold the text, the code and the layers together.
//!
//! Each file in `tests/` is one rule: a function from text to complaints, the tree held to it, and a few small texts that
//! break it, so that the rule itself cannot go blind. This library is what they share: the tree, its pages, and how to
//! complain. The tool's tests use it too, for what pages show of the tool.

mod source;

mod tree;

mod page;

mod hold;

pub use hold::{hold, hold_tree};
pub use page::{Block, Kind, Line, MARKS, Part, blocks, lines, prose};
pub use source::{Complaints, Source};
pub use tree::{root, sources, sources_in};
