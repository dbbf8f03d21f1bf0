//! The machine with a GIL: threads of the system, each of which interprets only while it holds the lock.
//!
//! ```text
//!   thread 1   take ─ run … Check ─ give way ─ run … Sleep ── let go, sleep, take ─ run … Done ─ let go
//!   thread 2          wait ············ take ─ run …                                  take ─ run …
//! ```
//!
//! # Invariants
//!
//! 1. A fiber runs only while its thread holds the lock, and stops before the lock is let go.
//! 2. What blocks, blocks without the lock: sleeps, user's locks, native calls that say so.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::thread;

use crate::object::Value;
use crate::user_lock::UserLock;
use crate::vm::{Exit, Fiber, RECURSION_LIMIT, World};
use crate::{CheckAt, Data, Fault, Gil, GilGuard, Plain, STOP, Verified};

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
pub struct MachineBuilder {
    program: Verified,
    gil: Gil,
    check_at: CheckAt,
    recursion_limit: usize,
    natives: HashMap<String, Native>,
}

impl MachineBuilder {
    /// Sets the lock; several machines may have the same one.
    #[must_use]
    pub fn gil(self, gil: &Gil) -> Self {
        Self { gil: gil.clone(), ..self }
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

    /// Makes the machine.
    ///
    /// # Errors
    ///
    /// Returns the name of a native function that the program calls, and that it was not given.
    pub fn build(mut self) -> Result<Machine, String> {
        let named = |name: &Arc<str>| {
            self.natives.remove(&**name).ok_or_else(|| {
                format!("the program calls the native function `{name}`, which it was not given")
            })
        };
        let natives = self.program.program().natives.iter().map(named).collect::<Result<Vec<_>, _>>()?;
        let locks = self.program.program().locks.iter().map(|_| UserLock::new()).collect();
        let mut thread = self.gil.thread();
        let world = World::new(self.program, self.check_at, self.recursion_limit, thread.take().py());
        Ok(Machine { inner: Arc::new(Inner { gil: self.gil, world: Arc::new(world), natives, locks }) })
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
#[derive(Clone)]
pub struct Machine {
    inner: Arc<Inner>,
}

struct Inner {
    gil: Gil,
    world: Arc<World<Plain>>,
    natives: Vec<Native>,
    locks: Vec<UserLock>,
}

impl Machine {
    /// Begins to set one up.
    #[must_use]
    pub fn builder(program: Verified) -> MachineBuilder {
        MachineBuilder {
            program,
            gil: Gil::default(),
            check_at: CheckAt::default(),
            recursion_limit: RECURSION_LIMIT,
            natives: HashMap::new(),
        }
    }

    /// Returns its lock.
    #[must_use]
    pub fn gil(&self) -> &Gil {
        &self.inner.gil
    }

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
        let name = machine.inner.world.program.program().functions[function as usize].name.to_string();
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
    pub fn run(&self, function: &str, args: &[Data]) -> Result<Data, Fault> {
        self.call(self.function(function, args)?, args)
    }

    /// Stops all its threads: each ends with a fault at its next switch point.
    pub fn stop(&self) {
        self.inner.gil.breaker().set(STOP);
    }

    fn function(&self, name: &str, args: &[Data]) -> Result<u32, Fault> {
        let functions = &self.inner.world.program.program().functions;
        let fault = |reason| Fault { function: name.into(), instruction: 0, line: 0, reason };
        let Some(at) = functions.iter().position(|function| &*function.name == name) else {
            return Err(fault("there is no such function".to_owned()));
        };
        let params = functions[at].params;
        if params as usize != args.len() {
            return Err(fault(format!("it takes {params} argument(s), and was given {}", args.len())));
        }
        Ok(at as u32)
    }

    fn call(&self, function: u32, args: &[Data]) -> Result<Data, Fault> {
        let mut thread = self.inner.gil.thread();
        let mut guard = thread.take();
        let args = args.iter().map(|arg| arg.to_value(guard.py())).collect();
        let mut fiber = Fiber::new(&self.inner.world, function as usize, args);
        let outcome = self.drive(&mut fiber, &mut guard);
        drop(fiber); // Under the lock.
        outcome
    }

    fn drive(&self, fiber: &mut Fiber<Plain>, guard: &mut GilGuard<'_>) -> Result<Data, Fault> {
        let inner = &*self.inner;
        loop {
            let py = guard.py();
            match fiber.run(py, || py.is_due())? {
                Exit::Check => self.give_way(fiber, guard)?,
                Exit::Done(value) => {
                    let data = Data::of(&value, py);
                    return data.ok_or_else(|| Fault {
                        function: "the end".into(),
                        instruction: 0,
                        line: 0,
                        reason: "its result is a list that lies too deep in itself".to_owned(),
                    });
                }
                Exit::Native { index, args, released } => {
                    let result = self.call_native(fiber, guard, index, args, released)?;
                    fiber.push(result.to_value(guard.py()));
                    if inner.world.check_at != CheckAt::Never && guard.py().is_due() {
                        self.give_way(fiber, guard)?; // After a call is a switch point.
                    }
                }
                Exit::Acquire(lock) => {
                    let lock = &inner.locks[lock as usize];
                    if !lock.try_acquire() {
                        guard.allow_threads(|| lock.acquire());
                    }
                }
                Exit::Release(lock) => {
                    if !inner.locks[lock as usize].release() {
                        return Err(fiber.fault("this lock is not held"));
                    }
                }
                Exit::Sleep(time) => guard.allow_threads(|| thread::sleep(time)),
            }
        }
    }

    /// Does what the eval breaker says at a switch point.
    fn give_way(&self, fiber: &Fiber<Plain>, guard: &mut GilGuard<'_>) -> Result<(), Fault> {
        if self.inner.gil.breaker().get() & STOP != 0 {
            return Err(fiber.fault("the machine was stopped"));
        }
        guard.give_way();
        Ok(())
    }

    fn call_native(
        &self,
        fiber: &Fiber<Plain>,
        guard: &mut GilGuard<'_>,
        index: u32,
        args: Vec<Value<Plain>>,
        released: bool,
    ) -> Result<Data, Fault> {
        let py = guard.py();
        let data: Option<Vec<Data>> = args.iter().map(|arg| Data::of(arg, py)).collect();
        drop(args);
        let Some(data) = data else {
            return Err(fiber.fault("an argument is a list that lies too deep in itself"));
        };
        let native = &self.inner.natives[index as usize];
        let result = if released { guard.allow_threads(|| native(&data)) } else { native(&data) };
        result.map_err(|reason| fiber.fault(reason))
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("gil", &self.inner.gil).finish_non_exhaustive()
    }
}

impl fmt::Debug for MachineBuilder {
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
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
