//! The event loop as one of the lock's threads: what runs under the lock, what without it, and who else can run.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::task::Waker;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use step2::{Entered, Park, ThreadPark, oneshot, yield_now};
use step3::{Clock, ManualClock, TimerDriver, interval, sleep};
use step4::{EventLoop, IoDriver, JoinError, TcpListener, TcpStream, gather, join_all, spawn, unblock};
use step5::{for_await, generator};
use step6::{AsyncContext, Mutex, Outcome, Semaphore, with};
use step7::{
    DROP_REQUEST, Data, Gil, GilPark, LoopGil, Machine, MachineThread, PENDING, Plain, Program, Value,
};
use timeline::{Kind, Timeline};

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

/// Makes a lock whose waiters ask after a millisecond.
fn quick() -> Gil {
    Gil::builder().interval(MILLISECOND).build()
}

/// Makes a lock whose waiters ask after an hour, so never: they have it only if it is let go without that.
fn slow() -> Gil {
    Gil::builder().interval(HOUR).build()
}

/// Runs `test` on a thread of its own, and panics if that hangs.
#[track_caller]
fn ends<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    let thread = thread::spawn(move || sender.send(test()));
    match receiver.recv_timeout(Duration::from_secs(30)) {
        Ok(output) => output,
        Err(RecvTimeoutError::Timeout) => panic!("it hangs: half a minute has passed"),
        Err(RecvTimeoutError::Disconnected) => resume_unwind(thread.join().unwrap_err()),
    }
}

/// Runs `main` on a loop that sleeps in `park`, as a thread of `gil`.
fn run_in<P: Park, F: Future + 'static>(
    park: P,
    clock: Clock,
    gil: &Gil,
    main: impl FnOnce(LoopGil) -> F,
) -> F::Output
where
    F::Output: 'static,
{
    let park = GilPark::new(gil, park);
    let lock = park.handle();
    EventLoop::on(TimerDriver::new(park, clock)).run(main(lock))
}

/// The same with sockets and real time.
fn run_under<F: Future + 'static>(gil: &Gil, main: impl FnOnce(LoopGil) -> F) -> F::Output
where
    F::Output: 'static,
{
    run_in(IoDriver::new().unwrap(), Clock::real(), gil, main)
}

/// Calls `look` where a park sleeps, before it does.
struct Spy<P, L> {
    park: P,
    look: L,
}

impl<P: Park, L: FnMut(Option<Duration>)> Park for Spy<P, L> {
    fn waker(&self) -> Waker {
        self.park.waker()
    }

    fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        (self.look)(limit);
        self.park.park(limit)
    }

    fn enter(&self) -> Entered {
        self.park.enter()
    }
}

fn spy<L: FnMut(Option<Duration>)>(look: L) -> Spy<ThreadPark, L> {
    Spy { park: ThreadPark::new(), look }
}

/// Starts a thread that takes the lock once, and lets go of it.
fn waiter(gil: &Gil) -> JoinHandle<()> {
    let mut thread = gil.thread();
    thread::spawn(move || drop(thread.take()))
}

/// Waits until somebody has asked the holder to let go.
fn until_asked(gil: &Gil) {
    while gil.breaker().get() & DROP_REQUEST == 0 {
        thread::sleep(Duration::from_micros(100)); // Leaves the processor to the waiter.
    }
}

fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// A program that goes round until it is told to stop, and counts.
const HOG: &str = "
global stop = False
func hog() locals(rounds)
    RESUME
    LOAD_CONST 0
    STORE_FAST rounds
again:
    LOAD_FAST rounds
    LOAD_CONST 1
    ADD
    STORE_FAST rounds
    CALL_NATIVE tick 0
    POP
    LOAD_GLOBAL stop
    POP_JUMP_IF_FALSE more
    LOAD_FAST rounds
    RETURN
more:
    JUMP_BACKWARD again
end
func stop()
    RESUME
    LOAD_CONST True
    STORE_GLOBAL stop
    HALT
end
";

/// A thread that interprets without an end, and never lets go of its own accord.
struct Hog {
    machine: Machine,
    rounds: Arc<AtomicU64>,
    thread: MachineThread,
}

