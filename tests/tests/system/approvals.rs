//! Who may decide a request for approval: teams as they are at that moment, and whoever asked where the policy says so.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::site::{Site, on_a_site};
use wire::UserId;
use wire::api::{
    ApprovalRule, ApprovalState, Approvals, HealthCheck, HealthChecks, HealthLevel, HealthSubject, JumpItem,
    JumpPolicyDraft, Team, TeamDraft,
};

use crate::policies::{approval_by, ask, change, decide, draft, guard, jump, make, somebody};

fn guarded(site: &Site, rule: ApprovalRule) -> Result<(JumpItem, wire::api::JumpPolicy)> {
    let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
    let policy = make(site, &JumpPolicyDraft { approval: Some(rule), ..draft("Four eyes") })?;
    guard(site, &item, Some(policy.id))?;
    Ok((item, policy))
}

#[test]
fn a_member_of_a_team_decides_as_long_as_they_are_in_it() -> Result<()> {
    on_a_site(|site| {
        let ((_, eva), (bob_id, bob)) = (somebody(site, "eva")?, somebody(site, "bob")?);
        let of = |members: &[UserId], revision| TeamDraft {
            name: "Night shift".into(),
            comments: String::new(),
            members: members.to_vec(),
            revision,
        };
        let night: Team = site.admin.post("/api/teams", &of(&[bob_id], 0))?.ok()?;
        let (item, _) = guarded(site, ApprovalRule { teams: vec![night.id], ..approval_by(&[]) })?;
        let first = ask(&eva, &item, 60)?;
        let to_decide = || -> Result<usize> { Ok(bob.get::<Approvals>("/api/approvals")?.to_decide.len()) };
        ensure!(to_decide()? == 1);
        ensure!(decide(&bob, first.id, true)?.state == ApprovalState::Granted);
        let session = jump(&eva, &item)?;

        // Another request, of which he is asked until he is out of the team.
        eva.send("POST", &format!("/api/sessions/{}/end", session.id), None)?.success()?;
        site.admin.send("POST", &format!("/api/approvals/{}/revoke", first.id), None)?.success()?;
        let second = ask(&eva, &item, 60)?;
        ensure!(to_decide()? == 1);
        let path = format!("/api/teams/{}", night.id);
        let changed: Team = site.admin.put(&path, &of(&[], night.revision))?.ok()?;
        ensure!(to_decide()? == 0, "who left the team is asked");
        ensure!(bob.get::<Approvals>("/api/approvals")?.recent.is_empty(), "who left the team sees what others ask");
        let yes = json!({ "grant": true });
        bob.post(&format!("/api/approvals/{}/decide", second.id), &yes)?.refused(404)?;
        ensure!(eva.get::<Approvals>("/api/approvals")?.recent[0].state == ApprovalState::Waiting);

        // Back in it, he decides again; what he granted holds without him, and is his to take back only as long as he is in it.
        let changed: Team = site.admin.put(&path, &of(&[bob_id], changed.revision))?.ok()?;
        ensure!(decide(&bob, second.id, true)?.state == ApprovalState::Granted);
        let session = jump(&eva, &item)?;
        site.admin.put(&path, &of(&[], changed.revision))?.success()?;
        bob.send("POST", &format!("/api/approvals/{}/revoke", second.id), None)?.refused(404)?;
        ensure!(
            site.session(session.id)?.session.end.is_none(),
            "an approval ended with the membership of who gave it"
        );
        Ok(())
    })
}

#[test]
fn whoever_asks_decides_where_the_policy_says_so() -> Result<()> {
    on_a_site(|site| {
        let ((eva_id, eva), (_, max)) = (somebody(site, "eva")?, somebody(site, "max")?);
        let (item, policy) = guarded(site, approval_by(&[eva_id]))?;
        let request = ask(&eva, &item, 60)?;
        ensure!(!request.may_decide);
        let path = format!("/api/approvals/{}/decide", request.id);
        eva.post(&path, &json!({ "grant": true }))?.refused(403)?;

        change(site, &policy, |it| it.approval.iter_mut().for_each(|rule| rule.own_requests = true))?;
        let listed = eva.get::<Approvals>("/api/approvals")?;
        ensure!(listed.to_decide.len() == 1 && listed.to_decide[0].may_decide, "{listed:?}");
        let granted = decide(&eva, request.id, true)?;
        ensure!(granted.state == ApprovalState::Granted && granted.decided_by.as_deref() == Some("eva"), "{granted:?}");
        jump(&eva, &item)?;

        // It is no right of everybody who asks: only of those whom the policy names.
        let request = ask(&max, &item, 60)?;
        ensure!(!request.may_decide);
        max.post(&format!("/api/approvals/{}/decide", request.id), &json!({ "grant": true }))?.refused(403)?;
        ensure!(decide(&eva, request.id, false)?.state == ApprovalState::Refused);
        Ok(())
    })
}

/// Whoever leaves has to be disabled at once, whatever hangs on them; then administrators are told what does.
#[test]
fn the_dashboard_tells_of_a_policy_that_nobody_can_approve() -> Result<()> {
    on_a_site(|site| {
        let approvals = || -> Result<HealthCheck> {
            let checks: HealthChecks = site.admin.get("/api/health-checks")?;
            checks.checks.into_iter().find(|it| it.subject == HealthSubject::Approvals).context("no such check")
        };
        ensure!(approvals()?.level == HealthLevel::Good);
        let (bob_id, _) = somebody(site, "bob")?;
        guarded(site, approval_by(&[bob_id]))?;
        ensure!(approvals()?.level == HealthLevel::Good);
        let enable = |enabled: bool| {
            site.admin.send("PATCH", &format!("/api/users/{bob_id}"), Some(&json!({ "enabled": enabled })))?.success()
        };
        enable(false)?;
        let told = approvals()?;
        ensure!(told.level == HealthLevel::Bad && told.message.contains("Four eyes"), "{told:?}");
        enable(true)?;
        ensure!(approvals()?.level == HealthLevel::Good);
        Ok(())
    })
}
