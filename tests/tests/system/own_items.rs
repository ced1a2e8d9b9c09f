//! What a user has of items: favourites, when they used which, filter sets. Nobody else's.

use anyhow::{Result, ensure};
use tests::api_client::{ApiClient, field_message};
use tests::site::on_a_site;
use wire::api::{FilteredPage, JumpItem, NewSession, SavedFilter, SavedFilterDraft, Session};
use wire::limits::SAVED_FILTERS;

fn draft(name: &str, query: &str) -> SavedFilterDraft {
    SavedFilterDraft { name: name.into(), query: query.into(), page: FilteredPage::Jump }
}

fn saved(client: &ApiClient) -> Result<Vec<(String, String)>> {
    let all: Vec<SavedFilter> = client.get("/api/me/filters")?;
    Ok(all.into_iter().map(|it| (it.name, it.query)).collect())
}

#[test]
fn favourites_and_last_use_are_each_users_own() -> Result<()> {
    on_a_site(|site| {
        let (db, web) = (
            site.item("db", "10.0.0.5", "127.0.0.1", &[(0, 22)])?,
            site.item("web", "10.0.0.6", "127.0.0.1", &[(0, 80)])?,
        );
        let tom = site.technician("tom")?;
        let favourite = format!("/api/me/favourites/{}", db.id);
        // Twice is the same as once.
        for _ in 0..2 {
            tom.send("PUT", &favourite, None)?.success()?;
        }
        let session: Session = tom.post("/api/sessions", &NewSession::of(web.id))?.ok()?;
        let seen = |client: &ApiClient| -> Result<Vec<(String, bool, bool, bool)>> {
            let items: Vec<JumpItem> = client.get("/api/jump-items")?;
            let told = |it: JumpItem| {
                (it.definition.name, it.favourite, it.used_by_you_at.is_some(), it.last_used_at.is_some())
            };
            Ok(items.into_iter().map(told).collect())
        };
        let of_tom = [("db".to_owned(), true, false, false), ("web".to_owned(), false, true, true)];
        let of_admin = [("db".to_owned(), false, false, false), ("web".to_owned(), false, false, true)];
        ensure!(seen(&tom)? == of_tom && seen(&site.admin)? == of_admin, "{:?} {:?}", seen(&tom)?, seen(&site.admin)?);
        let first: JumpItem = tom.get(&format!("/api/jump-items/{}", web.id))?;
        ensure!(first.used_by_you_at == Some(session.created_at));
        // Using a favourite, and a favourite of what was used, keep the other.
        tom.post("/api/sessions", &NewSession::of(db.id))?.success()?;
        tom.send("PUT", &format!("/api/me/favourites/{}", web.id), None)?.success()?;
        tom.delete(&favourite)?.success()?;
        let both = [("db".to_owned(), false, true, true), ("web".to_owned(), true, true, true)];
        ensure!(seen(&tom)? == both, "{:?}", seen(&tom)?);
        tom.send("PUT", "/api/me/favourites/00000000-0000-0000-0000-000000000000", None)?.refused(404)?;
        Ok(())
    })
}

#[test]
fn filter_sets_are_kept_renamed_and_forgotten_for_one_user() -> Result<()> {
    on_a_site(|site| {
        let (tom, tim) = (site.technician("tom")?, site.technician("tim")?);
        let one: SavedFilter =
            tom.post("/api/me/filters", &draft(" Databases ", "q=db&filter=status%3Aready"))?.ok()?;
        ensure!(one.name == "Databases");
        tim.post("/api/me/filters", &draft("Databases", "q=other"))?.success()?;
        let taken = tom.post("/api/me/filters", &draft("Databases", "q=x"))?.refused(422)?;
        field_message(&taken, "name")?;
        // A set for another page may have the same name.
        let of_review = SavedFilterDraft { page: FilteredPage::Review, ..draft("Databases", "recorded=true") };
        let of_review: SavedFilter = tom.post("/api/me/filters", &of_review)?.ok()?;
        ensure!(of_review.page == FilteredPage::Review && one.page == FilteredPage::Jump);
        tom.delete(&format!("/api/me/filters/{}", of_review.id))?.success()?;
        field_message(&tom.post("/api/me/filters", &draft(" ", "q=x"))?.refused(422)?, "name")?;
        field_message(&tom.post("/api/me/filters", &draft("long", &"q".repeat(2_001)))?.refused(422)?, "query")?;
        field_message(&tom.post("/api/me/filters", &draft("line", "q=a\nb"))?.refused(422)?, "query")?;

        let path = format!("/api/me/filters/{}", one.id);
        let renamed: SavedFilter = tom.put(&path, &draft("DB", &one.query))?.ok()?;
        ensure!(renamed.id == one.id);
        ensure!(saved(&tom)? == [("DB".to_owned(), one.query.clone())], "{:?}", saved(&tom)?);
        // Those of others are not there.
        tim.put(&path, &draft("mine", "q=mine"))?.refused(404)?;
        tim.delete(&path)?.refused(404)?;
        ensure!(saved(&tim)? == [("Databases".to_owned(), "q=other".to_owned())]);
        tom.delete(&path)?.success()?;
        tom.delete(&path)?.refused(404)?;
        ensure!(saved(&tom)?.is_empty());

        for number in 0..SAVED_FILTERS {
            tom.post("/api/me/filters", &draft(&format!("set {number}"), "q=x"))?.success()?;
        }
        let refusal = tom.post("/api/me/filters", &draft("one more", "q=x"))?.refused(409)?;
        ensure!(refusal.code == "too_many_filters" && refusal.message.contains("100"), "{refusal:?}");
        Ok(())
    })
}
