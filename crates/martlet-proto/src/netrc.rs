//! The `.netrc` file: which login a host gets.
//!
//! It is read as Python's `netrc` module reads it, down to where that one stops with an error,
//! and looked up as requests does. Tokens are separated by white space; one that starts with a
//! double quote ends with the next; a backslash takes the next character as it is. A token that
//! starts with `#` opens a comment, subject to two quirks of that module, kept here: between
//! entries only a lone `#` does, and never one that is the first token behind an empty line.

use std::{collections::HashMap, fmt, str::Chars};

use crate::pystr::repr;
use crate::{Error, Kind, Phase, Result};

/// The logins of a `.netrc` file, by host. Its `Debug` shows the hosts alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Netrc {
    entries: HashMap<String, Entry>,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Entry {
    login: String,
    account: String,
    password: String,
}

impl Netrc {
    /// Reads the text of a `.netrc` file. A host named twice has its last entry.
    ///
    /// # Errors
    /// [`Kind::InvalidSetting`] with the line where the text is not a `.netrc` file; requests then goes on without.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut lexer = Lexer::new(&text);
        let mut netrc = Self::default();
        loop {
            let line = lexer.line;
            let token = lexer.token();
            let host = match token.as_str() {
                "" => return Ok(netrc),
                comment if comment.starts_with('#') => {
                    if lexer.line == line && comment.len() == 1 {
                        lexer.skip_line();
                    }
                    continue;
                }
                "machine" => lexer.token(),
                "default" => "default".to_owned(),
                "macdef" => {
                    lexer.skip_macro()?;
                    continue;
                }
                _ => return Err(lexer.error(format!("bad toplevel token {}", repr(&token)))),
            };
            if host.is_empty() {
                return Err(lexer.error("missing 'machine' name".to_owned()));
            }
            let entry = lexer.entry()?;
            netrc.entries.insert(host, entry);
        }
    }

    /// Login and password for `host` (in lower case, without port), else those of the `default` entry
    /// (`requests.utils.get_netrc_auth`). The account stands in for a login that is missing.
    pub fn lookup(&self, host: &str) -> Option<(&str, &str)> {
        let entry = self.entries.get(host).or_else(|| self.entries.get("default"))?;
        let login = if entry.login.is_empty() { &entry.account } else { &entry.login };
        let is_empty = login.is_empty() && entry.password.is_empty();
        (!is_empty).then_some((login, &entry.password))
    }
}

impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hosts: Vec<&String> = self.entries.keys().collect();
        hosts.sort();
        f.debug_tuple("Netrc").field(&hosts).finish()
    }
}

