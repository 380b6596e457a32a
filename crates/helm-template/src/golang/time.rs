//! Package `time`: instants, and their text by a layout.

mod layout;
mod parse;

use layout::{Chunk, chunks};
pub(crate) use parse::parse;

/// A time zone at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its abbreviation, such as `CET`.
    pub abbreviation: String,
    /// Seconds east of UTC.
    pub offset: i32,
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { abbreviation: "UTC".to_owned(), offset: 0 }
    }
}

/// `time.Time`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Time {
    /// Seconds since 1970 in UTC.
    pub(crate) seconds: i64,
    pub(crate) nanoseconds: u32,
    pub(crate) zone: Zone,
}

const SECONDS_A_DAY: i64 = 86_400;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Year, month and day, and the time of day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
}

impl Time {
    /// Go's zero time: the start of the year 1.
    pub(crate) fn zero() -> Self {
        Self { seconds: -62_135_596_800, nanoseconds: 0, zone: Zone::utc() }
    }

    fn local_seconds(&self) -> i64 {
        self.seconds + i64::from(self.zone.offset)
    }

    pub(crate) fn civil(&self) -> Civil {
        let seconds = self.local_seconds();
        let (year, month, day) = date_of(seconds.div_euclid(SECONDS_A_DAY));
        let rest = u32::try_from(seconds.rem_euclid(SECONDS_A_DAY)).unwrap_or(0);
        Civil { year, month, day, hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60 }
    }

    /// The name of the month.
    pub(crate) fn month(&self) -> &'static str {
        MONTHS[usize::try_from(self.civil().month - 1).unwrap_or(0)]
    }

    /// The name of the day of the week.
    pub(crate) fn weekday(&self) -> &'static str {
        let days = self.local_seconds().div_euclid(SECONDS_A_DAY);
        DAYS[usize::try_from((days + 4).rem_euclid(7)).unwrap_or(0)]
    }

    /// The day of the year, from 1.
    pub(crate) fn year_day(&self) -> i64 {
        let days = self.local_seconds().div_euclid(SECONDS_A_DAY);
        days - days_from(self.civil().year, 1, 1) + 1
    }

    /// The same instant some nanoseconds later.
    pub(crate) fn add(&self, nanoseconds: i64) -> Self {
        let total =
            i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanoseconds) + i128::from(nanoseconds);
        let seconds = i64::try_from(total.div_euclid(1_000_000_000)).unwrap_or(self.seconds);
        let nanoseconds = u32::try_from(total.rem_euclid(1_000_000_000)).unwrap_or(0);
        Self { seconds, nanoseconds, zone: self.zone.clone() }
    }

    /// `Time.AddDate`: a day that the month does not have is one of the next month.
    pub(crate) fn add_date(&self, years: i64, months: i64, days: i64) -> Self {
        let civil = self.civil();
        let months = i64::from(civil.month) - 1 + months;
        let month = u32::try_from(months.rem_euclid(12) + 1).unwrap_or(1);
        let first = days_from(civil.year + years + months.div_euclid(12), month, 1);
        let days = first + i64::from(civil.day) - 1 + days;
        let time_of_day = self.local_seconds().rem_euclid(SECONDS_A_DAY);
        let seconds = days * SECONDS_A_DAY + time_of_day - i64::from(self.zone.offset);
        Self { seconds, nanoseconds: self.nanoseconds, zone: self.zone.clone() }
    }

    /// `Time.String`.
    pub(crate) fn text(&self) -> String {
        self.format("2006-01-02 15:04:05.999999999 -0700 MST")
    }

    /// `Time.Format`.
    pub(crate) fn format(&self, layout: &str) -> String {
        let civil = self.civil();
        let mut out = String::new();
        for chunk in chunks(layout) {
            out += &self.part(&chunk, civil);
        }
        out
    }

    fn part(&self, chunk: &Chunk<'_>, civil: Civil) -> String {
        let twelve = match civil.hour % 12 {
            0 => 12,
            hour => hour,
        };
        let afternoon = civil.hour >= 12;
        match chunk {
            Chunk::Text(text) => (*text).to_owned(),
            Chunk::LongMonth => self.month().to_owned(),
            Chunk::ShortMonth => self.month()[..3].to_owned(),
            Chunk::Month => civil.month.to_string(),
            Chunk::ZeroMonth => format!("{:02}", civil.month),
            Chunk::LongWeekday => self.weekday().to_owned(),
            Chunk::ShortWeekday => self.weekday()[..3].to_owned(),
            Chunk::Day => civil.day.to_string(),
            Chunk::SpaceDay => format!("{:2}", civil.day),
            Chunk::ZeroDay => format!("{:02}", civil.day),
            Chunk::SpaceYearDay => format!("{:3}", self.year_day()),
            Chunk::ZeroYearDay => format!("{:03}", self.year_day()),
            Chunk::Hour => format!("{:02}", civil.hour),
            Chunk::Hour12 => twelve.to_string(),
            Chunk::ZeroHour12 => format!("{twelve:02}"),
            Chunk::Minute => civil.minute.to_string(),
            Chunk::ZeroMinute => format!("{:02}", civil.minute),
            Chunk::Second => civil.second.to_string(),
            Chunk::ZeroSecond => format!("{:02}", civil.second),
            Chunk::LongYear if civil.year < 0 => format!("-{:04}", -civil.year),
            Chunk::LongYear => format!("{:04}", civil.year),
            Chunk::Year => format!("{:02}", civil.year.rem_euclid(100)),
            Chunk::UpperHalf => if afternoon { "PM" } else { "AM" }.to_owned(),
            Chunk::LowerHalf => if afternoon { "pm" } else { "am" }.to_owned(),
            Chunk::ZoneName => self.zone_name(),
            Chunk::Offset { z: true, .. } if self.zone.offset == 0 => "Z".to_owned(),
            Chunk::Offset { colon, parts, .. } => offset_text(self.zone.offset, *colon, *parts),
            Chunk::Fraction { separator, digits, trims } => {
                let text = format!("{:09}", self.nanoseconds);
                let text = &text[..(*digits).min(9)];
                let text = if *trims { text.trim_end_matches('0') } else { text };
                if text.is_empty() { String::new() } else { format!("{separator}{text}") }
            }
        }
    }

    fn zone_name(&self) -> String {
        if self.zone.abbreviation.is_empty() {
            let whole_hours = self.zone.offset % 3600 == 0;
            return offset_text(self.zone.offset, false, if whole_hours { 1 } else { 2 });
        }
        self.zone.abbreviation.clone()
    }
}

