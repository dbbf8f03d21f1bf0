//! Builds the chapters into a site that needs no network, checks it, and serves it.
//!
//! ```text
//! chapters/*.md ── links rewritten ──▶ mdBook ──┐
//!      │ lead out of chapters/                  ├─▶ target/book.new ── checked ──▶ target/book ──▶ served
//!      └─▶ source, README ── pages ──▶ mdBook ──┘
//! ```
//!
//! mdBook renders; what it lets pass is refused here: a link to nowhere, a chapter that the summary leaves out, a page that loads
//! something from the network. A book that is not right never replaces one that was.
//!
//! The modules stand in reading order: links, the site, a rendered page, the check, the server.

mod outside;

mod site;

mod page;

mod check;

mod server;

pub use server::Server;
pub use site::{Built, Error, build};
