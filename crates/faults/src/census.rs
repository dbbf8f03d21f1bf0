//! What the system counts of a process: threads, descriptors, memory.

use std::time::{Duration, Instant};
use std::{fs, thread};

/// How long what was closed may stay listed.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the system counts of this process: threads, open descriptors, and memory.
///
/// Two are equal if they have as many threads and descriptors; memory is compared with [`Census::grown_since`], because an
/// allocator keeps some of what is given back.
///
/// # Examples
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use faults::Census;
///
/// let before = Census::take();
/// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// assert_eq!(Census::take().descriptors, before.descriptors + 1);
/// drop(socket);
/// before.settles("a socket that was closed");
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Census {
    /// Threads that have not ended.
    pub threads: usize,
    /// Open descriptors: files, sockets, selectors.
    pub descriptors: usize,
    /// Memory that is in use and not swapped out, in bytes.
    pub resident: usize,
}

impl PartialEq for Census {
    fn eq(&self, other: &Self) -> bool {
        (self.threads, self.descriptors) == (other.threads, other.descriptors)
    }
}

impl Census {
    /// Counts what there is now.
    ///
    /// # Panics
    ///
    /// If the system has no `/proc`: Linux alone has.
    #[must_use]
    pub fn take() -> Self {
        let count = |folder| fs::read_dir(folder).expect("Linux lists a process's own files").count();
        let pages = fs::read_to_string("/proc/self/statm").expect("Linux counts a process's own memory");
        let pages = pages.split(' ').nth(1).and_then(|resident| resident.parse::<usize>().ok());
        Self {
            threads: count("/proc/self/task"),
            descriptors: count("/proc/self/fd"),
            resident: pages.expect("the second number is that of resident pages") * 4096,
        }
    }

    /// Waits until there are as many threads and descriptors as in `self` again: what was closed, or joined, may be listed a
    /// moment longer.
    ///
    /// # Panics
    ///
    /// If there are not, after twenty seconds; `after` says in the message what came before.
    pub fn settles(self, after: &str) {
        let start = Instant::now();
        while Self::take() != self {
            assert!(start.elapsed() < PATIENCE, "{:?} instead of {self:?} after {after}", Self::take());
            thread::yield_now();
        }
    }

    /// How many more bytes are resident than in `before`; 0 if there are fewer.
    #[must_use]
    pub fn grown_since(self, before: Self) -> usize {
        self.resident.saturating_sub(before.resident)
    }
}
