//! Where items come from: a clock, a socket, a file, a database.
//!
//! | source | items | who waits for them |
//! |---|---|---|
//! | [`Interval`] | the planned times of its ticks | a timer |
//! | [`incoming`] | connections | the system's selector |
//! | [`lines`] | lines of text from a socket, or anything that reads | the selector |
//! | [`file_lines`] | lines of a file | the loop's threads for blocking jobs, a chunk at a time |
//! | [`rows`] | rows of an SQL query | a thread of their own |
//!
//! # Invariants
//!
//! 1. Nothing happens before the first item is asked for.
//! 2. What ends with an error, ends with it for good: lines, files, rows. Ticks and connections go on.
//! 3. No source runs ahead of its consumer by more than it says: a chunk, a row. The others wait where they come from, in
//!    the system's buffers or in the file.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_io::AsyncRead;
use step1::{Database, Error, LineCodec};
use step3::Interval;
use step4::{TcpListener, TcpStream, unblock};

use crate::{AsyncIterator, Generator, from_thread, try_generator};

/// How much is read at a time.
const CHUNK: usize = 8 * 1024;

/// Ticks without end, each item the time for which it was planned.
impl AsyncIterator for Interval {
    type Item = Duration;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Duration>> {
        self.get_mut().poll_tick(cx).map(Some)
    }
}

/// Gives the connections that `listener` accepts, without end.
///
/// An error concerns one connection, and is no reason to stop; but if descriptors have run out, to wait a little.
///
/// ```
/// use step4::{TcpListener, TcpStream, run, spawn};
/// use step5::{AsyncIterator, incoming};
///
/// run(async {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
///     let client = spawn(TcpStream::connect(listener.local_addr()?));
///     let connection = incoming(&listener).next().await.expect("there is no end")?;
///     assert_eq!(connection.peer_addr()?, client.await??.local_addr()?);
///     Ok(())
/// })
/// # .map_err(|error: std::io::Error| panic!("{error}"));
/// ```
pub fn incoming(listener: &TcpListener) -> Incoming<'_> {
    Incoming { listener }
}

/// Gives connections as they come: made by [`incoming()`].
///
/// ```no_run
/// # async fn serve(listener: step4::TcpListener) -> std::io::Result<()> {
/// let connections: step5::Incoming<'_> = step5::incoming(&listener);
/// step5::for_await!(connection in connections => {
///     let Ok(connection) = connection else {
///         step3::sleep(std::time::Duration::from_millis(10)).await; // Descriptors may have run out.
///         continue;
///     };
///     step4::spawn(async move { connection.write_all(b"hello\n").await });
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl AsyncIterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.listener.poll_accept(cx).map(|accepted| Some(accepted.map(|(stream, _peer)| stream)))
    }
}

/// Gives the lines that `reader` brings, as `codec` cuts them; the last may lack its end.
///
/// # Errors
///
/// The reader's error is the last item. A line that is too long, or not UTF-8, is an item of its own, of the kind
/// `InvalidData`, and the lines after it follow.
///
/// ```
/// use step1::LineCodec;
/// use step4::{TcpListener, TcpStream, run, spawn};
/// use step5::{AsyncIterator, lines};
///
/// run(async {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
///     let addr = listener.local_addr()?;
///     spawn(async move { TcpStream::connect(addr).await?.write_all(b"to be\nor not").await });
///     let (stream, _peer) = listener.accept().await?;
///     let mut lines = lines(&stream, LineCodec::default());
///     assert_eq!(lines.next().await.unwrap()?, "to be");
///     assert_eq!(lines.next().await.unwrap()?, "or not");
///     assert!(lines.next().await.is_none());
///     Ok(())
/// })
/// # .map_err(|error: std::io::Error| panic!("{error}"));
/// ```
pub fn lines<R: AsyncRead + Unpin>(reader: R, codec: LineCodec) -> Lines<R> {
    Lines { reader, codec, chunk: vec![0; CHUNK], is_at_end: false }
}

/// Gives lines of text: made by [`lines`].
///
/// It may be asked again after its end, and says `None`.
///
/// ```
/// use step5::{AsyncIterator, Lines};
///
/// # step4::run(async {
/// let bytes: &[u8] = b"one\r\ntwo\n";
/// let lines: Lines<&[u8]> = step5::lines(bytes, step1::LineCodec::default());
/// assert_eq!(lines.map(Result::unwrap).collect::<Vec<_>>().await, ["one", "two"]);
/// # });
/// ```
pub struct Lines<R> {
    reader: R,
    codec: LineCodec,
    chunk: Vec<u8>,
    is_at_end: bool,
}

