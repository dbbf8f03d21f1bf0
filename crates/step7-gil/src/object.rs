//! Objects: what lives on the heap of the machine, and is freed when its last reference goes.
//!
//! ```text
//!   Value::Int(7)        in place: copied, never counted
//!   Value::Object(r) ──▶ ┌──────────┬──────────────────────────┐
//!   Value::Object(r) ──▶ │ head: 2  │ body: "text", [ … ], …   │
//!                        └──────────┴──────────────────────────┘
//! ```
//!
//! How references are counted, and what protects a body that changes, is the one thing in which the machine with a GIL
//! and the machine without it differ. It is a parameter here, [`Memory`], and everything above is written once.
//!
//! | memory | a count is | a list is changed | and who may |
//! |---|---|---|---|
//! | [`Plain`](crate::Plain) | a plain number | as it is | whoever has a [`Py`](crate::Py): the lock makes it safe |
//! | [`Biased`](crate::Biased) | a plain number for its owner, an atomic one for the others | under a lock of its own | whoever has a [`Here`](crate::Here): many at once |
//!
//! # Invariants
//!
//! 1. An object is alive while a [`Ref`] to it exists: each has one of its count.
//! 2. A count is changed only in ways in which its `Memory` allows it: with a token, or when a reference is dropped.
//! 3. Whoever takes a count to zero frees the object, once.

#![allow(unsafe_code, reason = "objects are reached through counted pointers")]

use std::fmt;
use std::ptr::NonNull;
use std::time::Duration;

