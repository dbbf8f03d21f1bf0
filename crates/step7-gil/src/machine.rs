//! The machine: threads of the system that run a program. With a GIL, each interprets only while it holds the lock.
//!
//! ```text
//!   thread 1   take ─ run … Check ─ give way ─ run … Sleep ── let go, sleep, take ─ run … Done ─ let go
//!   thread 2          wait ············ take ─ run …                                  take ─ run …
//! ```
//!
//! # What starves the others
//!
//! To ask for the lock is to set a bit, and the one who looks at that bit is the interpreter, at its switch points. A native
//! function that keeps the lock (`CALL_NATIVE`) has none: however often it is asked, nobody else interprets until it returns.
//! In CPython it is the same with a long `sorted`, a regular expression, a multiplication of huge integers: one operation,
//! and so atomic, and so as long as it takes. What computes for long without any object should let go meanwhile
//! (`CALL_NATIVE_RELEASED`), as `hashlib` and `zlib` do.
//!
//! # Invariants
//!
//! 1. A fiber runs only while its thread has its [turn](Attached), and stops before the turn ends.
//! 2. What blocks, blocks without a turn: sleeps, users' locks, native calls that say so.
//! 3. After [`stop`](Machine::stop), every thread ends at its next switch point, and nobody sleeps or waits for a lock.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::thread;

use timeline::probe;

use crate::object::{Memory, Value};
use crate::vm::{Exit, Fiber, RECURSION_LIMIT, World};
use crate::waits::Waits;
use crate::{Attached, CheckAt, Data, Fault, Gil, Program, Threading, Verified};

/// A function of ours that programs can call: it takes and returns data, or says why not.
pub type Native = Arc<dyn Fn(&[Data]) -> Result<Data, String> + Send + Sync>;

/// Sets up a [`Machine`].
///
/// ```
/// use step7::{Data, Gil, MachineBuilder, Machine, Program};
///
/// let program: Program = "
///     func main()
///         RESUME
///         LOAD_CONST 20
///         CALL_NATIVE double 1
///         RETURN
///     end
/// ".parse().unwrap();
/// let builder: MachineBuilder = Machine::builder(program.verify().unwrap()).native("double", |args| match args {
///     [Data::Int(n)] => Ok(Data::Int(2 * n)),
///     _ => Err("double takes one integer".to_owned()),
/// });
/// assert_eq!(builder.build().unwrap().run("main", &[]).unwrap(), Data::Int(40));
/// ```
pub struct MachineBuilder<T: Threading = Gil> {
    program: Verified,
    threading: T,
    check_at: CheckAt,
    recursion_limit: usize,
    natives: HashMap<String, Native>,
}

impl MachineBuilder {
    /// Sets the lock; several machines may have the same one.
    #[must_use]
    pub fn gil(self, gil: &Gil) -> Self {
        Self { threading: gil.clone(), ..self }
    }
}

impl<T: Threading> MachineBuilder<T> {
    /// Sets how its threads get along.
    pub(crate) fn threading<U: Threading>(self, threading: U) -> MachineBuilder<U> {
        let Self { program, check_at, recursion_limit, natives, .. } = self;
        MachineBuilder { program, threading, check_at, recursion_limit, natives }
    }

    /// Sets where switches may fall.
    #[must_use]
    pub fn check_at(self, check_at: CheckAt) -> Self {
        Self { check_at, ..self }
    }

    /// Sets how many calls may stand inside each other.
    #[must_use]
    pub fn recursion_limit(self, recursion_limit: usize) -> Self {
        Self { recursion_limit, ..self }
    }

    /// Gives the program a native function.
    #[must_use]
    pub fn native(
        mut self,
        name: &str,
        function: impl Fn(&[Data]) -> Result<Data, String> + Send + Sync + 'static,
    ) -> Self {
        self.natives.insert(name.to_owned(), Arc::new(function));
        self
    }

