//! A pool of leases: connections that are kept, lent out, checked, and replaced.
//!
//! ```text
//!   lease() ──▶ a permit (a place among `max`; FIFO; for so long) ──▶ idle? ── yes ─▶ healthy? ── yes ──▶ Lease
//!                                                                     └ no ─▶ connect ◀─ no: drop it     │
//!      idle ◀── the resource, and then the permit ─────────────────────────────────────── dropped ◀──────┘
//! ```
//!
//! # Invariants
//!
//! 1. There are never more than `max` resources, lent or idle: who has one, has a permit, or it is idle.
//! 2. A future that is dropped anywhere in between gives its permit back, and its resource, if it has one already.
//! 3. What is idle was not looked at since it came back: it is checked when it is lent, never trusted.

use std::borrow::Borrow;
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use step3::timeout;

use crate::sync::{Mutex, lock};
use crate::{AsyncContext, Connection, DbError, DbErrorKind, Outcome, Permit, Semaphore};

/// Says how resources are made and checked. Implemented by [`DatabaseAt`], and by whatever tests need.
pub trait Manage: 'static {
    /// What is lent.
    type Resource: 'static;
    /// Why there is none.
    type Error: 'static;

    /// Makes a resource.
    fn connect(&self) -> impl Future<Output = Result<Self::Resource, Self::Error>>;

    /// Returns whether a resource can be lent again. If not, it is dropped, and the next one is tried.
    fn is_healthy(&self, resource: &mut Self::Resource) -> impl Future<Output = bool>;
}

/// Lends out resources, up to a maximum. Clones share them.
///
/// Leases are handed out first come, first served. As a context, it is a lease for the time of the body.
///
/// ```
/// use std::time::Duration;
/// use step6::{DatabaseAt, Pool, PoolError, with};
///
/// let file = std::env::temp_dir().join(format!("step6-pool-{}.db", std::process::id()));
/// let pool = Pool::new(2, DatabaseAt::new(&file)).wait_limit(Duration::from_secs(1));
/// # drop(step1::Database::create(&file));
/// step4::run(async move {
///     let lease = pool.lease().await?;
///     assert_eq!(lease.query("SELECT * FROM users", []).await.unwrap().len(), 3);
///     drop(lease);
///     let two = with(pool.clone(), async |db| Ok(db.query("SELECT 1 + 1 AS n", []).await.unwrap()[0].get("n").unwrap()));
///     assert_eq!(two.await, Ok::<i64, PoolError<_>>(2));
///     assert_eq!((pool.idle(), pool.lent()), (1, 0));
///     Ok(())
/// })
/// # .map_err(|error: PoolError<step6::DbError>| panic!("{error}"));
/// # std::fs::remove_file(file).unwrap();
/// ```
pub struct Pool<M: Manage> {
    shared: Arc<Shared<M>>,
    wait_limit: Option<Duration>,
}

struct Shared<M: Manage> {
    manager: M,
    max: usize,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<M::Resource>>,
}

impl<M: Manage> Pool<M> {
    /// Makes a pool of at most `max` resources. None is made before it is needed.
    ///
    /// # Panics
    ///
    /// Panics if `max` is 0.
    pub fn new(max: usize, manager: M) -> Self {
        assert!(max > 0, "a pool of nothing would keep everyone waiting");
        let (places, idle) = (Arc::new(Semaphore::new(max)), Mutex::default());
        Self { shared: Arc::new(Shared { manager, max, places, idle }), wait_limit: None }
    }

    /// Sets how long to wait at most for a lease: for one to come back, to be checked, or to be made. Without it, one waits
    /// for as long as it takes.
    #[must_use]
    pub fn wait_limit(self, limit: Duration) -> Self {
        Self { wait_limit: Some(limit), ..self }
    }

    /// Waits for a resource. It comes back when the lease is dropped.
    ///
    /// # Errors
    ///
    /// Returns [`PoolError::TimedOut`] if the wait limit was over first, or [`PoolError::Connect`] if a new one could not be
    /// made; whoever is next tries again.
    pub async fn lease(&self) -> Result<Lease<M>, PoolError<M::Error>> {
        match timeout(self.wait_limit, self.find()).await {
            Ok(found) => found.map_err(PoolError::Connect),
            Err(_elapsed) => {
                let limit = self.wait_limit.unwrap_or_default();
                Err(PoolError::TimedOut { max: self.shared.max, lent: self.lent(), limit })
            }
        }
    }

    async fn find(&self) -> Result<Lease<M>, M::Error> {
        let place = Arc::clone(&self.shared.places).acquire_owned().await;
        let mut lease = Lease { resource: None, shared: Arc::clone(&self.shared), _place: place };
        while lease.take_idle() {
            let resource = lease.resource.as_mut().expect("it was taken a moment ago");
            if self.shared.manager.is_healthy(resource).await {
                return Ok(lease);
            }
            lease.resource = None;
        }
        lease.resource = Some(self.shared.manager.connect().await?);
        Ok(lease)
    }

    /// Returns how many are lent, or about to be.
    #[must_use]
    pub fn lent(&self) -> usize {
        self.shared.max - self.shared.places.free()
    }

    /// Returns how many are idle.
    #[must_use]
    pub fn idle(&self) -> usize {
        lock(&self.shared.idle).len()
    }
}

