//! Against hogs: what is always ready gives way all the same, and a poll that takes too long is reported.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::net::UdpSocket as BlockingUdpSocket;
use std::rc::Rc;
use std::time::Duration;

use step2::yield_now;
use step3::{Clock, ManualClock};
use step4::{EventLoop, TcpListener, TcpStream, UdpSocket, as_completed, budget, gather, run, spawn};

/// Counts its turns, for ever.
async fn count_turns(turns: Rc<Cell<u32>>) {
    loop {
        turns.set(turns.get() + 1);
        yield_now().await;
    }
}

/// Runs `hog`, and returns its output with the number of turns that another task has had meanwhile.
fn turns_beside<F: Future + 'static>(hog: F) -> (F::Output, u32) {
    run(async {
        let turns = Rc::new(Cell::new(0));
        let other = spawn(count_turns(Rc::clone(&turns)));
        let output = spawn(hog).await.unwrap();
        other.abort();
        (output, turns.get())
    })
}

#[test]
fn a_task_whose_socket_is_always_ready_lets_others_run() {
    let (lines, turns) = turns_beside(async {
        let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let writer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (reader, _peer) = listener.accept().await.unwrap();
        // All of it fits into the system's buffers, and so is there before the first byte is read.
        writer.write_all(&[7; 10_000]).await.unwrap();
        let mut byte = [0];
        for _ in 0..10_000 {
            reader.read_exact(&mut byte).await.unwrap();
        }
    });
    assert_eq!(lines, ());
    assert!(turns >= 10_000 / 128, "{turns} turns");
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no datagrams")]
fn a_task_that_always_may_send_lets_others_run() {
    let receiver = BlockingUdpSocket::bind("127.0.0.1:0").unwrap(); // Nobody reads from it: what is too much is lost.
    let to = receiver.local_addr().unwrap();
    let ((), turns) = turns_beside(async move {
        let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        for _ in 0..10_000 {
            socket.send_to(b"hello", to).await.unwrap();
        }
    });
    assert!(turns >= 10_000 / 128, "{turns} turns");
}

#[test]
fn a_task_that_awaits_finished_tasks_lets_others_run() {
    let ((), turns) = turns_beside(async {
        let tasks: Vec<_> = (0..10_000).map(|_| spawn(async {})).collect();
        while tasks.iter().any(|task| !task.is_finished()) {
            yield_now().await;
        }
        let begin = tasks.len();
        let mut taken = 0;
        for task in tasks {
            task.await.unwrap();
            taken += 1;
        }
        assert_eq!(taken, begin);
    });
    // It gave way some 170 times while they ran, and should do so some 78 times more.
    assert!(turns >= 10_000 / 128, "{turns} turns");
}

/// Spawns tasks and waits until they are done, without taking their outputs.
async fn finished_tasks(count: usize) -> Vec<step4::JoinHandle<()>> {
    let tasks: Vec<_> = (0..count).map(|_| spawn(async {})).collect();
    while tasks.iter().any(|task| !task.is_finished()) {
        yield_now().await;
    }
    tasks
}

/// Returns how many turns another task has while `hog` waits for 10,000 tasks that are done already.
fn turns_while_taking<F: Future + 'static>(
    hog: impl FnOnce(Vec<step4::JoinHandle<()>>) -> F + 'static,
) -> u32 {
    run(async move {
        let tasks = finished_tasks(10_000).await;
        let turns = Rc::new(Cell::new(0));
        let other = spawn(count_turns(Rc::clone(&turns)));
        spawn(hog(tasks)).await.unwrap();
        other.abort();
        turns.get()
    })
}

#[test]
fn a_task_that_takes_outcomes_as_completed_lets_others_run() {
    let turns = turns_while_taking(|tasks| async {
        let mut outcomes = as_completed(tasks);
        while let Some(outcome) = outcomes.next().await {
            outcome.unwrap();
        }
    });
    assert!((10_000 / 128..=10_000 / 32).contains(&turns), "{turns} turns");
}

#[test]
fn a_task_that_gathers_finished_tasks_lets_others_run() {
    let turns = turns_while_taking(|tasks| async {
        gather(tasks).await.unwrap();
    });
    assert!((10_000 / 128..=10_000 / 32).contains(&turns), "{turns} turns");
}

#[test]
fn a_budget_is_full_at_the_begin_of_each_poll() {
    async fn spender() {
        for _ in 0..128 {
            poll_fn(|cx| budget::spend(cx)).await;
        }
        yield_now().await;
        for _ in 0..128 {
            poll_fn(|cx| budget::spend(cx)).await;
        }
    }
    async fn spends_one_more() {
        for _ in 0..129 {
            poll_fn(|cx| budget::spend(cx)).await;
        }
    }
    let ((), timeline) = timeline::record(|| {
        run(async {
            spawn(spender()).await.unwrap();
            spawn(spends_one_more()).await.unwrap();
        });
    });
    assert_eq!((timeline.polls("spender"), timeline.polls("spends_one_more")), (2, 2));
}

#[test]
fn a_budget_without_an_executor_is_filled_up_by_itself() {
    step2::block_on(async {
        for _ in 0..10_000 {
            poll_fn(|cx| budget::spend(cx)).await;
        }
    });
}

/// Runs a task of which one poll takes `time`, and returns the notes in the timeline.
fn notes_of_a_poll_of(time: Duration) -> Vec<String> {
    let clock = ManualClock::new();
    let (on_loop, in_record) = (clock.clone(), clock.clone());
    let ((), timeline) = timeline::record_with(
        move || in_record.now(),
        || {
            EventLoop::with_clock(Clock::from(&clock)).unwrap().run(async move {
                spawn(async move { on_loop.advance(time) }).await.unwrap();
            });
        },
    );
    timeline.notes().into_iter().map(str::to_owned).collect()
}

#[test]
fn a_slow_poll_is_reported_in_debug_builds() {
    let expected: &[&str] = if cfg!(debug_assertions) { &["slow poll: 150ms"] } else { &[] };
    assert_eq!(notes_of_a_poll_of(Duration::from_millis(150)), expected);
}

#[test]
fn a_poll_of_less_than_a_tenth_of_a_second_is_not_reported() {
    assert!(notes_of_a_poll_of(Duration::from_millis(99)).is_empty());
}

#[test]
fn a_long_wait_is_no_slow_poll() {
    let clock = ManualClock::new();
    let ((), timeline) = timeline::record(|| {
        EventLoop::with_clock(Clock::from(&clock)).unwrap().run(step3::sleep(Duration::from_secs(3600)));
    });
    assert!(timeline.notes().is_empty());
}
