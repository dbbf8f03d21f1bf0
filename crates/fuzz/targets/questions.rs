//! Any chapter: its questions are read, or it is refused with a line that there is.
#![no_main]

use course::questions::questions;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match questions(text) {
        Ok(None) => {}
        Ok(Some(questions)) => {
            assert!(!questions.is_empty());
            assert!(questions.iter().all(|question| !question.criteria.is_empty()));
        }
        Err((line, what)) => assert!((1..=text.lines().count()).contains(&line) && !what.is_empty()),
    }
});
