//! The pairs of ports of an item.

use wire::limits::TUNNELS_PER_ITEM;
use yew::prelude::*;

use crate::components::button::{Button, Kind};
use crate::components::field::{TextField, below};
use crate::components::icon::Icon;
use crate::state::item_form::{Edit, ItemForm};
use crate::state::services::SERVICES;

/// Properties of [`TunnelFieldsTable`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct TunnelFieldsProps {
    /// The form.
    pub(super) form: ItemForm,
    /// A change of it.
    pub(super) onedit: Callback<Edit>,
}

/// One row for each pair, and a button for one more.
#[component]
pub(super) fn TunnelFieldsTable(props: &TunnelFieldsProps) -> Html {
    let rows = props.form.tunnels.len();
    let add = props.onedit.reform(|_: MouseEvent| Edit::AddTunnel);
    let full = if rows >= TUNNELS_PER_ITEM { "An item can have no more pairs of ports." } else { "" };
    html! {
        <fieldset class="sp-tunnels">
            <legend class="pf-v6-c-form__label-text">{ "Ports" }</legend>
            <div class="sp-tunnels__head" aria-hidden="true">
                <span>{ "Service" }</span>
                <span>{ "Local port" }</span>
                <span>{ "Remote port" }</span>
            </div>
            { for (0..rows).map(|at| row(props, at)) }
            { below("tunnels", props.form.error("tunnels").map(AttrValue::from).as_ref(), Html::default()) }
            <datalist id="services">
                { for SERVICES.iter().map(|service| html! {
                    <option key={service.name} value={service.name}>{ format!("port {}", service.remote_port) }</option>
                }) }
            </datalist>
            <Button id="add-tunnel" kind={Kind::Link} class="pf-m-inline" icon={Icon::Plus} label="Add a pair of ports" obstacle={full} onclick={add} />
        </fieldset>
    }
}

fn row(props: &TunnelFieldsProps, at: usize) -> Html {
    let tunnel = &props.form.tunnels[at];
    let (local, remote) = (format!("tunnels[{at}].local_port"), format!("tunnels[{at}].remote_port"));
    let error = |field: &str| props.form.error(field).map(AttrValue::from);
    let left = |field: &str| {
        let field = field.to_owned();
        props.onedit.reform(move |()| Edit::Left(field.clone()))
    };
    let only = if props.form.tunnels.len() == 1 { "An item has at least one pair of ports." } else { "" };
    html! {
        <div class="sp-tunnels__row" key={at} data-testid="tunnel-row">
            <div>
                <TextField id={format!("tunnel-{at}-label")} label={format!("Service of pair {}", at + 1)} bare={true} list="services"
                    placeholder="PostgreSQL, SSH, …" value={tunnel.label.clone()} oninput={props.onedit.reform(move |text| Edit::Label(at, text))} />
            </div>
            <div>
                <TextField id={format!("tunnel-{at}-local-port")} label={format!("Local port of pair {}", at + 1)} bare={true}
                    placeholder="automatic" value={if tunnel.local_port == "0" { String::new() } else { tunnel.local_port.clone() }}
                    error={error(&local)} oninput={props.onedit.reform(move |text| Edit::LocalPort(at, text))} onleave={left(&local)} />
            </div>
            <div>
                <TextField id={format!("tunnel-{at}-remote-port")} label={format!("Remote port of pair {}", at + 1)} bare={true} required={true}
                    value={tunnel.remote_port.clone()} error={error(&remote)}
                    oninput={props.onedit.reform(move |text| Edit::RemotePort(at, text))} onleave={left(&remote)} />
            </div>
            <Button id={format!("tunnel-{at}-remove")} kind={Kind::Plain} icon={Icon::Minus} title={format!("Remove pair {}", at + 1)} obstacle={only}
                onclick={props.onedit.reform(move |_: MouseEvent| Edit::RemoveTunnel(at))} />
        </div>
    }
}
