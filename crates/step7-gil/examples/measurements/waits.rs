//! Eight waits of 0.25 s: in a row, on eight threads, and as eight tasks.

use std::time::Duration;

use step4::join_all;
use step7::Gil;

use crate::Row;
use crate::Unit::Seconds;
use crate::program::{builder, in_a_row, seconds, together};

/// M9: who waits has let go of the lock, so threads overlap their waits; and tasks do without threads.
pub(crate) fn eight() -> Vec<Row> {
    let machine = builder(&Gil::default()).build().unwrap();
    let eight = [(&machine, "wait"); 8];
    let tasks = || {
        step4::run(async {
            join_all((0..8).map(|_| step3::sleep(Duration::from_millis(250)))).await;
        });
    };
    vec![
        Row::new("in a row", Seconds, seconds(|| in_a_row(&eight, &[])), 2.0, 2.2),
        Row::new("on 8 threads", Seconds, seconds(|| together(&eight, &[])), 0.25, 0.35),
        Row::new("as 8 tasks", Seconds, seconds(tasks), 0.25, 0.35),
    ]
}
