//! A helper dials its session's link: a ticket once, then listeners, then connections.

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocket;
use axum::response::Response;
use wire::link_messages::{ApplianceToHelper, HelperHello, Older, Refusal, TunnelToListen, Versions};

use super::messages::{accept, hello, link, refuse, say};
use crate::http::{ConnectionInfo, Upgrade};
use crate::metrics::Refused;
use crate::relay::connections::From;
use crate::services::Services;
use crate::session::arrivals::Arrived;
use crate::session::registry::Admitted;
use crate::session::tunnelling::Begin;

pub(super) async fn dial_in(
    State(services): State<Services>,
    Extension(info): Extension<ConnectionInfo>,
    Upgrade(upgrade): Upgrade,
) -> Response {
    accept(upgrade, services, info, run)
}

async fn run(mut socket: WebSocket, services: Services, _info: ConnectionInfo) {
    let hello: HelperHello = match hello(&mut socket).await {
        Ok(hello) => hello,
        Err(detail) => {
            tracing::debug!(detail, "a helper's hello was not understood");
            let message = "The appliance did not understand the helper's first message. Update the helper.".to_owned();
            return turn_away(socket, &services, Refusal::BadHello, message).await;
        }
    };
    let protocol = match agree(hello.versions, "helper") {
        Ok(protocol) => protocol,
        Err((refusal, message)) => return turn_away(socket, &services, refusal, message).await,
    };
    if services.tasks.stopping().is_cancelled() {
        let message = "The appliance is stopping.".to_owned();
        return turn_away(socket, &services, Refusal::Stopping, message).await;
    }
    let admitted = match hello.resume {
        None => services.sessions.admit_helper(hello.session_id, &hello.ticket),
        Some(_) => services.sessions.admit_again(hello.session_id, &hello.ticket).await,
    };
    let Admitted { live, resumption } = match admitted {
        Ok(admitted) => admitted,
        Err((refusal, message)) => {
            tracing::info!(session.id = %hello.session_id, refusal = ?refusal, "a helper was refused");
            return turn_away(socket, &services, refusal, message).await;
        }
    };
    live.set_helper_version(&hello.version);
    let listen = |tunnel: &wire::api::Tunnel| TunnelToListen {
        index: tunnel.index,
        address: tunnel.wanted_address,
        port: tunnel.wanted_port,
    };
    let tunnels = live.snapshot().tunnels.iter().map(listen).collect();
    // A link that broke meanwhile is noticed by the session's task.
    say(&mut socket, &ApplianceToHelper::Welcome { protocol, tunnels, resumption }).await;
    live.arrivals.bring(From::Helper, Arrived { link: link(socket), epoch: hello.resume.unwrap_or(0) });
    if hello.resume.is_none() {
        services.sessions.run(live, Begin::Fresh);
    }
}

async fn turn_away(socket: WebSocket, services: &Services, refusal: Refusal, message: String) {
    services.metrics.refused(Refused::Helper, refusal);
    refuse(socket, &ApplianceToHelper::Refused { refusal, message }).await;
}

/// The version both speak.
pub(super) fn agree(theirs: Versions, program: &str) -> Result<u32, (Refusal, String)> {
    Versions::OURS.agree(theirs).map_err(|older| match older {
        Older::Peer => {
            (Refusal::ProgramTooOld, format!("This {program} is too old for the appliance. Update the {program}."))
        }
        Older::Us => {
            (Refusal::ApplianceTooOld, format!("The appliance is too old for this {program}. Update the appliance."))
        }
    })
}