fn offset_text(offset: i32, colon: bool, parts: usize) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let seconds = offset.unsigned_abs();
    let fields = [seconds / 3600, seconds / 60 % 60, seconds % 60];
    let fields: Vec<String> = fields.iter().take(parts).map(|field| format!("{field:02}")).collect();
    format!("{sign}{}", fields.join(if colon { ":" } else { "" }))
}

/// Days since 1970 of a date of the Gregorian calendar.
pub(super) fn days_from(year: i64, month: u32, day: u32) -> i64 {
    // Years are counted from March, so that the leap day comes last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year =
        (153 * (i64::from(month) + if month > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date of a number of days since 1970.
fn date_of(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, u32::try_from(month).unwrap_or(1), u32::try_from(day).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_filled_as_go_fills_them() {
        let zone = Zone { abbreviation: "CET".to_owned(), offset: 3600 };
        let time = Time { seconds: 1_136_239_445, nanoseconds: 120_000_000, zone };
        for (layout, text) in [
            ("2006-01-02T15:04:05Z07:00", "2006-01-02T23:04:05+01:00"),
            ("Mon Jan _2 3:04PM 06 MST", "Mon Jan  2 11:04PM 06 CET"),
            ("Monday, 2 January 2006", "Monday, 2 January 2006"),
            ("05.000 05.999999 002", "05.120 05.12 002"),
            ("-0700 -07 Z0700", "+0100 +01 +0100"),
        ] {
            assert_eq!(time.format(layout), text);
        }
        assert_eq!(Time::zero().text(), "0001-01-01 00:00:00 +0000 UTC");
    }

    #[test]
    fn a_date_moves_by_years_months_and_days() {
        let time = parse("2006-01-02 15:04", "2024-01-31 12:30", &Zone::utc()).unwrap();
        for (years, months, days, date) in [
            (0, 1, 0, "2024-03-02"),
            (1, 0, 0, "2025-01-31"),
            (0, -1, 1, "2024-01-01"),
            (-1, 13, -31, "2024-01-31"),
        ] {
            assert_eq!(time.add_date(years, months, days).format("2006-01-02"), date);
        }
    }

    #[test]
    fn texts_are_read_by_a_layout() {
        let time = parse("2006-01-02 15:04:05", "2024-02-29 12:30:01", &Zone::utc()).unwrap();
        assert_eq!((time.seconds, time.text().as_str()), (1_709_209_801, "2024-02-29 12:30:01 +0000 UTC"));
        assert_eq!(
            parse("2006-01-02", "2024-02-30", &Zone::utc()),
            Err("parsing time \"2024-02-30\": day out of range".to_owned())
        );
        assert_eq!(
            parse("2006-01-02", "x", &Zone::utc()),
            Err("parsing time \"x\" as \"2006-01-02\": cannot parse \"x\" as \"2006\"".to_owned())
        );
    }
}
