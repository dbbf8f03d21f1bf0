//! Step 1's blocking operations, for programs: to read a file, to ask a server, to query a database.
//!
//! They are native functions like any other. Called by `CALL_NATIVE_RELEASED`, they block their thread alone, as in CPython,
//! whose files and sockets let go of the GIL around each system call; called by `CALL_NATIVE`, they block all.

use std::net::SocketAddr;

use step1::Errand;

use crate::{Data, MachineBuilder, Threading};

impl<T: Threading> MachineBuilder<T> {
    /// Gives the program three native functions: `read` takes the path of a file, and returns its text; `ask` takes a
    /// server's address and a line, and returns the line in answer; `query` takes the path of a database and an SQL query, and
    /// returns the rows, one a line.
    ///
    /// ```
    /// use step1::{Options, serve};
    /// use step7::{Data, Machine, Program};
    ///
    /// let program: Program = "
    ///     func main(server)
    ///         RESUME
    ///         LOAD_FAST server
    ///         LOAD_CONST \"hello\"
    ///         CALL_NATIVE_RELEASED ask 2      # Other threads of the machine run meanwhile.
    ///         RETURN
    ///     end
    /// ".parse().unwrap();
    /// let machine = Machine::builder(program.verify().unwrap()).errands().build().unwrap();
    /// let server = serve("127.0.0.1:0", Options::default(), |line| format!("{line} to you"))?;
    /// let answer = machine.run("main", &[Data::from(&*server.addr().to_string())]);
    /// assert_eq!(answer, Ok(Data::from("hello to you")));
    /// # Ok::<(), step1::Error>(())
    /// ```
    #[must_use]
    pub fn errands(self) -> Self {
        self.native("read", |args| match args {
            [Data::Str(file)] => run(&Errand::Read { file: (&**file).into() }),
            _ => Err("`read` takes the path of a file".to_owned()),
        })
        .native("ask", |args| match args {
            [Data::Str(server), Data::Str(line)] => {
                let address: SocketAddr = server
                    .parse()
                    .map_err(|_| format!("`{server}` is no address; write it as 127.0.0.1:8000"))?;
                run(&Errand::Ask { server: address, line: line.to_string() })
            }
            _ => Err("`ask` takes a server's address and a line, both as text".to_owned()),
        })
        .native("query", |args| match args {
            [Data::Str(database), Data::Str(sql)] => {
                run(&Errand::Query { database: (&**database).into(), sql: sql.to_string() })
            }
            _ => Err("`query` takes the path of a database and a query, both as text".to_owned()),
        })
    }
}

fn run(errand: &Errand) -> Result<Data, String> {
    errand.run().map(|answer| Data::from(&*answer)).map_err(|error| error.to_string())
}
