//! The line codec: the same lines however the bytes are split, and one bad line costs one line.
#![allow(clippy::unwrap_used, reason = "the exception for tests does not reach the functions they share")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use step1::LineCodec;

#[path = "codec/model.rs"]
mod model;
use model::{Line, decode, model, ok, too_long};

fn decode_all(limit: usize, bytes: &[u8]) -> Vec<Line> {
    decode(&mut LineCodec::new(limit), &[bytes])
}

/// Cuts `bytes` at all of `cuts` that lie within.
fn split<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn any_split_of_the_input_gives_the_same_lines(
        limit in 0_usize..8,
        bytes in vec(select(&b"aab\n\r\n\xc3\xa9\xff"[..]), 0..60),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let lines = decode(&mut LineCodec::new(limit), &split(&bytes, &cuts));
        prop_assert_eq!(lines, model(limit, &bytes));
    }

    #[test]
    fn any_bytes_at_all_are_cut_in_the_same_places(
        limit in 0_usize..100,
        pieces in vec(vec(prop_oneof![1 => Just(b'\n'), 9 => any::<u8>()], 0..100), 0..10),
    ) {
        let lines = decode(&mut LineCodec::new(limit), &pieces.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert_eq!(lines, model(limit, &pieces.concat()));
    }

    #[test]
    fn what_is_encoded_comes_out_as_it_was(
        texts in vec("[a-zé\r]{0,6}[a-zé]", 0..10),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let mut codec = LineCodec::new(14);
        let mut bytes = Vec::new();
        for text in &texts {
            codec.encode(text, &mut bytes).unwrap();
        }
        let lines: Vec<String> = decode(&mut codec, &split(&bytes, &cuts)).into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(lines, texts);
    }
}

#[test]
fn a_line_ends_in_a_line_feed_with_or_without_a_carriage_return() {
    assert_eq!(decode_all(10, b"one\ntwo\r\n\n\r\n"), [ok("one"), ok("two"), ok(""), ok("")]);
}

#[test]
fn a_carriage_return_alone_ends_no_line() {
    assert_eq!(decode_all(10, b"a\rb\r\r\n"), [ok("a\rb\r")]);
}

#[test]
fn a_line_is_not_there_before_its_end_is() {
    let mut codec = LineCodec::new(10);
    codec.feed(b"almost");
    assert!(codec.next_line().is_none());
    codec.feed(b"\n");
    assert_eq!(codec.next_line().unwrap().unwrap(), "almost");
    assert!(codec.next_line().is_none());
}

#[test]
fn a_character_split_in_two_is_whole_again() {
    let mut codec = LineCodec::new(10);
    assert_eq!(decode(&mut codec, &[b"caf\xc3", b"\xa9\n"]), [ok("café")]);
}

#[test]
fn a_line_of_exactly_the_limit_is_good() {
    assert_eq!(decode_all(3, b"abc\nabc\r\nabc"), [ok("abc"), ok("abc"), ok("abc")]);
}

#[test]
fn a_line_over_the_limit_is_an_error_that_says_the_limit() {
    assert_eq!(decode_all(3, b"abcd\n"), [Err("line was longer than 3 bytes".to_owned())]);
}

#[test]
fn a_line_over_the_limit_costs_no_other_line() {
    let lines = decode_all(3, b"one\nfar too long\ntwo\n");
    assert_eq!(lines, [ok("one"), too_long(3), ok("two")]);
}

#[test]
fn a_line_over_the_limit_is_reported_once_and_before_its_end() {
    let mut codec = LineCodec::new(3);
    codec.feed(b"abcd");
    assert!(codec.next_line().unwrap().is_err());
    codec.feed(&[b'x'; 1000]);
    assert!(codec.next_line().is_none());
    codec.feed(b"x\nok\n");
    assert_eq!(codec.next_line().unwrap().unwrap(), "ok");
}

#[test]
fn a_line_that_is_not_utf8_is_an_error_and_costs_no_other_line() {
    let lines = decode_all(9, b"one\nab\xff\ntwo\n");
    assert_eq!(lines, [ok("one"), Err("line was not UTF-8 after its first 2 bytes".to_owned()), ok("two")]);
}

#[test]
fn what_is_left_at_the_end_is_a_line_too() {
    assert_eq!(decode_all(9, b"one\ntwo"), [ok("one"), ok("two")]);
    assert_eq!(decode_all(9, b"one\n"), [ok("one")]);
    assert_eq!(decode_all(9, b""), []);
}

#[test]
fn the_rest_of_an_over_long_line_is_not_left_at_the_end() {
    assert_eq!(decode_all(3, b"far too long"), [too_long(3)]);
}

#[test]
fn a_finished_codec_is_as_good_as_new() {
    let mut codec = LineCodec::new(3);
    assert_eq!(decode(&mut codec, &[b"far too long"]), [too_long(3)]);
    assert_eq!(decode(&mut codec, &[b"new\n"]), [ok("new")]);
}

#[test]
fn a_text_that_would_not_come_back_is_not_encoded() {
    let codec = LineCodec::new(5);
    let mut bytes = b"before".to_vec();
    for text in ["one\ntwo", "one\n", "one\r", "far too long"] {
        assert!(codec.encode(text, &mut bytes).is_err(), "{text:?}");
    }
    assert_eq!(bytes, b"before");
}
