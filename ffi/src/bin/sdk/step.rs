//! Running other programs, and where things lie.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::report::Stop;

pub(crate) type Done<T = ()> = Result<T, Stop>;

/// No step takes longer on a machine that works; then it is ended.
const STEP_MAX: Duration = Duration::from_secs(30 * 60);
/// What has not been fetched by then will not be: the suite that needs it is skipped.
const FETCH_MAX: Duration = Duration::from_secs(5 * 60);
/// A mirror that does not answer is given up.
const APT_PATIENCE: [&str; 4] = [
    "-o",
    "Acquire::http::Timeout=20",
    "-o",
    "Acquire::Retries=1",
];
/// How often a running step is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The repository.
pub(crate) fn root() -> PathBuf {
    let ffi = Path::new(env!("CARGO_MANIFEST_DIR"));
    ffi.parent().unwrap_or(ffi).to_path_buf()
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| root().join("target"))
}

/// Tools that are fetched once, for all checkouts: a folder of ours in the user's cache, or in `target` without one.
pub(crate) fn cache(name: &str) -> Done<PathBuf> {
    let folder = |name| {
        let path = std::env::var_os(name).filter(|path| !path.is_empty());
        path.map(PathBuf::from)
    };
    let base = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    make_folder(base.unwrap_or_else(target).join("bitcraps-sdk").join(name))
}

/// What is made anew each time.
pub(crate) fn output(name: &str) -> Done<PathBuf> {
    make_folder(target().join("sdk").join(name))
}

pub(crate) fn make_folder(path: PathBuf) -> Done<PathBuf> {
    fs::create_dir_all(&path).map_err(|error| failed(&path, &error))?;
    Ok(path)
}

pub(crate) fn copy(from: &Path, to: &Path) -> Done {
    fs::copy(from, to).map_err(|error| failed(from, &error))?;
    Ok(())
}

pub(crate) fn failed(what: &Path, error: &std::io::Error) -> Stop {
    Stop::Failed(format!("{}: {error}", what.display()))
}

/// Whether a program can be called.
pub(crate) fn has(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Makes sure of programs, from the machine's packages if it lets us.
pub(crate) fn need(programs: &[&str], packages: &[&str]) -> Done {
    let missing = || programs.iter().find(|program| !has(program));
    if missing().is_some() && has("apt-get") && is_root() {
        let _ = fetch("apt", "apt-get", |apt| {
            apt.args(APT_PATIENCE)
                .args(["-qq", "update"])
                .env("DEBIAN_FRONTEND", "noninteractive")
        });
        let _ = fetch("apt", "apt-get", |apt| {
            let options = ["-qq", "-y", "--no-install-recommends", "install"];
            apt.args(APT_PATIENCE)
                .args(options)
                .args(packages)
                .env("DEBIAN_FRONTEND", "noninteractive")
        });
    }
    match missing() {
        None => Ok(()),
        Some(program) => Err(Stop::Lacks(format!(
            "{program} is missing; install {}",
            packages.join(" ")
        ))),
    }
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.starts_with(b"0\n"))
}

/// Runs a program and gives what it printed. It is shown only if the program fails.
pub(crate) fn run(
    what: &str,
    program: impl AsRef<OsStr>,
    set_up: impl FnOnce(&mut Command) -> &mut Command,
) -> Done<String> {
    shown(what, try_within(STEP_MAX, what, program, set_up)?)
}

/// Runs a program that fetches something; it has less time.
pub(crate) fn fetch(
    what: &str,
    program: impl AsRef<OsStr>,
    set_up: impl FnOnce(&mut Command) -> &mut Command,
) -> Done<String> {
    shown(what, try_within(FETCH_MAX, what, program, set_up)?)
}

fn shown(what: &str, (is_good, text): (bool, String)) -> Done<String> {
    if is_good {
        return Ok(text);
    }
    println!("{text}");
    Err(Stop::Failed(format!("{what} failed, see above")))
}

/// Runs a program and gives whether it succeeded, and what it printed.
pub(crate) fn try_run(
    what: &str,
    program: impl AsRef<OsStr>,
    set_up: impl FnOnce(&mut Command) -> &mut Command,
) -> Done<(bool, String)> {
    try_within(STEP_MAX, what, program, set_up)
}

/// The same; one that does not end in time is ended, and has failed.
fn try_within(
    limit: Duration,
    what: &str,
    program: impl AsRef<OsStr>,
    set_up: impl FnOnce(&mut Command) -> &mut Command,
) -> Done<(bool, String)> {
    let started = Instant::now();
    // Into a file, not a pipe: nobody has to read along, and a grandchild that lives on keeps nobody waiting.
    let printed = output("printed")?.join(format!("{}-{}", std::process::id(), file_name(what)));
    let file = File::create(&printed).map_err(|error| failed(&printed, &error))?;
    let copy = file.try_clone().map_err(|error| failed(&printed, &error))?;
    let mut command = Command::new(program);
    set_up(&mut command)
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(copy);
    let status =
        wait(&mut command, limit).map_err(|error| Stop::Failed(format!("{what}: {error}")))?;
    println!("  {what}: {} s", started.elapsed().as_secs());
    let text = fs::read(&printed).map_err(|error| failed(&printed, &error))?;
    let _ = fs::remove_file(&printed);
    let mut text = String::from_utf8_lossy(&text).into_owned();
    if status.is_none() {
        text.push_str(&format!("{what} did not end within {limit:?}\n"));
    }
    Ok((status.is_some_and(|status| status.success()), text))
}

/// Waits for a program to end; nothing if it had to be ended.
fn wait(command: &mut Command, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let started = Instant::now();
    let mut child = command.spawn()?;
    while started.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(LOOK_EVERY);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

fn file_name(what: &str) -> String {
    what.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// The number that stands right before a word, such as 9 in "9 passed".
pub(crate) fn number_before(text: &str, word: &str) -> usize {
    let before = text
        .split(word)
        .next()
        .filter(|before| before.len() < text.len());
    let number = before.and_then(|before| {
        before
            .trim_end()
            .rsplit(|c: char| !c.is_ascii_digit())
            .next()
    });
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// How often a marker stands in the files of a folder: how many tests there are that cannot be run. Benchmarks look like
/// tests and are none.
pub(crate) fn count(folder: &Path, marker: &str) -> usize {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let counts = entries.flatten().map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            count(&path, marker)
        } else if path.file_stem().is_some_and(|name| name == "Bench") {
            0
        } else {
            fs::read_to_string(&path).map_or(0, |text| text.matches(marker).count())
        }
    });
    counts.sum()
}
