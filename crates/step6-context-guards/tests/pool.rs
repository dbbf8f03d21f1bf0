//! A pool: how many, in which order, for how long, in which state; and that everything comes back.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/scratch.rs"]
mod scratch;
mod support;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use scratch::Scratch;
use step2::yield_now;
use step3::{Elapsed, now, sleep, timeout};
use step4::{gather, spawn};
use step6::{DatabaseAt, DbError, Lease, Manage, Pool, PoolError, transaction, with};
use support::{SECOND, begun, panic_at, panic_of, poll_once, run, turns};

/// Makes numbers, as slowly and as badly as it is told to, and counts what becomes of them.
#[derive(Clone, Default)]
struct Doubles(Rc<Counts>);

#[derive(Default)]
struct Counts {
    connects: Cell<u32>,
    checks: Cell<u32>,
    drops: Cell<u32>,
    live: Cell<u32>,
    most: Cell<u32>,
    /// What the next checks say; after that, all are healthy.
    sick: RefCell<VecDeque<bool>>,
    /// What becomes of the next connects; after that, all succeed.
    fails: RefCell<VecDeque<Fails>>,
    connects_in: Cell<Duration>,
    checks_in: Cell<Duration>,
}

#[derive(Clone, Copy)]
enum Fails {
    WithAnError,
    WithAPanic,
}

/// A resource: which one it is, counted from 1.
struct Double {
    number: u32,
    counts: Rc<Counts>,
}

impl Drop for Double {
    fn drop(&mut self) {
        self.counts.drops.set(self.counts.drops.get() + 1);
        self.counts.live.set(self.counts.live.get() - 1);
    }
}

impl Manage for Doubles {
    type Resource = Double;
    type Error = &'static str;

    async fn connect(&self) -> Result<Double, &'static str> {
        let counts = &self.0;
        counts.connects.set(counts.connects.get() + 1);
        let number = counts.connects.get();
        sleep(counts.connects_in.get()).await;
        let fails = counts.fails.borrow_mut().pop_front();
        match fails {
            Some(Fails::WithAnError) => return Err("no bread"),
            Some(Fails::WithAPanic) => panic!("no oven"),
            None => {}
        }
        counts.live.set(counts.live.get() + 1);
        counts.most.set(counts.most.get().max(counts.live.get()));
        Ok(Double { number, counts: Rc::clone(counts) })
    }

    async fn is_healthy(&self, _double: &mut Double) -> bool {
        let counts = &self.0;
        counts.checks.set(counts.checks.get() + 1);
        sleep(counts.checks_in.get()).await;
        !counts.sick.borrow_mut().pop_front().unwrap_or_default()
    }
}

type DoublePool = Pool<Doubles>;

fn doubles(max: usize) -> (DoublePool, Rc<Counts>) {
    let doubles = Doubles::default();
    let counts = Rc::clone(&doubles.0);
    (Pool::new(max, doubles), counts)
}

/// Returns how many are lent, and how many are idle.
fn count<M: Manage>(pool: &Pool<M>) -> (usize, usize) {
    (pool.lent(), pool.idle())
}

/// Leases one, and keeps it for so many seconds.
async fn borrow(pool: DoublePool, seconds: u32) -> u32 {
    let lease = pool.lease().await.unwrap_or_else(|error| panic!("{error}"));
    sleep(seconds * SECOND).await;
    lease.number
}

async fn lease(pool: &DoublePool) -> Lease<Doubles> {
    pool.lease().await.unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the error of a lease that should have failed.
async fn refused(pool: &DoublePool) -> PoolError<&'static str> {
    pool.lease().await.map(drop).unwrap_err()
}

// How many, and who is next.

#[test]
fn nothing_is_made_before_it_is_needed() {
    let (pool, counts) = doubles(3);
    assert_eq!((count(&pool), counts.connects.get()), ((0, 0), 0));
}

#[test]
fn there_are_never_more_than_the_maximum() {
    run(async {
        let (pool, counts) = doubles(3);
        gather((0..10).map(|_| spawn(borrow(pool.clone(), 1)))).await.unwrap();
        assert_eq!((counts.most.get(), counts.connects.get(), now()), (3, 3, 4 * SECOND));
        assert_eq!(count(&pool), (0, 3));
    });
}

#[test]
fn a_pool_of_nothing_is_refused() {
    assert_eq!(panic_of(|| doubles(0)), "a pool of nothing would keep everyone waiting");
}

#[test]
fn leases_are_handed_out_first_come_first_served() {
    run(async {
        let (pool, _) = doubles(1);
        let order = Rc::new(RefCell::new(Vec::new()));
        let tasks = (0..5).map(|n| {
            let (pool, order) = (pool.clone(), Rc::clone(&order));
            spawn(async move {
                let _lease = lease(&pool).await;
                order.borrow_mut().push(n);
                turns(3).await;
            })
        });
        gather(tasks).await.unwrap();
        assert_eq!(order.take(), [0, 1, 2, 3, 4]);
    });
}

