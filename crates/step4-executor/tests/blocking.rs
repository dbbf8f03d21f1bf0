//! Blocking work beside the loop: Python's `to_thread`, and files.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use step2::{Park, ThreadPark, yield_now};
use step4::{EventLoop, JoinError, fs, gather, resolve, run, spawn, unblock};

/// Counts its turns until it is dropped.
fn count_turns() -> (Rc<Cell<u32>>, step4::JoinHandle<()>) {
    let turns = Rc::new(Cell::new(0));
    let counter = Rc::clone(&turns);
    let task = spawn(async move {
        loop {
            counter.set(counter.get() + 1);
            yield_now().await;
        }
    });
    (turns, task)
}

/// A file's path that no other test uses.
fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("step4-{}-{name}", std::process::id()))
}

#[test]
fn the_loop_lives_while_a_job_blocks() {
    run(async {
        let (release, released) = mpsc::channel();
        let job = spawn(unblock(move || released.recv().unwrap()));
        let (turns, _counter) = count_turns();
        while turns.get() < 10 {
            yield_now().await;
        }
        assert!(!job.is_finished());
        release.send("released by a task that ran meanwhile").unwrap();
        assert_eq!(job.await.unwrap(), "released by a task that ran meanwhile");
    });
}

#[test]
fn blocking_inside_a_task_freezes_the_loop() {
    run(async {
        let (turns, _counter) = count_turns();
        yield_now().await;
        let before = turns.get();
        let (release, released) = mpsc::channel();
        let other = thread::spawn(move || release.send(()).unwrap());
        released.recv().unwrap(); // Without `unblock`.
        other.join().unwrap();
        assert_eq!(turns.get(), before);
    });
}

#[test]
fn jobs_run_on_other_threads_and_overlap() {
    run(async {
        let here = thread::current().id();
        let (ping, pinged) = mpsc::channel();
        let (pong, ponged) = mpsc::channel();
        // Each waits for the other: one after the other they would wait for ever.
        let first = spawn(unblock(move || {
            ping.send(()).unwrap();
            ponged.recv().unwrap();
            thread::current().id()
        }));
        let second = spawn(unblock(move || {
            pinged.recv().unwrap();
            pong.send(()).unwrap();
            thread::current().id()
        }));
        let threads = gather([first, second]).await.unwrap();
        assert!(threads[0] != here && threads[1] != here && threads[0] != threads[1]);
    });
}

#[test]
fn the_error_comes_at_the_await() {
    run(async {
        let job = unblock(|| Err::<(), _>(io::Error::other("no bread")));
        yield_now().await;
        assert_eq!(job.await.unwrap_err().to_string(), "no bread");
    });
}

#[test]
fn the_panic_comes_at_the_await_and_the_threads_go_on() {
    run(async {
        for n in 0..20 {
            let error = spawn(unblock(move || panic!("no bread {n}"))).await.unwrap_err();
            assert_eq!(error.to_string(), format!("the task panicked: no bread {n}"));
        }
        assert_eq!(unblock(|| 7).await, 7);
    });
    let panic = catch_unwind(AssertUnwindSafe(|| run(unblock(|| panic!("in main's own job"))))).unwrap_err();
    assert_eq!(*panic.downcast::<&str>().unwrap(), "in main's own job");
}

#[test]
fn cancelling_the_await_does_not_stop_the_thread_and_run_waits_for_it() {
    let done = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&done);
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    run(async move {
        let task = spawn(unblock(move || {
            begun.send(()).unwrap();
            released.recv().unwrap();
            flag.store(true, SeqCst);
        }));
        yield_now().await;
        begins.recv().unwrap();
        task.abort();
        assert!(matches!(task.await, Err(JoinError::Cancelled)), "the waiter is gone at once");
        release.send(()).unwrap();
    });
    assert!(done.load(SeqCst), "`run` has waited for the thread");
}

#[test]
fn a_job_that_is_left_behind_may_wait_for_the_end_of_the_park() {
    /// A park that holds something until it is dropped.
    struct Holds {
        park: ThreadPark,
        _held: mpsc::Sender<()>,
    }

    impl Park for Holds {
        fn waker(&self) -> Waker {
            self.park.waker()
        }

        fn park(&mut self, limit: Option<Duration>) -> io::Result<bool> {
            self.park.park(limit)
        }
    }

    let (_held, let_go) = mpsc::channel();
    let (outcome, found) = mpsc::channel();
    EventLoop::on(Holds { park: ThreadPark::new(), _held }).run(async {
        let job = move || outcome.send(let_go.recv_timeout(Duration::from_secs(30))).unwrap();
        drop(spawn(unblock(job)));
        yield_now().await;
    });
    assert_eq!(
        found.recv(),
        Ok(Err(mpsc::RecvTimeoutError::Disconnected)),
        "it was let go, and the job had ended"
    );
}

#[test]
fn a_job_that_was_never_awaited_never_runs() {
    let ran = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ran);
    run(async move {
        drop(unblock(move || flag.store(true, SeqCst)));
        unblock(|| ()).await;
    });
    assert!(!ran.load(SeqCst));
}

#[test]
fn more_jobs_than_the_queue_holds_all_run() {
    let sum = run(async {
        let jobs = (0..5_000_u64).map(|n| spawn(unblock(move || n)));
        let jobs: Vec<_> = jobs.collect();
        gather(jobs).await.unwrap().into_iter().sum::<u64>()
    });
    assert_eq!(sum, 12_497_500);
}

#[test]
fn files_are_written_and_read() {
    let path = scratch("written");
    let (bytes, text) = run({
        let path = path.clone();
        async move {
            fs::write(&path, "hello").await.unwrap();
            (fs::read(&path).await.unwrap(), fs::read_to_string(&path).await.unwrap())
        }
    });
    std::fs::remove_file(path).unwrap();
    assert_eq!((bytes.as_slice(), text.as_str()), (&b"hello"[..], "hello"));
}

#[test]
fn a_file_that_is_not_there_or_is_no_text_is_an_error_at_the_await() {
    let path = scratch("no-text");
    run({
        let path = path.clone();
        async move {
            let error = fs::read(scratch("missing")).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
            fs::write(&path, [0xff, 0xfe]).await.unwrap();
            let error = fs::read_to_string(&path).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
    });
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_name_is_looked_up_or_an_error() {
    run(async {
        assert_eq!(resolve("127.0.0.1:80").await.unwrap(), ["127.0.0.1:80".parse().unwrap()]);
        assert!(resolve("no port").await.is_err());
    });
}

/// Why files need threads at all.
#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(miri, ignore = "Miri's selector takes sockets, and ends where it is given a file")]
fn epoll_refuses_regular_files() {
    let file = std::fs::File::open("Cargo.toml").unwrap();
    // A selector takes sockets only; but whatever is in it, the system looks for itself.
    let disguised = std::net::TcpStream::from(std::os::fd::OwnedFd::from(file));
    let mut disguised = mio::net::TcpStream::from_std(disguised);
    let poll = mio::Poll::new().unwrap();
    let error = poll.registry().register(&mut disguised, mio::Token(0), mio::Interest::READABLE).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
}
