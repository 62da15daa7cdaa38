//! What is said: `print!`, `eprint!` and their kin of this tool. Those of the standard library panic where nobody reads any more,
//! as in `weir history | head -1`.

use std::env;
use std::fmt::Arguments;
use std::io::{ErrorKind, IsTerminal, Write as _, stderr, stdout};
use std::process::exit;

macro_rules! print {
    ($($words:tt)*) => { $crate::out::print(format_args!($($words)*)) };
}

macro_rules! println {
    ($($words:tt)*) => { $crate::out::print(format_args!("{}\n", format_args!($($words)*))) };
}

macro_rules! eprint {
    ($($words:tt)*) => { $crate::out::eprint(format_args!($($words)*)) };
}

macro_rules! eprintln {
    ($($words:tt)*) => { $crate::out::eprint(format_args!("{}\n", format_args!($($words)*))) };
}

/// The exit code of what SIGPIPE ends, as shells tell it.
const NOBODY_READS: i32 = 128 + 13;
/// That of wrong use.
const WRONG_USE: i32 = 2;

/// Prints, or ends the process: in silence where nobody reads any more, for then nothing that comes later matters.
pub fn print(text: Arguments<'_>) {
    let mut out = stdout().lock();
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit(NOBODY_READS),
        Err(error) => {
            eprintln!("weir: standard output: {error}");
            exit(WRONG_USE)
        }
    }
}

/// Says something beside that. Where nobody reads it, the exit code still tells.
pub fn eprint(text: Arguments<'_>) {
    let _ = stderr().write_fmt(text);
}

/// Whether it shows colours: a terminal, unless NO_COLOR says otherwise (<https://no-color.org>) or it says that it has none.
pub fn has_colours(stream: &impl IsTerminal) -> bool {
    let says = |name| env::var_os(name).unwrap_or_default();
    stream.is_terminal() && says("NO_COLOR").is_empty() && says("TERM") != "dumb"
}
