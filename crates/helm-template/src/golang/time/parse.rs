//! Reading a time by its layout.

use super::layout::{Chunk, chunks};
use super::{MONTHS, SECONDS_A_DAY, Time, Zone, days_from};
use crate::golang::quote::quote;

/// The fields that a layout names, as far as they have been read.
struct Fields {
    year: i64,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    nanoseconds: u32,
    is_afternoon: Option<bool>,
    zone: Option<Zone>,
}

/// `time.ParseInLocation` for layouts of numbers, months, halves of the day and offsets.
pub(crate) fn parse(layout: &str, text: &str, local: &Zone) -> Result<Time, String> {
    let mut fields = Fields {
        year: 0,
        month: 1,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
        nanoseconds: 0,
        is_afternoon: None,
        zone: None,
    };
    let shown = |part: &str| quote(part.as_bytes());
    let mut rest = text;
    for (chunk, pattern) in with_patterns(layout) {
        let fail = |rest: &str| {
            format!(
                "parsing time {} as {}: cannot parse {} as {}",
                shown(text),
                shown(layout),
                shown(rest),
                shown(&pattern)
            )
        };
        match fields.read(&chunk, rest) {
            Read::Done(after) => rest = after,
            Read::Wrong => return Err(fail(rest)),
            Read::OutOfRange(what) => {
                return Err(format!("parsing time {}: {what} out of range", shown(text)));
            }
        }
    }
    if !rest.is_empty() {
        return Err(format!("parsing time {}: extra text: {}", shown(text), shown(rest)));
    }
    fields.time(local).map_err(|what| format!("parsing time {}: {what} out of range", shown(text)))
}

/// Each part of a layout and how it is written there.
fn with_patterns(layout: &str) -> Vec<(Chunk<'_>, String)> {
    let parts = chunks(layout);
    let mut rest = layout;
    let mut result = Vec::new();
    for (index, chunk) in parts.iter().enumerate() {
        let length = match (chunk, parts.get(index + 1)) {
            (Chunk::Text(text), _) => text.len(),
            (_, Some(Chunk::Text(next))) => rest.find(next).unwrap_or(rest.len()),
            (_, None) => rest.len(),
            (Chunk::LongYear, _) => 4,
            (Chunk::Fraction { digits, .. }, _) => digits + 1,
            _ => 2.min(rest.len()),
        };
        let (pattern, after) = rest.split_at(length.min(rest.len()));
        result.push((*chunk, pattern.to_owned()));
        rest = after;
    }
    result
}

