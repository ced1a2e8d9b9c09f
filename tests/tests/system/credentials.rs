//! What is stored to sign in at targets: secrets go in and never out, and roles decide who manages them and who learns of them.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::{ApiClient, field_message};
use tests::audit_trail::export;
use tests::site::{Site, on_a_site};
use wire::api::{
    Credential, CredentialDraft, CredentialFacts, CredentialKind, Giving, ItemCredential, ItemPermission, JumpItem,
    NewSecret, Principal, TunnelJumpDraft,
};
use wire::{CredentialId, JumpGroupId, JumpItemRoleId, SecretText};

use crate::roles::{group, newcomer, role, set_members};

const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEgcmVhbCBrZXk\n-----END OPENSSH PRIVATE KEY-----\n";

pub(crate) fn draft(name: &str, group_id: JumpGroupId, secret: &str) -> CredentialDraft {
    CredentialDraft {
        facts: CredentialFacts {
            name: name.into(),
            group_id,
            kind: CredentialKind::Password,
            user_name: "app".into(),
            comments: String::new(),
            giving: Giving::ShownAndCopied,
        },
        secret: Some(NewSecret { text: SecretText::new(secret.into()), passphrase: None }),
        revision: 0,
    }
}

pub(crate) fn store(client: &ApiClient, draft: &CredentialDraft) -> Result<Credential> {
    client.post("/api/credentials", draft)?.ok()
}

pub(crate) fn of(credential_id: CredentialId, remote_port: Option<u32>) -> ItemCredential {
    ItemCredential { credential_id, remote_port }
}

/// Gives an item these credentials, as an administrator.
pub(crate) fn tie(site: &Site, item: &JumpItem, credentials: Vec<ItemCredential>) -> Result<JumpItem> {
    let draft = TunnelJumpDraft { credentials: Some(credentials), ..item_of(&site.admin, item)?.definition };
    site.admin.put(&format!("/api/jump-items/{}", item.id), &draft)?.ok()
}

fn listed(client: &ApiClient) -> Result<Vec<String>> {
    Ok(client.get::<Vec<Credential>>("/api/credentials")?.into_iter().map(|it| it.facts.name).collect())
}

fn item_of(client: &ApiClient, item: &JumpItem) -> Result<JumpItem> {
    client.get(&format!("/api/jump-items/{}", item.id))
}

fn exported(client: &ApiClient) -> Result<String> {
    let answer = client.send("GET", "/api/jump-items/export", None)?;
    answer.success()?;
    Ok(answer.text())
}

#[test]
fn secrets_go_in_and_are_nowhere_to_be_seen() -> Result<()> {
    on_a_site(|site| {
        const SECRETS: [&str; 5] = [
            "first-stored-secret",
            "second-stored-secret",
            "bm90IGEgcmVhbCBrZXk",
            "words-of-the-key",
            "a-token-of-theirs",
        ];
        let mut said = String::new();
        let mut hear = |answer: tests::api_client::Answer| -> Result<tests::api_client::Answer> {
            answer.success()?;
            said.push_str(&answer.text());
            Ok(answer)
        };
        let password = draft("db", site.group, SECRETS[0]);
        let made: Credential = hear(site.admin.post("/api/credentials", &password)?)?.ok()?;
        let mut key = draft("key", site.group, KEY);
        key.facts.kind = CredentialKind::SshKey;
        let passphrase = Some(SecretText::new(SECRETS[3].into()));
        key.secret = Some(NewSecret { text: SecretText::new(KEY.into()), passphrase });
        let key: Credential = hear(site.admin.post("/api/credentials", &key)?)?.ok()?;
        ensure!(key.has_passphrase && !made.has_passphrase);
        let mut token = draft("token", site.group, SECRETS[4]);
        token.facts.kind = CredentialKind::Token;
        hear(site.admin.post("/api/credentials", &token)?)?;
        // Another secret in the place of the first one, and none at all.
        let path = format!("/api/credentials/{}", made.id);
        let changed: Credential = hear(site.admin.put(&path, &draft("db", site.group, SECRETS[1]))?)?.ok()?;
        ensure!(changed.revision == made.revision + 1);
        let mut renamed = CredentialDraft { secret: None, revision: changed.revision, ..password };
        renamed.facts.name = "db-admin".into();
        hear(site.admin.put(&path, &renamed)?)?;

        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432), (0, 22)])?;
        let tied = tie(site, &item, vec![of(made.id, Some(5432)), of(key.id, None)])?;
        ensure!(tied.credential_names == ["db-admin", "key"], "{tied:?}");
        for path in ["/api/credentials", "/api/jump-items", "/api/audit?limit=500", "/api/jump-items/export"] {
            hear(site.admin.send("GET", path, None)?)?;
        }
        ensure!(said.contains("db-admin -> 5432; key"), "the file names no credentials: {said}");
        ensure!(said.contains("(entered anew)") && said.contains("credential.created"));
        said.push_str(&String::from_utf8(export(&site.admin)?)?);
        // What is wrong is told without the secret as well.
        let mut twice = draft("db-admin", site.group, SECRETS[0]);
        said.push_str(&site.admin.post("/api/credentials", &twice)?.refused(422)?.message);
        twice.facts.kind = CredentialKind::SshKey;
        said.push_str(&site.admin.post("/api/credentials", &twice)?.text());
        site.appliance.program.stop()?;
        let data = String::from_utf8_lossy(&site.appliance.stored()?).into_owned();
        ensure!(data.contains("db-admin"), "this is not the database");
        let logs = site.appliance.program.log();
        for secret in SECRETS {
            for (what, text) in [("the database", &data), ("an answer", &said), ("the log", &logs)] {
                ensure!(!text.contains(secret), "{what} holds {secret}");
            }
        }
        Ok(())
    })
}

