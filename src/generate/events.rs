//! the bytes of a response → the data of its events
//!
//! All these APIs stream server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>), and the network cuts them
//! anywhere: within a line, within a character. Only the data is told: the names of events stand in it once more.
//! A server that does not stream, or reports an error under status 200, sends one JSON text, which is then the only event.

/// An event longer than this, in bytes, is no language model's.
const LONGEST: usize = 16 * 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What is known of the framing of a response.
#[derive(Debug, Default)]
pub(super) struct Framing {
    shape: Shape,
    /// Bytes of the line that has not ended yet, or of the whole body where it is no stream.
    rest: Vec<u8>,
    /// So many of them were looked through for the end of the line.
    searched: usize,
    /// The `data:` lines of the event that has not ended yet.
    data: Vec<u8>,
}

/// What the response turned out to be.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    #[default]
    Unknown,
    Stream,
    /// One JSON text.
    Whole,
}

impl Framing {
    /// Takes the next bytes and gives the data of the events that have ended, or what this is instead of events.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
        self.rest.extend_from_slice(bytes);
        if self.shape == Shape::Unknown {
            let text = self.rest.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.rest);
            let mark = self.rest.len() - text.len();
            match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => {}
                Some(b'<') => return Err("a web page"),
                Some(_) if BYTE_ORDER_MARK.starts_with(text) => {} // The rest of the mark may come yet.
                Some(b'{' | b'[') => self.shape = Shape::Whole,
                Some(_) => self.shape = Shape::Stream,
            }
            if self.shape != Shape::Unknown {
                self.rest.drain(..mark);
            }
        }
        let mut events = Vec::new();
        if self.shape == Shape::Stream {
            let mut rest = std::mem::take(&mut self.rest);
            let mut start = 0;
            while let Some((end, next)) = line_end(&rest, start.max(self.searched)) {
                events.extend(self.line(&rest[start..end]));
                start = next;
            }
            rest.drain(..start);
            self.rest = rest;
            self.searched = self.rest.len().saturating_sub(1); // The last may be a carriage return.
        }
        if self.rest.len() + self.data.len() > LONGEST {
            return Err("data without end");
        }
        Ok(events)
    }

    /// The response has ended: its shape, and what stood last, which may be cut in two.
    pub(super) fn finish(&mut self) -> (Shape, Vec<u8>) {
        let rest = std::mem::take(&mut self.rest);
        let last = match self.shape {
            Shape::Stream => self.line(&rest).unwrap_or_else(|| std::mem::take(&mut self.data)),
            _ => rest,
        };
        (self.shape, last.trim_ascii().to_vec())
    }

    /// Gives the data of an event, where the line ends one.
    fn line(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return (!data.trim_ascii().is_empty()).then_some(data);
        }
        if let Some(value) = line.strip_prefix(b"data:") {
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
        }
        None // Comments, names and numbers of events say nothing here.
    }
}

/// Where the first line's end is, looked for from `from` on, and where the next line begins.
fn line_end(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let end = from + bytes.get(from..)?.iter().position(|&byte| byte == b'\n' || byte == b'\r')?;
    match (bytes[end], bytes.get(end + 1)) {
        (b'\r', Some(b'\n')) => Some((end, end + 2)),
        (b'\r', None) => None, // The other half of the line's end may be in the next bytes.
        _ => Some((end, end + 1)),
    }
}