impl Hog {
    fn start(gil: &Gil) -> Self {
        let rounds = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&rounds);
        let tick = move |_: &[Data]| {
            counted.fetch_add(1, SeqCst);
            Ok(Data::None)
        };
        let program: Program = HOG.parse().unwrap();
        let machine =
            Machine::builder(program.verify().unwrap()).gil(gil).native("tick", tick).build().unwrap();
        let thread = machine.start("hog", &[]).unwrap();
        Self { machine, rounds, thread }
    }

    fn rounds(&self) -> u64 {
        self.rounds.load(SeqCst)
    }

    /// Returns when it has interpreted since this was called: the lock was its own meanwhile.
    async fn has_a_turn(&self) {
        let before = self.rounds();
        while self.rounds() == before {
            sleep(MILLISECOND).await;
        }
    }

    /// Stops it, and returns how often it went round. The caller must not hold the lock.
    fn stop(self) -> u64 {
        self.machine.run("stop", &[]).unwrap();
        let Data::Int(rounds) = self.thread.join().unwrap() else { panic!("it counts") };
        assert_eq!(rounds as u64, self.rounds.load(SeqCst));
        rounds as u64
    }
}

fn note(text: impl Into<String>) {
    timeline::probe::note(|| text.into());
}

async fn slept(name: &str, seconds: u32) {
    sleep(seconds * SECOND).await;
    note(format!("{name} slept for {seconds} s"));
}

async fn gather_of_sleeps() {
    gather([spawn(slept("one", 1)), spawn(slept("other", 2))]).await.unwrap();
}

async fn tasks() {
    let (one, other) = (spawn(slept("one", 1)), spawn(slept("other", 2)));
    let aborted = spawn(slept("never", 3));
    other.await.unwrap();
    one.await.unwrap();
    aborted.abort();
    assert!(matches!(aborted.await, Err(JoinError::Cancelled)));
    for turn in 0..3 {
        yield_now().await;
        note(format!("turn {turn}"));
    }
}

async fn async_for() {
    let items = generator(|y| async move {
        for item in 0..3 {
            sleep(SECOND).await;
            y.emit(item).await;
        }
    });
    for_await!(item in items => {
        note(format!("received {item}"));
    });
    let mut left = 3;
    for_await!(_tick in interval(SECOND) => {
        note("tick");
        left -= 1;
        if left == 0 {
            break;
        }
    });
}

struct Connection;

impl AsyncContext<(), ()> for Connection {
    type Value = &'static str;

    async fn enter(self) -> Result<&'static str, ()> {
        slept("entering", 1).await;
        Ok("connection")
    }

    async fn exit(_value: &'static str, outcome: Outcome<(), ()>) -> Outcome<(), ()> {
        slept("exit", 1).await;
        outcome
    }
}

async fn async_with() {
    let body = async |value: &mut &'static str| {
        slept(value, 1).await;
        Ok(())
    };
    with(Connection, body).await.unwrap();
}

async fn locks() {
    let (mutex, permits) = (Mutex::new(0), Semaphore::new(2));
    let job = async |number: u32| {
        let _permit = permits.acquire().await;
        slept("with a permit", 1).await;
        let mut count = mutex.lock().await;
        sleep(SECOND).await;
        *count += number;
        note(format!("counted {}", *count));
    };
    join_all((1..=4).map(&job)).await;
}

/// Leaves out what the lock reports.
fn without_the_lock(mut timeline: Timeline) -> Timeline {
    let is_lock = |kind: &Kind| {
        matches!(kind, Kind::LockWanted { .. } | Kind::LockTaken { .. } | Kind::LockReleased { .. })
    };
    timeline.events.retain(|event| !is_lock(&event.kind));
    timeline
}

/// Expects the same events at the same times on a bare loop and on one under a lock.
#[track_caller]
fn goes_the_same_way<F: Future<Output = ()> + 'static>(program: fn() -> F, seconds: u32) {
    let [bare, under_lock] = ends(move || both_ways(program));
    assert_eq!(bare.end, seconds * SECOND);
    assert!(!bare.notes().is_empty());
    assert!(under_lock.events.len() > bare.events.len(), "the lock was used");
    assert_eq!(without_the_lock(under_lock), bare);
}