#[test]
fn nobody_who_comes_later_passes_by_one_who_waits() {
    run(async {
        let (pool, _) = doubles(1);
        let first = lease(&pool).await;
        let mut waits = begun(pool.lease());
        drop(first);
        let mut late = begun(pool.lease());
        let second = waits.as_mut().await.unwrap();
        assert!(poll_once(&mut late).await.is_pending());
        drop(second);
        assert!(late.await.is_ok());
    });
}

#[test]
fn what_came_back_is_lent_again() {
    run(async {
        let (pool, counts) = doubles(2);
        for _ in 0..5 {
            assert_eq!(borrow(pool.clone(), 0).await, 1);
        }
        assert_eq!((counts.connects.get(), counts.checks.get()), (1, 4));
    });
}

#[test]
fn of_those_that_are_idle_the_last_one_used_is_lent_first() {
    run(async {
        let (pool, _) = doubles(2);
        let (one, two) = (lease(&pool).await, lease(&pool).await);
        drop(two);
        drop(one);
        let (first, second) = (lease(&pool).await, lease(&pool).await);
        assert_eq!((first.number, second.number), (1, 2));
    });
}

#[test]
fn clones_share_the_resources_and_have_limits_of_their_own() {
    run(async {
        let (patient, _) = doubles(1);
        let hasty = patient.clone().wait_limit(SECOND);
        let lent = lease(&hasty).await;
        assert_eq!(count(&patient), (1, 0));
        assert!(matches!(refused(&hasty).await, PoolError::TimedOut { .. }));
        assert_eq!(timeout(5 * SECOND, patient.lease()).await.map(drop), Err(Elapsed));
        drop(lent);
    });
}

#[test]
fn a_lease_may_outlive_its_pool() {
    run(async {
        let (pool, counts) = doubles(1);
        let lease = lease(&pool).await;
        drop(pool);
        assert_eq!((lease.number, counts.live.get()), (1, 1));
        drop(lease);
        assert_eq!(counts.live.get(), 0, "there is no pool to go back to");
    });
}

// For how long.

#[test]
fn one_who_waits_for_too_long_is_told_so_on_time() {
    run(async {
        let (pool, _) = doubles(1);
        let pool = pool.wait_limit(5 * SECOND);
        let lent = lease(&pool).await;
        let error = refused(&pool).await;
        assert_eq!(now(), 5 * SECOND);
        assert_eq!(error, PoolError::TimedOut { max: 1, lent: 1, limit: 5 * SECOND });
        assert_eq!(error.to_string(), "there was no lease within 5s: 1 of 1 are lent");
        drop(lent);
        assert_eq!(count(&pool), (0, 1));
    });
}

#[test]
fn one_who_has_waited_for_too_long_is_not_in_the_way_of_the_next() {
    run(async {
        let (pool, _) = doubles(1);
        let pool = pool.wait_limit(5 * SECOND);
        let first = spawn(borrow(pool.clone(), 7));
        yield_now().await;
        let in_vain = spawn({
            let pool = pool.clone();
            async move { pool.lease().await.is_err() }
        });
        sleep(4 * SECOND).await;
        let lease = lease(&pool).await;
        assert_eq!((lease.number, now()), (1, 7 * SECOND));
        assert!(in_vain.await.unwrap());
        assert_eq!(first.await.unwrap(), 1);
    });
}

#[test]
fn without_a_limit_one_waits_for_as_long_as_it_takes() {
    run(async {
        let (pool, _) = doubles(1);
        let hour = spawn(borrow(pool.clone(), 3600));
        yield_now().await;
        assert_eq!(borrow(pool, 0).await, 1);
        assert_eq!((now(), hour.await.unwrap()), (3600 * SECOND, 1));
    });
}

#[test]
fn the_limit_is_for_the_connecting_too() {
    run(async {
        let (pool, counts) = doubles(1);
        counts.connects_in.set(60 * SECOND);
        let error = refused(&pool.clone().wait_limit(SECOND)).await;
        assert_eq!((error, now()), (PoolError::TimedOut { max: 1, lent: 0, limit: SECOND }, SECOND));
        assert_eq!(borrow(pool, 0).await, 2, "the first one was given up half-way");
    });
}

// In which state.

#[test]
fn a_sick_resource_is_dropped_and_replaced() {
    run(async {
        let (pool, counts) = doubles(1);
        borrow(pool.clone(), 0).await;
        counts.sick.borrow_mut().push_back(true);
        assert_eq!(borrow(pool.clone(), 0).await, 2);
        assert_eq!((counts.connects.get(), counts.checks.get(), counts.drops.get()), (2, 1, 1));
        assert_eq!((count(&pool), counts.most.get()), ((0, 1), 1));
    });
}

