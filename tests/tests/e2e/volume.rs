//! One GiB each way through a tunnel, with equal SHA-256.

use anyhow::Result;
use tests::servers::Gauge;
use tests::site::on_a_site;

const VOLUME: u64 = 1 << 30;

#[test]
fn one_gib_each_way() -> Result<()> {
    on_a_site(|site| {
        let gauge = Gauge::start()?;
        let mut helper = site.start_helper()?;
        let open = site.open_to(&mut helper, "gauge", gauge.port())?;
        Gauge::send_to(open.address(0)?, VOLUME)?;
        Gauge::fetch_from(open.address(0)?, VOLUME)?;
        let details = site.wait_for_session(open.id, "the bytes are counted", |it| {
            it.session.bytes_sent > VOLUME && it.session.bytes_received > VOLUME
        })?;
        anyhow::ensure!(details.session.connections_total == 2);
        Ok(())
    })
}
