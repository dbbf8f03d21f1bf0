//! The machine without the lock: all its threads interpret at once.
//!
//! Nothing of the machine changes but the two things that the lock was there for: how objects are counted ([`biased`](crate::biased)),
//! and what protects a list or a global (a lock of its own). The dispatch loop, the instructions and the programs are the same.
//!
//! ```text
//!   with the lock   thread 1 ████▁▁▁▁████▁▁▁▁     without   thread 1 ████████
//!                   thread 2 ▁▁▁▁████▁▁▁▁████               thread 2 ████████
//! ```
//!
//! What the programs could not rely on before, they still cannot: two threads that read, add and write a global lose
//! additions, now at every instruction. What was one operation is one still: to append to a list, to read or write a
//! global. The lock was the interpreter's, and never the user's.
//!
//! # Absent on purpose
//!
//! What CPython 3.13 has besides: deferred counts for what nearly all threads use (functions, modules); lists that are read
//! without their lock, whose memory is freed when every thread was seen to have left it (QSBR); a collector that stops all threads
//! to look for cycles. They make it faster, or complete. They change nothing of what a program may see.
//!
//! # Source
//!
//! Sam Gross, PEP 703, *Making the Global Interpreter Lock Optional in CPython*.

use crate::owner::interrupt_all;
use crate::{Attached, Biased, Gil, Here, MachineBuilder, Owner, PENDING, Threading};

/// The way of a machine without a lock: see [`MachineBuilder::free`].
///
/// ```
/// use step7::{Data, Free, Machine, Program};
///
/// let program: Program = "
///     func double(n)
///         RESUME
///         LOAD_FAST n
///         DUP
///         ADD
///         RETURN
///     end
/// ".parse().unwrap();
/// let machine: Machine<Free> = Machine::builder(program.verify().unwrap()).free().build().unwrap();
/// let threads = [1, 2].map(|n| machine.start("double", &[Data::Int(n)]).unwrap()); // On two cores, if there are two.
/// assert_eq!(threads.map(|thread| thread.join().unwrap()), [Data::Int(2), Data::Int(4)]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Free;

impl MachineBuilder<Gil> {
    /// Leaves the lock out: the machine's threads run at once.
    ///
    /// Whoever calls a function of it [attaches](Owner::attach) to do so; not on a thread that is attached already.
    #[must_use]
    pub fn free(self) -> MachineBuilder<Free> {
        self.threading(Free)
    }
}

impl Threading for Free {
    type Memory = Biased;
    type Attached<'a> = Owner;

    fn attach<R>(&self, body: impl FnOnce(&mut Owner) -> R) -> R {
        body(&mut Owner::attach())
    }

    fn interrupt(&self) {
        interrupt_all();
    }
}

impl Attached<Biased> for Owner {
    fn token(&self) -> Here<'_> {
        self.here()
    }

    #[inline]
    fn is_due(&self) -> bool {
        self.breaker().get() & PENDING != 0
    }

    fn give_way(&mut self) {
        self.merge_queued();
    }

    /// Others run anyway. The thread is detached meanwhile, so `native` may run a machine; what others leave for it to merge
    /// waits until it is back.
    fn allow_threads<R>(&mut self, native: impl FnOnce() -> R) -> R {
        let output = self.detached(native);
        self.check();
        output
    }
}
