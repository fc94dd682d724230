//! A text's characters as an interpreter keeps them: one, two or four bytes each, or UTF-8.
//!
//! Unlike a `str` such a text may hold lone surrogates. Each rule that writes one says what it makes of them.

/// The characters of a text.
#[derive(Clone, Copy, Debug)]
pub enum Characters<'a> {
    /// In UTF-8; ASCII is that, too.
    Utf8(&'a str),
    /// Up to U+00FF.
    One(&'a [u8]),
    /// Up to U+FFFF.
    Two(&'a [u16]),
    /// Any.
    Four(&'a [u32]),
}

/// Characters that are encoded before what takes the bytes is called.
const PIECE: usize = 1024;

impl Characters<'_> {
    /// About how many bytes it is: exact for ASCII.
    pub fn len(&self) -> usize {
        match self {
            Self::Utf8(text) => text.len(),
            Self::One(characters) => characters.len(),
            Self::Two(characters) => 2 * characters.len(),
            Self::Four(characters) => 4 * characters.len(),
        }
    }

    /// Is there no character?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes it is in UTF-8; `None` for a lone surrogate.
    pub fn utf8_len(&self) -> Option<usize> {
        match self {
            Self::Utf8(text) => Some(text.len()),
            Self::One(characters) => counted(characters),
            Self::Two(characters) => counted(characters),
            Self::Four(characters) => counted(characters),
        }
    }

    /// Calls `take` with the text in UTF-8, a piece at a time. False for a lone surrogate, which UTF-8 has no bytes
    /// for: then part of the text may have been taken.
    ///
    /// ```
    /// # use martlet_proto::characters::Characters;
    /// let mut whole = Vec::new();
    /// assert!(Characters::Two(&[0x20ac, 0x31]).utf8(|piece| whole.extend_from_slice(piece)));
    /// assert_eq!(whole, "€1".as_bytes());
    /// assert!(!Characters::Two(&[0xd800]).utf8(|_| {}));
    /// ```
    pub fn utf8(&self, mut take: impl FnMut(&[u8])) -> bool {
        match self {
            Self::Utf8(text) => {
                take(text.as_bytes());
                true
            }
            Self::One(characters) if characters.is_ascii() => {
                take(characters);
                true
            }
            Self::One(characters) => pieces(characters, &mut take),
            Self::Two(characters) => pieces(characters, &mut take),
            Self::Four(characters) => pieces(characters, &mut take),
        }
    }
}

fn counted<C: Copy + Into<u32>>(characters: &[C]) -> Option<usize> {
    let (mut count, mut lone) = (0, false);
    for &character in characters {
        let number = character.into();
        count += 1 + usize::from(number > 0x7f) + usize::from(number > 0x7ff) + usize::from(number > 0xffff);
        lone |= number & 0xffff_f800 == 0xd800;
    }
    (!lone).then_some(count)
}

fn pieces<C: Copy + Into<u32>>(characters: &[C], take: &mut impl FnMut(&[u8])) -> bool {
    let mut encoded = Vec::with_capacity(4 * characters.len().min(PIECE));
    characters.chunks(PIECE).all(|chunk| {
        encoded.clear();
        let valid = chunk.iter().all(|character| {
            let number = (*character).into();
            match (u8::try_from(number), char::from_u32(number)) {
                (Ok(byte @ ..0x80), _) => encoded.push(byte),
                (_, Some(character)) => {
                    encoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                (_, None) => return false,
            }
            true
        });
        take(&encoded);
        valid
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(characters: Characters<'_>) -> Option<Vec<u8>> {
        let mut whole = Vec::new();
        let valid = characters.utf8(|piece| whole.extend_from_slice(piece));
        assert_eq!(characters.utf8_len(), valid.then_some(whole.len()));
        valid.then_some(whole)
    }

    #[test]
    fn each_way_of_keeping_a_text_gives_the_same_utf8() {
        for text in ["", "a", "é\u{7f}\u{80}ÿ", "漢é字\u{ffff}", "a😀b"] {
            let text = text.repeat(700);
            let four: Vec<u32> = text.chars().map(u32::from).collect();
            assert_eq!(encoded(Characters::Four(&four)).unwrap(), text.as_bytes());
            assert_eq!(encoded(Characters::Utf8(&text)).unwrap(), text.as_bytes());
            if let Ok(one) = four.iter().map(|&each| u8::try_from(each)).collect::<Result<Vec<_>, _>>() {
                assert_eq!(encoded(Characters::One(&one)).unwrap(), text.as_bytes());
            }
            if let Ok(two) = four.iter().map(|&each| u16::try_from(each)).collect::<Result<Vec<_>, _>>() {
                assert_eq!(encoded(Characters::Two(&two)).unwrap(), text.as_bytes());
            }
        }
    }

    #[test]
    fn a_lone_surrogate_has_no_utf8() {
        assert!(encoded(Characters::Two(&[0x61, 0xdfff])).is_none());
        assert!(encoded(Characters::Four(&[0xd800, 0x61])).is_none());
    }
}
