//! The names of all figures, as tables call them, in the tables they belong to.

/// A table: its heading, and its columns with the digits behind the point.
pub(crate) type Table = (&'static str, &'static [(&'static str, usize)]);

macro_rules! figures {
    ($($name:ident = $text:literal;)*) => {
        $(#[doc = $text] pub(crate) const $name: &str = $text;)*
    };
}

figures! {
    DOWN = "1 down";
    UP = "1 up";
    BOTH = "1 both";
    CPU_DOWN = "CPU s/GiB down";
    CPU_UP = "CPU s/GiB up";
    DOWN_8 = "8 down";
    EVEN_8 = "slowest/fastest of 8";
    DOWN_64 = "64 down";
    EVEN_64 = "slowest/fastest of 64";
    UP_64 = "64 up";
    TOTAL_64 = "64 against 1";
    SILENT_64 = "silent";
    PING = "64 B p50";
    PING_P99 = "64 B p99";
    PING_SPREAD = "p99 / p50";
    PING_16K = "16 KiB p50";
    PING_16K_P99 = "16 KiB p99";
    FIRST_BYTE = "first byte p50";
    FIRST_BYTE_P99 = "first byte p99";
    CONNECTIONS = "connections/s × 16";
    CONNECTION_CPU = "CPU ms each";
    IDLE = "idle p50";
    BESIDE_DOWN = "beside down p50";
    BESIDE_DOWN_RATIO = "down / idle";
    BESIDE_UP = "beside up p50";
    BESIDE_UP_RATIO = "up / idle";
    BULK_DOWN = "bulk down GiB/s";
    BULK_UP = "bulk up GiB/s";
    CLIENT_STALLS_KEEPS = "client stalls: other keeps";
    CLIENT_STALLS_GROWS = "client stalls: + MiB";
    TARGET_STALLS_KEEPS = "target stalls: other keeps";
    TARGET_STALLS_GROWS = "target stalls: + MiB";
    AT_ONCE = "256 at once, s";
    MEMORY = "KiB per idle connection";
    HALF_CLOSE = "half close of 8";
    EARLY_CLOSE = "early close of 8";
    FAR_FIRST_BYTE = "first byte p50, ms";
    FAR_AT_ONCE = "256 at once over it, s";
    FAR_DOWN = "1 down, MiB/s";
    FAR_UP = "1 up, MiB/s";
    FAR_IDLE = "ping idle p50, ms";
    FAR_BESIDE_DOWN = "beside down p50, ms";
    FAR_BESIDE_UP = "beside up p50, ms";
    FAR_BULK_DOWN = "bulk down MiB/s";
    FAR_BULK_UP = "bulk up MiB/s";
}

/// On this machine alone.
pub(crate) const NEAR_TABLES: &[Table] = &[
    ("Throughput (GiB/s) and CPU", &[(DOWN, 3), (UP, 3), (BOTH, 3), (CPU_DOWN, 2), (CPU_UP, 2)]),
    (
        "Many streams (GiB/s)",
        &[(DOWN_8, 3), (EVEN_8, 2), (DOWN_64, 3), (EVEN_64, 2), (TOTAL_64, 2), (SILENT_64, 0), (UP_64, 3)],
    ),
    ("Messages there and back (ms)", &[(PING, 3), (PING_P99, 3), (PING_SPREAD, 2), (PING_16K, 3), (PING_16K_P99, 3)]),
    ("Fresh connections (ms)", &[(FIRST_BYTE, 3), (FIRST_BYTE_P99, 3), (CONNECTIONS, 0), (CONNECTION_CPU, 2)]),
    (
        "64 B there and back beside one stream (ms)",
        &[
            (IDLE, 3),
            (BESIDE_DOWN, 3),
            (BESIDE_DOWN_RATIO, 1),
            (BESIDE_UP, 3),
            (BESIDE_UP_RATIO, 1),
            (BULK_DOWN, 3),
            (BULK_UP, 3),
        ],
    ),
    (
        "A reader that stalls; connections that stand; ends",
        &[
            (CLIENT_STALLS_KEEPS, 2),
            (CLIENT_STALLS_GROWS, 1),
            (TARGET_STALLS_KEEPS, 2),
            (TARGET_STALLS_GROWS, 1),
            (AT_ONCE, 3),
            (MEMORY, 1),
            (HALF_CLOSE, 0),
            (EARLY_CLOSE, 0),
        ],
    ),
];

/// Over a delay.
pub(crate) const FAR_TABLES: &[Table] = &[(
    "Over 40 ms and 1 Gbit/s a hop",
    &[
        (FAR_FIRST_BYTE, 1),
        (FAR_AT_ONCE, 3),
        (FAR_DOWN, 1),
        (FAR_UP, 1),
        (FAR_IDLE, 1),
        (FAR_BESIDE_DOWN, 1),
        (FAR_BESIDE_UP, 1),
        (FAR_BULK_DOWN, 1),
        (FAR_BULK_UP, 1),
    ],
)];
