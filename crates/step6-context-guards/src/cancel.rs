//! Cancelling by asking: the cooperative counterpart of `abort`.
//!
//! | | `JoinHandle::abort`, dropping a future | [`CancelToken::cancel`] |
//! |---|---|---|
//! | what it does | drops the future where it stands | sets a flag, and wakes who waits for it |
//! | can it be refused | no | yes, and be answered late |
//! | what runs after it | destructors, at once; exits, left to the loop | whatever the code does next: it may await |
//!
//! Python's `cancel()` is in between: an exception at the await, which can be caught.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;

use step2::{Either, race};
use step4::children::Children;

use crate::Event;

/// Asks tasks to stop. Clones ask the same tasks; children are asked along with their parent, and can be asked alone.
///
/// It may be shared between threads.
///
/// ```
/// use std::time::Duration;
/// use step6::{CancelToken, Cancelled};
///
/// step4::run(async {
///     let token = CancelToken::new();
///     let theirs = token.clone();
///     let task = step4::spawn(async move {
///         let work = theirs.run(std::future::pending::<()>()).await;
///         assert_eq!(work, Err(Cancelled));
///         step3::sleep(Duration::from_millis(1)).await; // It still can say good-bye.
///         "said good-bye"
///     });
///     step2::yield_now().await;
///     token.cancel();
///     assert_eq!(task.await.unwrap(), "said good-bye");
/// });
/// ```
#[derive(Clone, Default)]
pub struct CancelToken {
    own: Arc<Event>,
    /// Those of the parent, and its parents.
    above: Vec<Arc<Event>>,
}

impl CancelToken {
    /// Makes a token that is not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a token that is cancelled with this one, or alone.
    ///
    /// It knows all that are above it, so this takes time and memory in proportion to how many those are, as does waiting.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { own: Arc::default(), above: self.events().cloned().collect() }
    }

    /// Asks all who hold it to stop. There is no way back.
    pub fn cancel(&self) {
        self.own.set();
    }

    /// Returns whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.events().any(|event| event.is_set())
    }

    /// Waits until it is cancelled.
    pub async fn cancelled(&self) {
        let mut events = Children::new(self.events().map(|event| event.wait()));
        poll_fn(|cx| events.poll_next(cx)).await;
    }

    /// Runs `future` until the token is cancelled. Then it is dropped, and the caller goes on.
    ///
    /// # Errors
    ///
    /// Returns [`Cancelled`] if the token was cancelled first.
    pub async fn run<F: Future>(&self, future: F) -> Result<F::Output, Cancelled> {
        match race(self.cancelled(), future).await {
            Either::First(()) => Err(Cancelled),
            Either::Second(output) => Ok(output),
        }
    }

    fn events(&self) -> impl Iterator<Item = &Arc<Event>> {
        std::iter::once(&self.own).chain(&self.above)
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("is_cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

/// Says that a [`CancelToken`] was cancelled.
///
/// ```
/// assert_eq!(step6::Cancelled.to_string(), "it was asked to stop");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it was asked to stop")
    }
}

impl std::error::Error for Cancelled {}
