//! How late a thread gets the lock back that has let go of it: beside threads that compute, and beside native code.

use std::hint::black_box;
use std::net::UdpSocket;
use std::sync::mpsc::{TryRecvError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use step7::{Data, Gil, GilBuilder, Handoff, INTERVAL, Machine};

use crate::Row;
use crate::Unit::{Micros, Millis, PerSecond, Ratio};
use crate::program::{best, builder, in_a_row, together};

const NAP: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_millis(150);

/// How late a thread was that slept for 1 ms again and again, each time, in ms, sorted.
struct Wakes(Vec<f64>);

impl Wakes {
    fn of(mut late: Vec<f64>) -> Self {
        late.sort_by(f64::total_cmp);
        Self(late)
    }

    /// Lets it sleep while `meanwhile` runs on this thread, beside so many that compute.
    fn during(settings: GilBuilder, hogs: usize, meanwhile: impl FnOnce(&Machine)) -> Self {
        let due = Arc::new(Mutex::new(Instant::now()));
        let late = Arc::new(Mutex::new(Vec::new()));
        let (set_due, all) = (Arc::clone(&due), Arc::clone(&late));
        let nap = move |_: &[Data]| {
            *set_due.lock().unwrap() = Instant::now() + NAP;
            thread::sleep(NAP);
            Ok(Data::None)
        };
        let awake = move |_: &[Data]| {
            all.lock().unwrap().push(due.lock().unwrap().elapsed().as_secs_f64() * 1e3);
            Ok(Data::None)
        };
        let compute = |_: &[Data]| {
            let begin = Instant::now();
            while begin.elapsed() < LONG {}
            Ok(Data::None)
        };
        let machine = builder(&settings.build()).native("nap", nap).native("awake", awake);
        let machine = machine.native("compute", compute).build().unwrap();
        let mut threads = vec![machine.start("sleeper", &[]).unwrap()];
        threads.extend((0..hogs).map(|me| machine.start("hog", &[Data::Int(me as i64)]).unwrap()));
        meanwhile(&machine);
        machine.stop();
        threads.into_iter().for_each(|thread| drop(thread.join()));
        Self::of(std::mem::take(&mut *late.lock().unwrap()))
    }

    fn for_a_second(settings: GilBuilder, hogs: usize) -> Self {
        Self::during(settings, hogs, |_| thread::sleep(SECOND))
    }

    fn middle(&self) -> f64 {
        self.0[self.0.len() / 2]
    }

    fn worst(&self) -> f64 {
        self.0[self.0.len() - 1]
    }

    fn count(&self) -> f64 {
        self.0.len() as f64
    }
}

/// M3: who has let go for IO waits for whoever computes, each time.
pub(crate) fn convoy() -> Vec<Row> {
    let late = |interval, hogs| Wakes::for_a_second(Gil::builder().interval(interval), hogs).middle();
    vec![
        Row::new("late by, alone", Millis, late(INTERVAL, 0), 0.0, 1.0),
        Row::new("late by, beside one that computes, 5 ms", Millis, late(INTERVAL, 1), 4.0, 8.0),
        Row::new("late by, beside one that computes, 0.5 ms", Millis, late(INTERVAL / 10, 1), 0.4, 1.6),
        Row::new("echoes a second, alone", PerSecond, echoes(0), 3000.0, f64::INFINITY),
        Row::new("echoes a second, beside one that computes", PerSecond, echoes(1), 0.0, 500.0),
    ]
}

/// Returns how often a second a client is answered by a thread of the machine, beside so many that compute.
fn echoes(hogs: usize) -> f64 {
    let bind = || UdpSocket::bind("127.0.0.1:0").unwrap();
    let (server, client) = (Arc::new(bind()), bind());
    server.connect(client.local_addr().unwrap()).unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    for socket in [&*server, &client] {
        socket.set_read_timeout(Some(SECOND / 2)).unwrap();
    }

    let socket = Arc::clone(&server);
    let receive = move |_: &[Data]| {
        socket.recv(&mut [0; 64]).map_err(|_| "nobody asks any more".to_owned())?;
        Ok(Data::None)
    };
    let answer = move |_: &[Data]| {
        server.send(b"hello").map_err(|error| error.to_string())?;
        Ok(Data::None)
    };
    let machine = builder(&Gil::default()).native("receive", receive).native("answer", answer);
    let machine = machine.build().unwrap();
    let mut threads = vec![machine.start("echo", &[]).unwrap()];
    threads.extend((0..hogs).map(|me| machine.start("hog", &[Data::Int(me as i64)]).unwrap()));

    let (mut answers, begin) = (0, Instant::now()); // This thread is none of the machine's.
    while begin.elapsed() < SECOND {
        client.send(b"hello").unwrap();
        client.recv(&mut [0; 64]).unwrap();
        answers += 1;
    }
    machine.stop();
    threads.into_iter().for_each(|thread| drop(thread.join()));
    f64::from(answers)
}

/// M4: without the forced hand-over, who computes takes the lock back before the one that it has woken is there.
///
/// If it can: it goes on when the system call that wakes has returned. Where the woken thread runs before that, as on many
/// virtual machines, it gets the lock, and does not starve. So the ratio has a band only where waking is the quicker.
pub(crate) fn unforced() -> Vec<Row> {
    let wakes = |handoff| Wakes::for_a_second(Gil::builder().handoff(handoff), 1).count();
    let (forced, unforced) = (wakes(Handoff::Forced), wakes(Handoff::Unforced));
    let (returns, runs) = wake_up();
    let (ratio, claim) = (unforced / forced, "unforced to forced");
    vec![
        Row::new("wakes a second, forced", PerSecond, forced, 80.0, 240.0),
        Row::report("wakes a second, unforced", PerSecond, unforced),
        if returns < runs {
            Row::new(claim, Ratio, ratio, 0.0, 0.5)
        } else {
            Row::report(claim, Ratio, ratio)
        },
        Row::report("who wakes another goes on after", Micros, returns),
        Row::report("who is woken runs after", Micros, runs),
    ]
}

/// Returns after how many µs a call that wakes a thread returns, and after how many that thread runs; half of them are
/// quicker.
fn wake_up() -> (f64, f64) {
    let (sender, begins) = channel::<Instant>();
    let woken = thread::spawn(move || {
        let mut runs = Vec::new();
        loop {
            match begins.try_recv() {
                Ok(begin) => runs.push(begin.elapsed().as_secs_f64() * 1e6),
                Err(TryRecvError::Empty) => thread::park(),
                Err(TryRecvError::Disconnected) => return runs,
            }
        }
    });
    let mut returns = Vec::new();
    for _ in 0..200 {
        let pause = Instant::now(); // It is asleep by the end of this, and this core is awake.
        while pause.elapsed() < NAP {}
        let begin = Instant::now();
        sender.send(begin).unwrap();
        woken.thread().unpark();
        returns.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    drop(sender);
    woken.thread().unpark();
    (Wakes::of(returns).middle(), Wakes::of(woken.join().unwrap()).middle())
}

/// M6: native code that keeps the lock stalls everybody; what lets go of it stalls nobody, and runs at once.
pub(crate) fn native() -> Vec<Row> {
    let worst = |function| {
        let stall = |machine: &Machine| {
            thread::sleep(Duration::from_millis(50));
            together(&[(machine, function)], &[]);
        };
        Wakes::during(Gil::builder(), 0, stall).worst()
    };
    let machine = builder(&Gil::default()).native("compute", burn).build().unwrap();
    let two = [(&machine, "lets_go"), (&machine, "lets_go")];
    let [base, at_once] = best([&|| in_a_row(&two, &[]), &|| together(&two, &[])]);
    vec![
        Row::new("worst wake beside what keeps it for 150 ms", Millis, worst("keeps"), 100.0, 300.0),
        Row::new("worst wake beside what lets go for 150 ms", Millis, worst("lets_go"), 0.0, 2.0),
        Row::new("speed-up of two that let go", Ratio, base / at_once, 1.6, f64::INFINITY),
    ]
}

/// Computes for some 0.1 s: the hash FNV-1a of a hundred million zeros.
fn burn(_: &[Data]) -> Result<Data, String> {
    let hash = |hash: u64| black_box(hash).wrapping_mul(0x0100_0000_01b3);
    black_box((0..100_000_000).fold(0xcbf2_9ce4_8422_2325, |value, _| hash(value)));
    Ok(Data::None)
}
