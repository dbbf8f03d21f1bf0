//! What an answer to `not-yet-or-never` has to do.

use std::io::ErrorKind;

use exercises::{Act, Script, check, misconception, notes};

use super::{News, Over, look, on_ready};

/// A connection on which these reads wait.
fn connection(reads: &[Act]) -> Script {
    let spins =
        || misconception("W1-asynchronous", "it asks again and again instead of coming back when told");
    Script::new("connection").reads(reads.iter().copied()).patience(50, spins)
}

#[test]
fn bytes_are_bytes() {
    check(|_| {
        assert_eq!(look(&mut connection(&[Act::Bytes("hello")])), News::Bytes(b"hello".to_vec()));
    });
}

#[test]
fn would_block_is_not_yet() {
    check(|_| match look(&mut connection(&[Act::NotYet])) {
        News::NotYet => {}
        News::Failed(_) => misconception("W1-not-yet-is-error", "\"would block\" was taken for a failure"),
        other => panic!("\"would block\" was taken for {other:?}"),
    });
}

#[test]
fn nothing_read_is_the_end() {
    check(|_| match look(&mut connection(&[Act::End])) {
        News::End => {}
        News::NotYet => misconception("W1-zero-is-not-yet", "a read of 0 bytes was taken for \"not yet\""),
        other => panic!("a read of 0 bytes was taken for {other:?}"),
    });
}

#[test]
fn an_interrupted_read_is_tried_again() {
    check(|_| {
        let mut connection = connection(&[Act::Fails(ErrorKind::Interrupted), Act::Bytes("hello")]);
        assert_eq!(look(&mut connection), News::Bytes(b"hello".to_vec()));
        assert_eq!(notes().len(), 2, "one read that was interrupted, and one that brings the bytes");
    });
}

#[test]
fn any_other_error_is_a_failure() {
    check(|_| {
        for kind in [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe] {
            assert_eq!(look(&mut connection(&[Act::Fails(kind)])), News::Failed(kind));
        }
    });
}

#[test]
fn all_bytes_that_there_are_are_taken_in() {
    check(|_| {
        let mut received = b"before ".to_vec();
        let mut connection =
            connection(&[Act::Bytes("one "), Act::Bytes("two"), Act::NotYet, Act::Bytes("later")]);
        assert_eq!(on_ready(&mut connection, &mut received), Over::No);
        assert_eq!(String::from_utf8_lossy(&received), "before one two");
    });
}

#[test]
fn a_false_alarm_changes_nothing() {
    check(|_| {
        let mut received = b"before".to_vec();
        let mut connection = connection(&[Act::NotYet, Act::Bytes(" and after"), Act::NotYet]);
        if on_ready(&mut connection, &mut received) == Over::Yes {
            misconception(
                "W1-ready-means-bytes",
                "\"ready\", and nothing there: the connection was given up",
            );
        }
        assert_eq!(String::from_utf8_lossy(&received), "before");
        assert_eq!(on_ready(&mut connection, &mut received), Over::No);
        assert_eq!(String::from_utf8_lossy(&received), "before and after");
    });
}

#[test]
fn the_end_and_a_failure_are_over() {
    check(|_| {
        for last in [Act::End, Act::Fails(ErrorKind::ConnectionReset)] {
            let mut received = Vec::new();
            assert_eq!(on_ready(&mut connection(&[Act::Bytes("bye"), last]), &mut received), Over::Yes);
            assert_eq!(received, b"bye", "what came before is not lost");
        }
    });
}
