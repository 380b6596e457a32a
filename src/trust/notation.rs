//! PEM as Go reads it (`encoding/pem`, `Decode`), which is what istiod makes of the files of the Secret `cacerts`.
//!
//! Go wants each marker at the start of a line of its own, and passes over whatever it cannot read without a word. Other readers take
//! more: blocks that are indented, or glued together, or all in one line.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pem::Pem;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// A mark at the start of a text, which editors of Windows write.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What Go does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// The line, from 1.
    pub line: usize,
    pub reason: &'static str,
}

/// The blocks of a text, all of which Go must read.
pub(super) fn blocks(text: &str) -> Result<Vec<Pem>, Unread> {
    let mut blocks = Vec::new();
    let mut open: Option<Open<'_>> = None;
    for (index, line) in text.split('\n').enumerate() {
        let unread = |reason| Unread { line: index + 1, reason };
        let content = line.trim_end_matches(['\r', ' ', '\t']);
        match (marker(content), open.take()) {
            (Marker::Begin(kind), None) => open = Some(Open { kind, line: index + 1, body: Vec::new() }),
            (Marker::Begin(_), Some(begun)) => {
                return Err(begun.unread("the block that begins here has no END line"));
            }
            (Marker::End(kind), Some(begun)) if begun.kind == kind => blocks.push(begun.block()?),
            (Marker::End(_), Some(_)) => {
                return Err(unread("the END line does not have the label of the BEGIN line"));
            }
            (Marker::End(_), None) => return Err(unread("no block begins before this END line")),
            (Marker::Misplaced(reason), _) => return Err(unread(reason)),
            (Marker::None, Some(mut begun)) => {
                begun.body.push(content);
                open = Some(begun);
            }
            (Marker::None, None) => {}
        }
    }
    match open {
        Some(begun) => Err(begun.unread("the block that begins here has no END line")),
        None => Ok(blocks),
    }
}

/// What a line is, without the white space at its end.
enum Marker<'a> {
    Begin(&'a str),
    End(&'a str),
    Misplaced(&'static str),
    None,
}

fn marker(line: &str) -> Marker<'_> {
    let label =
        |start: &str| line.strip_prefix(start)?.strip_suffix(DASHES).filter(|label| !label.contains(DASHES));
    if let Some(kind) = label(BEGIN) {
        return Marker::Begin(kind);
    }
    if let Some(kind) = label(END) {
        return Marker::End(kind);
    }
    if !line.contains(BEGIN) && !line.contains(END) {
        return Marker::None;
    }
    let start = line.trim_start();
    Marker::Misplaced(if line.starts_with(BYTE_ORDER_MARK) {
        "the file starts with a byte order mark"
    } else if start.len() < line.len() && (start.starts_with(BEGIN) || start.starts_with(END)) {
        "the BEGIN or END line is indented"
    } else if line.matches(BEGIN).count() + line.matches(END).count() > 1 {
        "a BEGIN and an END marker are in one line"
    } else {
        "the BEGIN or END marker is not in a line of its own"
    })
}

/// A block that has begun.
struct Open<'a> {
    kind: &'a str,
    line: usize,
    body: Vec<&'a str>,
}

impl Open<'_> {
    fn unread(&self, reason: &'static str) -> Unread {
        Unread { line: self.line, reason }
    }

    /// Headers come first, each with a colon; spaces and tabs in the rest are nothing to Go.
    fn block(&self) -> Result<Pem, Unread> {
        let headers = self.body.iter().take_while(|line| line.contains(':')).count();
        let (headers, content) = self.body.split_at(headers);
        let content: String = content
            .iter()
            .flat_map(|line| line.chars())
            .filter(|letter| !matches!(letter, ' ' | '\t' | '\r'))
            .collect();
        let content = STANDARD
            .decode(content)
            .map_err(|_| self.unread("the block that begins here is not valid base64"))?;
        let mut block = Pem::new(self.kind, content);
        for (key, value) in headers.iter().filter_map(|line| line.split_once(':')) {
            // A header with a colon in its value cannot be kept, and nobody looks at it.
            let _ = block.headers_mut().add(key.trim(), value.trim());
        }
        Ok(block)
    }
}
