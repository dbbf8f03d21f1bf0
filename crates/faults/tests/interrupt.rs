//! Ctrl-C at any time. The loop has no handler of its own: without one, the process ends as the system has it, and no clean-up runs. A
//! program that wants what `asyncio.run` does, listens for the signal on a thread and ends its main future: then everything is cancelled,
//! all exits run, and the process ends with them done. Signals that somebody handles interrupt system calls, and nothing else.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGINT, SIGUSR1};
use signal_hook::iterator::Signals;
use step2::{Either, block_on, oneshot, race, yield_now};
use step3::{interval, now, sleep};
use step4::{TcpListener, TcpStream, ThreadPool, gather, run, spawn, unblock};
use step6::{AsyncContext, Connection, DatabaseAt, DbError, Outcome, Pool, transaction, with};
use support::{Folder, another_process, each_case, ms, this_test};

/// How long it may take to end. It takes milliseconds; but a busy machine may keep it waiting.
const SOON: Duration = Duration::from_secs(10);

const FOLDER: &str = "FAULTS_FOLDER";

/// The folder, if this is the process that is to be interrupted.
fn in_other() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

/// Starts the other half of the test `name`, and returns when it says that it has begun.
fn begun(name: &str, folder: &Path) -> Child {
    let mut command = another_process(name);
    let mut child =
        command.env(FOLDER, folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    while !line.ends_with("begun\n") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it has ended too early");
    }
    thread::spawn(move || io::copy(&mut said, &mut io::sink())); // It may say more, if only that it has passed.
    child
}

fn send(child: &Child, signal: Signal) {
    // It was not waited for yet, so its number is still its own.
    kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
}

/// Waits for the end. Returns the exit code, or minus the signal; and what was said on standard error.
fn ends_soon(mut child: Child) -> (i32, String) {
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if since.elapsed() > SOON {
            child.kill().unwrap();
            panic!("it has not ended within {SOON:?}");
        }
        thread::sleep(ms(1));
    }
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (status.code().unwrap_or_else(|| -status.signal().unwrap()), said)
}

/// Writes down that it was entered, and that it was left.
struct Noted {
    log: Rc<File>,
    name: u64,
}

impl<T: 'static, E: std::fmt::Debug + 'static> AsyncContext<T, E> for Noted {
    type Value = Self;

    async fn enter(self) -> Result<Self, E> {
        writeln!(&*self.log, "enter {}", self.name).unwrap();
        Ok(self)
    }

    async fn exit(noted: Self, outcome: Outcome<T, E>) -> Outcome<T, E> {
        sleep(ms(3)).await; // A good-bye that takes time.
        writeln!(&*noted.log, "exit {}", noted.name).unwrap();
        outcome
    }
}

/// Tasks that never end: nested contexts, with transactions on a pool inside.
async fn work(folder: PathBuf) {
    let log = Rc::new(OpenOptions::new().append(true).create(true).open(folder.join("log")).unwrap());
    let pool = Pool::new(3, DatabaseAt::new(folder.join("a.db")));
    let tasks = (0..10).map(|name| {
        let (log, pool) = (Rc::clone(&log), pool.clone());
        spawn(async move {
            loop {
                let outer = Noted { log: Rc::clone(&log), name: 2 * name };
                let inner = Noted { log: Rc::clone(&log), name: 2 * name + 1 };
                let pool = pool.clone();
                let block = with(outer, async move |_outer| {
                    with(inner, async move |_inner| {
                        let lease = pool.lease().await?;
                        with(transaction(lease), async |tx| {
                            tx.execute("INSERT INTO entries VALUES (1)", []).await?;
                            sleep(ms(2)).await;
                            tx.execute("INSERT INTO entries VALUES (-1)", []).await
                        })
                        .await
                    })
                    .await
                });
                let made: Result<usize, DbError> = block.await;
                made.unwrap();
            }
        })
    });
    println!("begun");
    gather(tasks).await.unwrap();
}

