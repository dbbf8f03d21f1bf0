//! How a check says which mistake it has recognised.

/// Fails a check because of a known mistake: `code` is its key in `exercises.toml`, `text` what was seen.
///
/// # Panics
///
/// Always: that is how a test fails.
///
/// ```should_panic
/// exercises::misconception("W2-first-waker", "the first waker was called, and not the latest one");
/// ```
#[track_caller]
pub fn misconception(code: &str, text: &str) -> ! {
    panic!("{}", said(code, text));
}

/// What the tool looks for in a check's output.
pub(crate) fn said(code: &str, text: &str) -> String {
    format!("misconception {code}: {text}")
}
