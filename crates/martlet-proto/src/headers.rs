//! Header fields as they are on the wire: order, case and duplicates kept (RFC 9110 section 5).
//!
//! All bytes live in one buffer and each field is four offsets into it, so that a reply's
//! head costs two allocations whatever its number of fields.

use std::fmt;

/// An ordered multimap of header fields; names compare without case.
#[derive(Clone, Default)]
pub struct Headers {
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

#[derive(Clone, Copy)]
struct Field {
    name: (u32, u32),
    value: (u32, u32),
}

impl Headers {
    /// No fields, nothing allocated.
    pub fn new() -> Self {
        Self::default()
    }

    /// No fields yet, with room for `fields` of them and `bytes` bytes of names and values.
    pub fn with_capacity(fields: usize, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), fields: Vec::with_capacity(fields) }
    }

    /// Adds a field behind all others.
    pub fn append(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let field = Field { name: self.store(name.as_ref()), value: self.store(value.as_ref()) };
        self.fields.push(field);
    }

    /// Sets the field: the first of that name keeps its place and takes the new name's case, the others go.
    pub fn insert(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let name = name.as_ref();
        match self.position(name) {
            None => self.append(name, value),
            Some(place) => {
                let field = Field { name: self.store(name), value: self.store(value.as_ref()) };
                let mut seen = 0;
                let bytes = &self.bytes;
                self.fields.retain(|other| {
                    seen += 1;
                    seen - 1 <= place || !slice(bytes, other.name).eq_ignore_ascii_case(name)
                });
                if let Some(slot) = self.fields.get_mut(place) {
                    *slot = field;
                }
            }
        }
    }

    /// Adds a field before the one at `place`, or behind all others.
    pub fn insert_at(&mut self, place: usize, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let field = Field { name: self.store(name.as_ref()), value: self.store(value.as_ref()) };
        self.fields.insert(place.min(self.fields.len()), field);
    }

    /// Takes all fields of that name away; tells how many there were.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) -> usize {
        let (name, before, bytes) = (name.as_ref(), self.fields.len(), &self.bytes);
        self.fields.retain(|field| !slice(bytes, field.name).eq_ignore_ascii_case(name));
        before - self.fields.len()
    }

    /// The value of the first field of that name.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        let place = self.position(name.as_ref())?;
        self.fields.get(place).map(|field| slice(&self.bytes, field.value))
    }

    /// The values of all fields of that name, in order.
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Is there a field of that name?
    pub fn contains(&self, name: impl AsRef<[u8]>) -> bool {
        self.position(name.as_ref()).is_some()
    }

    /// All fields as (name, value), in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> + Clone + '_ {
        self.fields.iter().map(|field| (slice(&self.bytes, field.name), slice(&self.bytes, field.value)))
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Are there no fields?
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// All names and values, and those that were replaced or removed.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.fields.iter().position(|field| slice(&self.bytes, field.name).eq_ignore_ascii_case(name))
    }

    fn store(&mut self, bytes: &[u8]) -> (u32, u32) {
        let start = offset(self.bytes.len());
        self.bytes.extend_from_slice(bytes);
        (start, offset(self.bytes.len()))
    }
}

/// Heads are limited to far less than 4 GiB; what is beyond reads as empty rather than wrapping around.
fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn slice(bytes: &[u8], (start, end): (u32, u32)) -> &[u8] {
    bytes.get(start as usize..end as usize).unwrap_or_default()
}

impl PartialEq for Headers {
    /// Equal when the same fields stand in the same order; names compare without case.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().zip(other.iter()).all(|(a, b)| a.0.eq_ignore_ascii_case(b.0) && a.1 == b.1)
    }
}

impl Eq for Headers {}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in fields {
            headers.append(name, value);
        }
        headers
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SECRET: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
        let mut list = f.debug_list();
        for (name, value) in self.iter() {
            let name = String::from_utf8_lossy(name);
            match SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret)) {
                true => list.entry(&format_args!("{name}: [secret]")),
                false => list.entry(&format_args!("{name}: {}", String::from_utf8_lossy(value))),
            };
        }
        list.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(headers: &Headers) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        headers.iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn order_case_and_duplicates_are_kept() {
        let headers: Headers = [("X-b", "1"), ("a", "2"), ("X-B", "3")].into_iter().collect();
        assert_eq!(headers.get_all(b"x-B").collect::<Vec<_>>(), [b"1", b"3"]);
        assert_eq!(pairs(&headers)[2], ("X-B".into(), "3".into()));
    }

    #[test]
    fn insert_keeps_the_first_place_and_takes_the_new_case() {
        let mut headers: Headers = [("Accept", "1"), ("B", "2"), ("ACCEPT", "3")].into_iter().collect();
        headers.insert("accept", "4");
        assert_eq!(pairs(&headers), [("accept".into(), "4".into()), ("B".into(), "2".into())]);
    }

    #[test]
    fn insert_at_puts_a_field_before_others_or_last() {
        let mut headers: Headers = [("A", "1"), ("B", "2")].into_iter().collect();
        headers.insert_at(1, "C", "3");
        headers.insert_at(9, "D", "4");
        let names: Vec<&[u8]> = headers.iter().map(|(name, _)| name).collect();
        assert_eq!(names, [b"A", b"C", b"B", b"D"]);
    }

    #[test]
    fn remove_takes_all_of_a_name() {
        let mut headers: Headers = [("A", "1"), ("B", "2"), ("a", "3")].into_iter().collect();
        assert_eq!(headers.remove("A"), 2);
        assert_eq!(pairs(&headers), [("B".into(), "2".into())]);
    }

    #[test]
    fn debug_shows_no_credentials() {
        let headers: Headers = [("Authorization", "Basic c2VjcmV0"), ("A", "1")].into_iter().collect();
        assert_eq!(format!("{headers:?}"), "[Authorization: [secret], A: 1]");
    }
}
