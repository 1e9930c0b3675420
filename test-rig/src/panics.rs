//! Panics caught without a word on stderr: whoever catches one decides what is said, and that begins with the command that
//! makes it again.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// A panic: in which file, and what it said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Panicked {
    /// The source file, with forward slashes.
    pub file: String,
    /// File, line and message.
    pub said: String,
}

impl Panicked {
    /// Whether it began in the core: a node's panic, not the rig's.
    #[must_use]
    pub fn is_of_node(&self) -> bool {
        self.file.contains("core/src") && !self.file.contains("/rustc/")
    }
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Panicked> = RefCell::default();
}

/// Runs something; a panic is an error and nothing is printed of it.
///
/// # Errors
/// [`Panicked`] if it does.
pub fn caught<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !CATCHING.get() {
                return before(info);
            }
            let file = info.location().map(|location| location.file());
            let file = file.unwrap_or_default().replace('\\', "/");
            let said = info.to_string().replace('\n', " ");
            LAST.set(Panicked { file, said });
        }));
    });
    let outer = CATCHING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    CATCHING.set(outer);
    result.map_err(|_| LAST.take())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_that_says_where_and_what() {
        assert_eq!(caught(|| 7), Ok(7));
        let panicked = caught(|| panic!("no {}", "dice")).expect_err("it panics");
        assert!(panicked.said.contains("no dice"), "{panicked:?}");
        assert!(panicked.file.ends_with("panics.rs") && !panicked.is_of_node());
    }
}