impl<M: Manage> Clone for Pool<M> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), wait_limit: self.wait_limit }
    }
}

impl<M: Manage> fmt::Debug for Pool<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (max, lent, idle) = (self.shared.max, self.lent(), self.idle());
        f.debug_struct("Pool").field("max", &max).field("lent", &lent).field("idle", &idle).finish()
    }
}

impl<T: 'static, E: From<PoolError<M::Error>> + fmt::Debug + 'static, M: Manage> AsyncContext<T, E>
    for Pool<M>
{
    type Value = Lease<M>;

    async fn enter(self) -> Result<Lease<M>, E> {
        Ok(self.lease().await?)
    }

    async fn exit(lease: Lease<M>, outcome: Outcome<T, E>) -> Outcome<T, E> {
        drop(lease);
        outcome
    }
}

/// A resource on loan from a [`Pool`]; it goes back when this is dropped.
///
/// ```
/// use step6::{DatabaseAt, Lease, Pool};
///
/// # step4::run(async {
/// let pool = Pool::new(1, DatabaseAt::new(":memory:"));
/// let lease: Lease<DatabaseAt> = pool.lease().await.unwrap();
/// lease.discard(); // It looks broken: it does not go back.
/// assert_eq!((pool.idle(), pool.lent()), (0, 0));
/// # });
/// ```
#[must_use = "the resource goes back when this is dropped"]
pub struct Lease<M: Manage> {
    /// `None` only while it is being sought.
    resource: Option<M::Resource>,
    shared: Arc<Shared<M>>,
    /// Given back after the resource.
    _place: Permit<Arc<Semaphore>>,
}

impl<M: Manage> Lease<M> {
    /// Drops the resource instead of giving it back.
    pub fn discard(mut self) {
        self.resource = None;
    }

    /// Takes an idle resource, the one that was used last. Returns whether there was one.
    fn take_idle(&mut self) -> bool {
        self.resource = lock(&self.shared.idle).pop();
        self.resource.is_some()
    }
}

impl<M: Manage> Drop for Lease<M> {
    fn drop(&mut self) {
        if let Some(resource) = self.resource.take() {
            lock(&self.shared.idle).push(resource);
        }
    }
}

impl<M: Manage> Deref for Lease<M> {
    type Target = M::Resource;

    fn deref(&self) -> &M::Resource {
        self.resource.as_ref().expect("a lease that was handed out has one")
    }
}

impl<M: Manage> DerefMut for Lease<M> {
    fn deref_mut(&mut self) -> &mut M::Resource {
        self.resource.as_mut().expect("a lease that was handed out has one")
    }
}

/// So that a transaction can take the lease along.
impl<M: Manage<Resource = Connection>> Borrow<Connection> for Lease<M> {
    fn borrow(&self) -> &Connection {
        self
    }
}

impl<M: Manage> fmt::Debug for Lease<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

/// Says why there is no lease.
///
/// ```
/// use std::time::Duration;
/// use step6::{DatabaseAt, Pool, PoolError};
///
/// step4::run(async {
///     let pool = Pool::new(1, DatabaseAt::new(":memory:")).wait_limit(Duration::from_millis(500));
///     let _all = pool.lease().await.unwrap();
///     let error: PoolError<_> = pool.lease().await.unwrap_err();
///     assert_eq!(error.to_string(), "there was no lease within 500ms: 1 of 1 are lent");
/// });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolError<E> {
    /// The wait limit was over before there was one.
    TimedOut {
        /// How many there may be.
        max: usize,
        /// How many were lent at the end, or about to be.
        lent: usize,
        /// How long we have waited.
        limit: Duration,
    },
    /// A new resource could not be made.
    Connect(E),
}

impl<E: fmt::Display> fmt::Display for PoolError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut { max, lent, limit } => {
                write!(f, "there was no lease within {limit:?}: {lent} of {max} are lent")
            }
            Self::Connect(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for PoolError<E> {}

/// So that a body may use `?` on statements as well as on leases.
impl From<PoolError<DbError>> for DbError {
    fn from(error: PoolError<DbError>) -> Self {
        match error {
            PoolError::Connect(error) => error,
            PoolError::TimedOut { .. } => {
                DbError::of_kind(DbErrorKind::Busy, "lease a connection", error.to_string())
            }
        }
    }
}

/// Connects a [`Pool`] to one SQLite database.
///
/// ```
/// use step6::{DatabaseAt, Pool};
///
/// let pool = Pool::new(1, DatabaseAt::new("no/such.db"));
/// let error = step4::run(async move { pool.lease().await.unwrap_err() });
/// assert!(error.to_string().contains("no/such.db"));
/// ```
#[derive(Clone, Debug)]
pub struct DatabaseAt {
    path: PathBuf,
}

impl DatabaseAt {
    /// Names the database in the file at `path`, which has to be there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl Manage for DatabaseAt {
    type Resource = Connection;
    type Error = DbError;

    async fn connect(&self) -> Result<Connection, DbError> {
        Connection::open(&self.path).await
    }

    /// Has SQLite read the file's header: closed connections, and files that were lost, replaced or damaged do not pass. A
    /// file that somebody else has locked does.
    async fn is_healthy(&self, connection: &mut Connection) -> bool {
        connection.is_alive().await
    }
}
