//! Dates as `http.cookiejar.http2time` reads them.
//!
//! `[weekday[,]] day sep month sep year [clock] [zone] [(zone name)]`, where a separator is white space, `-`
//! or `/`, the month a name of three letters or a number, the clock `h:mm[:ss]` behind white space or a colon,
//! and the zone `GMT`, `UTC`, `UT`, `Z` or a numeric offset; another name makes the date unusable. No clock is
//! midnight, no zone is UTC. A year below 1000 is moved to within fifty years of now. Years before 1970 are
//! unusable; a day beyond the end of its month runs over into the next.

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Seconds since 1970 of a date in a header, `None` when it is not one. `now` (seconds since 1970) decides
/// the century of a year below 1000.
pub(crate) fn http_date(text: &str, now: i64) -> Option<i64> {
    let text = text.trim_start();
    let exact = is_exact(text);
    let mut rest = Rest(text.as_bytes());
    rest.skip_weekday();
    let day = number(rest.digits(1..=2)?)?;
    rest.separator()?;
    let month = month(rest.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))?;
    rest.separator()?;
    let year = number(rest.digits(1..=usize::MAX)?).filter(|year| *year <= 9999)?;
    let (hour, minute, second) = rest.clock().unwrap_or_default();
    rest.skip_space();
    let offset = rest.zone()?;
    rest.skip_zone_name();
    if !rest.0.is_empty() {
        return None;
    }
    let year = if year < 1000 && !exact { near(year, year_of(now)) } else { year };
    let valid = year >= 1970
        && (1..=31).contains(&day)
        && (0..=24).contains(&hour)
        && (0..=59).contains(&minute)
        && (0..=61).contains(&second);
    valid.then(|| (days_before(year, month) + day - 1) * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

/// Is it `Wed, 09 Feb 1994 22:23:32 GMT` to the letter? Then its year is taken as it is.
fn is_exact(text: &str) -> bool {
    const SHAPE: &[u8; 29] = b"Aaa, 00 Aaa 0000 00:00:00 GMT";
    text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
            b'A' => byte.is_ascii_uppercase(),
            b'a' => byte.is_ascii_lowercase(),
            b'0' => byte.is_ascii_digit(),
            _ => byte == *shape,
        })
}

