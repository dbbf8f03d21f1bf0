//! Step 7: a GIL, and the tiny machine that it guards.
//!
//! Steps 1 to 6 were about waiting. This one is about *running*: CPython has threads of the system, and yet only one of them
//! interprets at a time. Here is that lock, and an interpreter small enough to see why it is needed, when it changes
//! hands, and what it does not protect.
//!
//! ```text
//!   text ─ assemble ─▶ Program ─ verify ─▶ Verified ─▶ Machine ─▶ threads, each a fiber
//!                                                         │           │ runs while it holds
//!                                                         └── Gil ◀───┘ objects: plain counts, safe under the lock
//! ```
//!
//! Read the modules in this order:
//!
//! 1. [`breaker`], [`figures`], [`gil`]: the lock.
//! 2. [`object`], [`plain`], [`data`]: what it guards.
//! 3. [`code`], [`asm`], [`verify`], [`dis`]: programs.
//! 4. [`vm`], `waits`, [`threading`], [`machine`], [`errands`]: running them.
//! 5. [`enumerate`]: running them in every order.
//! 6. [`mod@park`]: an event loop beside them.
//! 7. [`owner`], [`biased`], [`free`]: the same without the lock.
//!
//! # New in this step
//!
//! | name | what it is |
//! |---|---|
//! | [`Gil`] | the lock |
//! | [`GilBuilder`] | sets one up |
//! | [`ThreadState`] | a thread's way to it |
//! | [`GilGuard`] | holds it |
//! | [`Py`] | proves that it is held |
//! | [`Handoff`] | whether who was asked to let go waits for a switch |
//! | [`Policy`] | when a holder lets go |
//! | [`INTERVAL`] | how long a waiter waits before it asks |
//! | [`Breaker`] | what there is to do besides interpreting |
//! | [`DROP_REQUEST`] | a bit of it: let go |
//! | [`PENDING`] | another: a call is pending |
//! | [`Figures`] | what a lock has seen |
//! | [`Histogram`] | counts durations |
//! | [`Value`] | a value of the machine |
//! | [`Ref`] | a counted reference to an object |
//! | [`Memory`] | how references are counted |
//! | [`Unowned`] | a reference on its way out |
//! | [`Plain`] | plain counts, under the lock |
//! | [`Head`] | such a count |
//! | [`Biased`] | counts without the lock: plain for one thread, atomic for the others |
//! | [`Owner`] | that one thread: it is attached |
//! | [`Here`] | proves that it is |
//! | [`Free`] | the way of a machine without a lock |
//! | [`Data`] | a value that belongs to no heap |
//! | [`Program`] | functions, globals, locks |
//! | [`Function`] | one function |
//! | [`Global`] | a variable that all threads share |
//! | [`Const`] | a constant |
//! | [`Op`] | an instruction |
//! | [`CheckAt`] | where switches may fall |
//! | [`AsmError`] | what is wrong with a program's text |
//! | [`Verified`] | a program that the machine need not look at twice |
//! | [`VerifyError`] | why it is none |
//! | [`Threading`] | how threads share an interpreter |
//! | [`Attached`] | the right to interpret |
//! | [`Machine`] | runs a program on threads |
//! | [`MachineBuilder`] | sets one up |
//! | [`MachineThread`] | one of its threads |
//! | [`Native`] | a function of ours, for programs |
//! | [`Fault`] | what went wrong, and where |
//! | [`RECURSION_LIMIT`] | how many calls may stand inside each other |
//! | [`Schedules`] | runs threads in every order |
//! | [`Outcomes`] | what can come of that |
//! | [`Outcome`] | one thing of it, and the schedule that leads there |
//! | [`End`] | how a thread ended there |
//! | [`Turn`] | what one thread does before another does something |
//! | [`GilPark`] | a park that lets go of the lock while it sleeps |
//! | [`LoopGil`] | the tasks' way to the lock of their loop |

mod sync;

pub mod breaker;

pub mod figures;

pub mod gil;

pub mod object;

pub mod plain;

pub mod data;

pub mod code;

mod mnemonic;

mod literal;

mod spelling;

mod token;

mod outline;

pub mod asm;

pub mod verify;

pub mod dis;

pub mod vm;

mod waits;

pub mod threading;

pub mod machine;

pub mod errands;

pub mod enumerate;

pub mod park;

pub mod owner;

pub mod biased;

pub mod free;

pub use asm::AsmError;
pub use biased::Biased;
pub use breaker::{Breaker, DROP_REQUEST, PENDING};
pub use code::{CheckAt, Const, Function, Global, Op, Program};
pub use data::Data;
pub use enumerate::{End, Outcome, Outcomes, Schedules, Turn};
pub use figures::{Figures, Histogram};
pub use free::Free;
pub use gil::{Gil, GilBuilder, GilGuard, Handoff, INTERVAL, Policy, Py, ThreadState};
pub use machine::{Machine, MachineBuilder, MachineThread, Native};
pub use object::{Memory, Ref, Unowned, Value};
pub use owner::{Here, Owner};
pub use park::{GilPark, LoopGil};
pub use plain::{Head, Plain};
pub use threading::{Attached, Threading};
pub use verify::{Verified, VerifyError};
pub use vm::{Fault, RECURSION_LIMIT};

/// The chapter's own examples, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../chapters/07-gil.md")]
struct Chapter;
