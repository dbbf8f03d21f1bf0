//! The ways: who runs a workload's jobs, or its futures. Each returns the sum of what they return.
//!
//! ```text
//!                  jobs, which block                      futures, which do not
//!   step 1         sequential, threads, pool
//!   step 2         blocking_pool: a pool, awaited
//!   step 3                                                joined: one future of many
//!   step 4                                                in_one_task, on_a_loop, on_workers
//!   step 6                                                in_a_group
//!   step 7                                                under_the_gil: a loop that holds a lock
//! ```

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::thread;

use step1::BlockingPool;
use step2::{join, unblock};
use step3::{Clock, TimerDriver};
use step4::{EventLoop, IoDriver, JoinHandle, Schedule, ThreadPool, gather, join_all, spawn};
use step6::{ErrorGroup, TaskGroup, with};
use step7::{Gil, GilPark};

/// How many threads a pool for blocking jobs has.
pub(crate) const POOL: usize = 10;
/// How many workers share the tasks of a thread pool.
pub(crate) const WORKERS: usize = 2;

/// Jobs that wait in a pool's queue: as many as one likes, so that nobody waits for room.
const QUEUE: usize = 1024;

/// Step 1: one after the other, on this thread.
pub(crate) fn sequential<J: FnOnce() -> u64>(jobs: Vec<J>) -> u64 {
    jobs.into_iter().map(|job| job()).sum()
}

/// Step 1: each on a thread of its own.
pub(crate) fn threads<J: FnOnce() -> u64 + Send + 'static>(jobs: Vec<J>) -> u64 {
    let threads: Vec<_> = jobs.into_iter().map(thread).collect();
    threads.into_iter().map(join_thread).sum()
}

/// Starts a thread, which takes part in a recording.
pub(crate) fn thread<J: FnOnce() -> u64 + Send + 'static>(job: J) -> thread::JoinHandle<u64> {
    let lane = timeline::inherit();
    thread::spawn(move || {
        let _lane = lane.enter("thread");
        job()
    })
}

pub(crate) fn join_thread(thread: thread::JoinHandle<u64>) -> u64 {
    thread.join().expect("no job panics")
}

/// Step 1: on the threads of a pool.
pub(crate) fn pool<J: FnOnce() -> u64 + Send + 'static>(jobs: Vec<J>) -> u64 {
    let pool = BlockingPool::new(POOL, QUEUE);
    let jobs: Vec<_> = jobs.into_iter().map(|job| pool.submit(job)).collect();
    jobs.into_iter().map(|job| job.wait().expect("no job panics")).sum()
}

/// Step 2: on the threads of a pool, and this thread awaits them all.
pub(crate) fn blocking_pool<J: FnOnce() -> u64 + Send + 'static>(jobs: Vec<J>) -> u64 {
    let pool = Arc::new(BlockingPool::new(POOL, QUEUE));
    step2::block_on(all(jobs.into_iter().map(|job| unblock(&pool, job))))
}

/// Step 3: as one future, on this thread.
pub(crate) fn joined<F: Future<Output = u64>>(futures: Vec<F>) -> u64 {
    step3::block_on(all(futures))
}

type Sum<'a> = Pin<Box<dyn Future<Output = u64> + 'a>>;

/// Joins many futures as steps 2 and 3 can: two and two. Each wake polls them all.
fn all<'a, F: Future<Output = u64> + 'a>(futures: impl IntoIterator<Item = F>) -> Sum<'a> {
    joined_in_pairs(futures.into_iter().map(|future| Box::pin(future) as Sum<'a>).collect())
}

fn joined_in_pairs(mut futures: Vec<Sum<'_>>) -> Sum<'_> {
    if futures.len() == 1 {
        return futures.remove(0);
    }
    let second = joined_in_pairs(futures.split_off(futures.len() / 2));
    let first = joined_in_pairs(futures);
    Box::pin(async {
        let (first, second) = join(first, second).await;
        first + second
    })
}

/// Step 4: in turns, inside one task of the event loop. A wake polls only the one that was woken.
pub(crate) fn in_one_task<F: Future<Output = u64> + 'static>(futures: Vec<F>) -> u64 {
    step4::run(async { join_all(futures).await.into_iter().sum() })
}

/// Step 4: each as a task of the event loop.
pub(crate) fn on_a_loop<F: Future<Output = u64> + 'static>(futures: Vec<F>) -> u64 {
    step4::run(async { gathered(futures.into_iter().map(spawn)).await })
}

/// Step 4: each as a task of a thread pool.
pub(crate) fn on_workers<F: Future<Output = u64> + Send + 'static>(futures: Vec<F>) -> u64 {
    let pool = ThreadPool::new(WORKERS).expect("the system gives a few selectors and threads");
    step2::block_on(gathered(futures.into_iter().map(|future| pool.spawn(future))))
}

pub(crate) async fn gathered<S: Schedule>(tasks: impl IntoIterator<Item = JoinHandle<u64, S>>) -> u64 {
    gather(tasks).await.expect("no task panics").into_iter().sum()
}

/// Step 6: each as a task of a group.
pub(crate) fn in_a_group<F: Future<Output = u64> + 'static>(futures: Vec<F>) -> u64 {
    let sum = with(TaskGroup::new(), async |group| {
        let start = |future: F| group.spawn(async { Ok::<_, ()>(future.await) });
        let tasks: Vec<_> = futures.into_iter().map(start).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.expect("no task is aborted");
        }
        Ok(sum)
    });
    let sum: Result<_, ErrorGroup<()>> = step4::run(sum);
    sum.expect("no task fails")
}

/// Step 7: each as a task of an event loop that holds a lock, but for when it sleeps.
pub(crate) fn under_the_gil<F: Future<Output = u64> + 'static>(futures: Vec<F>) -> u64 {
    let selector = IoDriver::new().expect("the system gives a selector");
    let park = TimerDriver::new(GilPark::new(&Gil::default(), selector), Clock::real());
    EventLoop::on(park).run(async { gathered(futures.into_iter().map(spawn)).await })
}
