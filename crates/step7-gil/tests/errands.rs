//! Programs that block: on files, servers and databases; whom that stops, and whom not.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::PathBuf;
use std::sync::{Arc, Barrier};

use step1::{Database, Options, serve};
use step7::{Data, Machine, MachineBuilder, Program};

const PROGRAM: &str = "
func read(file)\n LOAD_FAST file\n CALL_NATIVE_RELEASED read 1\n RETURN\n end
func ask(server, line)\n LOAD_FAST server\n LOAD_FAST line\n CALL_NATIVE_RELEASED ask 2\n RETURN\n end
func query(database, sql)\n LOAD_FAST database\n LOAD_FAST sql\n CALL_NATIVE_RELEASED query 2\n RETURN\n end
func askew()\n LOAD_CONST 1\n CALL_NATIVE ask 1\n RETURN\n end";

fn builder() -> MachineBuilder {
    let program: Program = PROGRAM.parse().unwrap();
    Machine::builder(program.verify().unwrap()).errands()
}

/// A file that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("step7-errands-{}-{name}", std::process::id())))
    }

    fn data(&self) -> Data {
        Data::from(self.0.to_str().unwrap())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn threads_that_ask_a_server_wait_together() {
    let both_have_asked = Arc::new(Barrier::new(2));
    let answer = move |line: &str| {
        both_have_asked.wait(); // One after the other, they would wait here for ever.
        format!("{line} to you")
    };
    let server = serve("127.0.0.1:0", Options::default(), answer).unwrap();
    let address = Data::from(&*server.addr().to_string());
    let machine = builder().build().unwrap();
    let threads =
        ["one", "two"].map(|line| machine.start("ask", &[address.clone(), Data::from(line)]).unwrap());
    let answers = threads.map(|thread| thread.join().unwrap());
    assert_eq!(answers, [Data::from("one to you"), Data::from("two to you")]);
}

#[test]
fn without_the_lock_it_goes_as_well() {
    let server = serve("127.0.0.1:0", Options::default(), |line| line.to_uppercase()).unwrap();
    let machine = builder().free().build().unwrap();
    let answer = machine.run("ask", &[Data::from(&*server.addr().to_string()), Data::from("hello")]);
    assert_eq!(answer, Ok(Data::from("HELLO")));
}

#[test]
fn a_file_is_read_and_a_database_queried() {
    let (file, database) = (Scratch::new("text"), Scratch::new("database"));
    std::fs::write(&file.0, "a text").unwrap();
    drop(Database::create(&database.0).unwrap());
    let machine = builder().build().unwrap();
    assert_eq!(machine.run("read", &[file.data()]), Ok(Data::from("a text")));
    assert_eq!(machine.run("query", &[database.data(), Data::from("SELECT 1 + 1")]), Ok(Data::from("2")));
}

#[test]
fn what_fails_is_a_fault_where_it_was_called() {
    let machine = builder().build().unwrap();
    let missing = Scratch::new("missing");
    let fault = machine.run("read", &[missing.data()]).unwrap_err();
    assert_eq!((&*fault.function, fault.instruction), ("read", 1));
    let fault = machine.run("ask", &[Data::from("nowhere"), Data::from("hello")]).unwrap_err();
    assert_eq!(fault.reason, "`nowhere` is no address; write it as 127.0.0.1:8000");
    let fault = machine.run("askew", &[]).unwrap_err();
    assert_eq!(fault.reason, "`ask` takes a server's address and a line, both as text");
}
