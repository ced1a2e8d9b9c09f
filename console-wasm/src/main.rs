//! The console: what people see in the browser.

#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(dead_code, reason = "what uses it is drawn in a browser; natively only the tests do")
)]
mod state;

#[cfg(target_arch = "wasm32")]
fn main() {
    yew::Renderer::<App>::new().render();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}

#[cfg(target_arch = "wasm32")]
#[yew::component]
fn App() -> yew::Html {
    yew::html! { <main class="pf-v6-c-login"><h1 class="pf-v6-c-title pf-m-2xl">{ "Sallyport" }</h1></main> }
}
