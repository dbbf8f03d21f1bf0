//! Three errands, so many times: a file to read, a server to ask that takes 2 ms to answer, a database to query. Returns
//! how many bytes they brought.
//!
//! `cargo run --profile bench -p benches --bin steps -- errands`

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use step1::{Errand, LineCodec, spin};
use step4::{TcpStream, fs, unblock};
use step7::{Data, Machine, Verified};

use crate::{Setting, Workload, machine};

const DELAY: Duration = Duration::from_millis(2);
const TEXT: &str = "Begin operation\n";
const LINE: &str = "hello";
const SQL: &str = "SELECT language FROM users WHERE name = 'Grace Hopper'";
const ROW: &str = "COBOL";

/// A native function does the errand. It keeps the lock meanwhile, or lets go of it, which is another instruction.
const PROGRAM: &str = "
native errand
func run(n)
    RESUME
    LOAD_FAST n
    CALL_NATIVE errand 1
    RETURN
end
";

fn job(errand: &Errand) -> u64 {
    errand.run().expect("what it needs is there").len() as u64
}

/// Does the same without blocking the loop: sockets by the selector, what can only block on another thread.
async fn future(errand: Errand) -> u64 {
    let text = match errand {
        Errand::Read { file } => fs::read_to_string(file).await.expect("it is there"),
        Errand::Ask { server, line } => ask(server, &line).await.expect("it answers"),
        errand @ Errand::Query { .. } => unblock(move || errand.run()).await.expect("what it needs is there"),
    };
    text.len() as u64
}

async fn ask(server: SocketAddr, line: &str) -> io::Result<String> {
    let mut codec = LineCodec::default();
    let mut request = Vec::new();
    codec.encode(line, &mut request)?;
    let stream = TcpStream::connect(server).await?;
    stream.write_all(&request).await?;
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => codec.feed(&bytes[..n]),
        }
        if let Some(answer) = codec.next_line() {
            return Ok(answer?);
        }
    }
}

pub(crate) fn make(times: usize, setting: &Setting) -> Workload {
    let three = [
        Errand::Read { file: setting.file(TEXT) },
        Errand::Ask { server: setting.server(DELAY), line: LINE.to_owned() },
        Errand::Query { database: setting.database(), sql: SQL.to_owned() },
    ];
    let errands: Rc<[Errand]> = three.iter().cycle().take(times * three.len()).cloned().collect();
    let [to_run, to_await] = [(); 2].map(|()| Rc::clone(&errands));
    let spinning = move || {
        let results = spin(&errands).results.into_iter();
        results.map(|result| result.expect("what it needs is there").len() as u64).sum()
    };
    let [released, kept] = ["CALL_NATIVE_RELEASED", "CALL_NATIVE"].map(|instruction| {
        let program = machine::program(&PROGRAM.replace("CALL_NATIVE", instruction));
        let errands = three.clone();
        move || on_a_machine(&program, &errands, times)
    });
    let delay = DELAY.as_millis();
    let what = format!("{times} times a file, a server that takes {delay} ms, a database; returns the bytes");
    Workload::new(what, times * (TEXT.len() + LINE.len() + ROW.len()))
        .jobs(move || to_run.iter().cloned().map(|errand| move || job(&errand)).collect())
        .way(1, "spin", spinning)
        .futures(move || to_await.iter().cloned().map(future).collect())
        .way(7, "machine, lock released", released)
        .way(7, "machine, lock kept", kept)
}

/// Does each errand on a thread of a machine, by a native function.
fn on_a_machine(program: &Verified, errands: &[Errand; 3], times: usize) -> u64 {
    let calls = (0..times * errands.len()).map(|n| vec![Data::Int(n as i64)]);
    let errands = errands.clone();
    let native = move |args: &[Data]| match args {
        [Data::Int(n)] => Ok(Data::Int(job(&errands[*n as usize % errands.len()]) as i64)),
        _ => Err("an errand has a number".to_owned()),
    };
    let machine = Machine::builder(program.clone()).native("errand", native).build();
    machine::on_threads(&machine.expect("it has its native function"), "run", calls)
}
