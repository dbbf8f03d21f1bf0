//! What an answer to `buffered-stall` has to do. The loop in here polls each task when it was woken, and ends when none is.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use exercises::{Task, check, misconception, note, notes};

use super::{HAS_THE_CONNECTION, ITS_REPLY_POLLS, Io, POLLS_IT, Site, Who, store_all};

/// The one connection.
#[derive(Clone, Default)]
struct Connection(Rc<State>);

#[derive(Default)]
struct State {
    is_taken: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

/// The connection in somebody's hands.
struct Taken(Connection);

impl Connection {
    async fn take(self) -> Taken {
        poll_fn(|cx| {
            if self.0.is_taken.replace(true) {
                self.0.waiting.borrow_mut().push(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        Taken(self)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let state = &self.0.0;
        state.is_taken.set(false);
        state.waiting.take().into_iter().for_each(Waker::wake);
    }
}

/// A reply: it is there at the second poll.
async fn reply() {
    let mut is_there = false;
    poll_fn(|cx| {
        if is_there {
            return Poll::Ready(());
        }
        is_there = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Site for Connection {
    fn fetch(&self, page: u32) -> Io<u32> {
        let connection = self.clone();
        Box::pin(async move {
            note(format!("fetch {page} begins"));
            let _connection = connection.take().await;
            reply().await;
            page
        })
    }

    fn store(&self, page: u32) -> Io<()> {
        let connection = self.clone();
        Box::pin(async move {
            let _connection = connection.take().await;
            note(format!("page {page} is stored"));
        })
    }
}

/// A task that was spawned, and how often it had been woken when it was last polled.
struct Spawned {
    task: Task<Io<()>>,
    seen: Option<usize>,
    is_over: bool,
}

impl Spawned {
    /// Polls it if it is new or was woken. Tells whether it did.
    fn turn(&mut self) -> bool {
        if self.is_over || self.seen == Some(self.task.wakes()) {
            return false;
        }
        self.seen = Some(self.task.wakes());
        self.is_over = self.task.poll().is_ready();
        true
    }
}

/// The tasks that were spawned and not polled yet.
#[derive(Clone, Default)]
struct Loop(Rc<RefCell<Vec<Spawned>>>);

/// The output of a spawned task, and who waits for it.
#[derive(Default)]
struct Outcome {
    output: Option<u32>,
    waker: Option<Waker>,
}

impl Loop {
    fn add(&self, name: &'static str, future: Io<()>) {
        self.0.borrow_mut().push(Spawned { task: Task::new(name, future), seen: None, is_over: false });
    }

    fn spawn(&self, future: Io<u32>) -> Io<u32> {
        let outcome = Rc::new(RefCell::new(Outcome::default()));
        let shared = Rc::clone(&outcome);
        let work = async move {
            let output = future.await;
            let waker = {
                let mut outcome = shared.borrow_mut();
                outcome.output = Some(output);
                outcome.waker.take()
            };
            waker.into_iter().for_each(Waker::wake);
        };
        self.add("spawned", Box::pin(work));
        Box::pin(Awaited(outcome))
    }

    /// Gives every task its turns, until none is woken any more.
    fn run(&self) {
        let mut tasks: Vec<Spawned> = Vec::new();
        loop {
            tasks.append(&mut self.0.borrow_mut());
            if tasks.iter_mut().map(Spawned::turn).filter(|was_polled| *was_polled).count() == 0 {
                return;
            }
        }
    }
}

/// Waits for the output of a spawned task.
struct Awaited(Rc<RefCell<Outcome>>);

impl Future for Awaited {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        let mut outcome = self.0.borrow_mut();
        match outcome.output.take() {
            Some(output) => Poll::Ready(output),
            None => {
                outcome.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Runs `store_all` of five pages, as far as it gets, and returns what was noted.
fn stored() -> Vec<String> {
    let event_loop = Loop::default();
    let spawner = event_loop.clone();
    let main = async move {
        let site = Connection::default();
        store_all((0..5).collect(), &site, move |future| spawner.spawn(future)).await;
        note("all is over");
    };
    event_loop.add("store_all", Box::pin(main));
    event_loop.run();
    notes()
}

/// At which note something stands.
fn place(notes: &[String], what: &str) -> Option<usize> {
    notes.iter().position(|note| note == what)
}

#[test]
fn who_has_the_connection() {
    check(|_| match HAS_THE_CONNECTION {
        Who::TheSecondFetch => {}
        Who::Unsaid => panic!("HAS_THE_CONNECTION is still `Unsaid`"),
        Who::TheFirstFetch => panic!("the first fetch is over, and has given the connection back"),
        other => {
            panic!("{other:?} cannot have it. Who else waited for it, and was polled when it was given back?")
        }
    });
}

#[test]
fn who_polls_it_meanwhile() {
    check(|_| match POLLS_IT {
        Who::Nobody => {}
        Who::Unsaid => panic!("POLLS_IT is still `Unsaid`"),
        Who::TheWindow => misconception(
            "W5-buffer-runs",
            "the window was to poll it, but the window itself is polled by `next`, and the loop is in its body",
        ),
        other => panic!("{other:?} does not know of it"),
    });
}

#[test]
fn what_its_reply_leads_to() {
    check(|_| match ITS_REPLY_POLLS {
        Who::TheBody => {}
        Who::Unsaid => panic!("ITS_REPLY_POLLS is still `Unsaid`"),
        Who::TheSecondFetch | Who::TheWindow => misconception(
            "W5-wake-finds-its-future",
            "the task is woken, and goes on where it stands: at the `await` in the loop's body",
        ),
        other => panic!("the task is polled, and goes on where it stands. Is that {other:?}?"),
    });
}

#[test]
fn every_page_is_stored_in_order() {
    check(|_| {
        let notes = stored();
        let pages: Vec<&str> =
            notes.iter().filter(|note| note.ends_with("stored")).map(String::as_str).collect();
        if place(&notes, "all is over").is_none() {
            misconception(
                "W5-buffer-runs",
                &format!(
                    "it stands still with {} of 5 pages stored: nobody polls the fetch that has the connection",
                    pages.len()
                ),
            );
        }
        assert_eq!(
            notes.last().map(String::as_str),
            Some("all is over"),
            "`store_all` was over before every page was stored"
        );
        let expected: Vec<String> = (0..5).map(|page| format!("page {page} is stored")).collect();
        assert_eq!(pages, expected);
    });
}

#[test]
fn fetching_and_storing_overlap() {
    check(|_| {
        let notes = stored();
        let (second, first) = (place(&notes, "fetch 1 begins"), place(&notes, "page 0 is stored"));
        if second > first {
            misconception(
                "W5-one-at-a-time-is-a-cure",
                "the second fetch begins when the first page is stored: they do not overlap any more",
            );
        }
    });
}

#[test]
fn no_more_than_two_pages_are_under_way() {
    check(|_| {
        let notes = stored();
        let mut begun: Vec<&str> = Vec::new();
        for note in &notes {
            if let Some(page) = note.strip_prefix("fetch ").and_then(|rest| rest.strip_suffix(" begins")) {
                begun.push(page);
            } else {
                begun.retain(|page| *note != format!("page {page} is stored"));
            }
            if begun.len() > 2 {
                misconception(
                    "W5-handle-starts-task",
                    &format!("pages {} were begun, and none of them was stored yet", begun.join(", ")),
                );
            }
        }
    });
}
