//! Sources: ticks, connections, lines, rows, and a producer on a thread.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;

use futures::io::Cursor;
use step1::{Database, LineCodec};
use step2::{join, yield_now};
use step3::{MissedTicks, interval, now, sleep, timeout};
use step4::{TcpListener, TcpStream, spawn};
use step5::producer::AHEAD;
use step5::{AsyncIterator, Generator, file_lines, for_await, from_thread, incoming, lines, rows};
use support::{SECOND, panic_at, poll, run, turns_beside};

/// A folder for one test, which is gone when the test is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("step5-{name}-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn database(&self) -> PathBuf {
        let path = self.0.join("users.db");
        Database::create(&path).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

// Ticks.

#[test]
fn an_interval_gives_the_planned_times_of_its_ticks() {
    run(async {
        let mut seen = Vec::new();
        for_await!(tick in interval(2 * SECOND).take(3) => { seen.push((tick.as_secs(), now().as_secs())); });
        assert_eq!(seen, [(2, 2), (4, 4), (6, 6)]);
    });
}

#[test]
fn an_interval_begins_with_the_first_question() {
    run(async {
        let mut ticks = interval(2 * SECOND);
        sleep(5 * SECOND).await;
        assert_eq!(ticks.next().await, Some(7 * SECOND));
    });
}

#[test]
fn a_slow_loop_gets_the_ticks_that_it_has_missed_or_not_as_it_likes() {
    for (policy, expected) in [(MissedTicks::Burst, [2, 4, 6, 8]), (MissedTicks::Skip, [2, 4, 8, 10])] {
        run(async move {
            let mut seen = Vec::new();
            for_await!(tick in interval(2 * SECOND).missed_ticks(policy).take(4) => {
                if seen.is_empty() {
                    sleep(5 * SECOND).await;
                }
                seen.push(tick.as_secs());
            });
            assert_eq!(seen, expected);
        });
    }
}

#[test]
fn a_question_that_is_given_up_loses_no_tick() {
    run(async {
        let mut ticks = interval(2 * SECOND);
        assert!(timeout(SECOND, ticks.next()).await.is_err());
        assert_eq!((ticks.next().await, now()), (Some(2 * SECOND), 2 * SECOND));
    });
}

// Connections.

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap()
}

/// Makes a connection, and returns both ends: the client's first.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = listener();
    let addr = listener.local_addr().unwrap();
    let (client, accepted) = join(TcpStream::connect(addr), listener.accept()).await;
    (client.unwrap(), accepted.unwrap().0)
}

#[test]
fn connections_come_in_the_order_in_which_they_were_made() {
    run(async {
        let listener = listener();
        let addr = listener.local_addr().unwrap();
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(TcpStream::connect(addr).await.unwrap());
        }
        let mut clients = clients.iter();
        for_await!(connection in incoming(&listener).take(3) => {
            let client = clients.next().unwrap();
            assert_eq!(connection.unwrap().peer_addr().unwrap(), client.local_addr().unwrap());
        });
    });
}

#[test]
fn a_connection_that_comes_while_the_loop_is_busy_waits_for_it() {
    run(async {
        let listener = listener();
        let addr = listener.local_addr().unwrap();
        let mut connections = incoming(&listener);
        assert!(poll(&mut connections.next()).is_pending());
        let client = TcpStream::connect(addr).await.unwrap();
        sleep(SECOND).await;
        let server = connections.next().await.unwrap().unwrap();
        assert_eq!(server.peer_addr().unwrap(), client.local_addr().unwrap());
    });
}

#[test]
fn a_listener_may_be_asked_again_after_its_loop_was_left() {
    run(async {
        let listener = listener();
        let addr = listener.local_addr().unwrap();
        for _ in 0..2 {
            let client = spawn(TcpStream::connect(addr));
            for_await!(connection in incoming(&listener) => {
                drop(connection.unwrap());
                break;
            });
            client.await.unwrap().unwrap();
        }
    });
}

// Lines from a socket.

#[test]
fn a_line_may_come_in_many_pieces_and_many_lines_in_one() {
    run(async {
        let (client, server) = pair().await;
        let mut lines = lines(&server, LineCodec::default());
        for piece in ["to", " b", "e\r"] {
            client.write_all(piece.as_bytes()).await.unwrap();
            assert!(timeout(SECOND, lines.next()).await.is_err(), "{piece:?} is no end of a line");
        }
        client.write_all(b"\nor\nnot\r\nto b").await.unwrap();
        for expected in ["to be", "or", "not"] {
            assert_eq!(lines.next().await.unwrap().unwrap(), expected);
        }
        client.write_all(b"e\n").await.unwrap();
        assert_eq!(lines.next().await.unwrap().unwrap(), "to be");
    });
}

