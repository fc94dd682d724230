//! Text as Python keeps it: characters of one, two or four bytes each, as wide as the widest needs.

use std::mem::MaybeUninit;

/// How a text is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Width {
    Ascii,
    /// Up to U+00FF.
    One,
    /// Up to U+FFFF.
    Two,
    Four,
}

impl Width {
    /// The greatest character that fits.
    pub(crate) const fn greatest(self) -> u32 {
        match self {
            Self::Ascii => 0x7f,
            Self::One => 0xff,
            Self::Two => 0xffff,
            Self::Four => 0x10_ffff,
        }
    }
}

/// The highest bit of each of eight bytes.
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Its characters, and how wide they have to be.
pub(crate) fn measure(text: &str) -> (usize, Width) {
    let (chunks, rest) = text.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
    let (mut following, mut any, mut two, mut four) = (0, 0, 0, 0);
    for chunk in chunks.iter().chain([&last]) {
        // A shift brings each byte's lower bits to its highest.
        let word = u64::from_ne_bytes(*chunk);
        let first = word & word << 1;
        following += ((word & !(word << 1)) & HIGHS).count_ones() as usize; // 10xxxxxx
        any |= word;
        two |= first & (word << 2 | word << 3 | word << 4 | word << 5); // from 110001xx on
        four |= first & word << 2 & word << 3; // 1111xxxx
    }
    let width = match (any & HIGHS, two & HIGHS, four & HIGHS) {
        (0, ..) => Width::Ascii,
        (_, 0, _) => Width::One,
        (.., 0) => Width::Two,
        _ => Width::Four,
    };
    (text.len() - following, width)
}

/// Writes characters, as far as there are places; gives how many were written.
pub(crate) fn copy<P: Place>(characters: impl Iterator<Item = u32>, places: &mut [MaybeUninit<P>]) -> usize {
    places.iter_mut().zip(characters).map(|(place, character)| place.write(P::of(character))).count()
}

/// One place for a character of a text.
pub(crate) trait Place: Copy {
    /// What of a character fits.
    fn of(character: u32) -> Self;
}

impl Place for u8 {
    fn of(character: u32) -> Self {
        character as Self
    }
}

impl Place for u16 {
    fn of(character: u32) -> Self {
        character as Self
    }
}

impl Place for u32 {
    fn of(character: u32) -> Self {
        character
    }
}

/// Writes the text, one character a place, as far as there are places; gives how many were written.
pub(crate) fn write<P: Place>(text: &str, places: &mut [MaybeUninit<P>]) -> usize {
    let all = places.len();
    let mut free = places.iter_mut();
    let mut rest = text.as_bytes();
    let low = |byte: u8| u32::from(byte & 0x3f);
    // The text is valid: what is not one of these cannot be.
    loop {
        let (character, behind) = match rest {
            [first @ ..0x80, behind @ ..] => (u32::from(*first), behind),
            [first @ 0xe0..0xf0, second, third, behind @ ..] => {
                (u32::from(*first & 0x0f) << 12 | low(*second) << 6 | low(*third), behind)
            }
            [first @ ..0xe0, second, behind @ ..] => (u32::from(*first & 0x1f) << 6 | low(*second), behind),
            [first, second, third, fourth, behind @ ..] => {
                let high = u32::from(*first & 0x07) << 18 | low(*second) << 12;
                (high | low(*third) << 6 | low(*fourth), behind)
            }
            _ => break,
        };
        let Some(place) = free.next() else { break };
        place.write(P::of(character));
        rest = behind;
    }
    all - free.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_wide_as_its_widest_character() {
        for (character, width) in [
            ('\u{7f}', Width::Ascii),
            ('\u{80}', Width::One),
            ('\u{ff}', Width::One),
            ('\u{100}', Width::Two),
            ('\u{ffff}', Width::Two),
            ('\u{10000}', Width::Four),
            ('\u{10ffff}', Width::Four),
        ] {
            let text = format!("{}{character}{}", "a".repeat(300), "b".repeat(7));
            assert_eq!(measure(&text), (308, width), "{character:?}");
            assert!(u32::from(character) <= width.greatest(), "{character:?}");
        }
    }

    #[test]
    fn every_character_has_its_place() {
        for text in ["", "a", "é", "aé", "éa", "漢字 and かな", "😀", "a😀b😀😀c"] {
            let mut places = vec![MaybeUninit::new(0_u32); text.chars().count() + 1];
            assert_eq!(write(text, &mut places), places.len() - 1, "{text}");
            // SAFETY: made with a value.
            let written = places.iter().map(|place| unsafe { place.assume_init() });
            assert!(written.eq(text.chars().map(u32::from).chain([0])), "{text}");
        }
    }
}