/// What of the text is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|byte| !accept(*byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at_checked(end).unwrap_or_default();
        self.0 = rest;
        taken
    }

    fn skip_space(&mut self) -> bool {
        !self.take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).is_empty()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        self.0 = if found { self.0.get(1..).unwrap_or_default() } else { self.0 };
        found
    }

    fn skip_weekday(&mut self) {
        let start = self.0.get(..3).unwrap_or_default();
        if WEEKDAYS.iter().any(|day| day.as_bytes().eq_ignore_ascii_case(start)) {
            self.take_while(|byte| byte.is_ascii_alphabetic());
            self.skip(b',');
            self.skip_space();
        }
    }

    fn digits(&mut self, length: std::ops::RangeInclusive<usize>) -> Option<&'a [u8]> {
        let end = self.0.iter().take(*length.end()).take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(end).filter(|_| length.contains(&end))?;
        self.0 = rest;
        Some(digits)
    }

    fn separator(&mut self) -> Option<()> {
        (self.skip_space() || self.skip(b'-') || self.skip(b'/')).then_some(())
    }

    /// Hour, minute and second; nothing is taken when there is no clock.
    fn clock(&mut self) -> Option<(i64, i64, i64)> {
        let mut ahead = Rest(self.0);
        if !ahead.skip_space() && !ahead.skip(b':') {
            return None;
        }
        let hour = number(ahead.digits(1..=2)?)?;
        let minute = ahead.skip(b':').then(|| ahead.digits(2..=2))??;
        self.0 = ahead.0;
        let second = ahead.skip(b':').then(|| ahead.digits(2..=2)).flatten();
        if second.is_some() {
            self.0 = ahead.0;
        }
        Some((hour, number(minute)?, second.and_then(number).unwrap_or(0)))
    }

    /// Seconds east of Greenwich, zero when no zone is named; `None` when it is not known.
    fn zone(&mut self) -> Option<i64> {
        let name = self.take_while(|byte| byte.is_ascii_alphabetic());
        let offset = if name.is_empty() {
            let sign = if self.skip(b'-') { Some(-1) } else { self.skip(b'+').then_some(1) };
            let digits = self.take_while(|byte| byte.is_ascii_digit());
            match (sign, digits.len()) {
                (None, 0) => 0,
                (_, 2..=4) => {
                    let hours = if digits.len() == 3 { 1 } else { 2 };
                    let (hours, minutes) = digits.split_at_checked(hours)?;
                    sign.unwrap_or(1) * (number(hours)? * 3600 + number(minutes).unwrap_or(0) * 60)
                }
                _ => return None,
            }
        } else {
            ["GMT", "UTC", "UT", "Z"]
                .iter()
                .any(|known| known.as_bytes().eq_ignore_ascii_case(name))
                .then_some(0)?
        };
        self.skip_space();
        Some(offset)
    }

    fn skip_zone_name(&mut self) {
        let mut ahead = Rest(self.0);
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if ahead.skip(b'(') && !ahead.take_while(word).is_empty() && ahead.skip(b')') {
            ahead.skip_space();
            self.0 = ahead.0;
        }
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn month(word: &[u8]) -> Option<i64> {
    let named = MONTHS.iter().position(|month| month.as_bytes().eq_ignore_ascii_case(word));
    match named {
        Some(place) => i64::try_from(place).ok().map(|place| place + 1),
        None => number(word).filter(|month| (1..=12).contains(month)),
    }
}

/// The year that ends like `year` and is nearest to `current`.
fn near(year: i64, current: i64) -> i64 {
    let ahead = current % 100 - year;
    let year = current - ahead;
    match ahead {
        51.. => year + 100,
        ..=-51 => year - 100,
        _ => year,
    }
}

/// Days from 1970 to the first of a month, in the Gregorian calendar.
fn days_before(year: i64, month: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 - 719_468
}

fn year_of(seconds: i64) -> i64 {
    let days = seconds.div_euclid(86_400);
    let guess = 1970 + days.div_euclid(366);
    (guess..).take_while(|year| days_before(*year, 1) <= days).last().unwrap_or(guess)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000; // 2023-11-14

    #[test]
    fn every_date_of_the_table_is_read_as_by_http_cookiejar() {
        let table: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/tables/cookies.json")).unwrap();
        let now = table["now"].as_i64().unwrap();
        for row in table["dates"].as_array().unwrap() {
            let text = row[0].as_str().unwrap();
            let expected = row[1].as_f64().map(|seconds| seconds as i64);
            assert_eq!(http_date(text, now), expected, "{text:?}");
        }
    }

    #[test]
    fn the_three_formats_of_http_are_read() {
        for text in [
            "Wed, 09 Feb 1994 22:23:32 GMT",
            "Wednesday, 09-Feb-94 22:23:32 GMT",
            "09 Feb 1994 22:23:32",
            "9/2/94 22:23:32 UTC",
            "Wed 09-Feb-1994:22:23:32 (GMT)",
            "09 Feb 1994 23:23:32 +0100",
        ] {
            assert_eq!(http_date(text, NOW), Some(760_832_612), "{text}");
        }
    }

    #[test]
    fn a_short_year_is_the_nearest_one() {
        assert_eq!(
            [near(73, 2023), near(74, 2023), near(23, 2099), near(500, 2023)],
            [2073, 1974, 2123, 2400]
        );
        assert_eq!(http_date("Mon, 09 Feb 0094 22:23:32 GMT", NOW), None);
        assert_eq!([year_of(0), year_of(-1), year_of(951_782_400), year_of(NOW)], [1970, 1969, 2000, 2023]);
    }

    #[test]
    fn what_is_not_a_date_is_none() {
        for text in [
            "",
            "tomorrow",
            "09 Feb",
            "09 Feb 1969 00:00:00 GMT",
            "09 Feb 1994 25:00:00 GMT",
            "09 Feb 1994 10:00 PM",
            "09 Feb 1994 10:00:00 CEST",
            "32 Jan 2020",
            "09 Feb 1994 10:00:00 GMT+1",
        ] {
            assert_eq!(http_date(text, NOW), None, "{text}");
        }
    }
}