/// Records `program` on a manual clock, both ways.
fn both_ways<F: Future<Output = ()> + 'static>(program: fn() -> F) -> [Timeline; 2] {
    let record = |run: &dyn Fn(Clock)| {
        let clock = Clock::from(&ManualClock::new());
        let same = clock.clone();
        timeline::record_with(move || same.now(), || run(clock)).1
    };
    let bare = record(&|clock| EventLoop::with_clock(clock).unwrap().run(program()));
    let under_lock = record(&|clock| {
        let park = IoDriver::new().unwrap();
        run_in(park, clock, &Gil::default(), |_lock| program());
    });
    [bare, under_lock]
}

#[test]
fn gathered_sleeps_go_the_same_way_under_it() {
    goes_the_same_way(gather_of_sleeps, 2);
}

#[test]
fn tasks_that_wait_end_and_are_aborted_go_the_same_way_under_it() {
    goes_the_same_way(tasks, 2);
}

#[test]
fn async_iterators_go_the_same_way_under_it() {
    goes_the_same_way(async_for, 6);
}

#[test]
fn contexts_go_the_same_way_under_it() {
    goes_the_same_way(async_with, 3);
}

#[test]
fn mutexes_and_semaphores_go_the_same_way_under_it() {
    goes_the_same_way(locks, 5);
}

#[test]
fn tasks_run_with_the_lock_and_the_park_below_sleeps_without_it() {
    ends(|| {
        let gil = Gil::default();
        let parks = Rc::new(Cell::new(0));
        let (same, counted) = (gil.clone(), Rc::clone(&parks));
        let park = spy(move |_limit| {
            assert!(!same.is_taken() && !same.is_held_here());
            counted.set(counted.get() + 1);
        });
        let same = gil.clone();
        run_in(park, Clock::from(&ManualClock::new()), &gil, |_lock| async move {
            for _ in 0..3 {
                let (inside, after) = (same.clone(), same.clone());
                let task = spawn(async move {
                    assert!(inside.is_held_here());
                    sleep(SECOND).await;
                    assert!(inside.is_held_here());
                });
                task.await.unwrap();
                assert!(after.is_held_here());
            }
        });
        assert!(parks.get() >= 3);
        assert!(!gil.is_taken());
    });
}

#[test]
fn each_turn_lets_go_also_if_it_only_looks() {
    ends(|| {
        let gil = slow();
        let looks = Rc::new(Cell::new(0));
        let (same, counted) = (gil.clone(), Rc::clone(&looks));
        let park = spy(move |limit| {
            assert_eq!(limit, Some(Duration::ZERO));
            assert!(!same.is_taken());
            counted.set(counted.get() + 1);
        });
        run_in(park, Clock::real(), &gil, |_lock| async {
            for _ in 0..5 * 61 {
                yield_now().await; // 61 of these are a turn.
            }
        });
        assert_eq!(looks.get(), 5);
        assert_eq!(gil.figures().voluntary, 5 + 1, "the last one is the end");
    });
}

