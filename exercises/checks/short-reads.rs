//! What an answer to `short-reads` has to do.

use std::io::ErrorKind;

use exercises::{Act, Script, check, misconception, notes};

use super::Lines;

/// A connection on which these reads wait.
fn connection(reads: &[Act]) -> Script {
    let spins =
        || misconception("W1-asynchronous", "it asks again and again instead of coming back when told");
    Script::new("connection").reads(reads.iter().copied()).patience(50, spins)
}

/// Calls `on_readable` once, on a connection without errors.
fn read(lines: &mut Lines, connection: &mut Script) -> Vec<String> {
    match lines.on_readable(connection) {
        Ok(lines) => lines,
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            misconception("W1-not-yet-is-error", "\"would block\" was passed on as an error");
        }
        Err(error) => panic!("there is no error in the script, and it returns {error:?}"),
    }
}

#[test]
fn it_reads_until_there_is_no_more_for_now() {
    check(|_| {
        let mut connection = connection(&[Act::Bytes("a line in\n"), Act::Bytes("parts\n")]);
        let lines = read(&mut Lines::new(), &mut connection);
        assert_eq!(connection.left(), 0, "there was more to read");
        assert_eq!(lines, ["a line in", "parts"]);
    });
}

#[test]
fn several_lines_in_one_read_are_all_returned() {
    check(|_| {
        let lines = read(&mut Lines::new(), &mut connection(&[Act::Bytes("1\n\n3\n")]));
        assert_eq!(lines, ["1", "", "3"]);
    });
}

#[test]
fn a_part_of_a_line_is_kept_for_the_next_call() {
    check(|_| {
        let mut lines = Lines::new();
        let reads =
            [Act::Bytes("one\ntw"), Act::NotYet, Act::Bytes("o"), Act::NotYet, Act::Bytes("\nthree\n")];
        let mut connection = connection(&reads);
        let calls = [0, 1, 2].map(|_| read(&mut lines, &mut connection));
        if calls.concat().iter().any(|line| ["tw", "o"].contains(&line.as_str())) {
            misconception(
                "W1-one-read-one-line",
                &format!("\"two\" came in two reads, and what was returned is {calls:?}"),
            );
        }
        assert_eq!(calls, [vec!["one"], vec![], vec!["two", "three"]], "the lines of three calls");
    });
}

#[test]
fn would_block_ends_the_call() {
    check(|_| {
        let mut connection = connection(&[Act::Bytes("1\n"), Act::NotYet, Act::Bytes("2\n")]);
        let lines = read(&mut Lines::new(), &mut connection);
        if lines.len() > 1 {
            misconception("W1-asynchronous", "after \"would block\" it has asked again, in the same call");
        }
        assert_eq!(lines, ["1"]);
        assert_eq!(notes().iter().filter(|note| note.ends_with("would block")).count(), 1);
    });
}

#[test]
fn the_other_sides_end_ends_the_call() {
    check(|_| {
        let mut connection = connection(&[Act::Bytes("1\nhal"), Act::End]);
        assert_eq!(read(&mut Lines::new(), &mut connection), ["1"], "half a line is none");
    });
}

#[test]
fn any_other_error_is_the_callers() {
    check(|_| {
        let mut connection = connection(&[Act::Fails(ErrorKind::ConnectionReset)]);
        let error = Lines::new().on_readable(&mut connection).expect_err("the connection was reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}
