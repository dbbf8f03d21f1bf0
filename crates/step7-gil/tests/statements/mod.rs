//! Programs drawn at random: threads that run a few statements each, over what they share.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Statements, none of which leaves anything on the stack. `@` stands for a number that no other statement has.
const STATEMENTS: [&str; 12] = [
    "LOAD_GLOBAL a; LOAD_CONST 1; ADD; STORE_GLOBAL a",
    "LOAD_GLOBAL a; STORE_GLOBAL b",
    "LOAD_CONST 2; STORE_GLOBAL a",
    "RESUME",
    "LOAD_GLOBAL b; LOAD_GLOBAL f; CALL 0; ADD; STORE_GLOBAL b",
    "LOAD_GLOBAL a; POP_JUMP_IF_FALSE skip@; LOAD_CONST 3; STORE_GLOBAL b; skip@:",
    "LOAD_GLOBAL a; CALL_NATIVE five 0; ADD; STORE_GLOBAL b",
    "LOAD_GLOBAL b; CALL_NATIVE_RELEASED five 0; ADD; STORE_GLOBAL a",
    "LOAD_GLOBAL a; LOAD_CONST 0; SLEEP; STORE_GLOBAL b",
    "ACQUIRE l; LOAD_GLOBAL a; RESUME; STORE_GLOBAL b; RELEASE l",
    "ACQUIRE l; ACQUIRE m; RELEASE l; RELEASE m",
    "RELEASE l",
];

/// How many of them need no locks.
const WITHOUT_LOCKS: usize = 9;

/// Draws a program with so many threads, `t0` and on, each of which runs at most so many statements, and all together at most so
/// many instructions. `look` returns its globals as a list, and `halt` does nothing.
pub(crate) fn program(threads: usize, most: usize, instructions: usize) -> impl Strategy<Value = String> {
    let statements = move |count| vec(vec(select(&STATEMENTS[..count]), 0..=most), threads);
    prop_oneof![
        statements(WITHOUT_LOCKS).prop_map(move |threads| text("", shortened(threads, instructions))),
        statements(STATEMENTS.len())
            .prop_map(move |threads| text("lock l\nlock m\n", shortened(threads, instructions))),
    ]
}

/// Takes statements off the thread that has the most, until there are so many instructions.
fn shortened(mut threads: Vec<Vec<&str>>, instructions: usize) -> Vec<Vec<&str>> {
    let cost = |thread: &Vec<&str>| {
        let calls = thread.iter().filter(|text| text.contains("CALL 0")).count();
        2 + 2 * calls + thread.iter().map(|text| text.split("; ").count()).sum::<usize>()
    };
    while threads.iter().map(cost).sum::<usize>() > instructions {
        threads
            .iter_mut()
            .max_by_key(|thread| cost(thread))
            .and_then(Vec::pop)
            .expect("none is empty at once");
    }
    threads
}

fn text(locks: &str, threads: Vec<Vec<&str>>) -> String {
    let mut text = format!(
        "global a = 0\nglobal b = 0\n{locks}
        func f()\n LOAD_GLOBAL a; RETURN\n end
        func halt()\n HALT\n end
        func look()\n NEW_LIST; LOAD_GLOBAL a; LIST_APPEND; LOAD_GLOBAL b; LIST_APPEND
        LOAD_GLOBAL f; LIST_APPEND; RETURN\n end\n"
    );
    for (at, statements) in threads.into_iter().enumerate() {
        let statements = statements.into_iter().enumerate();
        let statements: Vec<_> =
            statements.map(|(number, text)| text.replace('@', &number.to_string())).collect();
        text += &format!("func t{at}()\n{}\nLOAD_GLOBAL a; RETURN\nend\n", statements.join("\n"));
    }
    text
}
