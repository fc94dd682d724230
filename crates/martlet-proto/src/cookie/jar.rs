//! The jar: what is in it, in which order, and how much of it.

use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{Change, Cookie, Limits, Site, parse::parse, policy::Accepted};

/// Cookies by domain, path and name; iterates in the order of `http.cookiejar`'s nested dicts.
#[derive(Clone, Debug, Default)]
pub struct Jar {
    buckets: HashMap<String, Bucket>,
    arrivals: u64,
    count: usize,
    limits: Limits,
}

/// The cookies of one domain; those of one path stand together.
#[derive(Clone, Debug)]
struct Bucket {
    arrival: u64,
    cookies: Vec<Cookie>,
}

impl Jar {
    /// An empty jar.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty jar with limits of its own.
    pub fn with_limits(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The number of cookies.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All cookies: by domain, then path, then name, each in the order of first arrival.
    pub fn iter(&self) -> impl Iterator<Item = &Cookie> {
        let mut buckets: Vec<&Bucket> = self.buckets.values().collect();
        buckets.sort_unstable_by_key(|bucket| bucket.arrival);
        buckets.into_iter().flat_map(|bucket| &bucket.cookies)
    }

    /// The value of `Cookie` for a request to `site`: the longest paths first, else in the order of
    /// [`Jar::iter`]. `None` when no cookie belongs there.
    pub fn header(&self, site: &Site<'_>, now: SystemTime) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let now = seconds(now);
        let mut dotted = String::new();
        let mut found: Vec<(u64, &Cookie)> = Vec::new();
        for (domain, below) in site.domains(&mut dotted) {
            if let Some(bucket) = self.buckets.get(domain) {
                let cookies = bucket.cookies.iter().filter(|cookie| site.takes(cookie, below, now));
                found.extend(cookies.map(|cookie| (bucket.arrival, cookie)));
            }
        }
        if found.is_empty() {
            return None;
        }
        found.sort_by_key(|(arrival, cookie)| (std::cmp::Reverse(cookie.path.chars().count()), *arrival));
        let mut header = String::with_capacity(found.len() * 32);
        for (_, cookie) in found {
            if !header.is_empty() {
                header.push_str("; ");
            }
            header.push_str(&cookie.name);
            if let Some(value) = &cookie.value {
                header.push('=');
                header.push_str(value);
            }
        }
        Some(header)
    }

    /// Takes what the `Set-Cookie` fields of one reply from `site` say, and tells what that changed. As in
    /// `http.cookiejar` the cookies whose time is over go first, then the others are set in order.
    pub fn store<'f>(
        &mut self,
        site: &Site<'_>,
        fields: impl IntoIterator<Item = &'f [u8]>,
        now: SystemTime,
    ) -> Vec<Change> {
        let now = seconds(now);
        let (mut changes, mut cookies) = (Vec::new(), Vec::new());
        for field in fields {
            match parse(field, now, &self.limits).and_then(|parsed| site.accept(parsed, now)) {
                None => {}
                Some(Accepted::Set(cookie)) => cookies.push(cookie),
                Some(Accepted::Removed { domain, path, name }) => {
                    let removed = self.remove(&domain, &path, &name);
                    changes.extend(removed.map(|_| Change::Removed { domain, path, name }));
                }
            }
        }
        for cookie in cookies.into_iter().map(without_escaped_quotes) {
            changes.extend(self.make_room(&cookie, now));
            changes.push(Change::Set(cookie.clone()));
            self.set(cookie);
        }
        changes
    }

    /// Sets a cookie without asking any policy or limit; one of the same domain, path and name gives it its
    /// place.
    pub fn set(&mut self, cookie: Cookie) {
        let cookie = without_escaped_quotes(cookie);
        let bucket = self.buckets.entry(cookie.domain.clone()).or_insert_with(|| {
            self.arrivals += 1;
            Bucket { arrival: self.arrivals, cookies: Vec::new() }
        });
        let same = |other: &Cookie| other.path == cookie.path && other.name == cookie.name;
        let place = match bucket.cookies.iter().position(same) {
            Some(place) => {
                bucket.cookies.remove(place);
                place
            }
            None => {
                self.count += 1;
                let last = bucket.cookies.iter().rposition(|other| other.path == cookie.path);
                last.map_or(bucket.cookies.len(), |last| last + 1)
            }
        };
        bucket.cookies.insert(place, cookie);
    }

    /// Sets all cookies of another jar, in its order (`merge_cookies`).
    pub fn merge(&mut self, other: &Self) {
        for cookie in other.iter() {
            self.set(cookie.clone());
        }
    }

    /// Takes a cookie away.
    pub fn remove(&mut self, domain: &str, path: &str, name: &str) -> Option<Cookie> {
        let bucket = self.buckets.get_mut(domain)?;
        let place = bucket.cookies.iter().position(|cookie| cookie.path == path && cookie.name == name)?;
        let cookie = bucket.cookies.remove(place);
        self.count -= 1;
        if bucket.cookies.is_empty() {
            self.buckets.remove(domain);
        }
        Some(cookie)
    }

    /// Does to this jar what was done to another.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Set(cookie) => self.set(cookie),
            Change::Removed { domain, path, name } => drop(self.remove(&domain, &path, &name)),
        }
    }

    /// Takes all cookies away.
    pub fn clear(&mut self) {
        self.buckets.clear();
        self.count = 0;
    }

    /// Takes away what has to go before `cookie` can come: see [`Limits`].
    fn make_room(&mut self, cookie: &Cookie, now: i64) -> Option<Change> {
        let bucket = self.buckets.get(&cookie.domain);
        let same = |other: &&Cookie| other.path == cookie.path && other.name == cookie.name;
        if bucket.is_some_and(|bucket| bucket.cookies.iter().any(|other| same(&other))) {
            return None;
        }
        let full = bucket.filter(|bucket| bucket.cookies.len() >= self.limits.domain).or_else(|| {
            let over = self.count >= self.limits.total;
            over.then(|| self.buckets.values().min_by_key(|bucket| bucket.arrival)).flatten()
        })?;
        let expired = full.cookies.iter().find(|cookie| cookie.is_expired(now));
        let Cookie { domain, path, name, .. } = expired.or_else(|| full.cookies.first())?.clone();
        self.remove(&domain, &path, &name);
        Some(Change::Removed { domain, path, name })
    }
}

/// What `RequestsCookieJar.set_cookie` does to every cookie: a quoted value loses the `\"` within.
fn without_escaped_quotes(mut cookie: Cookie) -> Cookie {
    if let Some(value) = cookie.value.as_mut().filter(|value| value.starts_with('"') && value.ends_with('"'))
    {
        *value = value.replace("\\\"", "");
    }
    cookie
}

fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
}
