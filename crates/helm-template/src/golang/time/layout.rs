//! Layouts: the reference time `Mon Jan 2 15:04:05 MST 2006`, written as the result shall look.

/// A part of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk<'l> {
    Text(&'l str),
    LongMonth,
    ShortMonth,
    Month,
    ZeroMonth,
    LongWeekday,
    ShortWeekday,
    Day,
    SpaceDay,
    ZeroDay,
    SpaceYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperHalf,
    LowerHalf,
    ZoneName,
    Offset { z: bool, colon: bool, parts: usize },
    Fraction { separator: char, digits: usize, trims: bool },
}

/// What stands for what; of several that fit, the first counts.
const CHUNKS: [(&str, Chunk<'static>); 33] = [
    ("January", Chunk::LongMonth),
    ("Jan", Chunk::ShortMonth),
    ("Monday", Chunk::LongWeekday),
    ("Mon", Chunk::ShortWeekday),
    ("MST", Chunk::ZoneName),
    ("002", Chunk::ZeroYearDay),
    ("01", Chunk::ZeroMonth),
    ("02", Chunk::ZeroDay),
    ("03", Chunk::ZeroHour12),
    ("04", Chunk::ZeroMinute),
    ("05", Chunk::ZeroSecond),
    ("06", Chunk::Year),
    ("15", Chunk::Hour),
    ("1", Chunk::Month),
    ("2006", Chunk::LongYear),
    ("2", Chunk::Day),
    ("__2", Chunk::SpaceYearDay),
    ("_2", Chunk::SpaceDay),
    ("3", Chunk::Hour12),
    ("4", Chunk::Minute),
    ("5", Chunk::Second),
    ("PM", Chunk::UpperHalf),
    ("pm", Chunk::LowerHalf),
    ("-070000", Chunk::Offset { z: false, colon: false, parts: 3 }),
    ("-07:00:00", Chunk::Offset { z: false, colon: true, parts: 3 }),
    ("-0700", Chunk::Offset { z: false, colon: false, parts: 2 }),
    ("-07:00", Chunk::Offset { z: false, colon: true, parts: 2 }),
    ("-07", Chunk::Offset { z: false, colon: false, parts: 1 }),
    ("Z070000", Chunk::Offset { z: true, colon: false, parts: 3 }),
    ("Z07:00:00", Chunk::Offset { z: true, colon: true, parts: 3 }),
    ("Z0700", Chunk::Offset { z: true, colon: false, parts: 2 }),
    ("Z07:00", Chunk::Offset { z: true, colon: true, parts: 2 }),
    ("Z07", Chunk::Offset { z: true, colon: false, parts: 1 }),
];

/// The parts of a layout with the text between them.
pub(super) fn chunks(layout: &str) -> Vec<Chunk<'_>> {
    let mut found = Vec::new();
    let (mut start, mut position) = (0, 0);
    while position < layout.len() {
        let rest = &layout[position..];
        let Some((length, chunk)) = chunk_at(rest) else {
            position += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        // The underscore before a year is text.
        let text_end = position + usize::from(rest.starts_with("_2006"));
        if text_end > start {
            found.push(Chunk::Text(&layout[start..text_end]));
        }
        found.push(chunk);
        position += length;
        start = position;
    }
    if start < layout.len() {
        found.push(Chunk::Text(&layout[start..]));
    }
    found
}

/// The part at the front of a layout, and how long it is.
fn chunk_at<'l>(rest: &str) -> Option<(usize, Chunk<'l>)> {
    if let Some(fraction) = fraction(rest) {
        return Some(fraction);
    }
    if rest.starts_with("_2006") {
        return Some((5, Chunk::LongYear));
    }
    let (pattern, chunk) = CHUNKS.iter().find(|(pattern, _)| rest.starts_with(pattern))?;
    // `Janet` is a name, not a month.
    if *pattern == "Jan" && rest.as_bytes().get(3).is_some_and(u8::is_ascii_lowercase) {
        return None;
    }
    Some((pattern.len(), *chunk))
}

/// `.000` and `,999`; no digit may follow.
fn fraction<'l>(rest: &str) -> Option<(usize, Chunk<'l>)> {
    let separator = rest.chars().next().filter(|c| matches!(c, '.' | ','))?;
    let digit = rest[1..].chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let digits = rest[1..].chars().take_while(|c| *c == digit).count();
    let ends = !rest[1 + digits..].starts_with(|c: char| c.is_ascii_digit());
    ends.then_some((1 + digits, Chunk::Fraction { separator, digits, trims: digit == '9' }))
}