/// Every context that was entered was left, the inner one first.
fn all_were_left(folder: &Path) {
    let log = fs::read_to_string(folder.join("log")).unwrap();
    for name in 0..20 {
        let of_it: Vec<_> = log.lines().filter(|line| line.ends_with(&format!(" {name}"))).collect();
        assert!(
            of_it.chunks(2).all(|pair| pair == [format!("enter {name}"), format!("exit {name}")]),
            "{of_it:?}"
        );
    }
    for (outer, inner) in (0..10).map(|name| (2 * name, 2 * name + 1)) {
        let mut depth = 0;
        for line in log.lines() {
            let step = [("enter", outer, 0), ("enter", inner, 1), ("exit", inner, 2), ("exit", outer, 3)];
            let Some((.., at)) = step.iter().find(|(verb, name, _)| line == format!("{verb} {name}")) else {
                continue;
            };
            // A context may be interrupted before it has entered the inner one.
            assert!(depth == *at || depth == 1 && *at == 3, "{line} after {depth} steps");
            depth = (at + 1) % 4;
        }
        assert_eq!(depth, 0, "{outer} was not left");
    }
}

fn make(folder: &Path) {
    let db = rusqlite::Connection::open(folder.join("a.db")).unwrap();
    db.execute_batch("CREATE TABLE entries (n INTEGER)").unwrap();
}

/// Both entries of a transaction are there, or neither.
fn is_sound(folder: &Path) {
    let path = folder.join("a.db");
    let rows = run(async move {
        let db = Connection::open(path).await?;
        db.query("SELECT coalesce(sum(n), 0) AS sum FROM entries", []).await
    });
    assert_eq!(rows.unwrap()[0].get::<i64>("sum"), Ok(0));
}

#[test]
fn ctrl_c_that_ends_the_main_future_cancels_everything_and_runs_all_exits() {
    if let Some(folder) = in_other() {
        let mut signals = Signals::new([SIGINT]).unwrap();
        let (sender, interrupted) = oneshot();
        thread::spawn(move || {
            let _first = signals.forever().next();
            sender.send(()).unwrap();
        });
        let how = run(race(interrupted, work(folder)));
        assert!(matches!(how, Either::First(Ok(()))));
        std::process::exit(130);
    }
    let test = this_test();
    each_case(8, move |mut rng| {
        let folder = Folder::new();
        make(folder.path());
        let child = begun(&test, folder.path());
        thread::sleep(Duration::from_micros(rng.u64(0..60_000)));
        send(&child, Signal::SIGINT);
        assert_eq!(ends_soon(child), (130, String::new()));
        all_were_left(folder.path());
        is_sound(folder.path());
    });
}

#[test]
fn ctrl_c_without_a_handler_ends_the_process_at_once_and_the_next_run_works() {
    if let Some(folder) = in_other() {
        return run(work(folder));
    }
    let test = this_test();
    each_case(4, move |mut rng| {
        let folder = Folder::new();
        make(folder.path());
        for _ in 0..2 {
            let child = begun(&test, folder.path());
            thread::sleep(Duration::from_micros(rng.u64(0..60_000)));
            send(&child, Signal::SIGINT);
            assert_eq!(ends_soon(child), (-SIGINT, String::new()));
            is_sound(folder.path());
        }
    });
}

/// Echoes a hundred messages, in turns with sleeps and blocking jobs.
async fn echoes() {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let server = spawn(async move {
        let (stream, _peer) = listener.accept().await.unwrap();
        let mut buffer = [0; 64];
        for _ in 0..100 {
            stream.read_exact(&mut buffer).await.unwrap();
            stream.write_all(&buffer).await.unwrap();
        }
    });
    let stream = TcpStream::connect(address).await.unwrap();
    for n in 0..100 {
        let mut answer = [0; 64];
        stream.write_all(&[n; 64]).await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, [n; 64]);
        let deadline = now() + ms(1);
        sleep(ms(1)).await;
        assert!(now() >= deadline, "a signal is no reason to be early");
        assert_eq!(unblock(move || n).await, n);
    }
    server.await.unwrap();
}

/// Has this process handle a signal that comes all the time.
fn handle() {
    let seen = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGUSR1, seen).unwrap();
}