#[test]
fn idle_resources_are_tried_until_one_is_healthy() {
    run(async {
        let (pool, counts) = doubles(3);
        drop((lease(&pool).await, lease(&pool).await, lease(&pool).await));
        counts.sick.borrow_mut().extend([true, true]);
        let lease = lease(&pool).await;
        assert_eq!((counts.connects.get(), counts.checks.get(), counts.drops.get()), (3, 3, 2));
        assert_eq!(count(&pool), (1, 0));
        drop(lease);
    });
}

#[test]
fn what_was_just_made_is_not_checked() {
    run(async {
        let (pool, counts) = doubles(1);
        let _lease = lease(&pool).await;
        assert_eq!(counts.checks.get(), 0);
    });
}

#[test]
fn what_is_discarded_does_not_go_back_but_its_place_does() {
    run(async {
        let (pool, counts) = doubles(1);
        lease(&pool).await.discard();
        assert_eq!((count(&pool), counts.live.get()), ((0, 0), 0));
        assert_eq!(borrow(pool, 0).await, 2);
    });
}

// That everything comes back.

#[test]
fn a_connect_that_fails_gives_its_place_to_the_next() {
    run(async {
        let (pool, counts) = doubles(1);
        counts.connects_in.set(SECOND);
        counts.fails.borrow_mut().push_back(Fails::WithAnError);
        let next = spawn({
            let pool = pool.clone();
            async move {
                yield_now().await;
                borrow(pool, 0).await
            }
        });
        let error = refused(&pool).await;
        assert_eq!((&error, error.to_string()), (&PoolError::Connect("no bread"), "no bread".to_owned()));
        assert_eq!(next.await.unwrap(), 2);
        assert_eq!((count(&pool), now()), ((0, 1), 2 * SECOND));
    });
}

#[test]
fn a_connect_that_panics_gives_its_place_to_the_next() {
    run(async {
        let (pool, counts) = doubles(1);
        counts.fails.borrow_mut().push_back(Fails::WithAPanic);
        assert_eq!(panic_at(pool.lease()).await, "no oven");
        assert_eq!(borrow(pool.clone(), 0).await, 2);
        assert_eq!(count(&pool), (0, 1));
    });
}

#[test]
fn one_who_is_cancelled_while_connecting_gives_the_place_to_the_next() {
    run(async {
        let (pool, counts) = doubles(1);
        counts.connects_in.set(2 * SECOND);
        assert_eq!(timeout(SECOND, pool.lease()).await.map(drop), Err(Elapsed));
        assert_eq!((count(&pool), counts.live.get()), ((0, 0), 0));
        assert_eq!(borrow(pool, 0).await, 2);
    });
}

#[test]
fn one_who_is_cancelled_while_it_checks_gives_back_what_it_checked() {
    run(async {
        let (pool, counts) = doubles(1);
        borrow(pool.clone(), 0).await;
        counts.checks_in.set(2 * SECOND);
        assert_eq!(timeout(SECOND, pool.lease()).await.map(drop), Err(Elapsed));
        assert_eq!((count(&pool), counts.live.get()), ((0, 1), 1));
    });
}

#[test]
fn one_who_is_cancelled_while_it_waits_takes_nothing() {
    run(async {
        let (pool, _) = doubles(1);
        let lent = lease(&pool).await;
        let waits = begun(pool.lease());
        drop(lent); // It has been granted the place, and does not know it.
        drop(waits);
        assert_eq!(count(&pool), (0, 1));
        assert_eq!(borrow(pool, 0).await, 1);
    });
}

#[test]
fn a_lease_comes_back_from_a_block_that_fails() {
    run(async {
        let (pool, _) = doubles(1);
        let failed = with(pool.clone(), async |_| Err::<(), _>(PoolError::Connect("no butter")));
        assert_eq!(failed.await, Err(PoolError::Connect("no butter")));
        assert_eq!(count(&pool), (0, 1));
    });
}

