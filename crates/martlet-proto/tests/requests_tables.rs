//! What real requests did with some thousands of tricky inputs, and whether martlet does the same.
//!
//! `tests/tables/make_urls.py` writes the tables and says from which versions. `MARTLET_TABLES` names another
//! directory of them, for random ones. Where martlet does otherwise on purpose, a function here says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{env, fs, path::PathBuf};

use martlet_proto::charset::{encoding_from_headers, guess_json_utf};
use martlet_proto::link::parse_header_links;
use martlet_proto::multipart::{Part, Plan};
use martlet_proto::netrc::Netrc;
use martlet_proto::proxy::{Proxies, from_environment, prepend_scheme, proxy_url, should_bypass};
use martlet_proto::url::{requote_uri, unquote, unquote_unreserved, urljoin};
use martlet_proto::{Body, Error, Headers, Kind, Result, Url, body, form};
use serde_json::{Map, Value, json};

/// Holds `answer` against every case of a table that has the field `key`; the case is what it gave if it has
/// exactly the answer's fields beside its own inputs.
fn hold(table: &str, key: &str, inputs: &[&str], answer: impl Fn(&Value) -> Value) {
    let committed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tables");
    let directory = env::var_os("MARTLET_TABLES").map_or(committed, PathBuf::from);
    let text = fs::read_to_string(directory.join(table).with_extension("json")).unwrap();
    let cases: Vec<Map<String, Value>> = serde_json::from_str(&text).unwrap();
    let mut differing = Vec::new();
    let mut count = 0;
    for mut case in cases.into_iter().filter(|case| case.contains_key(key)) {
        count += 1;
        let given = answer(&Value::Object(case.clone()));
        case.retain(|name, _| !inputs.contains(&name.as_str()) && name != key);
        let wanted = Value::Object(case.clone());
        if given != wanted && !is_on_purpose(&given, &wanted) {
            differing.push(format!("{inputs:?}\n requests {wanted}\n martlet  {given}"));
        }
    }
    let is_random = env::var_os("MARTLET_TABLES").is_some();
    assert!(count > 0 || is_random, "no cases with {key} in {table}");
    let shown = differing.iter().take(25).cloned().collect::<Vec<_>>().join("\n");
    assert!(differing.is_empty(), "{} of {count} cases of {table} differ:\n{shown}", differing.len());
}

/// Differences that are wanted: an IPv6 zone is kept for connecting where requests fails on it, and costs no port
/// in the Host field; brackets hold an IPv6 address and nothing stands beside them; a proxy's port 0 means none, as
/// a URL's does; a message never shows the userinfo that requests shows; the host name of a proxy has to be ASCII.
fn is_on_purpose(given: &Value, wanted: &Value) -> bool {
    let message = |answer: &Value| answer["message"].as_str().unwrap_or_default().to_owned();
    let has_zone = given["url"].as_str().is_some_and(|url| url.to_lowercase().contains("[fe80::1%"));
    let without_port = |answer: &Value| {
        let mut answer = answer.clone();
        answer["proxied_host"] = Value::Null;
        answer
    };
    let costs_less =
        message(wanted).ends_with("is not a valid host") || without_port(given) == without_port(wanted);
    (has_zone && costs_less)
        || message(given) == "Invalid IPv6 URL"
        || message(given).starts_with("Failed to parse: '[v1.x]")
        || (wanted["port"] == 0 && given["port"] == 80)
        || (given["error"] == wanted["error"] && message(wanted).contains('@'))
        || (message(given).ends_with("is not a valid IDNA label") && wanted["host"] == "xn--9ca")
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap()
}