impl<R: AsyncRead + Unpin> AsyncIterator for Lines<R> {
    type Item = io::Result<String>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let line = if this.is_at_end { this.codec.finish() } else { this.codec.next_line() };
            if line.is_some() || this.is_at_end {
                return Poll::Ready(line.map(|line| line.map_err(io::Error::from)));
            }
            match ready!(Pin::new(&mut this.reader).poll_read(cx, &mut this.chunk)) {
                Ok(0) => this.is_at_end = true,
                Ok(n) => this.codec.feed(&this.chunk[..n]),
                Err(error) => {
                    this.is_at_end = true;
                    this.codec = LineCodec::new(0); // What is left of a line that nobody will finish.
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

impl<R> fmt::Debug for Lines<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("is_at_end", &self.is_at_end).finish_non_exhaustive()
    }
}

/// Gives the lines of a file, reading it a chunk at a time on a thread where that may block.
///
/// # Errors
///
/// As [`lines`]. That the file cannot be opened is the first and last item, with the path in its text.
///
/// ```
/// use step5::{AsyncIterator, file_lines};
///
/// step4::run(async {
///     let first = file_lines("Cargo.toml").next().await.unwrap();
///     assert_eq!(first.unwrap(), "[package]");
/// });
/// ```
pub fn file_lines(path: impl Into<PathBuf>) -> Generator<'static, io::Result<String>> {
    let path = path.into();
    try_generator(|y| async move {
        let name = path.display().to_string();
        let about = |doing: &str, error: io::Error| {
            io::Error::new(error.kind(), format!("could not {doing} {name}: {error}"))
        };
        let mut file = unblock(|| File::open(path)).await.map_err(|error| about("open", error))?;
        let mut codec = LineCodec::default();
        loop {
            // The file goes to the thread and comes back: nobody else can have it meanwhile.
            let (chunk, again) = unblock(move || (read_chunk(&mut file), file)).await;
            file = again;
            let chunk = chunk.map_err(|error| about("read", error))?;
            codec.feed(&chunk);
            while let Some(line) = codec.next_line() {
                y.emit(line.map_err(io::Error::from)).await;
            }
            if chunk.is_empty() {
                break;
            }
        }
        while let Some(line) = codec.finish() {
            y.emit(line.map_err(io::Error::from)).await;
        }
        Ok(())
    })
}

fn read_chunk(file: &mut File) -> io::Result<Vec<u8>> {
    let mut chunk = vec![0; CHUNK];
    let n = file.read(&mut chunk)?;
    chunk.truncate(n);
    Ok(chunk)
}

/// Gives the rows of one SQL statement, run on the database in the file at `path`; columns are parted by `|`.
///
/// SQLite looks for rows on a thread of its own, and no more than [`AHEAD`](crate::producer::AHEAD) of them before they are
/// asked for: of a million rows, one that breaks after ten has waited for some forty. The thread hears that it is over at
/// its next row. (Step 6's connection interrupts a search that finds nothing.)
///
/// # Errors
///
/// That the database cannot be opened or the SQL is wrong is the first and last item.
///
/// ```
/// use step1::Database;
/// use step5::{for_await, rows};
///
/// let file = std::env::temp_dir().join(format!("step5-rows-{}.db", std::process::id()));
/// Database::create(&file)?;
/// let path = file.clone();
/// step4::run(async {
///     for_await!(row in rows(path, "SELECT name FROM users ORDER BY id") => { println!("{}", row?); });
///     Ok(())
/// })
/// # .map_err(|error: step1::Error| panic!("{error}"));
/// # std::fs::remove_file(file).unwrap();
/// # Ok::<(), step1::Error>(())
/// ```
pub fn rows(path: impl Into<PathBuf>, sql: impl Into<String>) -> Generator<'static, Result<String, Error>> {
    let (path, sql) = (path.into(), sql.into());
    from_thread(move |producer| {
        let ran = Database::open(path).and_then(|db| db.query_each(&sql, |row| producer.emit(Ok(row))));
        if let Err(error) = ran {
            let _wanted = producer.emit(Err(error));
        }
    })
}
