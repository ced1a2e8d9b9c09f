//! What an administrator sets for the whole appliance: the banner, how long sign-ins last, how many sessions one may have, how
//! long sessions are kept.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::audit_trail::events;
use tests::site::{ADMIN, ADMIN_PASSWORD, Site, on_a_site, on_a_site_with_clock};
use tests::wait;
use wire::api::{Banner, Me, NewSession, SessionPage, SignInBanner, SiteRules, SiteSettings};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn set(site: &Site, change: impl FnOnce(&mut SiteRules)) -> Result<SiteSettings> {
    let mut rules = site.admin.get::<SiteSettings>("/api/settings/site")?.rules;
    change(&mut rules);
    site.admin.put("/api/settings/site", &rules)?.ok()
}

#[test]
fn a_banner_is_shown_to_whoever_is_not_signed_in() -> Result<()> {
    on_a_site(|site| {
        let stranger = site.admin.stranger();
        ensure!(stranger.get::<SignInBanner>("/api/sign-in/banner")?.banner.is_none(), "a new appliance has none");
        let text = " Only for staff.\r\nEverything is recorded. ";
        set(site, |it| it.banner = Some(Banner { text: text.into(), must_agree: true }))?;
        let shown = stranger.get::<SignInBanner>("/api/sign-in/banner")?.banner.context("no banner")?;
        ensure!(shown.text == "Only for staff.\nEverything is recorded." && shown.must_agree, "{shown:?}");

        let refused = set(site, |it| it.banner = Some(Banner { text: "\n".into(), must_agree: false }));
        ensure!(refused.is_err(), "an empty banner was taken");
        // Of two who looked at the same, the second is told.
        let stale = SiteRules { sessions_per_user: 7, ..SiteRules::default() };
        site.admin.put("/api/settings/site", &stale)?.refused(409)?;
        set(site, |it| it.banner = None)?;
        ensure!(stranger.get::<SignInBanner>("/api/sign-in/banner")?.banner.is_none());
        let told = events(&site.admin, "category=settings.site_changed")?;
        ensure!(told.len() == 2 && told[1].after.contains_key("banner"), "{told:?}");
        Ok(())
    })
}

#[test]
fn a_user_has_no_more_sessions_than_the_limit() -> Result<()> {
    on_a_site(|site| {
        set(site, |it| it.sessions_per_user = 2)?;
        let items = ["a", "b", "c"].map(|name| site.item(name, "127.0.0.1", "127.0.0.1", &[(0, 9)]));
        let [a, b, c] = items;
        let (first, _) = (site.jump(&a?)?, site.jump(&b?)?);
        let c = c?;
        let refusal = site.admin.post("/api/sessions", &NewSession::of(c.id))?.refused(409)?;
        ensure!(refusal.code == "too_many_sessions" && refusal.message.contains("2 sessions"), "{refusal:?}");
        // Another one has sessions of their own.
        let tom = site.technician("tom")?;
        tom.post("/api/sessions", &NewSession::of(c.id))?.success()?;
        site.admin.send("POST", &format!("/api/sessions/{}/end", first.id), None)?.success()?;
        wait::until_true("the place is free", wait::SOON, || {
            Ok(site.admin.post("/api/sessions", &NewSession::of(c.id))?.success().is_ok())
        })
    })
}

#[test]
fn a_sign_in_ends_after_the_minutes_that_are_set() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let settings: SiteSettings = site.admin.get("/api/settings/site")?;
        ensure!((settings.configured_idle_minutes, settings.configured_hours) == (60, 12), "{settings:?}");
        set(site, |it| it.sign_in_idle_minutes = Some(5))?;
        clock.pass(Duration::from_secs(4 * 60))?;
        site.admin.get::<Me>("/api/me")?;
        clock.pass(Duration::from_secs(6 * 60))?;
        ensure!(site.admin.get::<Me>("/api/me").is_err(), "still signed in after six minutes");
        site.admin.sign_in(ADMIN, ADMIN_PASSWORD)?;
        set(site, |it| (it.sign_in_idle_minutes, it.sign_in_hours) = (None, Some(1)))?;
        site.admin.sign_in(ADMIN, ADMIN_PASSWORD)?;
        for _ in 0..2 {
            clock.pass(Duration::from_secs(29 * 60))?;
            site.admin.get::<Me>("/api/me")?;
        }
        clock.pass(Duration::from_secs(3 * 60))?;
        ensure!(site.admin.get::<Me>("/api/me").is_err(), "still signed in after an hour");
        Ok(())
    })
}

#[test]
fn sessions_are_kept_as_long_as_is_set_and_their_end_stays_on_record() -> Result<()> {
    on_a_site_with_clock(|site, clock| {
        let item = site.item("echo", "127.0.0.1", "127.0.0.1", &[(0, 9)])?;
        let old = site.jump(&item)?;
        site.admin.send("POST", &format!("/api/sessions/{}/end", old.id), None)?.success()?;
        site.wait_for_session(old.id, "it is over", |it| it.session.ended_at.is_some())?;
        set(site, |it| it.keep_sessions_days = Some(30))?;
        clock.pass(20 * DAY)?;
        site.admin.sign_in(ADMIN, ADMIN_PASSWORD)?;
        let young = site.jump(&item)?;
        site.admin.send("POST", &format!("/api/sessions/{}/end", young.id), None)?.success()?;
        site.wait_for_session(young.id, "it is over", |it| it.session.ended_at.is_some())?;
        clock.pass(11 * DAY)?;
        // It looks when it starts, and every ten minutes.
        site.appliance.program.stop()?;
        site.appliance.start_again()?;
        site.admin.sign_in(ADMIN, ADMIN_PASSWORD)?;
        wait::until_true("the old session is gone", wait::SOON, || {
            let page: SessionPage = site.admin.get("/api/sessions")?;
            Ok(page.sessions.iter().all(|it| it.id != old.id))
        })?;
        ensure!(site.session(young.id).is_ok(), "one that is 11 days old is gone");
        let told = events(&site.admin, "category=session.forgotten")?;
        ensure!(told.len() == 1 && format!("{:?}", told[0].after).contains(&old.id.to_string()), "{told:?}");
        Ok(())
    })
}
