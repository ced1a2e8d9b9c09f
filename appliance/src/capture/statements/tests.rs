use wire::api::{CapturedStatement, TrafficProtocol, TrafficSide};

use super::*;

const CLIENT: TrafficSide = TrafficSide::Client;
const TARGET: TrafficSide = TrafficSide::Target;

type Said = (TrafficSide, Vec<u8>);

/// The statements of a conversation, each line of which comes a millisecond after the one before; read at once and in small pieces,
/// which has to be the same.
fn read(protocol: TrafficProtocol, said: &[Said]) -> (Vec<CapturedStatement>, Option<Stopped>) {
    let heads = |side| {
        let bytes: Vec<u8> = said.iter().filter(|it| it.0 == side).flat_map(|it| it.1.clone()).collect();
        bytes[..bytes.len().min(64)].to_vec()
    };
    assert_eq!(guess(&heads(CLIENT), &heads(TARGET)), protocol);
    let with = |at_once: usize| {
        let mut statements = Statements::of(protocol).unwrap();
        let mut all = Vec::new();
        for (number, (side, bytes)) in said.iter().enumerate() {
            for piece in bytes.chunks(at_once) {
                statements.push(*side, 1_000 * number as i64, piece);
                all.extend(statements.take());
            }
        }
        all.extend(statements.rest());
        (all, statements.stopped())
    };
    let whole = with(usize::MAX);
    for at_once in [1, 3, 7] {
        assert_eq!(with(at_once), whole, "in pieces of {at_once}");
    }
    whole
}

fn brief(of: &[CapturedStatement]) -> Vec<(&str, &str, &str, bool)> {
    of.iter().map(|it| (&*it.verb, &*it.text, &*it.outcome, it.is_error)).collect()
}