#[test]
fn roles_decide_who_manages_credentials_and_who_learns_of_them() -> Result<()> {
    use ItemPermission::{AssignGroup, EditCredentials, EditTag};
    on_a_site(|site| {
        let lab = group(site, "Laboratory")?;
        let of_production = store(&site.admin, &draft("prod", site.group, "of production"))?;
        // Elsewhere the name is not taken: nobody learns of it that way.
        let of_lab = store(&site.admin, &draft("prod", lab.id, "of the laboratory"))?;
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        tie(site, &item, vec![of(of_production.id, None)])?;
        let (id, eva) = newcomer(site, "eva")?;
        let tagger = role(site, "Tagger", &[EditTag, AssignGroup])?;
        let keeper = role(site, "Keeper", &[EditCredentials, AssignGroup])?;
        let me = Principal::User(id);
        set_members(site, site.group, &[(me, tagger.id)])?;
        set_members(site, lab.id, &[(me, keeper.id)])?;

        // Who manages those of one group has nothing to do with the others.
        ensure!(listed(&eva)? == ["prod"], "{:?}", listed(&eva)?);
        let mine = store(&eva, &draft("mine", lab.id, "of the laboratory too"))?;
        eva.post("/api/credentials", &draft("no", site.group, "of production too"))?.refused(403)?;
        let elsewhere = CredentialDraft { secret: None, ..draft("mine", site.group, "") };
        eva.put(&format!("/api/credentials/{}", mine.id), &elsewhere)?.refused(403)?;
        let path = format!("/api/credentials/{}", of_production.id);
        let nothing = format!("/api/credentials/{}", uuid::Uuid::nil());
        for of_others in [&path, &nothing] {
            let answers = [eva.put(of_others, &draft("x", lab.id, "secret"))?, eva.delete(of_others)?];
            for answer in answers {
                ensure!(answer.refused(404)?.message == "There is no such credential any more.", "{}", answer.text());
            }
        }

        // Who only tidies up learns nothing, neither by looking nor by trying.
        let other = site.item("web", "127.0.0.1", "127.0.0.1", &[(0, 443)])?;
        let mut answers = Vec::new();
        for it in [&item, &other] {
            let shown = item_of(&eva, it)?;
            ensure!(shown.definition.credentials.is_none() && shown.credential_names.is_empty(), "{shown:?}");
            let taken = TunnelJumpDraft { credentials: Some(vec![]), ..shown.definition.clone() };
            let refused = eva.put(&format!("/api/jump-items/{}", it.id), &taken)?.refused(403)?;
            answers.push((refused.message, refused.code));
            let tagged = TunnelJumpDraft { tag: Some("billing".into()), ..shown.definition };
            eva.put(&format!("/api/jump-items/{}", it.id), &tagged)?.success()?;
        }
        ensure!(answers[0] == answers[1], "{answers:?}");
        ensure!(!exported(&eva)?.contains("prod"), "the file tells");
        ensure!(item_of(&site.admin, &item)?.credential_names == ["prod"], "the tag took them away");
        // Whoever uses the item sees that there are some, and cannot change them.
        set_members(site, site.group, &[(me, JumpItemRoleId::START_SESSIONS_ONLY)])?;
        let shown = item_of(&eva, &item)?;
        ensure!(shown.credential_names == ["prod"] && exported(&eva)?.contains("prod"), "{shown:?}");
        let draft = |credentials| TunnelJumpDraft { credentials: Some(credentials), ..shown.definition.clone() };
        let its_path = format!("/api/jump-items/{}", item.id);
        let refused = eva.put(&its_path, &draft(vec![]))?.refused(403)?;
        ensure!(refused.message.contains("Manage credentials"), "{refused:?}");
        // Whoever manages those of the item's group alone gives it no others.
        set_members(site, site.group, &[(me, keeper.id)])?;
        set_members(site, lab.id, &[(me, tagger.id)])?;
        for of_others in [of_lab.id, CredentialId(uuid::Uuid::nil())] {
            let refused = eva.put(&its_path, &draft(vec![of(of_others, None)]))?.refused(422)?;
            field_message(&refused, "credentials")?;
        }
        let given: JumpItem = eva.put(&its_path, &draft(vec![of(of_production.id, Some(5432))]))?.ok()?;
        let wrong = vec![of(of_production.id, Some(22))];
        let draft = TunnelJumpDraft { credentials: Some(wrong), ..given.definition };
        let refused = eva.put(&its_path, &draft)?.refused(422)?;
        ensure!(field_message(&refused, "credentials")?.contains("port 22"));
        Ok(())
    })
}

