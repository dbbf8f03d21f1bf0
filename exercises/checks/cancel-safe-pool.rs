//! What an answer to `cancel-safe-pool` has to do. A ping waits at a gate, which the check opens.

use std::future::Future;
use std::task::{Context, Poll};

use exercises::{Gate, Task, Watch, busy_waker, check, misconception, note, notes};

use super::{Lease, Ping, Pool};

const HELD: &str =
    "the lock is held at an await, and the thread waits for that lock: it never comes back to whoever has it";

/// A connection that answers a ping when its gate is open.
struct Connection {
    name: &'static str,
    answers: Gate,
}

impl Ping for Connection {
    async fn ping(&self) {
        note(format!("ping {}", self.name));
        self.answers.pass().await;
    }
}

fn pool<const N: usize>(names: [(&'static str, &Gate); N]) -> Pool<Connection> {
    Pool::new(names.map(|(name, answers)| Connection { name, answers: answers.clone() }).into())
}

fn asks(
    name: &'static str,
    pool: &Pool<Connection>,
) -> Task<impl Future<Output = Lease<Connection>> + use<>> {
    let pool = pool.clone();
    Task::new(name, async move { pool.lease().await })
}

/// Takes the lease that there has to be.
fn ready(task: &mut Task<impl Future<Output = Lease<Connection>>>) -> Lease<Connection> {
    match task.poll() {
        Poll::Ready(lease) => lease,
        Poll::Pending => panic!("there is a connection for it, but it is pending"),
    }
}

/// A pool with one connection, which is lent and answers at once, and two that wait for it.
fn two_in_line(
    watch: &Watch,
    names: [&'static str; 2],
) -> (Gate, Lease<Connection>, [Task<impl Future<Output = Lease<Connection>> + use<>>; 2]) {
    watch.a_hang_means("W6-std-mutex-across-await", HELD);
    let gate = Gate::new();
    gate.open();
    let pool = pool([("only", &gate)]);
    let lease = ready(&mut asks("owner", &pool));
    let mut line = names.map(|name| asks(name, &pool));
    for task in &mut line {
        assert!(task.poll().is_pending(), "the only connection is lent");
    }
    (gate, lease, line)
}

#[test]
fn one_that_is_idle_is_pinged_and_lent() {
    check(|watch| {
        watch.a_hang_means("W6-std-mutex-across-await", HELD);
        let gate = Gate::new();
        let pool = pool([("only", &gate)]);
        let mut task = asks("asks", &pool);
        assert!(task.poll().is_pending(), "its ping is not answered yet");
        assert_eq!(notes(), ["ping only"]);
        gate.open();
        assert_eq!(ready(&mut task).name, "only");
    });
}

#[test]
fn while_it_is_pinged_another_one_can_be_had() {
    check(|watch| {
        watch.a_hang_means("W6-std-mutex-across-await", HELD);
        let (slow, quick) = (Gate::new(), Gate::new());
        quick.open();
        let pool = pool([("quick", &quick), ("slow", &slow)]);
        // Which of the two is lent first is up to the pool.
        let mut tasks = [asks("one", &pool), asks("two", &pool)];
        let leases: Vec<_> = tasks.iter_mut().map(Task::poll).collect();
        if notes().len() == 1 {
            let text =
                "one connection is pinged, and the other, which is idle, cannot be had: both wait for a lock";
            misconception("W6-async-locks-always", text);
        }
        assert_eq!(
            leases.iter().filter(|poll| poll.is_ready()).count(),
            1,
            "the quick one is lent, and one is pinged"
        );
    });
}

#[test]
fn a_dropped_lease_goes_to_the_first_in_line() {
    check(|watch| {
        let (_gate, lease, mut line) = two_in_line(watch, ["first", "second"]);
        drop(lease);
        assert_eq!(line.each_ref().map(Task::wakes), [1, 0], "how often each in line was woken");
        drop(ready(&mut line[0]));
        assert_eq!(line.each_ref().map(Task::wakes), [1, 1], "how often each in line was woken");
        drop(ready(&mut line[1]));

        let gate = Gate::new();
        gate.open();
        let pool = pool([("only", &gate)]);
        for _ in 0..2 {
            drop(ready(&mut asks("asks", &pool)));
        }
    });
}

#[test]
fn one_that_is_dropped_in_line_leaves_it() {
    check(|watch| {
        let (_gate, lease, [gone, mut next]) = two_in_line(watch, ["gone", "next"]);
        drop(gone);
        drop(lease);
        if next.wakes() == 0 {
            misconception("W6-gone-but-in-line", "the connection was handed to one that is gone");
        }
        drop(ready(&mut next));
    });
}

#[test]
fn one_that_is_dropped_after_it_was_handed_one_passes_it_on() {
    check(|watch| {
        let (_gate, lease, [handed, mut next]) = two_in_line(watch, ["handed", "next"]);
        drop(lease);
        assert_eq!((handed.wakes(), next.wakes()), (1, 0));
        note("`handed` is dropped");
        drop(handed);
        if next.wakes() == 0 {
            misconception(
                "W6-woken-will-come",
                "one was dropped after it was woken, and its connection is lost",
            );
        }
        drop(ready(&mut next));
    });
}

#[test]
fn one_that_is_dropped_in_the_ping_passes_it_on() {
    check(|watch| {
        watch.a_hang_means("W6-std-mutex-across-await", HELD);
        let gate = Gate::new();
        let pool = pool([("only", &gate)]);
        let (mut pinging, mut next) = (asks("pinging", &pool), asks("next", &pool));
        assert!(pinging.poll().is_pending() && next.poll().is_pending());
        assert_eq!(notes(), ["ping only"]);
        drop(pinging);
        if next.wakes() == 0 {
            misconception(
                "W6-safe-in-a-variable",
                "one was dropped in the ping, and its connection along with it",
            );
        }
        gate.open();
        drop(ready(&mut next));
    });
}

#[test]
fn no_waker_is_called_under_the_lock() {
    check(|watch| {
        watch.a_hang_means("W6-std-mutex-across-await", HELD);
        let gate = Gate::new();
        gate.open();
        let pool = pool([("only", &gate)]);
        let lease = ready(&mut asks("owner", &pool));
        let other = pool.clone();
        let waker = busy_waker(move || drop(other.state()));
        let mut waiter = Box::pin(pool.lease());
        assert!(waiter.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        watch.a_hang_means(
            "W2-wake-under-lock",
            "the waker is called while the lock is held, and what is woken waits for the lock",
        );
        drop(lease);
        assert!(notes().iter().any(|note| note == "a waker has done its work"), "the waiter was woken");
    });
}