enum Read<'t> {
    Done(&'t str),
    Wrong,
    OutOfRange(&'static str),
}

/// A number of `least` to `most` digits at the front.
fn number(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if digits < least {
        return None;
    }
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

impl Fields {
    fn read<'t>(&mut self, chunk: &Chunk<'_>, text: &'t str) -> Read<'t> {
        let (field, least, most, range, what) = match chunk {
            Chunk::Text(expected) => {
                return text.strip_prefix(expected).map_or(Read::Wrong, Read::Done);
            }
            Chunk::LongYear => {
                return match number(text, 4, 4) {
                    Some((year, rest)) => {
                        self.year = i64::from(year);
                        Read::Done(rest)
                    }
                    None => Read::Wrong,
                };
            }
            Chunk::Year => {
                return match number(text, 2, 2) {
                    Some((year, rest)) => {
                        self.year = i64::from(year) + if year >= 69 { 1900 } else { 2000 };
                        Read::Done(rest)
                    }
                    None => Read::Wrong,
                };
            }
            Chunk::Month => (&mut self.month, 1, 2, 1..=12, "month"),
            Chunk::ZeroMonth => (&mut self.month, 2, 2, 1..=12, "month"),
            Chunk::Day | Chunk::SpaceDay => (&mut self.day, 1, 2, 0..=99, "day"),
            Chunk::ZeroDay => (&mut self.day, 2, 2, 0..=99, "day"),
            Chunk::Hour => (&mut self.hour, 2, 2, 0..=23, "hour"),
            Chunk::Hour12 => (&mut self.hour, 1, 2, 0..=12, "hour"),
            Chunk::ZeroHour12 => (&mut self.hour, 2, 2, 0..=12, "hour"),
            Chunk::Minute => (&mut self.minute, 1, 2, 0..=59, "minute"),
            Chunk::ZeroMinute => (&mut self.minute, 2, 2, 0..=59, "minute"),
            Chunk::Second => (&mut self.second, 1, 2, 0..=59, "second"),
            Chunk::ZeroSecond => (&mut self.second, 2, 2, 0..=59, "second"),
            _ => return self.read_other(chunk, text),
        };
        let text = if matches!(chunk, Chunk::SpaceDay) { text.trim_start_matches(' ') } else { text };
        match number(text, least, most) {
            Some((value, rest)) if range.contains(&value) => {
                *field = value;
                Read::Done(rest)
            }
            Some(_) => Read::OutOfRange(what),
            None => Read::Wrong,
        }
    }

    fn read_other<'t>(&mut self, chunk: &Chunk<'_>, text: &'t str) -> Read<'t> {
        match chunk {
            Chunk::LongMonth | Chunk::ShortMonth => {
                for (index, name) in MONTHS.iter().enumerate() {
                    let name = if matches!(chunk, Chunk::ShortMonth) { &name[..3] } else { name };
                    if text.get(..name.len()).is_some_and(|front| front.eq_ignore_ascii_case(name)) {
                        self.month = u32::try_from(index + 1).unwrap_or(1);
                        return Read::Done(&text[name.len()..]);
                    }
                }
                Read::Wrong
            }
            Chunk::LongWeekday | Chunk::ShortWeekday => {
                let length = if matches!(chunk, Chunk::ShortWeekday) {
                    3
                } else {
                    text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len())
                };
                text.get(length..).map_or(Read::Wrong, Read::Done)
            }
            Chunk::UpperHalf | Chunk::LowerHalf => {
                let front = text.get(..2).unwrap_or_default().to_ascii_uppercase();
                match front.as_str() {
                    "AM" | "PM" => {
                        self.is_afternoon = Some(front == "PM");
                        Read::Done(&text[2..])
                    }
                    _ => Read::Wrong,
                }
            }
            Chunk::Fraction { .. } => {
                let Some(after) = text.strip_prefix(['.', ',']) else { return Read::Done(text) };
                let digits = after.bytes().take_while(u8::is_ascii_digit).count();
                let padded = format!("{:0<9}", &after[..digits.min(9)]);
                self.nanoseconds = padded.parse().unwrap_or(0);
                Read::Done(&after[digits..])
            }
            Chunk::Offset { z, colon, parts } => self.offset(text, *z, *colon, *parts),
            Chunk::ZoneName => {
                let length = text.bytes().take_while(u8::is_ascii_uppercase).count();
                let name = &text[..length];
                self.zone = Some(Zone { abbreviation: name.to_owned(), offset: 0 });
                if length >= 3 { Read::Done(&text[length..]) } else { Read::Wrong }
            }
            _ => Read::Wrong,
        }
    }

    fn offset<'t>(&mut self, text: &'t str, z: bool, colon: bool, parts: usize) -> Read<'t> {
        if z && let Some(rest) = text.strip_prefix('Z') {
            self.zone = Some(Zone::utc());
            return Read::Done(rest);
        }
        let Some(mut rest) = text.strip_prefix(['+', '-']) else { return Read::Wrong };
        let mut seconds = 0;
        for (part, scale) in [3600, 60, 1].into_iter().take(parts).enumerate() {
            if part > 0 && colon {
                match rest.strip_prefix(':') {
                    Some(after) => rest = after,
                    None => return Read::Wrong,
                }
            }
            match number(rest, 2, 2) {
                Some((value, after)) => {
                    seconds += i32::try_from(value).unwrap_or(0) * scale;
                    rest = after;
                }
                None => return Read::Wrong,
            }
        }
        let offset = if text.starts_with('-') { -seconds } else { seconds };
        let abbreviation = if offset == 0 { "UTC".to_owned() } else { String::new() };
        self.zone = Some(Zone { abbreviation, offset });
        Read::Done(rest)
    }

    fn time(self, local: &Zone) -> Result<Time, &'static str> {
        let next_month = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        let first = days_from(self.year, self.month, 1);
        let length = days_from(next_month.0, next_month.1, 1) - first;
        if self.day < 1 || i64::from(self.day) > length {
            return Err("day");
        }
        let hour = match self.is_afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let zone = self.zone.unwrap_or_else(|| local.clone());
        let seconds = (first + i64::from(self.day) - 1) * SECONDS_A_DAY
            + i64::from(hour * 3600 + self.minute * 60 + self.second)
            - i64::from(zone.offset);
        Ok(Time { seconds, nanoseconds: self.nanoseconds, zone })
    }
}
