//! The system's selector, as mio shows it: edge-triggered, and woken from any thread.
//!
//! Things happen on a socket when a model says so, by [`Registry::happened`]. mio's own sockets can be registered too, so that
//! the code around them compiles; nothing ever happens on those.

use std::io;
use std::ops::BitOr;
use std::sync::Arc;
use std::time::Duration;

use event::{Event, Source};

use crate::lock;
use crate::sync::{Condvar, Mutex};

#[derive(Debug)]
struct Selector {
    /// What has happened and was not told of, one event for each socket. Nobody tells twice of the same.
    happened: Mutex<Vec<Event>>,
    changed: Condvar,
}

/// Sleeps until something happens.
#[derive(Debug)]
pub struct Poll {
    registry: Registry,
}

impl Poll {
    /// Opens a selector.
    ///
    /// # Errors
    ///
    /// None: here is no system that could refuse.
    pub fn new() -> io::Result<Self> {
        let selector = Selector { happened: Mutex::new(Vec::new()), changed: Condvar::new() };
        Ok(Self { registry: Registry { selector: Arc::new(selector) } })
    }

    /// Returns where sockets are registered.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Moves what has happened to `events`, and waits for it. There is no time here: with a limit, it only looks.
    ///
    /// # Errors
    ///
    /// None.
    pub fn poll(&mut self, events: &mut Events, limit: Option<Duration>) -> io::Result<()> {
        let selector = &self.registry.selector;
        let mut happened = lock(&selector.happened);
        while happened.is_empty() && limit.is_none() {
            happened = selector.changed.wait(happened).expect("nothing panics under this lock");
        }
        events.0 = std::mem::take(&mut happened);
        Ok(())
    }
}

/// Where sockets are registered.
#[derive(Debug)]
pub struct Registry {
    selector: Arc<Selector>,
}

impl Registry {
    /// Returns another that does the same.
    ///
    /// # Errors
    ///
    /// None.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { selector: Arc::clone(&self.selector) })
    }

    /// Registers a socket.
    ///
    /// # Errors
    ///
    /// The socket's.
    pub fn register(&self, socket: &mut impl Source, token: Token, interest: Interest) -> io::Result<()> {
        socket.register(self, token, interest)
    }

    /// Forgets a socket.
    ///
    /// # Errors
    ///
    /// The socket's.
    pub fn deregister(&self, socket: &mut impl Source) -> io::Result<()> {
        socket.deregister(self)
    }

    /// For models: says what has happened on a socket. If nobody was told of what happened there before, it becomes one event.
    pub fn happened(&self, event: Event) {
        let mut happened = lock(&self.selector.happened);
        match happened.iter_mut().find(|other| other.token() == event.token()) {
            Some(other) => other.join(event),
            None => happened.push(event),
        }
        drop(happened);
        self.selector.changed.notify_one();
    }
}

/// Ends the selector's sleep.
#[derive(Debug)]
pub struct Waker {
    registry: Registry,
    token: Token,
}

impl Waker {
    /// Makes one whose wakes are events with this token.
    ///
    /// # Errors
    ///
    /// None.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self { registry: registry.try_clone()?, token })
    }

    /// Wakes.
    ///
    /// # Errors
    ///
    /// None.
    pub fn wake(&self) -> io::Result<()> {
        self.registry.happened(Event::readable(self.token));
        Ok(())
    }
}

/// Names a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(pub usize);

/// What a socket is registered for. Here it is told of everything.
#[derive(Clone, Copy, Debug)]
pub struct Interest;

impl Interest {
    /// Of what can be read.
    pub const READABLE: Self = Self;
    /// Of room to write.
    pub const WRITABLE: Self = Self;
    /// Of urgent bytes.
    pub const PRIORITY: Self = Self;
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, _other: Self) -> Self {
        self
    }
}

/// What has happened.
#[derive(Debug)]
pub struct Events(Vec<Event>);

impl Events {
    /// Makes room for nothing in particular.
    #[must_use]
    pub fn with_capacity(_capacity: usize) -> Self {
        Self(Vec::new())
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = std::slice::Iter<'a, Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// Events, and what they happen on.
pub mod event {
    use std::io;

    use super::{Interest, Registry, Token};

    /// Something that has happened on a socket.
    #[derive(Clone, Copy, Debug)]
    pub struct Event {
        token: Token,
        is_readable: bool,
        is_writable: bool,
        is_read_closed: bool,
    }

    impl Event {
        const fn nothing(token: Token) -> Self {
            Self { token, is_readable: false, is_writable: false, is_read_closed: false }
        }

        /// There is something to read.
        #[must_use]
        pub fn readable(token: Token) -> Self {
            Self { is_readable: true, ..Self::nothing(token) }
        }

        /// There is room to write.
        #[must_use]
        pub fn writable(token: Token) -> Self {
            Self { is_writable: true, ..Self::nothing(token) }
        }

        /// The peer has ended; the end can be read.
        #[must_use]
        pub fn read_closed(token: Token) -> Self {
            Self { is_readable: true, is_read_closed: true, ..Self::nothing(token) }
        }

        pub(super) fn join(&mut self, other: Self) {
            self.is_readable |= other.is_readable;
            self.is_writable |= other.is_writable;
            self.is_read_closed |= other.is_read_closed;
        }

        /// Returns which socket it is.
        #[must_use]
        pub fn token(&self) -> Token {
            self.token
        }

        /// Returns whether there is something to read.
        #[must_use]
        pub fn is_readable(&self) -> bool {
            self.is_readable
        }

        /// Returns whether there is room to write.
        #[must_use]
        pub fn is_writable(&self) -> bool {
            self.is_writable
        }

        /// Returns whether the peer has ended.
        #[must_use]
        pub fn is_read_closed(&self) -> bool {
            self.is_read_closed
        }

        /// Returns false.
        #[must_use]
        pub fn is_error(&self) -> bool {
            false
        }

        /// Returns false.
        #[must_use]
        pub fn is_write_closed(&self) -> bool {
            false
        }

        /// Returns false.
        #[must_use]
        pub fn is_priority(&self) -> bool {
            false
        }
    }

    /// What can be registered.
    pub trait Source {
        /// Is called when it is registered.
        ///
        /// # Errors
        ///
        /// The source's.
        fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()>;

        /// Is called when it is not registered any more.
        ///
        /// # Errors
        ///
        /// The source's.
        fn deregister(&mut self, registry: &Registry) -> io::Result<()>;
    }

    impl<S: ::mio::event::Source> Source for S {
        fn register(&mut self, _registry: &Registry, _token: Token, _interest: Interest) -> io::Result<()> {
            Ok(())
        }

        fn deregister(&mut self, _registry: &Registry) -> io::Result<()> {
            Ok(())
        }
    }
}
