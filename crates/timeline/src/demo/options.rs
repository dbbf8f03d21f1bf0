//! The options of a demo program, read by hand: there are few, and the demos stay quick to build.

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal},
    path::PathBuf,
};

pub(super) const HELP: &str = "\
Plays one of the note's programs and draws what happened when.

Options:
  --plain           print the program's own lines only
  --manual-clock    move the time on instead of waiting for it
  --width N         columns to draw in, from 40 up (default: $COLUMNS, or 80)
  --color WHEN      auto, always or never; auto is a terminal without NO_COLOR
  --svg FILE        write the picture as SVG
  --json FILE       write the timeline as JSON
  --chrome FILE     write a trace for ui.perfetto.dev or chrome://tracing
  --help            print this
";

const NARROWEST: usize = 40;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Request {
    Play(Options),
    Help,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Options {
    pub(super) plain: bool,
    pub(super) manual: bool,
    pub(super) width: usize,
    pub(super) color: bool,
    pub(super) svg: Option<PathBuf>,
    pub(super) json: Option<PathBuf>,
    pub(super) chrome: Option<PathBuf>,
}

/// What holds where the arguments say nothing.
pub(super) struct Defaults {
    pub(super) width: usize,
    pub(super) color: bool,
}

impl Defaults {
    pub(super) fn of_process() -> Defaults {
        let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        // The convention of no-color.org: set and not empty means no colours.
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Defaults {
            width: columns.unwrap_or(80).max(NARROWEST),
            color: io::stdout().is_terminal() && !refused,
        }
    }
}

impl Options {
    pub(super) fn parse(
        args: impl IntoIterator<Item = OsString>,
        defaults: &Defaults,
    ) -> Result<Request, String> {
        let mut options = Options { width: defaults.width, color: defaults.color, ..Options::default() };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let arg = text(arg)?;
            let (name, inline) = match arg.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                None => (arg.as_str(), None),
            };
            let mut value = || match inline.clone() {
                Some(value) => Ok(value),
                None => text(args.next().ok_or_else(|| format!("{name} needs a value"))?),
            };
            match name {
                "--width" => options.width = width(&value()?)?,
                "--color" => options.color = color(&value()?, defaults.color)?,
                "--svg" => options.svg = Some(value()?.into()),
                "--json" => options.json = Some(value()?.into()),
                "--chrome" => options.chrome = Some(value()?.into()),
                "--plain" | "--manual-clock" | "--help" if inline.is_some() => {
                    return Err(format!("{name} takes no value"));
                }
                "--plain" => options.plain = true,
                "--manual-clock" => options.manual = true,
                "--help" => return Ok(Request::Help),
                _ => return Err(format!("unknown option `{arg}`")),
            }
        }
        Ok(Request::Play(options))
    }
}

fn text(arg: OsString) -> Result<String, String> {
    arg.into_string().map_err(|arg| format!("`{}` is not UTF-8", arg.display()))
}

fn width(value: &str) -> Result<usize, String> {
    let width = value.parse().ok().filter(|width| *width >= NARROWEST);
    width.ok_or_else(|| format!("--width takes a number from {NARROWEST} up, not `{value}`"))
}

fn color(value: &str, auto: bool) -> Result<bool, String> {
    match value {
        "auto" => Ok(auto),
        "always" => Ok(true),
        "never" => Ok(false),
        _ => Err(format!("--color takes auto, always or never, not `{value}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Request, String> {
        Options::parse(args.iter().map(OsString::from), &Defaults { width: 80, color: false })
    }

    #[test]
    fn no_arguments_mean_the_defaults() {
        let options = Options { width: 80, ..Options::default() };
        assert_eq!(parse(&[]), Ok(Request::Play(options)));
    }

    #[test]
    fn every_option_is_taken_with_a_blank_or_an_equals_sign() {
        let options = Options {
            plain: true,
            manual: true,
            width: 100,
            color: true,
            svg: Some("a.svg".into()),
            json: Some("b.json".into()),
            chrome: Some("c=d.json".into()),
        };
        let args = ["--plain", "--manual-clock", "--width", "100", "--color=always", "--svg", "a.svg"];
        let more = ["--json=b.json", "--chrome=c=d.json"];
        assert_eq!(parse(&[&args[..], &more[..]].concat()), Ok(Request::Play(options)));
    }

    #[test]
    fn help_wins_over_what_follows() {
        assert_eq!(parse(&["--help", "--nonsense"]), Ok(Request::Help));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let why = |args: &[&str]| parse(args).unwrap_err();
        assert_eq!(why(&["--fast"]), "unknown option `--fast`");
        assert_eq!(why(&["file.svg"]), "unknown option `file.svg`");
        assert_eq!(why(&["--width"]), "--width needs a value");
        assert_eq!(why(&["--width", "39"]), "--width takes a number from 40 up, not `39`");
        assert_eq!(why(&["--width=-1"]), "--width takes a number from 40 up, not `-1`");
        assert_eq!(why(&["--color", "red"]), "--color takes auto, always or never, not `red`");
        assert_eq!(why(&["--plain=yes"]), "--plain takes no value");
    }
}
