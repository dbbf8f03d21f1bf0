//! A process that does not get its processor: stopped for a while in the middle of anything, one of many that compute, or on a single
//! core with more threads than that. All is late then, and nothing else: what is due fires once and in order, intervals make of the gap
//! what their policy says, whoever waits gets its turn, and nothing turns on the spot afterwards.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Waker;
use std::time::{Duration, Instant};
use std::{env, hint, thread};

use fastrand::Rng;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use step2::{Entered, Park, ThreadPark, block_on, yield_now};
use step3::{Clock, MissedTicks, TimerDriver, interval, now, sleep, sleep_until};
use step4::{EventLoop, IoDriver, ThreadPool, gather, run, spawn, spawn_on_pool, unblock};
use step6::{Connection, DatabaseAt, DbError, Mutex, Pool, Semaphore, transaction, with};
use step7::{Gil, GilPark, Handoff};
use support::{Folder, another_process, ms, this_test};

/// How a process is kept from its processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plight {
    /// Stopped now and then, for longer than anything in it is to take.
    Stopped,
    /// Beside a thread on each core that only computes, and is far more important.
    Crowded,
    /// All its threads on one core.
    OneCore,
}

const PLIGHT: &str = "FAULTS_PLIGHT";
const LIMIT: Duration = Duration::from_secs(100);

/// Runs `body` in processes of its own, one for each plight.
fn starve(body: fn()) {
    if let Ok(plight) = env::var(PLIGHT) {
        if plight == format!("{:?}", Plight::OneCore) {
            stay_on_one_core();
        }
        return body();
    }
    for plight in [Plight::Stopped, Plight::Crowded, Plight::OneCore] {
        let test = another_process(&this_test());
        let mut command = Command::new("nice");
        command.args(["-n", if plight == Plight::Crowded { "10" } else { "0" }]);
        command.arg(test.get_program()).args(test.get_args()).env(PLIGHT, format!("{plight:?}"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = [read(child.stdout.take().unwrap()), read(child.stderr.take().unwrap())];
        let is_over = Arc::new(AtomicBool::new(false));
        let hogs: Vec<_> =
            (0..if plight == Plight::Crowded { thread::available_parallelism().unwrap().get() } else { 0 })
                .map(|_| {
                    let is_over = Arc::clone(&is_over);
                    thread::spawn(move || {
                        while !is_over.load(Relaxed) {
                            hint::spin_loop();
                        }
                    })
                })
                .collect();
        if plight == Plight::Stopped {
            stop_now_and_then(&mut child);
        }
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if began.elapsed() > LIMIT {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            thread::sleep(ms(2));
        };
        is_over.store(true, Relaxed);
        hogs.into_iter().for_each(|hog| hog.join().unwrap());
        let said = said.map(|reader| reader.join().unwrap()).concat();
        assert!(status.is_some_and(|status| status.success()), "{plight:?}: {status:?}\n{said}");
    }
}

fn read(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    })
}

fn stop_now_and_then(child: &mut Child) {
    let mut rng = Rng::with_seed(7);
    let process = Pid::from_raw(child.id().cast_signed());
    for _ in 0..5 {
        thread::sleep(ms(rng.u64(10..90)));
        // Not waited for yet, so its number is still its own.
        kill(process, Signal::SIGSTOP).unwrap();
        thread::sleep(ms(rng.u64(20..300)));
        kill(process, Signal::SIGCONT).unwrap();
        if child.try_wait().unwrap().is_some() {
            return;
        }
    }
}

/// Threads that are started later stay there as well.
fn stay_on_one_core() {
    let me = Pid::from_raw(0);
    let allowed = sched_getaffinity(me).unwrap();
    let core = (0..CpuSet::count()).find(|&core| allowed.is_set(core).unwrap()).unwrap();
    let mut one = CpuSet::new();
    one.set(core).unwrap();
    sched_setaffinity(me, &one).unwrap();
    assert_eq!(thread::available_parallelism().unwrap().get(), 1);
}

