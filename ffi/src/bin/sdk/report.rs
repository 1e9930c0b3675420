//! What came of each suite, in one place at the end.

use std::fmt;

/// What came of one suite.
#[derive(Debug)]
pub(crate) enum Suite {
    /// It ran.
    Ran {
        /// Tests that passed.
        passed: usize,
        /// Tests that failed.
        failed: usize,
        /// Tests that said that they cannot run here.
        skipped: usize,
    },
    /// It could not run on this machine.
    Skipped {
        /// How many tests did not run.
        tests: usize,
        /// Why.
        reason: String,
    },
    /// Something broke before the tests did.
    Broken(String),
}

impl Suite {
    /// One check that stands for itself.
    pub(crate) const fn passed() -> Self {
        Self::Ran {
            passed: 1,
            failed: 0,
            skipped: 0,
        }
    }
}

/// What came of a suite whose program has ended. It ran only if it ran to its end: a crash may leave the counts of what
/// came before it.
pub(crate) fn ended(is_good: bool, suite: Suite, text: &str) -> Result<Suite, Stop> {
    let Suite::Ran { passed, failed, .. } = suite else {
        return Ok(suite);
    };
    if !is_good || failed > 0 || passed == 0 {
        println!("{text}");
    }
    if passed + failed == 0 {
        return Err(Stop::Failed("no test ran, see above".to_owned()));
    }
    if !is_good && failed == 0 {
        return Err(Stop::Failed("it ended early, see above".to_owned()));
    }
    Ok(suite)
}

/// Why a suite did not run to its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// This machine lacks something.
    Lacks(String),
    /// A step failed.
    Failed(String),
}

impl Stop {
    /// What the report says of a suite that has so many tests.
    pub(crate) fn suite(self, tests: usize) -> Suite {
        match self {
            Self::Lacks(reason) => Suite::Skipped { tests, reason },
            Self::Failed(text) => Suite::Broken(text),
        }
    }
}

/// All suites of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    suites: Vec<(&'static str, Suite)>,
}

impl Report {
    pub(crate) fn add(&mut self, name: &'static str, suite: Suite) {
        self.suites.push((name, suite));
    }

    /// Whether nothing failed. What was skipped is no failure, but it is said.
    pub(crate) fn is_good(&self) -> bool {
        self.suites.iter().all(|(_, suite)| match suite {
            Suite::Ran { failed, .. } => *failed == 0,
            Suite::Skipped { .. } => true,
            Suite::Broken(_) => false,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for (name, suite) in &self.suites {
            match suite {
                Suite::Ran {
                    passed,
                    failed,
                    skipped,
                } => {
                    write!(f, "{name}: {passed} passed, {failed} failed")?;
                    if *skipped > 0 {
                        write!(f, ", {skipped} skipped")?;
                    }
                    writeln!(f)?;
                }
                Suite::Skipped { tests, reason } => {
                    writeln!(f, "{name}: 0 passed, 0 failed, {tests} skipped")?;
                    writeln!(f, "  ***** SKIPPED: {reason} *****")?;
                }
                Suite::Broken(text) => writeln!(f, "{name}: BROKEN: {text}")?,
            }
        }
        Ok(())
    }
}
