//! From when until when a certificate is valid (RFC 5280 section 4.1.2.5), read straight from its DER.
//!
//! webpki checks this while it builds a path; a certificate believed because it was given as itself
//! has no path, and webpki does not tell the times by themselves.

use rustls_pki_types::{CertificateDer, UnixTime};

const SEQUENCE: u8 = 0x30;
const EXPLICIT_VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Is `now` within the certificate's validity? `None` when the certificate cannot be read.
pub(super) fn is_valid_at(certificate: &CertificateDer<'_>, now: UnixTime) -> Option<bool> {
    let (_, outer, _) = element(certificate)?;
    let (_, mut fields, _) = element(outer)?;
    // version?, serial number, signature algorithm, issuer, then the validity.
    let (first, _, behind) = element(fields)?;
    if first == EXPLICIT_VERSION {
        fields = behind;
    }
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (SEQUENCE, validity, _) = element(fields)? else { return None };
    let (kind, text, behind) = element(validity)?;
    let not_before = seconds(kind, text)?;
    let (kind, text, _) = element(behind)?;
    let not_after = seconds(kind, text)?;
    let now = i64::try_from(now.as_secs()).ok()?;
    Some(not_before <= now && now <= not_after)
}

/// The first DER element: its tag, its content, and what stands behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let (digits, behind) = rest.split_at_checked(usize::from(first & 0x7f).min(8))?;
        length = digits
            .iter()
            .try_fold(0usize, |sum, digit| sum.checked_mul(256)?.checked_add((*digit).into()))?;
        rest = behind;
    }
    let (content, behind) = rest.split_at_checked(length)?;
    Some((tag, content, behind))
}

/// Seconds since 1970 of `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn seconds(kind: u8, text: &[u8]) -> Option<i64> {
    let (year, rest) = match kind {
        UTC_TIME => {
            let (year, rest) = number(text, 2)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => number(text, 4)?,
        _ => return None,
    };
    let (month, rest) = number(rest, 2)?;
    let (day, rest) = number(rest, 2)?;
    let (hour, rest) = number(rest, 2)?;
    let (minute, rest) = number(rest, 2)?;
    let (second, rest) = number(rest, 2)?;
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && rest == b"Z";
    in_range.then(|| ((days_before(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

fn number(text: &[u8], digits: usize) -> Option<(i64, &[u8])> {
    let (head, rest) = text.split_at_checked(digits)?;
    let value = std::str::from_utf8(head).ok()?.parse().ok()?;
    Some((value, rest))
}

/// Days from 1970-01-01 to the given day; the year is counted from March so that a leap day is its last.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    #[test]
    fn both_ways_of_writing_a_time_are_read() {
        assert_eq!(seconds(UTC_TIME, b"700101000000Z"), Some(0));
        assert_eq!(seconds(UTC_TIME, b"000229120000Z"), Some(951_825_600));
        assert_eq!(seconds(GENERALIZED_TIME, b"20500101000000Z"), Some(2_524_608_000));
        assert_eq!(seconds(GENERALIZED_TIME, b"2050"), None);
        assert_eq!(seconds(UTC_TIME, b"709901000000Z"), None);
    }

    #[test]
    fn a_certificate_is_valid_between_its_times_only() {
        let mut params = rcgen::CertificateParams::new(["a.test".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        assert_eq!(is_valid_at(certificate.der(), at(1_577_836_799)), Some(false));
        assert_eq!(is_valid_at(certificate.der(), at(1_577_836_800)), Some(true));
        assert_eq!(is_valid_at(certificate.der(), at(1_893_456_001)), Some(false));
    }

    #[test]
    fn what_is_no_certificate_has_no_validity() {
        for bytes in [&b""[..], b"\x30", b"\x30\x82\xff\xff\x00", b"\x30\x02\x30\x00", b"\x30\x89\x01\x01"] {
            assert_eq!(is_valid_at(&CertificateDer::from(bytes), at(0)), None);
        }
    }
}
