//! One page about one run: made of its trace alone, whole in one file, without a network.

mod gather;
mod latency;
mod page;

use std::io::{self, Write};

use crate::trace::writer::Sink;
use crate::trace::{End, Header, Line};
use gather::Gathered;

/// Gathers a report while a trace goes by, and writes it at the end.
pub struct ReportFile {
    out: Box<dyn Write>,
    header: Header,
    gathered: Gathered,
}

impl ReportFile {
    /// A report of the run that begins with this header.
    #[must_use]
    pub fn new(out: Box<dyn Write>, header: Header) -> Self {
        Self {
            out,
            gathered: Gathered::new(&header),
            header,
        }
    }

    /// From which microsecond on messages are drawn, where there are more than a page can hold.
    pub const fn draw_from(&mut self, from_us: i64) {
        self.gathered.draw_from_us = from_us;
    }
}

impl Sink for ReportFile {
    fn line(&mut self, line: &Line) {
        self.gathered.line(line);
    }

    fn end(mut self: Box<Self>, end: &End) -> io::Result<()> {
        let page = page::page(&self.header, &self.gathered, end);
        self.out.write_all(page.as_bytes())?;
        self.out.flush()
    }
}