#[test]
fn a_lease_comes_back_from_a_block_that_panics() {
    run(async {
        let (pool, _) = doubles(1);
        let panics =
            with(pool.clone(), async |_| -> Result<(), PoolError<&'static str>> { panic!("no butter") });
        assert_eq!(panic_at(panics).await, "no butter");
        assert_eq!(count(&pool), (0, 1));
    });
}

#[test]
fn a_lease_comes_back_from_a_block_that_is_cancelled() {
    run(async {
        let (pool, _) = doubles(1);
        let waits = with(pool.clone(), async |_| pending::<Result<(), PoolError<&'static str>>>().await);
        assert_eq!(timeout(SECOND, waits).await, Err(Elapsed));
        assert_eq!(borrow(pool, 0).await, 1);
    });
}

#[test]
fn a_lease_comes_back_from_a_task_that_panics() {
    run(async {
        let (pool, _) = doubles(1);
        let theirs = pool.clone();
        let task = spawn(async move {
            let _lease = lease(&theirs).await;
            panic!("no butter")
        });
        assert!(task.await.map(|(): ()| ()).is_err());
        assert_eq!(count(&pool), (0, 1));
    });
}

#[test]
fn leases_come_back_when_their_loop_ends() {
    let (pool, counts) = doubles(2);
    let theirs = pool.clone();
    run(async move {
        drop([spawn(borrow(theirs.clone(), 10)), spawn(borrow(theirs, 10))]);
        turns(3).await;
        sleep(SECOND).await;
    });
    assert_eq!((count(&pool), counts.live.get()), ((0, 2), 2));
}

// Of a database.

const ENTRIES: &str = "CREATE TABLE entries (n INTEGER)";

fn database(max: usize) -> (Pool<DatabaseAt>, Scratch) {
    let file = Scratch::database(ENTRIES);
    (Pool::new(max, DatabaseAt::new(file.path())), file)
}

#[test]
fn a_connection_that_was_closed_is_replaced() {
    run(async {
        let (pool, _file) = database(1);
        let lease = pool.lease().await.unwrap();
        lease.close().await.unwrap();
        drop(lease);
        assert_eq!(count(&pool), (0, 1));
        let lease = pool.lease().await.unwrap();
        assert_eq!(lease.execute("INSERT INTO entries VALUES (1)", []).await, Ok(1));
    });
}

#[test]
fn a_connection_is_the_same_one_while_it_is_healthy() {
    run(async {
        let (pool, _file) = database(1);
        pool.lease().await.unwrap().execute_batch("CREATE TEMP TABLE only_here (n)").await.unwrap();
        assert_eq!(pool.lease().await.unwrap().query("SELECT * FROM only_here", []).await, Ok(vec![]));
    });
}

#[test]
fn the_lease_of_a_transaction_goes_back_when_that_has_ended() {
    run(async {
        let (pool, _file) = database(1);
        let lease = pool.lease().await.unwrap();
        let writes = with(transaction(lease), async |tx| {
            assert_eq!(count(&pool), (1, 0));
            tx.execute("INSERT INTO entries VALUES (1)", []).await
        });
        assert_eq!(writes.await, Ok::<_, DbError>(1));
        assert_eq!(count(&pool), (0, 1));
    });
}

#[test]
fn the_lease_of_a_transaction_that_is_cancelled_goes_back_after_the_rollback() {
    run(async {
        let (pool, file) = database(1);
        let lease = pool.lease().await.unwrap();
        let waits = with(transaction(lease), async |tx| {
            tx.execute("INSERT INTO entries VALUES (1)", []).await?;
            pending::<Result<(), DbError>>().await
        });
        assert_eq!(timeout(SECOND, waits).await, Err(Elapsed));
        assert_eq!(count(&pool), (1, 0), "the rollback has it");
        let lease = pool.lease().await.unwrap();
        file.can_be_written_at_once();
        assert_eq!(lease.query("SELECT n FROM entries", []).await, Ok(vec![]));
    });
}

#[test]
fn a_lease_that_is_dropped_with_a_statement_half_way_is_lent_when_that_has_stopped() {
    run(async {
        let (pool, file) = database(1);
        let slow = "INSERT INTO entries WITH RECURSIVE count(n) AS \
            (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 1000000000) SELECT n FROM count";
        let lease = pool.lease().await.unwrap();
        let mut running = Box::pin(async move { lease.execute(slow, []).await });
        while !file.is_being_written() {
            assert!(poll_once(&mut running).await.is_pending());
            yield_now().await;
        }
        drop(running);
        let lease = pool.lease().await.unwrap();
        file.can_be_written_at_once();
        assert_eq!(lease.query("SELECT n FROM entries", []).await, Ok(vec![]));
    });
}

#[test]
fn many_tasks_share_few_connections() {
    run(async {
        let (pool, file) = database(3);
        let tasks = (0..30).map(|n| {
            let pool = pool.clone();
            spawn(async move {
                let inserts = with(pool, async |db| {
                    db.execute("INSERT INTO entries VALUES (?)", [n.into()]).await.map_err(PoolError::Connect)
                });
                assert_eq!(inserts.await, Ok(1));
            })
        });
        gather(tasks).await.unwrap();
        assert_eq!(file.number("SELECT count(DISTINCT n) FROM entries"), 30);
        assert!(count(&pool).0 == 0 && count(&pool).1 <= 3);
    });
}
