//! How a body ended, and how its `with` is to end.
//!
//! | Python | Rust | `exit` is given | and may make of it |
//! |---|---|---|---|
//! | the block ends, `return`, `break` | `Ok(value)` | `Returned(value)` | a failure, as when a commit fails |
//! | an exception | `Err(error)` | `Failed(error)` | another error; `Returned`, which suppresses it |
//! | (an exception) | a panic | `Panicked(payload)` | an error, if it knows better; as a rule, nothing |
//! | `CancelledError` | the future is dropped | `Cancelled` | nothing: nobody is left to tell |

use std::any::Any;
use std::fmt;

/// Says how the body of a [`with`](crate::with) ended.
///
/// ```
/// use step6::Outcome;
///
/// let outcome: Outcome<u32, &str> = Outcome::from(Err("no bread"));
/// assert!(matches!(outcome, Outcome::Failed("no bread")));
/// ```
pub enum Outcome<T, E> {
    /// It returned this.
    Returned(T),
    /// It failed with this error.
    Failed(E),
    /// It panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
    /// Its future was dropped before it had ended.
    Cancelled,
}

impl<T, E> Outcome<T, E> {
    /// Returns whether the body has returned a value: the one case in which a transaction is to be committed.
    #[must_use]
    pub fn is_returned(&self) -> bool {
        matches!(self, Self::Returned(_))
    }
}

impl<T, E> From<Result<T, E>> for Outcome<T, E> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Returned(value),
            Err(error) => Self::Failed(error),
        }
    }
}

impl<T: fmt::Debug, E: fmt::Debug> fmt::Debug for Outcome<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(value) => f.debug_tuple("Returned").field(value).finish(),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            Self::Panicked(_) => f.write_str("Panicked(..)"),
            Self::Cancelled => f.write_str("Cancelled"),
        }
    }
}