struct Lexer<'a> {
    chars: Chars<'a>,
    line: usize,
    /// The token that ended an entry and is to be read again.
    pushed_back: Option<String>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        Self { chars: text.chars(), line: 1, pushed_back: None }
    }

    fn char(&mut self) -> Option<char> {
        let char = self.chars.next();
        self.line += usize::from(char == Some('\n'));
        char
    }

    /// The next token; empty at the end, and for `""`, which ends the text just so.
    fn token(&mut self) -> String {
        if let Some(token) = self.pushed_back.take() {
            return token;
        }
        let is_space = |char: char| matches!(char, '\n' | '\t' | '\r' | ' ');
        let mut next = self.char();
        while next.is_some_and(is_space) {
            next = self.char();
        }
        let is_quoted = next == Some('"');
        if is_quoted {
            next = self.char();
        }
        let is_end = |char: char| if is_quoted { char == '"' } else { is_space(char) };
        let mut token = String::new();
        while let Some(char) = next.filter(|char| !is_end(*char)) {
            token.extend(if char == '\\' { self.char() } else { Some(char) });
            next = self.char();
        }
        token
    }

    /// Drops the rest of the line, which is not counted; tells whether it was empty.
    fn skip_line(&mut self) -> Option<bool> {
        let rest = self.chars.as_str();
        let (line, behind) = rest.split_once('\n').unwrap_or((rest, ""));
        self.chars = behind.chars();
        (!rest.is_empty()).then_some(line.is_empty() && rest.starts_with('\n'))
    }

    /// A macro has a name and goes on until an empty line.
    fn skip_macro(&mut self) -> Result<()> {
        self.token();
        loop {
            match self.skip_line() {
                Some(true) => return Ok(()),
                Some(false) => {}
                None => {
                    return Err(self.error("Macro definition missing null line terminator.".to_owned()));
                }
            }
        }
    }

    fn entry(&mut self) -> Result<Entry> {
        let mut entry = Entry::default();
        loop {
            let line = self.line;
            let token = self.token();
            match token.as_str() {
                comment if comment.starts_with('#') => {
                    if self.line == line {
                        self.skip_line();
                    }
                }
                "" | "machine" | "default" | "macdef" => {
                    self.pushed_back = Some(token);
                    return Ok(entry);
                }
                "login" | "user" => entry.login = self.token(),
                "account" => entry.account = self.token(),
                "password" => entry.password = self.token(),
                _ => return Err(self.error(format!("bad follower token {}", repr(&token)))),
            }
        }
    }

    fn error(&self, what: String) -> Error {
        Error::new(Kind::InvalidSetting, Phase::Prepare, format!("{what} (netrc, line {})", self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(text: &str, host: &str) -> Option<(String, String)> {
        let netrc = Netrc::parse(text).unwrap();
        netrc.lookup(host).map(|(login, password)| (login.to_owned(), password.to_owned()))
    }

    fn login(text: &str, host: &str) -> Option<String> {
        lookup(text, host).map(|(login, password)| format!("{login}:{password}"))
    }

    #[test]
    fn a_host_has_its_entry_and_others_have_the_default() {
        let text = "machine a.test login u password p\ndefault user d password dp";
        assert_eq!(login(text, "a.test").unwrap(), "u:p");
        assert_eq!(login(text, "b.test").unwrap(), "d:dp");
        assert_eq!(login("machine a.test login u password p", "b.test"), None);
    }

    #[test]
    fn the_account_stands_in_for_a_missing_login() {
        assert_eq!(login("machine a account acc password p", "a").unwrap(), "acc:p");
        assert_eq!(login("machine a password p", "a").unwrap(), ":p");
        assert_eq!(login("machine a", "a"), None);
    }

    #[test]
    fn quotes_and_backslashes_guard_spaces_and_hashes() {
        let text = r#"machine a login "u \"x\" y" password p\ q#\\ "#;
        assert_eq!(login(text, "a").unwrap(), r#"u "x" y:p q#\"#);
    }

    #[test]
    fn macros_and_comments_are_passed_over() {
        let text = "# first\nmacdef m\n\tcd /x\nmachine no\n\nmachine a # login x\nlogin u #y\npassword p\n";
        assert_eq!(login(text, "a").unwrap(), "u:p");
        assert_eq!(login(text, "no"), None);
    }

    #[test]
    fn what_is_no_netrc_file_is_an_error_with_its_line() {
        for (text, message) in [
            ("foo", "bad toplevel token 'foo' (netrc, line 1)"),
            ("machine a\nlogin u x", "bad follower token 'x' (netrc, line 2)"),
            ("machine", "missing 'machine' name (netrc, line 1)"),
            ("macdef m\nx", "Macro definition missing null line terminator. (netrc, line 2)"),
        ] {
            let error = Netrc::parse(text).unwrap_err();
            assert_eq!((error.kind(), error.message()), (Kind::InvalidSetting, message), "{text}");
        }
    }

    #[test]
    fn debug_shows_hosts_alone() {
        let netrc = Netrc::parse("machine a login u password secret").unwrap();
        assert_eq!(format!("{netrc:?}"), r#"Netrc(["a"])"#);
    }
}