/// Counts how often a loop sleeps.
struct Counted<P> {
    park: P,
    parks: Rc<Cell<usize>>,
}

impl<P: Park> Park for Counted<P> {
    fn waker(&self) -> Waker {
        self.park.waker()
    }

    fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
        self.parks.set(self.parks.get() + 1);
        self.park.park(limit)
    }

    fn enter(&self) -> Entered {
        self.park.enter()
    }
}

#[test]
fn timers_are_late_and_still_fire_once_in_order_and_never_early() {
    starve(|| {
        const SLEEPS: usize = 400;
        let (parks, fired) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(Vec::new())));
        let park = TimerDriver::new(IoDriver::new().unwrap(), Clock::real());
        let event_loop = EventLoop::on(Counted { park, parks: Rc::clone(&parks) });
        let theirs = Rc::clone(&fired);
        let ticks = event_loop.run(async move {
            let (mut rng, begin) = (Rng::with_seed(1), now());
            let sleepers: Vec<_> = (0..SLEEPS)
                .map(|number| {
                    let (deadline, fired) =
                        (begin + Duration::from_micros(rng.u64(50_000..600_000)), Rc::clone(&theirs));
                    spawn(async move {
                        let is_in_time = now() + ms(2) < deadline;
                        sleep_until(deadline).await;
                        assert!(now() >= deadline, "{:?} early", deadline - now());
                        fired.borrow_mut().push((
                            deadline.as_nanos().div_ceil(1_000_000),
                            number,
                            is_in_time,
                        ));
                    })
                })
                .collect();
            let policies = [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip];
            let tickers: Vec<_> = policies.map(|policy| spawn(ticks(policy, begin + ms(600)))).into();
            gather(sleepers).await.unwrap();
            gather(tickers).await.unwrap().into_iter().sum::<usize>()
        });
        let fired = fired.borrow();
        assert_eq!(fired.len(), SLEEPS);
        // Who was stopped before its sleep was set, is no part of the order.
        let in_time: Vec<_> = fired.iter().filter(|(.., is_in_time)| *is_in_time).collect();
        assert!(in_time.is_sorted(), "out of order");
        // One sleep for each millisecond in which something is due, and a look after each turn: far from turning on the spot.
        assert!(
            parks.get() < 2 * (SLEEPS + ticks) + 500,
            "it has looked {} times for {ticks} ticks",
            parks.get()
        );
    });
}

/// Ticks until `end`, and holds each tick to its policy. Returns how many there were.
async fn ticks(policy: MissedTicks, end: Duration) -> usize {
    const PERIOD: Duration = Duration::from_millis(10);
    let mut ticks = interval(PERIOD).missed_ticks(policy);
    let (mut last, mut taken, mut count) = (ticks.tick().await, now(), 1);
    let first = last;
    while now() < end {
        let (looked, planned) = (now(), ticks.tick().await);
        count += 1;
        assert!(planned <= now(), "{policy:?} is early");
        match policy {
            MissedTicks::Burst => assert_eq!(planned, last + PERIOD, "none is left out"),
            // Planned as the last one was taken, which was a little before we looked.
            MissedTicks::Delay => assert!(last + PERIOD <= planned && planned <= taken + PERIOD),
            MissedTicks::Skip => {
                let steps = (planned - first).as_nanos() % PERIOD.as_nanos();
                assert!(steps == 0 && planned > last, "in step with the first");
                assert!(planned <= taken + PERIOD, "none that was still to come is left out");
            }
        }
        assert!(looked >= taken);
        (last, taken) = (planned, now());
    }
    count
}