    /// Makes the machine. Waits for its lock, if it has one.
    ///
    /// # Errors
    ///
    /// Returns the name of a native function that the program calls, and that it was not given.
    ///
    /// # Panics
    ///
    /// As [`Machine::run`].
    pub fn build(self) -> Result<Machine<T>, String> {
        let missing =
            |name| format!("the program calls the native function `{name}`, which it was not given");
        let natives = natives_of(self.program.program(), &self.natives).map_err(missing)?;
        let waits = Waits::new(self.program.program().locks.len());
        let Self { program, threading, check_at, recursion_limit, .. } = self;
        let world = threading.attach(|turn| World::new(program, check_at, recursion_limit, turn.token()));
        Ok(Machine { inner: Arc::new(Inner { threading, world: Arc::new(world), natives, waits }) })
    }
}

/// Runs a program on threads that share one lock.
///
/// ```
/// use step7::{Data, Machine, Program};
///
/// let program: Program = "
///     func main(n)
///         RESUME
///         LOAD_FAST n
///         LOAD_CONST 1
///         ADD
///         RETURN
///     end
/// ".parse().unwrap();
/// let machine = Machine::builder(program.verify().unwrap()).build().unwrap();
/// let threads = [1, 2].map(|n| machine.start("main", &[Data::Int(n)]).unwrap());
/// assert_eq!(threads.map(|thread| thread.join().unwrap()), [Data::Int(2), Data::Int(3)]);
/// ```
pub struct Machine<T: Threading = Gil> {
    inner: Arc<Inner<T>>,
}

struct Inner<T: Threading> {
    threading: T,
    world: Arc<World<T::Memory>>,
    natives: Vec<Native>,
    waits: Waits,
}

impl<T: Threading> Clone for Machine<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl Machine {
    /// Begins to set one up.
    #[must_use]
    pub fn builder(program: Verified) -> MachineBuilder {
        MachineBuilder {
            program,
            threading: Gil::default(),
            check_at: CheckAt::default(),
            recursion_limit: RECURSION_LIMIT,
            natives: HashMap::new(),
        }
    }

    /// Returns its lock.
    #[must_use]
    pub fn gil(&self) -> &Gil {
        &self.inner.threading
    }
}

impl<T: Threading> Machine<T> {
    /// Starts a thread that calls a function.
    ///
    /// # Errors
    ///
    /// Returns a fault if there is no such function, or if it takes another number of arguments.
    ///
    /// # Panics
    ///
    /// Panics if the system refuses a thread.
    pub fn start(&self, function: &str, args: &[Data]) -> Result<MachineThread, Fault> {
        let (machine, function, args) = (self.clone(), self.function(function, args)?, args.to_vec());
        let name = machine.inner.world.program.program().functions[function].name.to_string();
        let lane = timeline::inherit();
        let body = move || {
            let _lane = lane.enter(&name);
            machine.call(function, &args)
        };
        Ok(MachineThread { thread: thread::spawn(body) })
    }

    /// Calls a function on this thread, and returns what it returns.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); and the fault of the program.
    ///
    /// # Panics
    ///
    /// Panics with the panic of a native function, and if this thread has its turn already: if it holds the machine's lock, or
    /// is [attached](crate::Owner) and the machine has none. So a native function runs its machine only after it has let go
    /// (`CALL_NATIVE_RELEASED`).
    pub fn run(&self, function: &str, args: &[Data]) -> Result<Data, Fault> {
        self.call(self.function(function, args)?, args)
    }

    /// Stops all its threads, for good: each ends with a fault at its next switch point. Those that sleep or wait for a user's
    /// lock are woken; a native call is waited for.
    pub fn stop(&self) {
        self.inner.waits.stop();
        self.inner.threading.interrupt();
    }

    fn function(&self, name: &str, args: &[Data]) -> Result<usize, Fault> {
        let program = self.inner.world.program.program();
        let fault = |reason| Fault { function: name.into(), instruction: 0, line: 0, reason };
        let Some(at) = program.function(name) else {
            return Err(fault("there is no such function".to_owned()));
        };
        let params = program.functions[at].params;
        if params as usize != args.len() {
            return Err(fault(format!("it takes {params} argument(s), and was given {}", args.len())));
        }
        Ok(at)
    }

    fn call(&self, function: usize, args: &[Data]) -> Result<Data, Fault> {
        self.inner.threading.attach(|turn| {
            let args = args.iter().map(|arg| arg.to_value(turn.token())).collect();
            let mut fiber = Fiber::new(&self.inner.world, function, args);
            self.drive(&mut fiber, turn)
        })
    }

