//! The root: keeps the store, starts what runs in the background, and decides between signing in and the pages.

use std::rc::Rc;

use futures_util::future::{AbortHandle, abortable};
use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen_futures::spawn_local;
use wire::helper_messages::EXTENSION_ID;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::components::alert::{Alert, Severity};
use crate::components::frame::Frame;
use crate::components::spinner;
use crate::console::{Console, Snapshot, use_store};
use crate::event_socket;
use crate::pages;
use crate::routes::{Route, Section};
use crate::state::store::{Action, SignIn, Store};

/// How long the first answer may take before something is said, in milliseconds.
const LONG_MILLIS: u32 = 3_000;

/// The root component.
pub(crate) struct App {
    store: Rc<Store>,
    console: Console,
    socket: Option<AbortHandle>,
    _leaving: [EventListener; 2],
}

impl Component for App {
    type Message = Action;
    type Properties = ();

    fn create(context: &Context<Self>) -> Self {
        let store = Rc::new(Store::default());
        let console = Console::new(context.link().callback(|action| action), store.clone());
        console.load_installation();
        spawn_local(find_helper(console.clone()));
        spawn_local(find_sign_in(console.clone()));
        let leaving = leaving(&console);
        Self { store, console, socket: None, _leaving: leaving }
    }

    fn update(&mut self, _: &Context<Self>, action: Action) -> bool {
        let signed_in_before = self.store.may_go_on();
        self.store = Rc::new((*self.store).clone().reduce(action));
        self.console.set_current(self.store.clone());
        self.console.recorder().keep(&self.store);
        match (signed_in_before, self.store.may_go_on()) {
            (false, true) => self.start_socket(),
            (true, false) => self.stop_socket(),
            _ => {}
        }
        true
    }

    fn view(&self, _: &Context<Self>) -> Html {
        html! {
            <ContextProvider<Console> context={self.console.clone()}>
                <ContextProvider<Snapshot> context={Snapshot(self.store.clone())}>
                    <BrowserRouter>
                        <Gate />
                    </BrowserRouter>
                </ContextProvider<Snapshot>>
            </ContextProvider<Console>>
        }
    }
}

impl App {
    fn start_socket(&mut self) {
        self.stop_socket();
        let (following, handle) = abortable(event_socket::follow(self.console.clone()));
        self.socket = Some(handle);
        spawn_local(async move {
            // Ended by whoever signs out: nothing is left to do.
            let _ = following.await;
        });
    }

    fn stop_socket(&mut self) {
        if let Some(handle) = self.socket.take() {
            handle.abort();
        }
    }
}

/// A page that records a desktop does not go away unasked, and says so when it does.
fn leaving(console: &Console) -> [EventListener; 2] {
    let window = gloo::utils::window();
    let recorder = console.recorder().clone();
    let asks = EventListener::new_with_options(
        &window,
        "beforeunload",
        EventListenerOptions::enable_prevent_default(),
        move |event| {
            if recorder.is_recording() {
                event.prevent_default();
            }
        },
    );
    let recorder = console.recorder().clone();
    let goes = EventListener::new(&window, "pagehide", move |_| recorder.leave());
    [asks, goes]
}

/// Learns who is signed in, trying until the appliance answers.
async fn find_sign_in(console: Console) {
    loop {
        match console.api().me().await {
            Ok(Some(me)) => return console.dispatch(Action::SignedIn(Box::new(me))),
            Ok(None) => return console.dispatch(Action::SignedOut(None)),
            Err(_) => gloo::timers::future::TimeoutFuture::new(2_000).await,
        }
    }
}

/// Learns the ids of the extension, and then follows it.
async fn find_helper(console: Console) {
    let mut ids = match console.api().installation().await {
        Ok(installation) => installation.extension_ids,
        Err(_) => Vec::new(),
    };
    if !ids.iter().any(|id| id == EXTENSION_ID) {
        ids.push(EXTENSION_ID.into());
    }
    console.helper().clone().follow(ids).await;
}

/// The sign-in page, or the page that was asked for.
#[component]
fn Gate() -> Html {
    let store = use_store();
    let route = use_route::<Route>().unwrap_or(Route::NotFound);
    let signed_in = store.me().is_some();
    use_effect_with((route, signed_in), |(route, signed_in)| {
        let page = if *signed_in || *route == Route::ApproveByMail { route.title() } else { "Sign in" };
        gloo::utils::document().set_title(&format!("{page} · Sallyport"));
    });
    // Whoever follows the link of a letter needs no account, and with one is nobody else there.
    if route == Route::ApproveByMail {
        return html! { <pages::approve_by_mail::ApproveByMail /> };
    }
    match &store.sign_in {
        SignIn::Unknown => html! { <Waiting /> },
        SignIn::Out(_) if route == Route::Setup => html! { <pages::setup::Setup /> },
        SignIn::Out(why) => html! { <pages::sign_in::SignInPage why={why.clone()} /> },
        SignIn::In(me) if me.must_enrol => html! { <pages::second_factor::FirstFactor /> },
        SignIn::In(_) => html! { <Frame>{ page(route) }</Frame> },
    }
}

fn page(route: Route) -> Html {
    match route {
        Route::Jump => html! { <pages::jump::JumpPage /> },
        Route::Sessions => html! { <pages::sessions::SessionsPage /> },
        Route::Session { id } => html! { <pages::session::SessionPage key={id.to_string()} {id} /> },
        Route::Review => html! { <pages::review::ReviewPage /> },
        Route::ReviewSession { id } => {
            html! { <pages::review::session::ReviewSessionPage key={id.to_string()} {id} /> }
        }
        Route::Report { report } => html! { <pages::review::ReportPage {report} /> },
        Route::Approvals => html! { <pages::approvals::ApprovalsPage /> },
        Route::Agents => html! { <pages::agents::AgentsPage /> },
        Route::Administration => html! { <pages::administration::AdministrationPage section={Section::Dashboard} /> },
        Route::AdministrationSection { section } => html! { <pages::administration::AdministrationPage {section} /> },
        Route::UserAccess { id } => html! { <pages::administration::UserAccessPage {id} /> },
        Route::Account => html! { <pages::account::AccountPage /> },
        Route::GetHelper => html! { <pages::get_helper::GetHelperPage /> },
        Route::ApproveByMail => html! { <pages::approve_by_mail::ApproveByMail /> },
        Route::SignOnReturn | Route::Setup => html! { <Redirect<Route> to={Route::Jump} /> },
        Route::NotFound => html! { <pages::not_found::NotFound /> },
    }
}

/// Before it is known who is signed in. It says so when that takes long; trying goes on meanwhile.
#[component]
fn Waiting() -> Html {
    let long = use_state(|| false);
    {
        let long = long.clone();
        use_effect_with((), move |()| {
            let timeout = gloo::timers::callback::Timeout::new(LONG_MILLIS, move || long.set(true));
            move || drop(timeout)
        });
    }
    html! {
        <main class="sp-gate" aria-busy="true">
            if *long {
                <Alert id="gate-error" severity={Severity::Warning} title="The appliance does not answer">
                    <p>{ "Check this workstation's network. This page tries again by itself." }</p>
                </Alert>
            }
            { spinner("Loading") }
        </main>
    }
}