fn pg(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

fn pg_startup() -> Vec<u8> {
    let body = [&0x0003_0000_u32.to_be_bytes()[..], b"user\0ana\0\0"].concat();
    [&u32::try_from(body.len() + 4).unwrap().to_be_bytes()[..], &body].concat()
}

fn pg_asks_to_encrypt() -> Vec<u8> {
    [8_u32.to_be_bytes(), 80_877_103_u32.to_be_bytes()].concat()
}

#[test]
fn postgresql_queries_of_both_kinds() {
    let said = [
        (CLIENT, pg_asks_to_encrypt()),
        (TARGET, b"N".to_vec()),
        (CLIENT, pg_startup()),
        (TARGET, [pg(b'R', &[0; 4]), pg(b'S', b"a\0b\0"), pg(b'Z', b"I")].concat()),
        (CLIENT, pg(b'p', b"a secret password\0")),
        (CLIENT, pg(b'Q', b"SELECT 1; SELECT 2\0")),
        (TARGET, [pg(b'T', b"x"), pg(b'D', b"row"), pg(b'C', b"SELECT 1\0"), pg(b'C', b"SELECT 2\0")].concat()),
        (TARGET, pg(b'Z', b"I")),
        (CLIENT, pg(b'Q', b"SELEC\0")),
        (TARGET, [pg(b'E', b"SERROR\0C42601\0Msyntax error\0\0"), pg(b'Z', b"I")].concat()),
        (
            CLIENT,
            [
                pg(b'P', b"s1\0SELECT $1\0\0\0"),
                pg(b'B', b"\0s1\0\0\0\0\0"),
                pg(b'D', b"P\0"),
                pg(b'E', b"\0\0\0\0\0"),
                pg(b'S', b""),
            ]
            .concat(),
        ),
        (TARGET, [pg(b'1', b""), pg(b'2', b""), pg(b'T', b""), pg(b'C', b"SELECT 9\0"), pg(b'Z', b"I")].concat()),
        (
            CLIENT,
            [
                pg(b'P', b"\0INSERT\0\0\0"),
                pg(b'B', b"\0\0\0\0\0\0"),
                pg(b'E', b"\0\0\0\0\0"),
                pg(b'E', b"\0\0\0\0\0"),
                pg(b'S', b""),
            ]
            .concat(),
        ),
        (TARGET, [pg(b'1', b""), pg(b'2', b""), pg(b'E', b"Mno\0C1\0\0"), pg(b'Z', b"I")].concat()),
        (CLIENT, pg(b'Q', b"never answered\0")),
    ];
    let (statements, stopped) = read(TrafficProtocol::Postgresql, &said);
    assert_eq!(stopped, None);
    assert_eq!(
        brief(&statements),
        [
            ("query", "SELECT 1; SELECT 2", "SELECT 1; SELECT 2", false),
            ("query", "SELEC", "syntax error (42601)", true),
            ("prepare", "SELECT $1", "", false),
            ("execute", "SELECT $1", "SELECT 9", false),
            ("execute", "INSERT", "no (1)", true),
            ("execute", "INSERT", "not done after the error before it", true),
            ("query", "never answered", "", false),
        ]
    );
    assert_eq!((statements[0].bytes, statements[0].took_micros), (24, Some(2_000)));
    assert_eq!(statements[0].answer_bytes, 6 + 8 + 14 + 14 + 6);
    assert_eq!(statements[6].took_micros, None);
    assert!(!format!("{statements:?}").contains("secret"));
}

#[test]
fn postgresql_that_is_encrypted_is_not_read() {
    assert_eq!(guess(&pg_asks_to_encrypt(), b"S"), TrafficProtocol::Tls);
    let mut statements = Statements::of(TrafficProtocol::Postgresql).unwrap();
    statements.push(CLIENT, 0, &pg_asks_to_encrypt());
    statements.push(TARGET, 0, b"S");
    assert_eq!(statements.stopped(), Some(Stopped::Encrypted));
}

#[test]
fn long_statements_are_cut() {
    let text = format!("SELECT '{}'\0", "ä".repeat(100_000));
    let said = [(CLIENT, pg_startup()), (CLIENT, pg(b'Q', text.as_bytes())), (TARGET, pg(b'Z', b"I"))];
    let (statements, _) = read(TrafficProtocol::Postgresql, &said);
    assert!(statements[0].is_cut && statements[0].text.len() < 5_000);
    assert_eq!(statements[0].bytes, text.len() as u64 + 5);
}

fn my(number: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [&length[..3], &[number], body].concat()
}

fn my_begins(flags: u32) -> Vec<Said> {
    let greeting = [&[10][..], b"8.0.36\0", &[0; 40]].concat();
    let response = [&flags.to_le_bytes()[..], &[0; 28], b"ana\0"].concat();
    vec![(TARGET, my(0, &greeting)), (CLIENT, my(1, &response)), (TARGET, my(2, &[0, 0, 0, 2, 0, 0, 0]))]
}

#[test]
fn mysql_queries_and_prepared_statements() {
    let mut said = my_begins(0);
    said.extend([
        (CLIENT, my(0, b"\x03SELECT a FROM b")),
        (
            TARGET,
            [
                my(1, &[1]),
                my(2, b"column"),
                my(3, &[0xFE, 0, 0, 2, 0]),
                my(4, b"\x01a"),
                my(5, b"\x01b"),
                my(6, &[0xFE, 0, 0, 2, 0]),
            ]
            .concat(),
        ),
        (CLIENT, my(0, b"\x03UPDATE b")),
        (TARGET, my(1, &[0, 3, 0, 2, 0, 0, 0])),
        (CLIENT, my(0, b"\x03SELEC")),
        (TARGET, my(1, b"\xff\x28\x04#42000You have an error")),
        (CLIENT, my(0, b"\x16SELECT ?")),
        (TARGET, my(1, &[0, 7, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0])),
        (CLIENT, my(0, &[0x17, 7, 0, 0, 0, 0, 1, 0, 0, 0])),
        (TARGET, my(1, &[0, 0, 0, 2, 0, 0, 0])),
        (CLIENT, my(0, &[0x19, 7, 0, 0, 0])),
        (CLIENT, my(0, &[0x01])),
    ]);
    let (statements, stopped) = read(TrafficProtocol::Mysql, &said);
    assert_eq!(stopped, None);
    assert_eq!(
        brief(&statements),
        [
            ("query", "SELECT a FROM b", "2 rows", false),
            ("query", "UPDATE b", "3 rows affected", false),
            ("query", "SELEC", "You have an error (1064)", true),
            ("prepare", "SELECT ?", "", false),
            ("execute", "SELECT ?", "0 rows affected", false),
        ]
    );
    assert!(statements.iter().all(|it| it.took_micros == Some(1_000)), "{statements:?}");
}

#[test]
fn mysql_answers_that_describe_no_columns() {
    const NO_EOF: u32 = 0x0100_0000;
    const OPTIONAL_METADATA: u32 = 0x0200_0000;
    let end = [0xFE, 0, 0, 2, 0, 0, 0];
    let executed = (CLIENT, my(0, &[0x17, 7, 0, 0, 0, 0, 1, 0, 0, 0]));
    // MariaDB's byte stands behind the number of columns, MySQL's before it.
    for (flags, none, one) in [(NO_EOF, [1, 0], [1, 1]), (NO_EOF | OPTIONAL_METADATA, [0, 1], [1, 1])] {
        let mut said = my_begins(flags);
        said.extend([
            executed.clone(),
            (TARGET, [my(1, &none), my(2, b"\0\0row"), my(3, b"\0\0row"), my(4, &end)].concat()),
            executed.clone(),
            (TARGET, [my(1, &one), my(2, b"column"), my(3, b"\0\0row"), my(4, &end)].concat()),
            executed.clone(),
            (TARGET, my(1, &[0, 2, 0, 2, 0, 0, 0])),
        ]);
        let (statements, _) = read(TrafficProtocol::Mysql, &said);
        let outcomes: Vec<_> = statements.iter().map(|it| it.outcome.as_str()).collect();
        assert_eq!(outcomes, ["2 rows", "1 row", "2 rows affected"], "{flags:#x}");
    }
}

#[test]
fn mysql_with_attributes_and_with_what_cannot_be_read() {
    let mut said = my_begins(ATTRIBUTES_AND_NO_EOF);
    said.extend([
        (CLIENT, my(0, b"\x03\x00\x01SELECT 1")),
        (TARGET, [my(1, &[1]), my(2, b"column"), my(3, b"\x011"), my(4, &[0xFE, 0, 0, 2, 0, 0, 0])].concat()),
    ]);
    let (statements, _) = read(TrafficProtocol::Mysql, &said);
    assert_eq!(brief(&statements), [("query", "SELECT 1", "1 row", false)]);
    let mut said = my_begins(0x20);
    said.push((CLIENT, my(0, b"\x03zipped")));
    assert_eq!(read(TrafficProtocol::Mysql, &said).1, Some(Stopped::Compressed));
    let tls = my(1, &[&0x800_u32.to_le_bytes()[..], &[0; 28]].concat());
    assert_eq!(guess(&tls, &my_begins(0)[0].1), TrafficProtocol::Tls);
}

const ATTRIBUTES_AND_NO_EOF: u32 = 0x0900_0000;

fn resp(words: &[&str]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len());
    for word in words {
        out.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    out.into_bytes()
}

#[test]
fn redis_commands_and_answers_of_every_shape() {
    let said = [
        (CLIENT, [resp(&["SET", "key", "two words"]), resp(&["GET", "key"])].concat()),
        (TARGET, b"+OK\r\n$9\r\ntwo words\r\n".to_vec()),
        (CLIENT, resp(&["lrange", "list", "0", "-1"])),
        (TARGET, b"*2\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n".to_vec()),
        (CLIENT, resp(&["AUTH", "ana", "hunter2"])),
        (TARGET, b"-WRONGPASS no\r\n".to_vec()),
        (CLIENT, resp(&["HELLO", "3", "AUTH", "ana", "hunter2"])),
        (TARGET, b"%2\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n".to_vec()),
        (CLIENT, resp(&["CONFIG", "SET", "requirepass", "hunter2"])),
        (TARGET, b">3\r\n+message\r\n+channel\r\n+hello\r\n+OK\r\n".to_vec()),
        (CLIENT, b"PING\r\n\r\nGET nothing\r\n".to_vec()),
        (TARGET, b"+PONG\r\n_\r\n".to_vec()),
    ];
    let (statements, stopped) = read(TrafficProtocol::Redis, &said);
    assert_eq!(stopped, None);
    assert_eq!(
        brief(&statements),
        [
            ("SET", "key \"two words\"", "OK", false),
            ("GET", "key", "9 bytes", false),
            ("LRANGE", "list 0 -1", "2 entries", false),
            ("AUTH", "*** ***", "WRONGPASS no", true),
            ("HELLO", "3 AUTH *** ***", "2 entries", false),
            ("CONFIG", "SET requirepass ***", "OK", false),
            ("PING", "", "PONG", false),
            ("GET", "nothing", "", false),
        ]
    );
    assert_eq!((statements[1].bytes, statements[1].answer_bytes), (22, 15));
}

#[test]
fn http_requests_with_bodies_of_every_kind() {
    let said = [
        (CLIENT, b"GET /a?b=c HTTP/1.1\r\nHost: web-7\r\nAuthorization: Basic secret\r\n\r\n".to_vec()),
        (TARGET, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".to_vec()),
        (
            CLIENT,
            b"POST /form HTTP/1.1\r\nHost: web-7\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".to_vec(),
        ),
        (TARGET, b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        (
            TARGET,
            b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nsorry\r\n0\r\nA: b\r\n\r\n".to_vec(),
        ),
        (CLIENT, b"HEAD / HTTP/1.1\r\nHost: web-7\r\n\r\nGET / HTTP/1.1\r\nHost: web-7\r\n\r\n".to_vec()),
        (TARGET, b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n".to_vec()),
        (CLIENT, b"GET /end HTTP/1.0\r\n\r\n".to_vec()),
        (TARGET, b"HTTP/1.0 200 OK\r\n\r\nuntil the end".to_vec()),
    ];
    let (statements, stopped) = read(TrafficProtocol::Http, &said);
    assert_eq!(stopped, None);
    assert_eq!(
        brief(&statements),
        [
            ("GET", "web-7/a?b=c", "200 OK", false),
            ("POST", "web-7/form", "404 Not Found", true),
            ("HEAD", "web-7/", "200 OK", false),
            ("GET", "web-7/", "304 Not Modified", false),
            ("GET", "/end", "200 OK", false),
        ]
    );
    assert_eq!(statements[0].answer_bytes, said[1].1.len() as u64);
    assert_eq!(statements[1].bytes, said[2].1.len() as u64);
    assert_eq!(statements[1].answer_bytes, (said[3].1.len() + said[4].1.len()) as u64);
    assert_eq!(statements[4].took_micros, Some(1_000));
    let said = [
        (CLIENT, b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n".to_vec()),
        (TARGET, b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x05hello".to_vec()),
    ];
    let (statements, stopped) = read(TrafficProtocol::Http, &said);
    assert_eq!((statements.len(), stopped), (1, Some(Stopped::Changed)));
}

#[test]
fn what_is_not_known_is_not_guessed() {
    for (client, target) in
        [(&b""[..], &b""[..]), (b"hello\n", b"world"), (b"USER x\r\n", b"220 ftp"), (b"\0\0\0\0\0\0\0\0", b"")]
    {
        assert_eq!(guess(client, target), TrafficProtocol::Unknown, "{client:?}");
    }
    assert_eq!(guess(b"\x16\x03\x01\x02\0", b""), TrafficProtocol::Tls);
    assert_eq!(guess(b"", b"SSH-2.0-OpenSSH"), TrafficProtocol::Ssh);
    assert!(Statements::of(TrafficProtocol::Tls).is_none());
}
