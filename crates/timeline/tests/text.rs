//! The chart in a terminal.

mod support;

use std::time::Duration;

use support::by_hand;
use timeline::{TextOptions, Timeline, probe};

fn plain(timeline: &Timeline, width: usize) -> String {
    timeline.text(&TextOptions { width, color: false })
}

/// The columns a line takes, counted by another rule than the crate's: whatever is not Latin takes two.
fn columns(line: &str) -> usize {
    line.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum()
}

#[test]
fn the_waits_of_gathered_tasks_overlap_and_the_thread_sleeps() {
    let expected = "
                    0 s          0.5 s           1 s          1.5 s          2 s
                    '              '              '             '              '
thread main         |_____________________________|____________________________|
task 0 main         |·····························|····························✓
task 1 io_operation |·····························✓
task 2 io_operation |··························································✓

| runs for a moment   · waits (pending)   _ parked (asleep)   ✓ done

 1  0.000 s  main    starts
 2           main    spawns task 0 main
 3           main    polls task 0 main
 4           task 0  says \"Starting...\"
 5           task 0  spawns task 1 io_operation
 6           task 0  spawns task 2 io_operation
 7           main    task 0 main is pending
 8           main    polls task 1 io_operation
 9           task 1  sets timer 0 to 1 s from now
10           main    task 1 io_operation is pending
11           main    polls task 2 io_operation
12           task 2  sets timer 1 to 2 s from now
13           main    task 2 io_operation is pending
14           main    parks for 1 s at most
15  1.000 s  main    wakes up
16           main    timer 0 fires
17           main    wakes task 1 io_operation
18           main    polls task 1 io_operation
19           task 1  wakes task 0 main
20           main    task 1 io_operation is done
21           main    polls task 0 main
22           main    task 0 main is pending
23           main    parks for 1 s at most
24  2.000 s  main    wakes up
25           main    timer 1 fires
26           main    wakes task 2 io_operation
27           main    polls task 2 io_operation
28           task 2  wakes task 0 main
29           main    task 2 io_operation is done
30           main    polls task 0 main
31           task 0  says \"All done.\"
32           main    task 0 main is done
33           main    ends
";
    assert_eq!(format!("\n{}", plain(&support::gather(), 80)), expected);
}

/// Two threads share a lock for 4 ms; one of them is cancelled as a task, one is never polled.
fn busy() -> Timeline {
    by_hand(|hands| {
        probe::spawned(1, "app::worker");
        probe::spawned(2, "app::idle");
        probe::poll_begin(1);
        hands.forward(4);
        probe::woken(1);
        probe::poll_end(1, false);
        hands.forward(2);
        probe::lock_wanted(1);
        hands.forward(3);
        probe::lock_taken(1);
        hands.forward(1);
        probe::lock_released(1);
        probe::parked(None);
        hands.forward(6);
        probe::unparked();
        probe::cancelled(1);
    })
}

#[test]
fn running_ready_locked_parked_and_cancelled_look_different() {
    let text = plain(&busy(), 47);
    let chart: Vec<&str> = text.lines().take(6).collect();
    assert_eq!(
        chart,
        [
            "              0 ms    5 ms      10 ms     15 ms",
            "              '         '         '         '",
            "thread main   █████████████LLLLL███___________|",
            "task 0 worker █████████░░░░░░░░░░░░░░░░░░░░░░░✗",
            "task 1 idle   ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░",
            "",
        ]
    );
}

#[test]
fn no_line_is_wider_than_asked_for() {
    let chatty = by_hand(|hands| {
        let inherited = timeline::inherit();
        let _lane = inherited.enter("unused");
        probe::spawned(1, "app::a_name_that_is_much_longer_than_any_terminal_would_like_to_show_in_full");
        probe::spawned(2, "app::读取文件_读取文件_读取文件_读取文件_读取文件");
        for millis in [1, 20, 300, 4000] {
            hands.forward(millis);
            probe::note(|| "正在读取文件，请稍候。".repeat(30));
            probe::note(|| "x".repeat(900));
            probe::note(|| "several words of different lengths ".repeat(9));
        }
    });
    for timeline in [chatty, support::gather(), busy()].iter().chain(&support::hostile()) {
        for width in 40..=200 {
            for line in plain(timeline, width).lines() {
                assert!(columns(line) <= width, "{} columns, not {width}: {line}", columns(line));
            }
        }
    }
}

#[test]
fn a_width_that_makes_no_sense_is_brought_into_range() {
    let timeline = support::gather();
    assert_eq!(plain(&timeline, 0), plain(&timeline, 40));
    assert_eq!(plain(&timeline, usize::MAX), plain(&timeline, 1000));
}

#[test]
fn colours_come_only_on_request_and_say_nothing_more() {
    let timeline = busy();
    let color = timeline.text(&TextOptions { width: 80, color: true });
    assert!(!plain(&timeline, 80).contains('\x1b'));
    assert!(color.contains("\x1b[32m█"));

    let mut without = String::new();
    for part in color.split('\x1b') {
        without +=
            part.strip_prefix('[').map_or(part, |escape| escape.split_once('m').expect("an escape ends").1);
    }
    assert_eq!(without, plain(&timeline, 80));
}

#[test]
fn what_would_move_the_cursor_is_shown_instead() {
    for timeline in support::hostile() {
        assert!(!plain(&timeline, 80).chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'));
    }
}

#[test]
fn a_long_list_says_how_much_it_leaves_out() {
    let timeline = by_hand(|_| (0..998).for_each(|i| probe::note(|| format!("number {i}"))));
    let text = plain(&timeline, 80);
    let lines: Vec<_> =
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let gap = lines.iter().position(|line| line.starts_with("...")).unwrap();
    assert_eq!(
        lines[gap - 1..=gap + 1],
        ["80 main says \"number 78\"", "... 900 events left out ...", "981 main says \"number 979\"",]
    );
    assert!(text.lines().count() < 110);
}

#[test]
fn a_great_number_of_rows_is_cut_and_says_so() {
    let timeline = by_hand(|_| (0..1000).for_each(|i| probe::spawned(i, "app::one_of_many")));
    let text = plain(&timeline, 80);
    assert!(text.contains("\n... and 941 more\n"));
    assert!(timeline.svg().contains("... and 941 more"));
}

#[test]
fn polls_between_naps_do_not_make_a_thread_look_busy() {
    let timeline = by_hand(|hands| {
        for _ in 0..1000 {
            probe::poll_begin(1);
            probe::poll_end(1, false);
            probe::parked(Some(Duration::from_millis(1)));
            hands.forward(1);
            probe::unparked();
        }
    });
    let text = plain(&timeline, 80);
    let thread = text.lines().nth(2).unwrap();
    assert!(thread.starts_with("thread main") && !thread.contains('█'), "{thread}");
}
