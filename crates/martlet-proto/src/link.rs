//! The `Link` field (RFC 8288), read as forgivingly as requests reads it.

/// One link: its `url` and its parameters in the order of their first appearance. Names are unique; a parameter
/// named `url` takes the URL's place.
pub type Link = Vec<(String, String)>;

const QUOTES_AND_SPACE: [char; 3] = [' ', '\'', '"'];

/// The links of a `Link` field (`requests.utils.parse_header_links`). The parameters of a link end at the first
/// that has not exactly one equals sign.
///
/// ```
/// # use martlet_proto::link::parse_header_links;
/// let links = parse_header_links("<http://a.test/2>; rel=\"next\", <http://a.test/9>; rel=last");
/// assert_eq!(links[1], [("url".into(), "http://a.test/9".into()), ("rel".into(), "last".into())]);
/// ```
pub fn parse_header_links(value: &str) -> Vec<Link> {
    let value = value.trim_matches(QUOTES_AND_SPACE);
    if value.is_empty() {
        return Vec::new();
    }
    split_links(value).map(parse_link).collect()
}

/// Splits at each comma that spaces and a `<` follow.
fn split_links(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let cut = text.match_indices(',').find_map(|(comma, _)| {
            let behind = text.get(comma + 1..)?.trim_start_matches(' ').strip_prefix('<')?;
            Some((comma, behind))
        });
        let Some((comma, behind)) = cut else { return Some(text) };
        rest = Some(behind);
        text.get(..comma)
    })
}

fn parse_link(text: &str) -> Link {
    let (url, params) = text.split_once(';').unwrap_or((text, ""));
    let mut link = vec![("url".to_owned(), url.trim_matches(['<', '>', ' ', '\'', '"']).to_owned())];
    for param in params.split(';') {
        let Some((name, value)) = param.split_once('=').filter(|(_, value)| !value.contains('=')) else {
            break;
        };
        let (name, value) = (name.trim_matches(QUOTES_AND_SPACE), value.trim_matches(QUOTES_AND_SPACE));
        match link.iter_mut().find(|(other, _)| other == name) {
            Some((_, slot)) => *slot = value.to_owned(),
            None => link.push((name.to_owned(), value.to_owned())),
        }
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let link = |link: &Link| link.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(";");
        parse_header_links(value).iter().map(link).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn a_comma_splits_only_before_an_angle_bracket() {
        assert_eq!(shown("<a,b>; t=\"x, y\",  <c>; rel=d"), "url=a,b;t=x, y | url=c;rel=d");
    }

    #[test]
    fn a_parameter_without_exactly_one_equals_sign_ends_its_link() {
        assert_eq!(shown("<a>; rel=b; c; d=e, <f>; g=h=i; j=k"), "url=a;rel=b | url=f");
    }

    #[test]
    fn a_repeated_parameter_keeps_its_place_and_takes_the_last_value() {
        assert_eq!(shown("<a>; x=1; y=2; x=3; url=b"), "url=b;x=3;y=2");
    }

    #[test]
    fn nothing_is_no_link() {
        assert_eq!(shown(" '\" "), "");
        assert_eq!(shown("a"), "url=a");
    }
}