#[test]
fn the_last_line_may_lack_its_end() {
    run(async {
        let (client, server) = pair().await;
        client.write_all(b"one\n\ntwo").await.unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut lines = lines(server, LineCodec::default());
        for expected in ["one", "", "two"] {
            assert_eq!(lines.next().await.unwrap().unwrap(), expected);
        }
        assert!(lines.next().await.is_none());
        assert!(lines.next().await.is_none(), "it may be asked again");
    });
}

#[test]
fn a_line_too_long_is_an_error_and_the_lines_after_it_follow() {
    run(async {
        let (client, server) = pair().await;
        client.write_all(b"short\nmuch too long\nfine\nmuch too long again").await.unwrap();
        drop(client);
        let mut lines = lines(server, LineCodec::new(5));
        assert_eq!(lines.next().await.unwrap().unwrap(), "short");
        let error = lines.next().await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (ErrorKind::InvalidData, "line was longer than 5 bytes".into())
        );
        assert_eq!(lines.next().await.unwrap().unwrap(), "fine");
        assert_eq!(lines.next().await.unwrap().unwrap_err().kind(), ErrorKind::InvalidData);
        assert!(lines.next().await.is_none());
    });
}

#[test]
fn a_line_that_is_not_utf8_is_an_error_and_the_lines_after_it_follow() {
    run(async {
        let (client, server) = pair().await;
        client.write_all(b"ab\xff\nfine\n").await.unwrap();
        drop(client);
        let mut lines = lines(server, LineCodec::default());
        assert_eq!(lines.next().await.unwrap().unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(lines.next().await.unwrap().unwrap(), "fine");
        assert!(lines.next().await.is_none());
    });
}

#[test]
fn a_connection_that_is_reset_ends_with_that_error_and_without_half_a_line() {
    run(async {
        let (client, server) = pair().await;
        client.write_all(b"half a li").await.unwrap();
        let mut lines = lines(&server, LineCodec::default());
        assert!(timeout(SECOND, lines.next()).await.is_err());
        server.write_all(b"!!").await.unwrap();
        client.read_exact(&mut [0]).await.unwrap();
        drop(client); // A socket that is closed with unread bytes in it resets the connection.
        assert_eq!(lines.next().await.unwrap().unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert!(lines.next().await.is_none());
        assert!(lines.next().await.is_none(), "an error ends it for good");
    });
}

#[test]
fn a_peer_that_sends_faster_than_we_read_does_not_starve_the_others() {
    run(async {
        let (client, server) = pair().await;
        client.write_all(&b"x\n".repeat(10_000)).await.unwrap();
        drop(client);
        let lines = lines(server, LineCodec::default()).map(Result::unwrap);
        let turns = turns_beside(lines.collect::<Vec<_>>()).await;
        assert!(turns >= 10_000 / 128, "{turns} turns");
    });
}

#[test]
fn anything_that_reads_has_lines() {
    run(async {
        let lines = lines(Cursor::new("to be\nor not"), LineCodec::default());
        assert_eq!(lines.map(Result::unwrap).collect::<Vec<_>>().await, ["to be", "or not"]);
    });
}

// Lines of a file.

async fn all(lines: Generator<'static, io::Result<String>>) -> Vec<String> {
    lines.map(Result::unwrap).collect().await
}

#[test]
fn the_lines_of_a_file_come_in_order_whatever_their_ends() {
    let scratch = Scratch::new("file-lines");
    for (content, expected) in [
        ("to be\nor not\r\nto be", vec!["to be", "or not", "to be"]),
        ("to be\n", vec!["to be"]),
        ("\n\n", vec!["", ""]),
        ("", vec![]),
    ] {
        let path = scratch.file("lines.txt", content);
        assert_eq!(run(all(file_lines(path))), expected, "{content:?}");
    }
}

#[test]
fn a_big_file_comes_whole_across_its_chunks() {
    let scratch = Scratch::new("big-file");
    // No power of two, so that lines, and the letters of two and three bytes in them, lie across the ends of chunks.
    let expected: Vec<String> =
        (0..10_000).map(|n| format!("Zeile {n}: größer als ein Häppchen €")).collect();
    let path = scratch.file("big.txt", expected.join("\n"));
    assert!(fs::metadata(&path).unwrap().len() > 40 * 8 * 1024);
    assert_eq!(run(all(file_lines(path))), expected);
}

#[test]
fn a_file_that_is_missing_is_named_in_the_only_item() {
    let scratch = Scratch::new("no-file");
    let path = scratch.0.join("no such file");
    run(async move {
        let mut lines = file_lines(&path);
        let error = lines.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().starts_with(&format!("could not open {}: ", path.display())), "{error}");
        assert!(lines.next().await.is_none());
    });
}

#[test]
fn a_folder_has_no_lines_but_an_error() {
    let scratch = Scratch::new("folder");
    let path = scratch.0.clone();
    run(async move {
        let mut lines = file_lines(path);
        assert!(lines.next().await.unwrap().is_err());
        assert!(lines.next().await.is_none());
    });
}

#[test]
fn a_bad_line_of_a_file_is_an_error_and_the_lines_after_it_follow() {
    let scratch = Scratch::new("bad-line");
    let mut content = b"good\nab\xff\n".to_vec();
    content.extend(vec![b'x'; LineCodec::DEFAULT_LIMIT + 1]);
    content.extend(b"\nlast");
    let path = scratch.file("bad.txt", content);
    run(async move {
        let outcomes =
            file_lines(path).map(|line| line.map_err(|error| error.kind())).collect::<Vec<_>>().await;
        let bad = Err(ErrorKind::InvalidData);
        assert_eq!(outcomes, [Ok("good".to_owned()), bad.clone(), bad, Ok("last".to_owned())]);
    });
}

#[test]
fn a_file_is_not_opened_before_the_first_line_is_asked_for() {
    let scratch = Scratch::new("not-opened");
    let path = scratch.0.join("later.txt");
    run(async move {
        let mut lines = file_lines(&path);
        fs::write(&path, "there by now").unwrap();
        assert_eq!(lines.next().await.unwrap().unwrap(), "there by now");
    });
}

#[test]
fn reading_a_file_takes_no_time_on_a_manual_clock() {
    let scratch = Scratch::new("no-time");
    let path = scratch.file("lines.txt", "line\n".repeat(10_000));
    run(async move {
        let lines = timeout(SECOND, all(file_lines(path))).await.unwrap();
        assert_eq!((lines.len(), now().as_secs()), (10_000, 0));
    });
}

// Rows.

const COUNT_FOR_EVER: &str =
    "WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count) SELECT n FROM count";

#[test]
fn rows_come_in_the_order_of_the_query() {
    let scratch = Scratch::new("rows");
    let path = scratch.database();
    let names = run(rows(path, "SELECT name, language FROM users ORDER BY id DESC")
        .map(Result::unwrap)
        .collect::<Vec<_>>());
    assert_eq!(names, ["Guido van Rossum|Python", "Grace Hopper|COBOL", "Ada Lovelace|NULL"]);
}

#[test]
fn a_query_without_rows_ends_at_once() {
    let scratch = Scratch::new("no-rows");
    let path = scratch.database();
    run(async move {
        let mut rows = rows(path, "SELECT * FROM users WHERE id > 3");
        assert!(rows.next().await.is_none());
        assert!(rows.next().await.is_none());
    });
}

#[test]
fn ten_rows_of_a_query_that_never_ends_are_there_before_it_does() {
    let scratch = Scratch::new("for-ever");
    let path = scratch.database();
    let ten = run(rows(path, COUNT_FOR_EVER).take(10).map(Result::unwrap).collect::<Vec<_>>());
    assert_eq!(ten, (1..=10).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn the_database_is_not_opened_before_the_first_row_is_asked_for() {
    let scratch = Scratch::new("not-opened-db");
    let path = scratch.0.join("users.db");
    run(async move {
        let mut rows = rows(&path, "SELECT count(*) FROM users");
        Database::create(&path).unwrap();
        assert_eq!(rows.next().await.unwrap().unwrap(), "3");
    });
}

#[test]
fn bad_sql_is_the_only_item_and_shown() {
    let scratch = Scratch::new("bad-sql");
    let path = scratch.database();
    run(async move {
        let mut rows = rows(path, "SELEC 1");
        let error = rows.next().await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "could not run `SELEC 1`: near \"SELEC\": syntax error");
        assert!(rows.next().await.is_none());
    });
}

#[test]
fn a_missing_database_is_the_only_item_and_named_and_not_made() {
    let scratch = Scratch::new("no-database");
    let path = scratch.0.join("users.db");
    run(async move {
        let mut rows = rows(&path, "SELECT 1");
        let error = rows.next().await.unwrap().unwrap_err().to_string();
        assert!(error.starts_with(&format!("could not open the database {}: ", path.display())), "{error}");
        assert!(rows.next().await.is_none());
        assert!(!path.exists());
    });
}

#[test]
fn the_rows_before_an_error_come_before_it() {
    let scratch = Scratch::new("late-error");
    let path = scratch.database();
    // `abs` cannot negate the smallest number.
    let sql = "SELECT abs(column1) FROM (VALUES (1), (-2), (-9223372036854775807 - 1), (4))";
    run(async move {
        let mut rows = rows(path, sql);
        assert_eq!(rows.next().await.unwrap().unwrap(), "1");
        assert_eq!(rows.next().await.unwrap().unwrap(), "2");
        assert!(rows.next().await.unwrap().unwrap_err().to_string().ends_with("integer overflow"));
        assert!(rows.next().await.is_none());
    });
}

#[test]
fn a_loop_that_sleeps_between_rows_takes_as_long_as_it_sleeps() {
    let scratch = Scratch::new("sleeps");
    let path = scratch.database();
    run(async move {
        let mut seen = Vec::new();
        for_await!(row in rows(path, "SELECT id FROM users ORDER BY id") => {
            seen.push((row.unwrap(), now().as_secs()));
            sleep(SECOND).await;
        });
        assert_eq!(seen, [("1".to_owned(), 0), ("2".to_owned(), 1), ("3".to_owned(), 2)]);
        assert_eq!(now(), 3 * SECOND);
    });
}

#[test]
fn two_loops_over_rows_take_turns_while_each_of_them_sleeps() {
    let scratch = Scratch::new("two-loops");
    let path = scratch.database();
    let notes = support::notes_of(async move {
        let each = async |name: &str, pause: u32| {
            sleep(pause * SECOND / 2).await;
            for_await!(row in rows(&path, "SELECT id FROM users ORDER BY id") => {
                support::say(format!("{name}{}", row.unwrap()));
                sleep(SECOND).await;
            });
        };
        join(each("a", 0), each("b", 1)).await;
    });
    assert_eq!(notes, ["a1 at 0", "b1 at 0", "a2 at 1", "b2 at 1", "a3 at 2", "b3 at 2"]);
}

/// Were they jobs of the loop's pool, with its few threads, the innermost would wait for ever.
#[test]
fn ten_loops_over_rows_inside_each_other_do_not_wait_for_each_other() {
    fn count(path: PathBuf, depth: u32) -> std::pin::Pin<Box<dyn Future<Output = u32>>> {
        Box::pin(async move {
            if depth == 0 {
                return 1;
            }
            let mut sum = 0;
            for_await!(row in rows(&path, "SELECT id FROM users WHERE id < 3") => {
                row.unwrap();
                sum += count(path.clone(), depth - 1).await;
                if depth > 2 {
                    break; // Ten loops are open by then; all of them to the end would be 1,024.
                }
            });
            sum
        })
    }
    let scratch = Scratch::new("nested");
    let path = scratch.database();
    assert_eq!(run(count(path, 10)), 4);
}

#[test]
fn a_loop_may_write_what_it_reads_next() {
    let scratch = Scratch::new("writes");
    let path = scratch.database();
    run(async move {
        let mut names = Vec::new();
        for_await!(id in rows(&path, "SELECT id FROM users ORDER BY id") => {
            let sql = format!("SELECT name FROM users WHERE id = {}", id.unwrap());
            names.extend(rows(&path, sql).map(Result::unwrap).collect::<Vec<_>>().await);
        });
        assert_eq!(names, ["Ada Lovelace", "Grace Hopper", "Guido van Rossum"]);
    });
}

// A producer on a thread.

/// Counts from 0 on, as long as somebody wants it.
fn counting() -> Generator<'static, u32> {
    from_thread(|producer| _ = (0..).try_for_each(|n| producer.emit(n)))
}

#[test]
fn items_come_in_the_order_in_which_they_were_emitted() {
    assert_eq!(run(counting().take(1_000).collect::<Vec<_>>()), Vec::from_iter(0..1_000));
}

#[test]
fn the_end_of_the_producer_is_the_end_of_the_items() {
    for count in [0, 1, AHEAD - 1, AHEAD, AHEAD + 1, 10 * AHEAD] {
        let items = from_thread(move |producer| _ = (0..count).try_for_each(|n| producer.emit(n)));
        assert_eq!(run(items.collect::<Vec<_>>()), Vec::from_iter(0..count));
    }
}

#[test]
fn after_the_end_it_may_be_asked_again() {
    run(async {
        let mut items = from_thread(|producer| _ = producer.emit(1));
        assert_eq!((items.next().await, items.next().await, items.next().await), (Some(1), None, None));
    });
}

#[test]
fn no_thread_is_started_before_the_first_item_is_asked_for() {
    let (started, has_started) = mpsc::channel();
    let mut items = from_thread(move |producer| {
        started.send(thread::current().name().map(str::to_owned)).unwrap();
        _ = producer.emit(1);
    });
    run(async move {
        yield_now().await;
        assert_eq!(has_started.try_recv(), Err(mpsc::TryRecvError::Empty));
        assert_eq!(items.next().await, Some(1));
        assert_eq!(has_started.recv(), Ok(Some("producer".to_owned())));
    });
}

#[test]
fn an_item_is_there_as_soon_as_it_is_emitted_if_somebody_waits() {
    let (go_on, may_go_on) = mpsc::channel();
    run(async move {
        let mut items = from_thread(move |producer| {
            for n in 0..100 {
                _ = producer.emit(n);
                _ = may_go_on.recv(); // Were items kept back until there are more, this would hang.
            }
        });
        for n in 0..100 {
            assert_eq!(items.next().await, Some(n));
            go_on.send(()).unwrap();
        }
        assert_eq!(items.next().await, None);
    });
}

#[test]
fn a_panic_of_the_producer_arrives_after_the_items_before_it() {
    for count in [0, 1, AHEAD - 1, AHEAD, AHEAD + 1] {
        run(async move {
            let mut items = from_thread(move |producer| {
                for n in 0..count {
                    assert!(producer.emit(n).is_continue());
                }
                panic!("a bug in the producer");
            });
            for n in 0..count {
                assert_eq!(items.next().await, Some(n));
            }
            assert_eq!(panic_at(items.next()).await, "a bug in the producer");
            assert_eq!(items.next().await, None, "a panic ends it for good");
        });
    }
}

/// It used to hand out batches, and so was ahead by one batch in its own hands and one in its consumer's.
#[test]
fn the_producer_is_never_further_ahead_than_it_may() {
    let (emitted, taken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let farthest = Arc::new(AtomicUsize::new(0));
    let items = from_thread({
        let (emitted, taken, farthest) = (Arc::clone(&emitted), Arc::clone(&taken), Arc::clone(&farthest));
        move |producer| {
            while producer.emit(()).is_continue() {
                let count = emitted.fetch_add(1, SeqCst) + 1;
                farthest.fetch_max(count - taken.load(SeqCst), SeqCst);
            }
        }
    });
    run(async move {
        for_await!(() in items.take(10 * AHEAD) => {
            let taken = taken.fetch_add(1, SeqCst) + 1;
            // It goes on although nobody asks, until so many are ready.
            while emitted.load(SeqCst) < taken + AHEAD {
                thread::yield_now();
            }
        });
        let farthest = farthest.load(SeqCst);
        // One more may have been asked for, and not be counted as taken yet.
        assert!((AHEAD..=AHEAD + 1).contains(&farthest), "{farthest} items ahead");
    });
}

/// An item used to stay with the producer until its next `emit`, if it was not there yet when it was asked for.
#[test]
fn an_item_that_is_ready_can_be_had_whatever_the_producer_does_next() {
    let ((ready, is_ready), (go_on, may_go_on)) = (mpsc::channel(), mpsc::channel::<()>());
    run(async move {
        let mut items = from_thread(move |producer| {
            for n in 1..=3 {
                _ = producer.emit(n);
            }
            ready.send(()).unwrap();
            _ = may_go_on.recv(); // Looks for the fourth, for as long as the test likes.
        });
        assert_eq!(items.next().await, Some(1));
        is_ready.recv().unwrap();
        assert_eq!((items.next().await, items.next().await), (Some(2), Some(3)));
        drop(go_on);
        assert_eq!(items.next().await, None);
    });
}

#[test]
fn a_producer_whose_consumer_is_gone_is_told_to_break() {
    let (ended, has_ended) = mpsc::channel();
    run(async move {
        let mut items = from_thread(move |producer| {
            while producer.emit(0) == ControlFlow::Continue(()) {}
            ended.send(()).unwrap();
        });
        assert_eq!(items.next().await, Some(0));
        drop(items);
        has_ended.recv().unwrap(); // Although it sleeps, most likely, with as many items as it may have ready.
    });
}

#[test]
fn a_producer_whose_consumer_leaves_while_it_waits_is_told_to_break() {
    let (go_on, may_go_on) = mpsc::channel();
    let (ended, has_ended) = mpsc::channel();
    run(async move {
        let mut items = from_thread(move |producer| {
            may_go_on.recv().unwrap();
            ended.send(producer.emit(0)).unwrap();
        });
        assert!(poll(&mut items.next()).is_pending());
        drop(items);
        go_on.send(()).unwrap();
        assert_eq!(has_ended.recv(), Ok(ControlFlow::Break(())));
    });
}

#[test]
fn a_question_that_is_given_up_loses_no_item() {
    let (go_on, may_go_on) = mpsc::channel();
    run(async move {
        let mut items = from_thread(move |producer| {
            may_go_on.recv().unwrap();
            _ = producer.emit(7);
        });
        assert!(poll(&mut items.next()).is_pending());
        go_on.send(()).unwrap();
        assert_eq!((items.next().await, items.next().await), (Some(7), None));
    });
}

#[test]
fn a_manual_clock_stands_still_while_a_producer_works_on_what_was_asked_for() {
    run(async {
        let mut items = from_thread(|producer| {
            for n in 0..10 {
                thread::sleep(std::time::Duration::from_millis(2)); // Work, of which the clock knows nothing.
                _ = producer.emit(n);
            }
        });
        for n in 0..10 {
            assert_eq!(timeout(SECOND, items.next()).await, Ok(Some(n)));
        }
        assert_eq!(timeout(SECOND, items.next()).await, Ok(None));
        assert_eq!(now().as_secs(), 0);
    });
}

#[test]
fn a_manual_clock_moves_on_when_what_was_asked_for_is_there_although_nobody_takes_it() {
    let (go_on, may_go_on) = mpsc::channel();
    run(async move {
        let mut items = from_thread(move |producer| {
            may_go_on.recv().unwrap();
            _ = producer.emit(7);
            _ = may_go_on.recv(); // Works for as long as the test likes.
        });
        assert!(poll(&mut items.next()).is_pending());
        go_on.send(()).unwrap();
        sleep(SECOND).await; // Would never end.
        assert_eq!((items.next().await, now()), (Some(7), SECOND));
        drop(go_on);
    });
}

#[test]
fn a_manual_clock_moves_on_when_the_one_who_has_asked_is_gone() {
    let (go_on, may_go_on) = mpsc::channel::<()>();
    run(async move {
        let mut items = from_thread::<u32>(move |_producer| _ = may_go_on.recv());
        assert!(poll(&mut items.next()).is_pending());
        drop(items);
        sleep(SECOND).await; // Would never end.
        drop(go_on);
    });
}

#[test]
fn a_manual_clock_moves_while_nobody_asks_the_producer() {
    let (go_on, may_go_on) = mpsc::channel::<()>();
    run(async move {
        let mut items = from_thread(move |producer| {
            _ = producer.emit(0);
            _ = may_go_on.recv(); // Works for as long as the test likes.
        });
        assert_eq!(items.next().await, Some(0));
        sleep(SECOND).await; // Would never end.
        assert_eq!(now(), SECOND);
        drop(go_on);
    });
}

#[test]
fn an_item_nobody_took_is_dropped_with_the_producer() {
    struct Sends(mpsc::Sender<()>);
    impl Drop for Sends {
        fn drop(&mut self) {
            _ = self.0.send(());
        }
    }
    let (dropped, is_dropped) = mpsc::channel();
    let items = from_thread(move |producer| while producer.emit(Sends(dropped.clone())).is_continue() {});
    run(async move {
        for_await!(_item in items => { break; });
    });
    // Ends when the last item is gone, and the thread's own end of the channel with it.
    assert!(is_dropped.iter().count() >= 2);
}
