//! Sessions for those who review them: the list, one session on an axis of time, and reports.

mod filter_bar;
mod list;
mod reports;
pub(crate) mod session;

use yew::prelude::*;
use yew_router::prelude::Link;

use crate::components::alert::{Alert, Severity};
use crate::console::use_store;
use crate::routes::{Report, Route};

/// The list of sessions.
#[component]
pub(crate) fn ReviewPage() -> Html {
    html! { <Framed shown={None::<Report>}><list::SessionList /></Framed> }
}

/// Properties of [`ReportPage`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct ReportPageProps {
    /// Which report.
    pub(crate) report: Report,
}

/// A report.
#[component]
pub(crate) fn ReportPage(props: &ReportPageProps) -> Html {
    let report = match props.report {
        Report::Usage => html! { <reports::usage::Usage /> },
        Report::LastUse => html! { <reports::last_use::LastUse /> },
        Report::Reach => html! { <reports::reach::Reach /> },
    };
    html! { <Framed shown={props.report}>{ report }</Framed> }
}

#[derive(Clone, PartialEq, Properties)]
struct FramedProps {
    /// The report; none: the list of sessions.
    shown: Option<Report>,
    children: Html,
}

/// What stands around the list and the reports.
#[component]
fn Framed(props: &FramedProps) -> Html {
    let tab = |id: &'static str, route: Route, title: &'static str, current: bool| {
        html! {
            <li class={classes!("pf-v6-c-tabs__item", current.then_some("pf-m-current"))} key={id}>
                <span {id}>
                    <Link<Route> classes="pf-v6-c-tabs__link" to={route}>
                        <span class="pf-v6-c-tabs__item-text" aria-current={current.then_some("page")}>{ title }</span>
                    </Link<Route>>
                </span>
            </li>
        }
    };
    let report = |(report, _, title): (Report, &'static str, &'static str)| {
        let id = match report {
            Report::Usage => "review-usage",
            Report::LastUse => "review-last-use",
            Report::Reach => "review-reach",
        };
        tab(id, Route::Report { report }, title, props.shown == Some(report))
    };
    html! {
        <ForReviewers>
            <div class="sp-page__head"><h1 class="pf-v6-c-title pf-m-xl">{ "Review" }</h1></div>
            <nav class="pf-v6-c-tabs sp-sections" aria-label="Review">
                <ul class="pf-v6-c-tabs__list">
                    { tab("review-sessions", Route::Review, "Sessions", props.shown.is_none()) }
                    { for Report::ALL.into_iter().map(report) }
                </ul>
            </nav>
            { props.children.clone() }
        </ForReviewers>
    }
}

/// Properties of [`ForReviewers`].
#[derive(Clone, PartialEq, Properties)]
struct ForReviewersProps {
    children: Html,
}

/// A page that says so to everybody else.
#[component]
fn ForReviewers(props: &ForReviewersProps) -> Html {
    let store = use_store();
    html! {
        <div class="sp-page" id="review-page">
            if store.reviews() {
                { props.children.clone() }
            } else {
                <Alert id="not-reviewer" severity={Severity::Warning} title="There is nothing for you to review">
                    <p>{ "It takes a role with “Read the reports” in a jump group. Ask an administrator for one." }</p>
                </Alert>
            }
        </div>
    }
}