/// Says how references are counted, and what protects contents that change.
///
/// # Safety
///
/// `release` returns `Some` exactly once for each object, when as many references were released as were made (the first
/// one included), and nobody uses it any more. References go from thread to thread, and all that is asked of a memory has to
/// hold then, too: its heads are shared, whether or not they are `Sync`.
pub unsafe trait Memory: Sized + 'static {
    /// Proves that a reference may be copied, and contents be seen.
    type Token<'a>: Copy;
    /// The count of an object, with whatever belongs to it.
    type Head;
    /// Contents that change.
    type Guarded<T: Send>: Send + Sync;

    /// Makes the head of a new object, which has one reference.
    fn new_head(token: Self::Token<'_>) -> Self::Head;

    /// Looks whether the token is good for this object.
    ///
    /// # Panics
    ///
    /// Panics if it is not: if the object belongs to an interpreter with another lock.
    fn check(head: &Self::Head, token: Self::Token<'_>);

    /// Counts one more reference. The token was checked.
    fn retain(head: &Self::Head, token: Self::Token<'_>);

    /// Counts one less, or sees to it that this is done later. Returns the object if it is to be freed now.
    fn release(object: Unowned<Self>) -> Option<Unowned<Self>>;

    /// Makes a text that is a constant of a program: an object as any other, unless this is overridden.
    fn constant(text: &str, token: Self::Token<'_>) -> Ref<Self> {
        Ref::text(text, token)
    }

    /// Puts contents under protection.
    fn guard<T: Send>(value: T, token: Self::Token<'_>) -> Self::Guarded<T>;

    /// Takes contents out that nobody else can reach any more.
    fn into_inner<T: Send>(guarded: Self::Guarded<T>) -> T;

    /// Uses contents.
    ///
    /// # Panics
    ///
    /// Panics if the token is not good for them, or if `f` uses them again; in some memories, if it uses any others.
    fn with<T: Send, R>(guarded: &Self::Guarded<T>, token: Self::Token<'_>, f: impl FnOnce(&mut T) -> R)
    -> R;

    /// Uses two of one kind, which are not the same.
    ///
    /// # Panics
    ///
    /// As [`with`](Self::with); and if they are the same.
    fn with_both<T: Send, R>(
        one: &Self::Guarded<T>,
        other: &Self::Guarded<T>,
        token: Self::Token<'_>,
        f: impl FnOnce(&mut T, &mut T) -> R,
    ) -> R;
}

/// An object: a head, and a body.
pub(crate) struct Object<M: Memory> {
    head: M::Head,
    body: Body<M>,
}

/// What an object holds.
enum Body<M: Memory> {
    /// Text, which does not change.
    Str(Box<str>),
    List(M::Guarded<Vec<Value<M>>>),
}

/// A counted reference to an object.
///
/// Copying it takes a token; dropping it takes none, as Rust's `Drop` has no room for one.
pub struct Ref<M: Memory> {
    object: NonNull<Object<M>>,
}

/// A reference whose count has not been given back yet: what [`Memory::release`] gets.
pub struct Unowned<M: Memory> {
    object: NonNull<Object<M>>,
}

/// A value of the machine.
#[derive(Default)]
pub enum Value<M: Memory> {
    /// Nothing.
    #[default]
    None,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A function, by its number in the program.
    Function(u32),
    /// Something on the heap.
    Object(Ref<M>),
}

// SAFETY: a reference does nothing by itself: what is counted, is counted by a `Memory`, which promises to do it well from any
// thread, and what is in the object is text that never changes, or guarded by the same `Memory`.
unsafe impl<M: Memory> Send for Ref<M> {}
// SAFETY: as above.
unsafe impl<M: Memory> Sync for Ref<M> {}

impl<M: Memory> Ref<M> {
    fn new(body: Body<M>, token: M::Token<'_>) -> Self {
        let object = Box::new(Object { head: M::new_head(token), body });
        Self { object: NonNull::from(Box::leak(object)) }
    }

    /// Puts text on the heap.
    pub(crate) fn text(text: impl Into<Box<str>>, token: M::Token<'_>) -> Self {
        Self::new(Body::Str(text.into()), token)
    }

    /// Makes another reference.
    ///
    /// # Panics
    ///
    /// Panics if the token is not good for this object, as do all that take one.
    #[must_use]
    pub fn clone_ref(&self, token: M::Token<'_>) -> Self {
        let head = &self.object().head;
        M::check(head, token);
        M::retain(head, token);
        Self { object: self.object }
    }

    /// Returns the text, if it is one. That never changes, so no token is needed.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.object().body {
            Body::Str(text) => Some(text),
            Body::List(_) => None,
        }
    }

    /// Uses the items, if it is a list.
    ///
    /// # Panics
    ///
    /// Panics if `f` does so again with the same list; in some memories, with any.
    pub fn with_list<R>(&self, token: M::Token<'_>, f: impl FnOnce(&mut Vec<Value<M>>) -> R) -> Option<R> {
        match &self.object().body {
            Body::Str(_) => None,
            Body::List(items) => Some(M::with(items, token, f)),
        }
    }

    /// Joins two texts, or two lists; `None` if they are not of one kind.
    #[must_use]
    pub fn join(&self, other: &Self, token: M::Token<'_>) -> Option<Self> {
        let copy = |items: &[Value<M>]| items.iter().map(|item| item.clone_ref(token)).collect::<Vec<_>>();
        let body = match (&self.object().body, &other.object().body) {
            (Body::Str(one), Body::Str(other)) => Body::Str([&**one, &**other].concat().into()),
            (Body::List(one), Body::List(_)) if self.is(other) => {
                let mut items = M::with(one, token, |items| copy(items));
                items.extend(copy(&items));
                Body::List(M::guard(items, token))
            }
            (Body::List(one), Body::List(other)) => {
                let items = M::with_both(one, other, token, |one, other| [copy(one), copy(other)]);
                Body::List(M::guard(items.into_iter().flatten().collect(), token))
            }
            _ => return None,
        };
        Some(Self::new(body, token))
    }

    /// Returns whether both are references to the same object.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.object == other.object
    }

    fn object(&self) -> &Object<M> {
        // SAFETY: by invariant 1 it is alive as long as `self`, and nobody has it for himself before it is freed.
        unsafe { self.object.as_ref() }
    }

    pub(crate) fn into_unowned(self) -> Unowned<M> {
        let object = self.object;
        std::mem::forget(self); // Its count is the other's now.
        Unowned { object }
    }
}

impl<M: Memory> Drop for Ref<M> {
    fn drop(&mut self) {
        if let Some(dead) = M::release(Unowned { object: self.object }) {
            free_all(dead);
        }
    }
}

impl<M: Memory> Unowned<M> {
    /// Returns the head of the object.
    #[must_use]
    pub fn head(&self) -> &M::Head {
        // SAFETY: the count that it stands for was not given back yet, so the object is alive (invariant 1).
        unsafe { &self.object.as_ref().head }
    }

    /// Makes a reference of it again, which gives the count back when it is dropped.
    #[must_use]
    pub fn into_ref(self) -> Ref<M> {
        Ref { object: self.object }
    }
}

/// Frees an object, and all that dies with it, one after the other: a list in a list in a list, a million deep, must not
/// take a million calls inside each other.
fn free_all<M: Memory>(first: Unowned<M>) {
    let (mut next, mut others) = (Some(first), Vec::new());
    while let Some(dead) = next.take().or_else(|| others.pop()) {
        // SAFETY: it came from a `Box` in `Ref::new`; `release` has said that nobody uses it any more, and says so once.
        let object = unsafe { Box::from_raw(dead.object.as_ptr()) };
        if let Body::List(items) = object.body {
            let objects = M::into_inner(items).into_iter().filter_map(Value::into_object);
            others.extend(objects.filter_map(|object| M::release(object.into_unowned())));
        }
    }
}

impl<M: Memory> Value<M> {
    /// Makes another one. Only what is on the heap is counted.
    #[inline(always)]
    #[must_use]
    pub fn clone_ref(&self, token: M::Token<'_>) -> Self {
        match self {
            Self::None => Self::None,
            Self::Bool(value) => Self::Bool(*value),
            Self::Int(value) => Self::Int(*value),
            Self::Float(value) => Self::Float(*value),
            Self::Function(number) => Self::Function(*number),
            Self::Object(object) => Self::Object(object.clone_ref(token)),
        }
    }

    /// Puts text on the heap.
    pub fn text(text: impl Into<Box<str>>, token: M::Token<'_>) -> Self {
        Self::Object(Ref::text(text, token))
    }

    /// Puts a list on the heap.
    pub fn list(items: Vec<Value<M>>, token: M::Token<'_>) -> Self {
        Self::Object(Ref::new(Body::List(M::guard(items, token)), token))
    }

    /// Returns whether it counts as true: all but nothing, zero, and what is empty.
    pub fn is_true(&self, token: M::Token<'_>) -> bool {
        match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Function(_) => true,
            Self::Object(object) => match object.as_text() {
                Some(text) => !text.is_empty(),
                None => object.with_list(token, |items| !items.is_empty()) == Some(true),
            },
        }
    }

    /// Appends to a list, as one operation. The error says why that is impossible.
    pub(crate) fn append(&self, item: Self, token: M::Token<'_>) -> Result<(), String> {
        match self {
            Self::Object(object) => object.with_list(token, |items| items.push(item)),
            _ => None,
        }
        .ok_or_else(|| format!("cannot append to {}", self.kind()))
    }

    /// Counts the items of a list. The error says why that is impossible.
    pub(crate) fn len(&self, token: M::Token<'_>) -> Result<usize, String> {
        match self {
            Self::Object(object) => object.with_list(token, |items| items.len()),
            _ => None,
        }
        .ok_or_else(|| format!("{} has no length", self.kind()))
    }

    /// Reads a number as that many seconds.
    pub(crate) fn as_seconds(&self) -> Result<Duration, String> {
        let seconds = match self {
            Self::Int(seconds) => *seconds as f64,
            Self::Float(seconds) => *seconds,
            _ => return Err(format!("cannot sleep for {}", self.kind())),
        };
        Duration::try_from_secs_f64(seconds).map_err(|_| format!("cannot sleep for {seconds} seconds"))
    }

    fn into_object(self) -> Option<Ref<M>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Names its kind, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a bool",
            Self::Int(_) => "an int",
            Self::Float(_) => "a float",
            Self::Function(_) => "a function",
            Self::Object(object) if object.as_text().is_some() => "a string",
            Self::Object(_) => "a list",
        }
    }
}

impl<M: Memory> fmt::Debug for Ref<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_text() {
            Some(text) => write!(f, "{text:?}"),
            None => f.write_str("[..]"), // To look inside takes a token.
        }
    }
}

impl<M: Memory> fmt::Debug for Value<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Function(number) => write!(f, "function {number}"),
            Self::Object(object) => object.fmt(f),
        }
    }
}
