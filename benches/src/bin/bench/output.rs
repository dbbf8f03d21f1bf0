//! The files that a run leaves: itself, and its plots.

use std::env;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::arguments::Arguments;
use crate::date;
use crate::plot;
use crate::run::Run;
use crate::stop::Stop;

/// Where they go, tried before anything is measured.
pub(crate) struct Output {
    folder: PathBuf,
    /// Each is written with the same content; the first is the one to name.
    json: Vec<PathBuf>,
    svg: Vec<PathBuf>,
}

impl Output {
    /// Finds out where files go, and that they can be written.
    ///
    /// # Errors
    ///
    /// Returns which file or folder cannot be written.
    pub(crate) fn prepare(arguments: &Arguments) -> Result<Self, Stop> {
        let folder = arguments.folder.clone().unwrap_or_else(usual_folder);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = date::file_name(&date::text(now));
        let files = |wanted: &Option<PathBuf>, extension: &str| match wanted {
            Some(file) => vec![file.clone()],
            None => [&name[..], "latest"].map(|name| folder.join(format!("{name}.{extension}"))).to_vec(),
        };
        let output = Self {
            json: files(&arguments.json, "json"),
            svg: files(&arguments.svg, "svg"),
            folder: folder.clone(),
        };
        if arguments.json.is_none() || arguments.svg.is_none() {
            fs::create_dir_all(&folder)
                .map_err(|error| Stop::cannot(&format!("make {}: {error}", folder.display())))?;
        }
        output.json.iter().chain(&output.svg).try_for_each(|file| try_to_write(file))?;
        Ok(output)
    }

    /// Reads the run to compare with: the one asked for, or the last one, if it can be read.
    ///
    /// # Errors
    ///
    /// Returns why the one asked for cannot be read.
    pub(crate) fn before(&self, arguments: &Arguments) -> Result<Option<Run>, Stop> {
        match &arguments.compare {
            Some(file) => Run::read(file).map(Some),
            // An older tool may have left one that says nothing to this one.
            None => Ok(Run::read(&self.folder.join("latest.json")).ok()),
        }
    }

    /// Writes the run and its plots, and says where.
    ///
    /// # Errors
    ///
    /// Returns what could not be written.
    pub(crate) fn write(&self, run: &Run) -> Result<(), Stop> {
        let text = serde_json::to_string_pretty(run).map_err(|error| Stop::failed(&error.to_string()))?;
        for file in &self.json {
            replace(file, &format!("{text}\n")).map_err(|error| cannot_write(file, &error))?;
        }
        eprintln!("the run is in {}", self.json[0].display());
        self.svg.iter().try_for_each(|file| draw(run, file))?;
        eprintln!("its plot is in {}", self.svg[0].display());
        Ok(())
    }
}

/// Writes a file as a whole: a run that is killed, or finds the disk full, leaves the last one as it was.
///
/// What is no file, such as `/dev/stdout`, is written as it stands.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    if fs::symlink_metadata(file).is_ok_and(|there| !there.is_file()) {
        return fs::write(file, text);
    }
    let mut new = file.as_os_str().to_owned();
    new.push(format!(".new-{}", std::process::id()));
    fs::write(&new, text).and_then(|()| fs::rename(&new, file)).inspect_err(|_| {
        let _perhaps_never_made = fs::remove_file(&new);
    })
}

/// Draws the plot of `run` to `file`, and that of its scaling beside it, if there is any.
///
/// # Errors
///
/// Returns what could not be written.
pub(crate) fn draw(run: &Run, file: &Path) -> Result<(), Stop> {
    let save = |file: &Path, svg: Result<String, String>| {
        let svg = svg.map_err(|why| Stop::failed(&format!("cannot draw {}: {why}", file.display())))?;
        replace(file, &svg).map_err(|error| cannot_write(file, &error))
    };
    save(file, plot::bars(run))?;
    if run.samples.iter().any(|sample| sample.scaling) {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        save(&file.with_file_name(format!("{stem}-scaling.svg")), plot::scaling(run))?;
    }
    Ok(())
}

/// The folder `bench` in cargo's target folder, in which this tool itself is.
fn usual_folder() -> PathBuf {
    let tool = env::current_exe().ok();
    let target = tool.as_deref().and_then(|tool| tool.ancestors().nth(2));
    target.unwrap_or(Path::new("target")).join("bench")
}

fn try_to_write(file: &Path) -> Result<(), Stop> {
    let was_there = file.exists();
    let opened = OpenOptions::new().append(true).create(true).open(file);
    opened.map_err(|error| Stop::cannot(&format!("write {}: {error}", file.display())))?;
    if !was_there {
        let _written_later = fs::remove_file(file);
    }
    Ok(())
}

fn cannot_write(file: &Path, error: &std::io::Error) -> Stop {
    Stop::failed(&format!("cannot write {}: {error}", file.display()))
}