#[test]
fn into_another_group_come_those_whom_the_mover_manages() -> Result<()> {
    on_a_site(|site| {
        let lab = group(site, "Laboratory")?;
        let of_production = store(&site.admin, &draft("prod", site.group, "of production"))?;
        let of_lab = store(&site.admin, &draft("lab", lab.id, "of the laboratory"))?;
        let item = site.item("db", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        let both = vec![of(of_production.id, None), of(of_lab.id, Some(5432))];
        let item = tie(site, &item, both.clone())?;
        let (id, eva) = newcomer(site, "eva")?;
        let mover = role(site, "Mover", &[ItemPermission::Start, ItemPermission::AssignGroup])?;
        let keeper = role(site, "Keeper", &[ItemPermission::AssignGroup, ItemPermission::EditCredentials])?;
        set_members(site, site.group, &[(Principal::User(id), mover.id)])?;
        set_members(site, lab.id, &[(Principal::User(id), keeper.id)])?;

        let copy = |client: &ApiClient, group: JumpGroupId| -> Result<JumpItem> {
            let wanted = json!({ "item_ids": [item.id], "group_ids": [group] });
            let mut copies: Vec<JumpItem> = client.post("/api/jump-items/copy", &wanted)?.ok()?;
            copies.pop().context("no copy")
        };
        let copied = copy(&eva, lab.id)?;
        ensure!(copied.definition.credentials == Some(vec![of(of_lab.id, Some(5432))]), "{copied:?}");
        ensure!(copied.credentials_left == ["prod"], "{copied:?}");
        let beside = copy(&eva, site.group)?;
        ensure!(
            beside.definition.credentials == Some(both.clone()) && beside.credentials_left.is_empty(),
            "{beside:?}"
        );
        let by_admin = copy(&site.admin, lab.id)?;
        ensure!(by_admin.definition.credentials == Some(both) && by_admin.credentials_left.is_empty(), "{by_admin:?}");

        let many = json!({ "item_ids": [beside.id], "group_id": lab.id });
        let moved: Vec<JumpItem> = eva.patch("/api/jump-items", &many)?.ok()?;
        ensure!(moved[0].credentials_left == ["prod"] && moved[0].credential_names == ["lab"], "{moved:?}");
        let draft = TunnelJumpDraft { group_id: lab.id, credentials: None, ..item.definition.clone() };
        let moved: JumpItem = eva.put(&format!("/api/jump-items/{}", item.id), &draft)?.ok()?;
        ensure!(moved.credentials_left == ["prod"] && moved.credential_names == ["lab"], "{moved:?}");
        // Nor does anybody lead those who are given a secret to a system of their own.
        let renamer = role(site, "Renamer", &[ItemPermission::Start, ItemPermission::EditIdentity])?;
        set_members(site, lab.id, &[(Principal::User(id), renamer.id)])?;
        let draft = TunnelJumpDraft { hostname: "127.0.0.2".into(), credentials: None, ..moved.definition };
        let led: JumpItem = eva.put(&format!("/api/jump-items/{}", item.id), &draft)?.ok()?;
        ensure!(led.credentials_left == ["lab"] && led.credential_names.is_empty(), "{led:?}");
        Ok(())
    })
}

#[test]
fn what_depends_on_a_credential_or_was_changed_is_said() -> Result<()> {
    on_a_site(|site| {
        let made = store(&site.admin, &draft("db", site.group, "secret one"))?;
        let path = format!("/api/credentials/{}", made.id);
        let item = site.item("orders", "127.0.0.1", "127.0.0.1", &[(0, 5432)])?;
        tie(site, &item, vec![of(made.id, None)])?;
        let known: Vec<Credential> = site.admin.get("/api/credentials")?;
        ensure!(known[0].items == ["orders"] && known[0].other_items == 0, "{known:?}");
        let refused = site.admin.delete(&path)?.refused(409)?;
        ensure!(refused.code == "in_use" && refused.message.contains("orders"), "{refused:?}");
        let refused = site.admin.delete(&format!("/api/jump-groups/{}", site.group))?.refused(409)?;
        ensure!(refused.message.contains("1 credential (db)"), "{refused:?}");
        // An item that can be brought back still has it, and comes back with it.
        let these = json!({ "item_ids": [item.id] });
        site.admin.post("/api/jump-items/remove", &these)?.success()?;
        let refused = site.admin.delete(&path)?.refused(409)?;
        ensure!(refused.message.contains("one other item") && refused.message.contains("removed"), "{refused:?}");
        let back: Vec<JumpItem> = site.admin.post("/api/jump-items/restore", &these)?.ok()?;
        ensure!(back[0].credential_names == ["db"], "{back:?}");

        // The second of two people is told, and nothing of theirs is written.
        site.admin.put(&path, &draft("db", site.group, "secret two"))?.success()?;
        let refused = site.admin.put(&path, &draft("db", site.group, "secret three"))?.refused(409)?;
        ensure!(refused.code == "changed_meanwhile", "{refused:?}");
        let mut other_kind = CredentialDraft { secret: None, revision: 1, ..draft("db", site.group, "") };
        other_kind.facts.kind = CredentialKind::Token;
        field_message(&site.admin.put(&path, &other_kind)?.refused(422)?, "secret")?;
        let wrong = draft(" ", JumpGroupId(uuid::Uuid::nil()), "");
        let refused = site.admin.post("/api/credentials", &wrong)?.refused(422)?;
        for field in ["name", "group_id", "secret"] {
            field_message(&refused, field)?;
        }
        // Many items at once, and a file.
        let change = json!({ "item_ids": [item.id], "credentials": [] });
        site.admin.patch("/api/jump-items", &change)?.success()?;
        let file =
            "name,group,jumpoint,hostname,tunnels,credentials\nweb,Production,ams-1,10.0.0.9,22 -> 22,db -> 22\n";
        let import = "/api/jump-items/import?dry_run=false";
        site.admin.send_file(import, "text/csv", file.as_bytes())?.success()?;
        let items: Vec<JumpItem> = site.admin.get("/api/jump-items")?;
        let web = items.iter().find(|it| it.definition.name == "web").context("nothing was imported")?;
        ensure!(web.definition.credentials == Some(vec![of(made.id, Some(22))]), "{web:?}");
        site.admin.delete(&format!("/api/jump-items/{}", web.id))?.success()?;
        let known: Vec<Credential> = site.admin.get("/api/credentials")?;
        ensure!(known.len() == 1, "the item took it along");
        Ok(())
    })
}
