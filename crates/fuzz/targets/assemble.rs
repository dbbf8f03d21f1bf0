//! Any text: it is assembled, and written as text that says the same, or refused with a line that there is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use step7::{CheckAt, Program};

/// Shows the program without its source lines.
fn without_lines(mut program: Program) -> String {
    program.functions.iter_mut().for_each(|function| function.lines.clear());
    format!("{program:?}") // Unlike `==`, this tells -0.0 from 0.0, and finds NaN in its place.
}

fuzz_target!(|text: &str| {
    match text.parse::<Program>() {
        Ok(program) => {
            let written = program.to_string();
            let read = written.parse::<Program>().expect("what was written is read");
            assert_eq!(read.to_string(), written);
            assert_eq!(without_lines(read), without_lines(program.clone()));
            assert_eq!(program.dis(CheckAt::EveryInstruction).is_empty(), program.functions.is_empty());
            if let Err(error) = program.verify() {
                assert!(!error.reason.is_empty());
            }
        }
        Err(error) => assert!((1..=text.lines().count()).contains(&(error.line as usize)), "{error}"),
    }
});