#[test]
fn timers_fire_under_the_lock() {
    ends(|| {
        /// A waker that looks whether the lock is held.
        struct Look(Gil, Arc<AtomicBool>);

        impl std::task::Wake for Look {
            fn wake(self: Arc<Self>) {
                self.1.store(self.0.is_held_here(), SeqCst);
            }
        }

        let gil = Gil::default();
        let was_held = Arc::new(AtomicBool::new(false));
        let waker = Waker::from(Arc::new(Look(gil.clone(), Arc::clone(&was_held))));
        run_in(ThreadPark::new(), Clock::from(&ManualClock::new()), &gil, |_lock| async move {
            let mut timer = std::pin::pin!(sleep(SECOND));
            assert!(timer.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
            sleep(2 * SECOND).await;
        });
        assert!(was_held.load(SeqCst));
    });
}

#[test]
fn others_can_take_the_lock_while_the_loop_sleeps_with_no_timer_set() {
    ends(|| {
        let gil = slow();
        let same = gil.clone();
        let answer = run_under(&gil, |_lock| async move {
            let (sender, receiver) = oneshot();
            let mut thread = same.thread();
            let other = thread::spawn(move || {
                let _guard = thread.take(); // Only if the loop lets go of its own accord: nobody asks for an hour.
                sender.send(42).unwrap();
            });
            let answer = receiver.await.unwrap();
            assert!(same.is_held_here());
            other.join().unwrap();
            answer
        });
        assert_eq!(answer, 42);
    });
}

#[test]
fn who_has_asked_gets_the_lock_before_the_system_call() {
    ends(|| {
        let gil = quick();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let (same, switches) = (gil.clone(), Rc::clone(&seen));
        let park = spy(move |_limit| switches.borrow_mut().push(same.figures().switches));
        let same = gil.clone();
        run_in(park, Clock::real(), &gil, |_lock| async move {
            for _ in 0..10 {
                let waiter = waiter(&same);
                until_asked(&same);
                for _ in 0..61 {
                    yield_now().await;
                }
                waiter.join().unwrap();
            }
        });
        // The loop's own first, then the waiter's; after that, the loop's again and the next waiter's.
        assert_eq!(*seen.borrow(), (1..=10).map(|turn| 2 * turn).collect::<Vec<_>>());
    });
}

#[test]
fn the_loop_goes_on_beside_a_thread_that_never_lets_go_by_itself() {
    const TURNS: u64 = 10;
    let (rounds, gil) = ends(|| {
        let gil = quick();
        let hog = Hog::start(&gil);
        let hog = run_under(&gil, |_lock| async move {
            for _ in 0..TURNS {
                hog.has_a_turn().await;
            }
            hog
        });
        (hog.stop(), gil)
    });
    assert!(rounds >= TURNS);
    assert!(gil.figures().switches >= 2 * TURNS, "to the hog and back, each time: {:?}", gil.figures());
    assert!(gil.figures().forced >= TURNS, "the hog lets go only if asked to: {:?}", gil.figures());
    assert!(!gil.is_taken());
}

#[test]
fn tasks_of_two_loops_under_one_lock_never_run_at_once() {
    ends(|| {
        let gil = quick();
        let (is_inside, overlaps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let threads = [0, 1].map(|_| {
            let (gil, is_inside, overlaps) = (gil.clone(), Arc::clone(&is_inside), Arc::clone(&overlaps));
            thread::spawn(move || {
                run_under(&gil, |_lock| async move {
                    let task = async || {
                        for round in 0..100 {
                            overlaps.fetch_add(u64::from(is_inside.swap(true, SeqCst)), SeqCst);
                            thread::yield_now();
                            is_inside.store(false, SeqCst);
                            match round % 10 {
                                0 => sleep(MILLISECOND).await,
                                _ => yield_now().await,
                            }
                        }
                    };
                    join_all((0..4).map(|_| task())).await;
                });
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(overlaps.load(SeqCst), 0);
        assert!(gil.figures().switches > 2, "they took turns");
    });
}

#[test]
fn an_echo_server_answers_beside_a_hog() {
    async fn serve(stream: TcpStream) -> io::Result<()> {
        let mut buffer = [0; 64];
        loop {
            match stream.read(&mut buffer).await? {
                0 => return Ok(()),
                n => stream.write_all(&buffer[..n]).await?,
            }
        }
    }

    async fn ask(addr: SocketAddr) -> io::Result<()> {
        let stream = TcpStream::connect(addr).await?;
        for round in 0..5 {
            let mut answer = [0; 64];
            stream.write_all(&[round; 64]).await?;
            stream.read_exact(&mut answer).await?;
            assert_eq!(answer, [round; 64]);
        }
        Ok(())
    }

    ends(|| {
        let gil = quick();
        let hog = Hog::start(&gil);
        run_under(&gil, |_lock| async {
            let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let addr = listener.local_addr().unwrap();
            let server = spawn(async move {
                loop {
                    drop(spawn(serve(listener.accept().await.unwrap().0)));
                }
            });
            for asked in join_all((0..5).map(|_| ask(addr))).await {
                asked.unwrap();
            }
            server.abort();
        });
        assert!(hog.stop() > 0);
    });
}

#[test]
fn a_program_runs_on_a_thread_for_blocking_work_beside_the_loop() {
    ends(|| {
        let gil = slow();
        let program: Program =
            "func double(x)\n LOAD_FAST x\n LOAD_FAST x\n ADD\n RETURN\n end".parse().unwrap();
        let machine = Machine::builder(program.verify().unwrap()).gil(&gil).build().unwrap();
        let doubled = run_under(&gil, |_lock| async move {
            let jobs = (1..=3).map(|x| {
                let machine = machine.clone();
                unblock(move || machine.run("double", &[Data::Int(x)]))
            });
            join_all(jobs).await
        });
        assert_eq!(doubled, [2, 4, 6].map(|x| Ok(Data::Int(x))));
    });
}

#[test]
fn a_panic_of_the_main_future_lets_go_of_the_lock() {
    ends(|| {
        let gil = Gil::default();
        assert!(panics(|| run_under(&gil, |_lock| async { panic!("in the main future") })));
        assert!(!gil.is_taken() && !gil.is_held_here());
        run_under(&gil, |_lock| async {});
    });
}

#[test]
fn a_panic_of_a_task_and_one_under_a_token_leave_the_lock_with_the_loop() {
    ends(|| {
        let gil = Gil::default();
        let same = gil.clone();
        run_under(&gil, |lock| async move {
            let panicking = lock.clone();
            assert!(spawn(async { panic!("in a task") }).await.is_err());
            assert!(spawn(async move { panicking.with(|_py| panic!("under a token")) }).await.is_err());
            assert!(same.is_held_here());
            sleep(MILLISECOND).await;
            assert!(lock.with(|py| py.gil().is(&same)));
        });
        assert!(!gil.is_taken());
    });
}

#[test]
fn the_lock_is_let_go_at_the_end_though_a_handle_is_kept() {
    ends(|| {
        let gil = Gil::default();
        let lock = run_under(&gil, |lock| async { lock });
        assert!(!gil.is_taken() && !gil.is_held_here());
        assert!(panics(|| lock.with(|_py| ())));
        assert!(panics(|| _ = lock.check()));
        waiter(&gil).join().unwrap();
    });
}

#[test]
fn destructors_of_cancelled_tasks_run_under_the_lock() {
    ends(|| {
        struct Ends(LoopGil, Rc<Cell<bool>>);

        impl Drop for Ends {
            fn drop(&mut self) {
                self.1.set(self.0.with(|py| py.gil().is_held_here()));
            }
        }

        let was_held = Rc::new(Cell::new(false));
        let seen = Rc::clone(&was_held);
        run_under(&Gil::default(), |lock| async move {
            drop(spawn(async move {
                let _ends = Ends(lock, seen);
                sleep(HOUR).await;
            }));
            yield_now().await;
        });
        assert!(was_held.get());
    });
}

#[test]
fn tasks_share_objects_by_their_handles_tokens() {
    ends(|| {
        run_under(&Gil::default(), |lock| async move {
            let list: Rc<Value<Plain>> = Rc::new(lock.with(|py| Value::list(Vec::new(), py)));
            let append = |number| {
                let (lock, list) = (lock.clone(), Rc::clone(&list));
                spawn(async move {
                    sleep(MILLISECOND).await;
                    lock.with(|py| match &*list {
                        Value::Object(object) => object.with_list(py, |items| items.push(Value::Int(number))),
                        _ => unreachable!("it is a list"),
                    });
                })
            };
            gather([append(1), append(2), append(3)]).await.unwrap();
            let Value::Object(object) = &*list else { unreachable!("it is a list") };
            assert_eq!(lock.with(|py| object.with_list(py, |items| items.len())), Some(3));
        });
    });
}

#[test]
fn tokens_may_be_taken_inside_each_other_but_no_check_may_come_between() {
    ends(|| {
        run_under(&Gil::default(), |lock| async move {
            assert!(lock.with(|outer| lock.with(|inner| outer.gil().is(inner.gil()))));
            assert!(panics(|| lock.with(|_py| _ = lock.check())));
            assert!(!lock.check());
        });
    });
}

#[test]
fn a_park_under_a_token_is_refused() {
    ends(|| {
        let gil = Gil::default();
        let mut park = GilPark::new(&gil, ThreadPark::new());
        let lock = park.handle();
        assert!(panics(|| lock.with(|_py| _ = park.park(Some(Duration::ZERO)))));
        assert!(gil.is_held_here());
    });
}

#[test]
fn a_long_task_that_checks_hands_the_lock_over() {
    ends(|| {
        let gil = quick();
        let same = gil.clone();
        run_under(&gil, |lock| async move {
            assert!(!lock.check(), "nobody has asked");
            let waiter = waiter(&same);
            until_asked(&same);
            assert!(lock.check());
            assert!(same.is_held_here());
            waiter.join().unwrap();
        });
    });
}

#[test]
fn an_object_that_is_dropped_in_the_park_below_is_counted_down_under_the_lock() {
    ends(|| {
        let gil = Gil::default();
        let slot: Rc<RefCell<Option<Value<Plain>>>> = Rc::default();
        let (same, dropped) = (gil.clone(), Rc::clone(&slot));
        let park = spy(move |_limit| {
            if dropped.borrow_mut().take().is_some() {
                assert_eq!(same.breaker().get(), PENDING);
            }
        });
        let same = gil.clone();
        run_in(park, Clock::real(), &gil, |lock| async move {
            *slot.borrow_mut() = Some(lock.with(|py| Value::text("dropped", py)));
            sleep(MILLISECOND).await;
            assert!(slot.borrow().is_none());
            assert_eq!(same.breaker().get(), 0);
        });
    });
}

#[test]
fn no_token_is_to_be_had_while_the_park_below_sleeps() {
    ends(|| {
        let gil = Gil::default();
        let handle: Rc<RefCell<Option<LoopGil>>> = Rc::default();
        let (tried, mine) = (Rc::new(Cell::new(false)), Rc::clone(&handle));
        let seen = Rc::clone(&tried);
        let park = spy(move |_limit| {
            if let Some(lock) = mine.borrow().as_ref() {
                assert!(panics(|| lock.with(|_py| ())));
                seen.set(true);
            }
        });
        run_in(park, Clock::real(), &gil, |lock| async move {
            *handle.borrow_mut() = Some(lock);
            sleep(MILLISECOND).await;
        });
        assert!(tried.get());
    });
}

#[test]
fn after_an_error_or_a_panic_of_the_park_below_the_lock_is_held_again() {
    ends(|| {
        struct Fails;

        impl Park for Fails {
            fn waker(&self) -> Waker {
                Waker::noop().clone()
            }

            fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
                assert!(limit.is_none(), "it fails in either way");
                Err(io::Error::other("no sleep"))
            }
        }

        let gil = Gil::default();
        let mut park = GilPark::new(&gil, Fails);
        assert_eq!(park.park(None).unwrap_err().to_string(), "no sleep");
        assert!(gil.is_held_here());
        assert!(panics(|| _ = park.park(Some(SECOND))));
        assert!(gil.is_held_here());
        drop(park);
        assert!(!gil.is_taken());
    });
}

#[test]
fn a_job_that_is_left_behind_may_still_need_the_lock() {
    ends(|| {
        let gil = slow();
        let hog_like: Program = "func main()\n LOAD_CONST 7\n RETURN\n end".parse().unwrap();
        let machine = Machine::builder(hog_like.verify().unwrap()).gil(&gil).build().unwrap();
        let (ran, seen) = channel();
        run_under(&gil, |_lock| async move {
            drop(spawn(unblock(move || ran.send(machine.run("main", &[])).unwrap())));
            yield_now().await; // The job is submitted; nobody waits for it.
        });
        assert_eq!(seen.recv(), Ok(Ok(Data::Int(7))), "the loop waits for its jobs as it ends");
    });
}
