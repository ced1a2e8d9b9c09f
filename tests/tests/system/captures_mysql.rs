//! What a real MariaDB is asked in a captured session, by its own client and by one that prepares its statements.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::program::run;
use tests::servers::MariaDb;
use tests::site::on_a_site;
use wire::api::{CapturedStatement, TrafficProtocol};

use crate::captures::{complete, connections, open, statements};

const LIMIT: Duration = Duration::from_secs(60);

/// The statement that begins with these words.
fn asked<'a>(all: &'a [CapturedStatement], words: &str) -> Result<&'a CapturedStatement> {
    all.iter().find(|it| it.text.starts_with(words)).with_context(|| format!("{words} is not in {all:#?}"))
}

#[test]
fn what_mariadb_is_asked_and_answers_can_be_read() -> Result<()> {
    on_a_site(|site| {
        let server = MariaDb::start()?;
        let mut helper = site.start_helper()?;
        let session = open(site, &mut helper, &[server.port])?;
        let at = session.address(0)?;
        let long = format!("SELECT '{}' AS long_text", "ä".repeat(30_000));
        let script = format!(
            "CREATE TABLE t (id INT PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'one'), (2, NULL); \
             UPDATE t SET name = 'x' WHERE id < 9; SELECT * FROM t; {long}; SELECT nothing FROM t"
        );
        let failed = run(server.client(at)?.args(["--execute", &script]), LIMIT);
        ensure!(failed.is_err(), "there is no column of this name");
        run(server.sysbench(at, "oltp_point_select")?.args(["--table-size=20", "prepare"]), LIMIT)?;
        run(server.sysbench(at, "oltp_point_select")?.args(["--table-size=20", "--events=5", "run"]), LIMIT)?;

        let done = complete(site, session.id)?;
        let found = connections(&site.admin, &done)?;
        let found: Vec<_> = found.iter().filter(|it| it.bytes_sent > 0).collect();
        ensure!(found.iter().all(|it| it.protocol == TrafficProtocol::Mysql), "{found:#?}");
        let by_hand = statements(site, &done, found.first().context("the client connected")?.stream)?;
        for (words, outcome) in [
            ("CREATE TABLE t", "0 rows affected"),
            ("INSERT INTO t", "2 rows affected"),
            ("UPDATE t SET", "2 rows affected"),
            ("SELECT * FROM t", "2 rows"),
            ("SELECT 'ä", "1 row"),
        ] {
            let it = asked(&by_hand, words)?;
            ensure!(it.verb == "query" && it.outcome == outcome && !it.is_error, "{words}: {it:?}");
            ensure!(it.took_micros.is_some() && it.answer_bytes > 0, "{it:?}");
        }
        let it = asked(&by_hand, "SELECT 'ä")?;
        ensure!(it.bytes > 60_000 && it.answer_bytes > 60_000 && it.is_cut, "{} of {}", it.text.len(), it.bytes);
        let it = asked(&by_hand, "SELECT nothing")?;
        ensure!(it.is_error && it.outcome.contains("1054") && it.outcome.contains("nothing"), "{it:?}");

        let mut prepared = 0;
        for connection in &found[1..] {
            let all = statements(site, &done, connection.stream)?;
            let executed = all.iter().filter(|it| it.verb == "execute" && it.text.starts_with("SELECT c FROM sbtest1"));
            for it in executed {
                ensure!(it.outcome == "1 row" && !it.is_error, "{it:?}");
                prepared += 1;
            }
        }
        ensure!(prepared == 5, "{prepared} of 5 were executed");
        Ok(())
    })
}
