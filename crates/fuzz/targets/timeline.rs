//! Any file: it is refused, or drawn and written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeline::Timeline;

#[path = "../../timeline/tests/any_timeline/check.rs"]
#[allow(dead_code, reason = "the other target makes events")]
mod check;

fuzz_target!(|text: &str| {
    match Timeline::from_json(text) {
        Ok(timeline) => check::check(&timeline),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