fn pairs(entries: &Value) -> Vec<(String, String)> {
    let entries = entries.as_object().unwrap().iter();
    entries.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn failure(error: &Error) -> Value {
    let class = match error.kind() {
        Kind::MissingScheme => "MissingSchema",
        Kind::InvalidUrl => "InvalidURL",
        Kind::InvalidProxyUrl => "InvalidProxyURL",
        kind => panic!("{kind:?}"),
    };
    json!({ "error": class, "message": error.message() })
}

fn outcome<T: Into<Value>>(result: Result<T>) -> Value {
    match result {
        Ok(value) => json!({ "value": value.into() }),
        Err(error) => failure(&error),
    }
}

/// A URL as the tables describe it.
fn spoken(url: &Url, case: &Value) -> Value {
    let mut answer = json!({ "url": url.as_str() });
    if !url.is_http() {
        return answer;
    }
    if let Some((user, password)) = url.userinfo() {
        answer["userinfo"] = json!([user, password]);
    }
    answer["target"] = url.target().into();
    answer["host"] = url.host_header().into();
    if case.get("absolute").is_some() {
        answer["absolute"] = url.absolute_target().into();
        answer["proxied_host"] = url.proxied_host_header().into();
    }
    answer
}

#[test]
fn urls_are_prepared_as_requests_does() {
    hold("urls", "input", &["params"], |case| {
        let labels = case.get("idna").cloned().unwrap_or_default();
        let idna = |label: &str| labels.get(label).and_then(Value::as_str).map(str::to_owned);
        let mut answer = match Url::prepare_with(text(case, "input"), text(case, "params"), &idna) {
            Ok(url) => spoken(&url, case),
            Err(error) => failure(&error),
        };
        if labels.is_object() {
            answer["idna"] = labels;
        }
        answer
    });
}

#[test]
fn redirects_lead_where_requests_goes() {
    hold("redirects", "location", &["base"], |case| {
        let base = Url::prepare(text(case, "base"), "").unwrap();
        match base.join(text(case, "location").as_bytes()) {
            Ok(url) => spoken(&url, case),
            Err(error) => failure(&error),
        }
    });
}

#[test]
fn references_are_joined_as_urllib_does() {
    hold("joins", "base", &["url"], |case| outcome(urljoin(text(case, "base"), text(case, "url"))));
}

#[test]
fn quoting_is_that_of_requests() {
    hold("quoted", "input", &[], |case| {
        let input = text(case, "input");
        let reversed: String = input.chars().rev().collect();
        json!({
            "requoted": requote_uri(input),
            "unreserved": outcome(unquote_unreserved(input).map(String::from)),
            "unquoted": unquote(input),
            "form": form::urlencode([(input, reversed.as_str()), ("", input)]),
        })
    });
}

#[test]
fn the_proxy_is_the_one_requests_selects() {
    hold("proxies", "proxies", &["url"], |case| {
        let url = Url::prepare(text(case, "url"), "").unwrap();
        let proxies = Proxies::new(pairs(&case["proxies"]), Vec::new());
        json!({ "selected": proxies.select(&url) })
    });
}

#[test]
fn no_proxy_covers_what_it_covers_for_requests() {
    hold("proxies", "no_proxy", &["url"], |case| {
        let url = Url::prepare(text(case, "url"), "").unwrap();
        json!({ "bypasses": should_bypass(url.host(), url.port(), text(case, "no_proxy")) })
    });
}

#[test]
fn environment_variables_name_the_proxies_that_urllib_sees() {
    hold("proxies", "variables", &[], |case| {
        let named: Map<String, Value> =
            from_environment(pairs(&case["variables"])).into_iter().map(|(k, v)| (k, v.into())).collect();
        json!({ "named": named })
    });
}

#[test]
fn a_proxy_without_scheme_is_given_one_as_requests_does() {
    hold("proxies", "proxy", &["idna"], |case| {
        let idna = |label: &str| case["idna"].get(label).and_then(Value::as_str).map(str::to_owned);
        let prepended = outcome(prepend_scheme(text(case, "proxy"), "http", &idna));
        match is_on_purpose(&prepended, &case["prepended"]) {
            true => json!({ "prepended": case["prepended"] }),
            false => json!({ "prepended": prepended }),
        }
    });
}

#[test]
fn a_proxy_is_read_as_requests_reads_it() {
    hold("proxies", "proxy_url", &[], |case| match proxy_url(text(case, "proxy_url")) {
        _ if text(case, "proxy_url").is_empty() => json!({}),
        Ok(url) => json!({ "host": url.host(), "port": url.port_or_default() }),
        Err(error) => failure(&error),
    });
}

#[test]
fn the_encoding_is_the_one_requests_takes() {
    hold(
        "texts",
        "content_type",
        &[],
        |case| json!({ "encoding": encoding_from_headers(text(case, "content_type")) }),
    );
    hold("texts", "json", &[], |case| {
        let data: Vec<u8> = serde_json::from_value(case["json"].clone()).unwrap();
        json!({ "encoding": guess_json_utf(&data) })
    });
}

#[test]
fn links_are_parsed_as_requests_does() {
    hold("texts", "link", &[], |case| json!({ "links": parse_header_links(text(case, "link")) }));
}

#[test]
fn netrc_files_are_read_as_python_does() {
    hold("netrcs", "text", &["host"], |case| match Netrc::parse(text(case, "text")) {
        Ok(netrc) => json!({ "login": netrc.lookup(text(case, "host")) }),
        Err(error) => {
            let (what, line) = error.message().rsplit_once(" (netrc, line ").unwrap();
            json!({ "error": what, "line": line.trim_end_matches(')').parse::<u64>().unwrap() })
        }
    });
}

#[test]
fn multipart_forms_are_byte_for_byte_those_of_urllib3() {
    hold("bodies", "parts", &[], |case| {
        let part = |part: &Value| Part {
            filename: part["filename"].as_str().map(str::to_owned),
            content_type: part["content_type"].as_str().map(str::to_owned),
            headers: serde_json::from_value(part["headers"].clone()).unwrap(),
            ..Part::field(text(part, "name"), text(part, "content").to_owned())
        };
        let parts: Vec<Part> = case["parts"].as_array().unwrap().iter().map(part).collect();
        let body = Plan::new(&parts, "B0undary").unwrap().to_bytes().unwrap();
        json!({ "body": String::from_utf8(body.to_vec()).unwrap() })
    });
}

#[test]
fn requests_say_where_their_body_ends() {
    hold("bodies", "method", &["headers", "body", "length"], |case| {
        let mut headers: Headers = pairs(&case["headers"]).into_iter().collect();
        let mut body = match case["body"].as_str() {
            None => Body::Empty,
            Some("stream") => Body::Stream { length: case["length"].as_u64(), rewindable: false },
            Some(body) => Body::Bytes(body.to_owned().into()),
        };
        body::frame(text(case, "method"), &mut headers, &mut body).unwrap();
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields: Map<String, Value> =
            headers.iter().map(|(name, value)| (shown(name), shown(value).into())).collect();
        json!({ "fields": fields })
    });
}
