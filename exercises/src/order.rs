//! What has happened so far in this check, in order: read from its recording.

use timeline::{Kind, Timeline};

use crate::check::LAST_WAKER;
use crate::counts::uncounted;

/// Says something in the recording: what a check asks for later with [`notes`].
pub fn note(text: impl Into<String>) {
    uncounted(|| timeline::probe::note(|| text.into()));
}

/// Lists what was noted so far in this check.
///
/// # Panics
///
/// If it is called outside [`check`](crate::check).
///
/// ```
/// exercises::check(|_| {
///     exercises::note("one");
///     exercises::note("two");
///     assert_eq!(exercises::notes(), ["one", "two"]);
/// });
/// ```
#[must_use]
pub fn notes() -> Vec<String> {
    let is_asked_for = |note: &&str| !is_about_wakers(note);
    uncounted(|| so_far().notes().into_iter().filter(is_asked_for).map(str::to_owned).collect())
}

/// Lists what has happened so far to tasks, and what was noted: "poll a", "a is pending", "wake a", "a is ready".
///
/// # Panics
///
/// If it is called outside [`check`](crate::check).
///
/// ```
/// use exercises::{Task, check, events};
///
/// check(|_| {
///     let mut task = Task::new("a", std::future::ready(7));
///     let _seven = task.poll();
///     assert_eq!(events(), ["poll a", "a is ready"]);
/// });
/// ```
#[must_use]
pub fn events() -> Vec<String> {
    uncounted(|| list(&so_far()))
}

fn list(timeline: &Timeline) -> Vec<String> {
    timeline.order(|event| match &event.kind {
        Kind::PollBegin { task } => Some(format!("poll {}", timeline.task_name(*task))),
        Kind::PollEnd { task, ready } => {
            let state = if *ready { "ready" } else { "pending" };
            Some(format!("{} is {state}", timeline.task_name(*task)))
        }
        Kind::Woken { task } => Some(format!("wake {}", timeline.task_name(*task))),
        Kind::Note { text } if !is_about_wakers(text) => Some(text.clone()),
        _ => None,
    })
}

/// Tells whether a note is one of [`Task`](crate::Task)'s own, which is for those who look at a hang.
fn is_about_wakers(note: &str) -> bool {
    note.starts_with(LAST_WAKER)
}

fn so_far() -> Timeline {
    timeline::inherit().so_far().expect("this is asked inside `check`, which records")
}