    /// Runs a fiber to its end, and does for it what it cannot do by interpreting.
    fn drive(&self, fiber: &mut Fiber<T::Memory>, turn: &mut T::Attached<'_>) -> Result<Data, Fault> {
        let Inner { world, natives, waits, .. } = &*self.inner;
        loop {
            if waits.is_stopped() {
                return Err(fiber.fault("the machine was stopped"));
            }
            match fiber.run(turn.token(), || turn.is_due())? {
                Exit::Check => turn.give_way(),
                Exit::Done(value) => return copy_result(&value, turn.token()),
                Exit::Native { index, args, released } => {
                    let result = call_native(&natives[index as usize], args, released, turn);
                    fiber.push(result.map_err(|reason| fiber.fault(reason))?.to_value(turn.token()));
                    if world.check_at != CheckAt::Never && turn.is_due() {
                        turn.give_way(); // After a call is a switch point.
                    }
                }
                Exit::Acquire(lock) => {
                    if !waits.try_acquire(lock) {
                        turn.allow_threads(|| waits.acquire(lock));
                    }
                }
                Exit::Release(lock) => {
                    if !waits.release(lock) {
                        return Err(fiber.fault("this lock is not held"));
                    }
                }
                Exit::Sleep(time) => turn.allow_threads(|| waits.sleep(time)),
            }
        }
    }
}

/// Returns the native functions that a program calls, in its order; or the name of one that is not given.
pub(crate) fn natives_of(
    program: &Program,
    given: &HashMap<String, Native>,
) -> Result<Vec<Native>, Arc<str>> {
    let named = |name: &Arc<str>| given.get(&**name).cloned().ok_or_else(|| Arc::clone(name));
    program.natives.iter().map(named).collect()
}

/// Copies the arguments of a native call off the heap.
pub(crate) fn copy_args<M: Memory>(args: &[Value<M>], token: M::Token<'_>) -> Result<Vec<Data>, String> {
    let copy = |arg| Data::of(arg, token).map_err(|reason| format!("an argument is {reason}"));
    args.iter().map(copy).collect()
}

/// Copies the result of a thread off the heap.
pub(crate) fn copy_result<M: Memory>(value: &Value<M>, token: M::Token<'_>) -> Result<Data, Fault> {
    Data::of(value, token).map_err(|reason| Fault {
        function: "the end".into(),
        instruction: 0,
        line: 0,
        reason: format!("its result is {reason}"),
    })
}

/// Calls a native function with copies of its arguments, with or without the lock.
fn call_native<M: Memory>(
    native: &Native,
    args: Vec<Value<M>>,
    released: bool,
    turn: &mut impl Attached<M>,
) -> Result<Data, String> {
    let data = copy_args(&args, turn.token())?;
    drop(args);
    if released { turn.allow_threads(|| native(&data)) } else { native(&data) }
}

impl<T: Threading> fmt::Debug for Machine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("is_stopped", &self.inner.waits.is_stopped()).finish_non_exhaustive()
    }
}

impl<T: Threading> fmt::Debug for MachineBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineBuilder").field("check_at", &self.check_at).finish_non_exhaustive()
    }
}

/// A thread of a [`Machine`].
///
/// ```
/// # let program: step7::Program = "func main()\nRESUME\nHALT\nend".parse().unwrap();
/// # let machine = step7::Machine::builder(program.verify().unwrap()).build().unwrap();
/// let thread: step7::MachineThread = machine.start("main", &[]).unwrap();
/// assert_eq!(thread.join(), Ok(step7::Data::None));
/// ```
#[derive(Debug)]
pub struct MachineThread {
    thread: thread::JoinHandle<Result<Data, Fault>>,
}

impl MachineThread {
    /// Waits for its end, and returns what its function has returned.
    ///
    /// # Errors
    ///
    /// Returns the fault of the program.
    ///
    /// # Panics
    ///
    /// Panics with the panic of a native function.
    pub fn join(self) -> Result<Data, Fault> {
        probe::parked(None);
        let ended = self.thread.join();
        probe::unparked();
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
