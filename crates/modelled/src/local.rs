//! Thread-locals of the model's threads, with the short cuts that std's have for cells; and statics of its executions.

use std::cell::{Cell, RefCell};

/// Names a value that each of the model's threads has for itself: made by [`thread_local!`](crate::thread_local).
#[derive(Debug)]
pub struct LocalKey<T: 'static>(#[doc(hidden)] pub &'static crate::thread::LocalKey<T>);

/// Says that the thread has dropped its values already.
#[derive(Debug)]
pub struct AccessError;

/// Declares thread-locals as std's macro does, for the threads of the model.
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attribute:meta])* static $name:ident: $type:ty = const $initial:block; $($rest:tt)*) => {
        $crate::thread_local! { $(#[$attribute])* static $name: $type = $initial; $($rest)* }
    };
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $initial:expr; $($rest:tt)*) => {
        $(#[$attribute])*
        static $name: $crate::LocalKey<$type> = {
            $crate::checker::thread_local! { static MODELLED: $type = $initial; }
            $crate::LocalKey(&MODELLED)
        };
        $crate::thread_local! { $($rest)* }
    };
}

/// Makes a static, of which each execution of the model has its own.
#[macro_export]
macro_rules! process_wide {
    ($(#[$doc:meta])* static $name:ident: $type:ty = $initial:expr;) => {
        $crate::checker::lazy_static! { $(#[$doc])* static ref $name: $type = $initial; }
    };
}

impl<T> LocalKey<T> {
    /// Calls `f` with this thread's value.
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        self.0.with(f)
    }

    /// Calls `f` with this thread's value, if it is not gone.
    ///
    /// # Errors
    ///
    /// Says that it is.
    pub fn try_with<R>(&self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        self.0.try_with(f).map_err(|_gone| AccessError)
    }
}

impl<T> LocalKey<Cell<T>> {
    /// Copies the value.
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// Sets the value.
    pub fn set(&self, value: T) {
        self.with(|cell| cell.set(value));
    }
}

impl<T> LocalKey<RefCell<T>> {
    /// Calls `f` with the value.
    pub fn with_borrow<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| f(&cell.borrow()))
    }

    /// Sets the value, and drops what was there.
    pub fn set(&self, value: T) {
        drop(self.replace(value));
    }

    /// Sets the value, and returns what was there.
    pub fn replace(&self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }

    /// Returns the value, and leaves the default.
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }
}