/// Sends a signal every now and then until the other process ends, which has to be well.
fn storm() {
    let folder = Folder::new();
    let mut child = begun(&this_test(), folder.path());
    let mut sent = 0;
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() {
        send(&child, Signal::SIGUSR1);
        sent += 1;
        thread::sleep(Duration::from_micros(150));
        assert!(since.elapsed() < 6 * SOON, "it hangs");
    }
    let (code, said) = ends_soon(child);
    assert_eq!(code, 0, "{said}");
    assert!(sent > 100, "it was over too soon: {sent} signals");
}

#[test]
fn a_storm_of_signals_changes_nothing_for_a_loop() {
    if in_other().is_none() {
        return storm();
    }
    // The loop runs on the first thread, to which the system hands a signal that any thread may have.
    handle();
    println!("begun");
    run(async {
        let ticks = spawn(async {
            let mut ticks = interval(ms(3));
            let mut last = ticks.tick().await;
            for _ in 0..100 {
                let planned = ticks.tick().await;
                assert_eq!(planned - last, ms(3));
                assert!(now() >= planned);
                last = planned;
            }
        });
        gather((0..5).map(|_| spawn(echoes()))).await.unwrap();
        ticks.await.unwrap();
    });
}

#[test]
fn a_storm_of_signals_changes_nothing_for_a_pool() {
    if in_other().is_none() {
        return storm();
    }
    handle();
    let pool = ThreadPool::new(3).unwrap();
    let tasks: Vec<_> = (0..300)
        .map(|n| {
            pool.spawn(async move {
                for _ in 0..10 {
                    let deadline = now() + ms(n % 4);
                    sleep(ms(n % 4)).await;
                    assert!(now() >= deadline);
                    yield_now().await;
                    assert_eq!(unblock(move || n).await, n);
                }
            })
        })
        .collect();
    // From here on this thread has none of them, so that the others do.
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGUSR1);
    blocked.thread_block().unwrap();
    println!("begun");
    block_on(gather(tasks)).unwrap();
    thread::sleep(ms(50));
    pool.shutdown();
}

/// Which system calls a signal may interrupt, of those that we and the libraries below us make again then.
///
/// Not `read`, `pread64` and `openat`, since the system's loader, which runs first, gives up on them; nor `connect`, which does not
/// wait here.
const INTERRUPTIBLE: &str =
    "recvfrom,sendto,accept4,epoll_wait,epoll_pwait,poll,ppoll,clock_nanosleep,nanosleep";

/// A handler may be installed so that system calls are not made again by the system: Python's are. Step 1 used to take that for the
/// end of the connection.
#[cfg(target_os = "linux")]
#[test]
fn any_system_call_may_be_interrupted_and_is_made_again() {
    if let Some(folder) = in_other() {
        let server =
            step1::serve("127.0.0.1:0", step1::Options::default(), |line| format!("{line}!")).unwrap();
        for n in 0..30 {
            let errand = step1::Errand::Ask { server: server.addr(), line: n.to_string() };
            assert_eq!(errand.run().unwrap(), format!("{n}!"));
        }
        server.stop();
        run(gather_echoes());
        return run(async move {
            let pool = Pool::new(2, DatabaseAt::new(folder.join("a.db")));
            for _ in 0..20 {
                let lease = pool.lease().await.unwrap();
                lease.execute("INSERT INTO entries VALUES (0)", []).await.unwrap();
            }
        });
    }
    let folder = Folder::new();
    make(folder.path());
    let test = another_process(&this_test());
    let strace = || {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={INTERRUPTIBLE}")]);
        strace.args(["-e", &format!("inject={INTERRUPTIBLE}:error=EINTR:when=2+3")]);
        strace
    };
    if !strace().arg("true").output().is_ok_and(|output| output.status.success()) {
        return support::skipped("there is no strace, or it may not trace");
    }
    let mut command = strace();
    command.arg(test.get_program()).args(test.get_args()).env(FOLDER, folder.path());
    command.env("ASAN_OPTIONS", "detect_leaks=0"); // Who is traced cannot trace itself to look for leaks.
    let output = command.output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    is_sound(folder.path());
}

async fn gather_echoes() {
    gather((0..3).map(|_| spawn(echoes()))).await.unwrap();
}
