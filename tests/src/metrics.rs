//! Reading the text format of Prometheus, strictly: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// How long a program may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Names and values of labels, sorted.
type Labels = Vec<(String, String)>;

/// What one scrape says.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    samples: BTreeMap<(String, Labels), f64>,
}

impl Metrics {
    /// Reads a text.
    ///
    /// # Errors
    /// When it is not in the format: samples without help or type, one family in two places, the same series twice, counters
    /// that are not called so, histograms that do not add up.
    pub fn parse(text: &str) -> Result<Self> {
        ensure!(text.ends_with('\n'), "the last line has no end");
        let mut metrics = Self::default();
        let (mut helped, mut typed) = (BTreeSet::new(), BTreeMap::new());
        let mut family = String::new();
        for line in text.lines() {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            match words[..] {
                ["#", "HELP", name, help] => {
                    ensure!(!help.is_empty() && helped.insert(name.to_owned()), "{line}");
                    family = name.to_owned();
                }
                ["#", "TYPE", name, kind] => {
                    ensure!(name == family && typed.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
                    ensure!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                    ensure!((kind == "counter") == name.ends_with("_total"), "{line}");
                }
                _ => {
                    let (name, labels, value) = sample(line).with_context(|| format!("in the line {line:?}"))?;
                    let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
                    let of_family = name == family || base == Some(family.as_str());
                    ensure!(of_family && typed.contains_key(&family), "{line} stands in the family {family}");
                    ensure!(metrics.samples.insert((name, labels), value).is_none(), "{line} is there twice");
                }
            }
        }
        for (name, _) in typed.iter().filter(|(_, kind)| *kind == "histogram") {
            metrics.check_histogram(name)?;
        }
        Ok(metrics)
    }

    fn check_histogram(&self, name: &str) -> Result<()> {
        let bucket = format!("{name}_bucket");
        let mut last: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
        for ((_, labels), value) in self.samples.iter().filter(|((it, _), _)| *it == bucket) {
            let bound = labels.iter().find(|(key, _)| key == "le").context("a bucket without le")?.1.parse()?;
            let others = labels.iter().filter(|(key, _)| key != "le").cloned().collect();
            last.entry(others).or_default().push((bound, *value));
        }
        for (labels, mut buckets) in last {
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            ensure!(buckets.is_sorted_by(|one, other| one.1 <= other.1), "{name} shrinks: {buckets:?}");
            let all = self.samples.get(&(format!("{name}_count"), labels)).copied();
            ensure!(
                buckets.last().map(|it| (it.0, Some(it.1))) == Some((f64::INFINITY, all)),
                "{name}: {buckets:?} {all:?}"
            );
        }
        Ok(())
    }

    /// One value; 0 for a series that is not there yet.
    #[must_use]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.samples.get(&(name.to_owned(), labels)).copied().unwrap_or(0.0)
    }

    /// The sum over a family.
    #[must_use]
    pub fn sum(&self, name: &str) -> f64 {
        self.samples.iter().filter(|((it, _), _)| it == name).map(|(_, value)| value).sum()
    }

    /// Every value of every label.
    pub fn label_values(&self) -> impl Iterator<Item = &str> {
        self.samples.keys().flat_map(|(_, labels)| labels.iter().map(|(_, value)| value.as_str()))
    }
}

/// Reads what a helper or a jumpoint says of itself at this address.
///
/// # Errors
/// When nobody answers there, or not with metrics.
pub fn read_from(address: SocketAddr) -> Result<Metrics> {
    let mut socket = TcpStream::connect(address).with_context(|| format!("nobody serves metrics on {address}"))?;
    socket.set_read_timeout(Some(ANSWER_LIMIT))?;
    write!(socket, "GET /metrics HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    let (head, text) = answer.split_once("\r\n\r\n").context("an answer without an end of its head")?;
    ensure!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    ensure!(head.contains("\r\ncontent-type: text/plain; version=0.0.4"), "{head}");
    Metrics::parse(text).with_context(|| text.to_owned())
}

type Sample = (String, Labels, f64);

fn sample(line: &str) -> Result<Sample> {
    let name_ends = line.find(['{', ' ']).context("no value")?;
    let (name, mut rest) = line.split_at(name_ends);
    let is_name = |name: &str| {
        let first = name.chars().next();
        first.is_some_and(|it| it.is_ascii_alphabetic() || it == '_')
            && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
    };
    ensure!(is_name(name), "{name:?} is no name");
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (key, after) = rest.split_once("=\"").context("a label without a value")?;
            ensure!(is_name(key), "{key:?} is no label");
            let (value, after) = quoted(after)?;
            labels.push((key.to_owned(), value));
            match after.split_at_checked(1).context("a label without an end")? {
                (",", after) => rest = after,
                ("}", after) => {
                    rest = after;
                    break;
                }
                (other, _) => bail!("{other:?} behind a label"),
            }
        }
    }
    labels.sort();
    let value = rest.strip_prefix(' ').context("no space before the value")?;
    Ok((name.to_owned(), labels, value.parse().context("no number")?))
}

/// The text up to the closing quotation mark, and what stands behind it.
fn quoted(text: &str) -> Result<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match characters.next() {
                Some((_, '\\')) => value.push('\\'),
                Some((_, '"')) => value.push('"'),
                Some((_, 'n')) => value.push('\n'),
                other => bail!("{other:?} is nothing to escape"),
            },
            other => value.push(other),
        }
    }
    bail!("a value without an end")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# HELP a_total Some.\n# TYPE a_total counter\na_total{b=\"c\\\"\\n\",d=\"e\"} 3\n\
        # HELP h Some.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3.5\nh_count 2\n";

    #[test]
    fn values_are_found_by_name_and_labels() {
        let metrics = Metrics::parse(GOOD).unwrap();
        assert_eq!(metrics.value("a_total", &[("b", "c\"\n"), ("d", "e")]), 3.0);
        assert_eq!(metrics.value("a_total", &[]), 0.0);
        assert_eq!(metrics.sum("h_count"), 2.0);
    }

    #[test]
    fn what_is_not_the_format_is_refused() {
        let broken = [
            ("# HELP a_total Some.\n", ""),
            ("# TYPE a_total counter\n", ""),
            ("a_total{", "b_total{"),
            ("counter", "summary"),
            ("c\\\"", "c\\q"),
            (" 3\n", " three\n"),
            ("h_count 2", "h_count 3"),
            ("h_bucket{le=\"1\"} 1", "h_bucket{le=\"1\"} 5"),
            ("h_sum 3.5\n", "h_sum 3.5\nh_sum 3.5\n"),
        ];
        for (from, to) in broken {
            assert!(Metrics::parse(&GOOD.replacen(from, to, 1)).is_err(), "{from} -> {to}");
        }
    }
}