#[test]
fn a_pool_with_more_workers_than_cores_finishes_everything() {
    starve(|| {
        let pool = ThreadPool::new(8).unwrap();
        let lock = Arc::new(Mutex::new(0_u64));
        let permits = Arc::new(Semaphore::new(3));
        let tasks: Vec<_> = (0..100)
            .map(|seed| {
                let (lock, permits, mut rng) =
                    (Arc::clone(&lock), Arc::clone(&permits), Rng::with_seed(seed));
                pool.spawn(async move {
                    for _ in 0..15 {
                        match rng.u32(0..5) {
                            0 => yield_now().await,
                            1 => sleep(ms(rng.u64(0..4))).await,
                            2 => {
                                let _permit = permits.acquire_many(rng.usize(1..3)).await;
                                yield_now().await;
                            }
                            3 => assert_eq!(unblock(|| 7).await, 7),
                            _ => assert_eq!(spawn_on_pool(async { 7 }).await.unwrap(), 7),
                        }
                        let mut count = lock.lock().await;
                        let before = *count;
                        yield_now().await;
                        *count = before + 1;
                    }
                })
            })
            .collect();
        block_on(gather(tasks)).unwrap();
        pool.shutdown();
        assert_eq!((*lock.try_lock().unwrap(), permits.free()), (1500, 3));
    });
}

#[test]
fn transactions_wait_for_each_other_and_all_are_made() {
    starve(|| {
        let folder = Folder::new();
        let path = folder.join("a.db");
        run(async move {
            let db = Connection::create(&path).await.unwrap();
            db.execute_batch("CREATE TABLE entries (n INTEGER)").await.unwrap();
            let pool = Pool::new(3, DatabaseAt::new(&path));
            let writers = (0..30).map(|n| {
                let pool = pool.clone();
                spawn(async move {
                    let lease = pool.lease().await?;
                    with(transaction(lease), async |tx| {
                        tx.execute("INSERT INTO entries VALUES (?)", [n.into()]).await?;
                        sleep(ms(2)).await;
                        tx.execute("INSERT INTO entries VALUES (?)", [n.into()]).await
                    })
                    .await
                })
            });
            for written in gather(writers).await.unwrap() {
                let written: Result<usize, DbError> = written;
                written.unwrap();
            }
            let rows = db.query("SELECT count(*) AS count FROM entries", []).await.unwrap();
            assert_eq!((rows[0].get::<i64>("count").unwrap(), pool.lent()), (60, 0));
        });
    });
}

/// The one that holds it may be stopped by the system at any moment, also between being asked for it and letting go.
#[test]
fn the_gil_goes_round_though_its_holder_is_not_run() {
    starve(|| {
        for handoff in [Handoff::Forced, Handoff::Unforced] {
            let gil = Gil::builder().interval(ms(1)).handoff(handoff).build();
            let threads: Vec<_> = (0..4)
                .map(|number| {
                    let mut thread = gil.thread();
                    thread::spawn(move || {
                        let mut guard = thread.take();
                        for _ in 0..100 {
                            let begin = Instant::now();
                            while begin.elapsed() < Duration::from_micros(if number == 0 { 0 } else { 100 }) {
                                hint::spin_loop();
                            }
                            if number == 0 {
                                guard.allow_threads(|| thread::sleep(ms(1)));
                            }
                            guard.check();
                        }
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            assert!(!gil.is_taken());
        }
    });
}

#[test]
fn a_loop_under_the_gil_has_its_turns_beside_a_thread_that_computes() {
    starve(|| {
        let gil = Gil::builder().interval(ms(1)).build();
        let is_over = Arc::new(AtomicBool::new(false));
        let (mut thread, hog_is_over) = (gil.thread(), Arc::clone(&is_over));
        let hog = thread::spawn(move || {
            let mut guard = thread.take();
            while !hog_is_over.load(Relaxed) {
                guard.check();
            }
        });
        let park = TimerDriver::new(GilPark::new(&gil, ThreadPark::new()), Clock::real());
        EventLoop::on(park).run(async {
            let sleepers = (0..20).map(|n| {
                spawn(async move {
                    for _ in 0..5 {
                        let deadline = now() + ms(n);
                        sleep_until(deadline).await;
                        assert!(now() >= deadline);
                    }
                })
            });
            gather(sleepers).await.unwrap();
        });
        is_over.store(true, Relaxed);
        hog.join().unwrap();
        assert!(!gil.is_taken());
    });
}
