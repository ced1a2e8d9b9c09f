//! The console: what people see in the browser.
//!
//! | file | holds |
//! |---|---|
//! | `app` | the root: store, background tasks, sign-in or page |
//! | `routes` | the addresses of the pages |
//! | `appliance_api` | the one typed client of the appliance's HTTP API |
//! | `event_socket`, `loading` | what happens on the appliance, and loading what is shown |
//! | `helper_port` | the way to extension and helper |
//! | `console` | what every component can reach |
//! | `state/` | all that is known and decided, without a browser; tested natively |
//! | `components/` | what pages are made of |
//! | `pages/` | one for each screen |

#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(dead_code, reason = "what uses it is drawn in a browser; natively only the tests do")
)]
mod state;

#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod appliance_api;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod console;
#[cfg(target_arch = "wasm32")]
mod event_socket;
#[cfg(target_arch = "wasm32")]
mod helper_port;
#[cfg(target_arch = "wasm32")]
mod loading;
#[cfg(target_arch = "wasm32")]
mod pages;
#[cfg(target_arch = "wasm32")]
mod routes;

#[cfg(target_arch = "wasm32")]
fn main() {
    if let Some(boot) = gloo::utils::document().get_element_by_id("boot") {
        boot.remove();
    }
    yew::Renderer::<app::App>::new().render();
}

/// Natively there is nothing to draw on; only the tests of `state` are built.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
