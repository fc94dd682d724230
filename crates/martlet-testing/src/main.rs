//! `martlet-testing-server`: the server as a program, for benchmarks that give it a core of its own.
//!
//! Prints its URL on a line of its own when it accepts connections, then serves until it is
//! killed or, with `--until-stdin-closes`, until whoever started it is gone.
#![forbid(unsafe_code)]

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use martlet_testing::{Server, ServerOptions};

const USAGE: &str = "\
usage: martlet-testing-server [--host ADDRESS] [--port PORT] [--tls --ca-file PATH] [--reply PATH=FILE]...
                              [--until-stdin-closes]

  --host ADDRESS        IP address to listen at (127.0.0.1)
  --port PORT           port to listen at (0: the system chooses)
  --tls                 serve HTTPS
  --ca-file PATH        write the certificate that clients have to trust to PATH, in PEM
  --reply PATH=FILE     answer PATH with what is in FILE, the head of the reply and its body
  --until-stdin-closes  stop at the end of standard input
";

#[derive(Default)]
struct Arguments {
    options: ServerOptions,
    ca_file: Option<PathBuf>,
    replies: Vec<(String, PathBuf)>,
    until_stdin_closes: bool,
    help: bool,
}

fn main() -> ExitCode {
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(why) => {
            eprint!("martlet-testing-server: {why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if arguments.help {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("martlet-testing-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--host" => {
                arguments.options.host = value()?.parse().map_err(|_| "--host takes an IP address")?
            }
            "--port" => arguments.options.port = value()?.parse().map_err(|_| "--port takes 0 to 65535")?,
            "--tls" => arguments.options.tls = true,
            "--ca-file" => arguments.ca_file = Some(value()?.into()),
            "--reply" => match value()?.split_once('=') {
                Some((path, file)) => arguments.replies.push((path.to_owned(), file.into())),
                None => return Err("--reply takes PATH=FILE".into()),
            },
            "--until-stdin-closes" => arguments.until_stdin_closes = true,
            "--help" | "-h" => arguments.help = true,
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(arguments)
}

fn run(arguments: Arguments) -> io::Result<()> {
    let mut options = arguments.options;
    for (path, file) in arguments.replies {
        options.replies.push((path, std::fs::read(file)?.into()));
    }
    let server = Server::start(options)?;
    if let (Some(path), Some(pem)) = (&arguments.ca_file, server.ca_pem()) {
        std::fs::write(path, pem)?;
    }
    let mut out = io::stdout();
    writeln!(out, "{}", server.url())?;
    out.flush()?;
    if arguments.until_stdin_closes {
        io::copy(&mut io::stdin().take(u64::MAX), &mut io::sink())?;
        return Ok(());
    }
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Arguments, String> {
        parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn options_are_taken() {
        let arguments =
            parsed(&["--host", "::1", "--port", "8080", "--tls", "--until-stdin-closes"]).unwrap();
        assert!(arguments.options.tls && arguments.until_stdin_closes);
        assert_eq!((arguments.options.host.to_string(), arguments.options.port), ("::1".to_owned(), 8080));
    }

    #[test]
    fn wrong_options_say_what_is_expected() {
        for words in
            [&["--port"][..], &["--port", "x"], &["--host", "localhost"], &["--nothing"], &["--reply", "/x"]]
        {
            assert!(parsed(words).is_err(), "{words:?}");
        }
    }
}
