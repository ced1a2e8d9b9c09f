//! The console in a browser, driven the way a person does. The names of its elements are listed at the top of
//! `console-wasm/src/main.rs`.

use std::net::SocketAddr;
use std::ops::Deref;

use anyhow::{Context, Result};
use serde_json::json;

use crate::browser::Browser;
use crate::wait;

/// A browser with the console in it.
pub struct Console {
    browser: Browser,
    url: String,
}

impl Deref for Console {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

/// What a person enters for a Protocol Tunnel Jump.
#[derive(Clone, Debug)]
pub struct NewItem<'a> {
    /// Its name.
    pub name: &'a str,
    /// The jumpoint, as the list shows it.
    pub jumpoint: &'a str,
    /// The target.
    pub hostname: &'a str,
    /// Where the helper listens; empty = what the dialog suggests.
    pub local_address: &'a str,
    /// Pairs of local and remote port.
    pub pairs: &'a [(u16, u16)],
    /// The group, as the list shows it; empty = what the dialog suggests.
    pub group: &'a str,
}

impl Console {
    /// Loads the console; `url` is `https://host:port`.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn open(browser: Browser, url: &str) -> Result<Self> {
        let console = Self { browser, url: url.trim_end_matches('/').into() };
        console.visit("/")?;
        Ok(console)
    }

    /// The browser, for what a console cannot be asked.
    pub fn browser(&mut self) -> &mut Browser {
        &mut self.browser
    }

    /// Loads a page of the console by its address.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn visit(&self, path: &str) -> Result<()> {
        self.go_to(&format!("{}{path}", self.url))
    }

    /// Follows the one-time link and makes the first administrator.
    ///
    /// # Errors
    /// When the console refuses.
    pub fn set_up(&self, setup_url: &str, user_name: &str, password: &str) -> Result<()> {
        self.go_to(setup_url)?;
        self.type_into("setup-user-name", user_name)?;
        self.type_into("setup-display-name", "Ana Administrator")?;
        self.type_into("setup-password", password)?;
        self.click("setup-submit")?;
        self.wait_for("create").context("after setup the Jump page appears")
    }

    /// Signs in on the sign-in page.
    ///
    /// # Errors
    /// When the Jump page does not appear.
    pub fn sign_in(&self, user_name: &str, password: &str) -> Result<()> {
        self.type_sign_in(user_name, password)?;
        self.wait_for("jump").context("after sign-in the Jump page appears")
    }

    /// Fills in the sign-in page and sends it, whatever comes of it.
    ///
    /// # Errors
    /// When the page is another one.
    pub fn type_sign_in(&self, user_name: &str, password: &str) -> Result<()> {
        self.wait_for("user-name")?;
        self.type_into("user-name", user_name)?;
        self.type_into("password", password)?;
        self.click("sign-in-submit")
    }

    /// Waits until the header says that extension and helper are found.
    ///
    /// # Errors
    /// When it does not.
    pub fn wait_for_helper(&self) -> Result<()> {
        self.wait_for_helper_state("ready")
    }

    /// Waits until the header's helper indicator has this state.
    ///
    /// # Errors
    /// When it has another one.
    pub fn wait_for_helper_state(&self, state: &str) -> Result<()> {
        wait::until_true(&format!("the console shows the helper as {state}"), wait::SOON, || {
            Ok(self.attribute("helper-status", "data-state")?.as_deref() == Some(state))
        })
        .with_context(|| format!("it is {:?}", self.attribute("helper-status", "data-state").ok().flatten()))
    }

    /// Creates an item through the dialog.
    ///
    /// # Errors
    /// When the dialog refuses.
    pub fn create_item(&self, item: &NewItem<'_>) -> Result<()> {
        self.open_create_dialog()?;
        self.fill_in(item)?;
        self.click("item-save")?;
        self.wait_until_gone("item-save")?;
        self.wait_for_row(item.name)
    }

    /// Opens the dialog of a new Protocol Tunnel Jump.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open_create_dialog(&self) -> Result<()> {
        self.click("create")?;
        self.click("create-tunnel-jump")?;
        self.wait_for("item-name")
    }

    /// Fills in the open dialog.
    ///
    /// # Errors
    /// When a field is not there.
    pub fn fill_in(&self, item: &NewItem<'_>) -> Result<()> {
        self.type_into("item-name", item.name)?;
        self.choose("item-jumpoint", item.jumpoint)?;
        self.type_into("item-hostname", item.hostname)?;
        if !item.local_address.is_empty() {
            self.type_into("item-local-address", item.local_address)?;
        }
        for (index, (local, remote)) in item.pairs.iter().enumerate() {
            if index > 0 {
                self.click("add-tunnel")?;
            }
            self.type_into(&format!("tunnel-{index}-remote-port"), &remote.to_string())?;
            self.type_into(&format!("tunnel-{index}-local-port"), &local.to_string())?;
        }
        if !item.group.is_empty() {
            self.choose("item-group", item.group)?;
        }
        Ok(())
    }

    /// Waits until the table has a row with this name.
    ///
    /// # Errors
    /// When it has none.
    pub fn wait_for_row(&self, name: &str) -> Result<()> {
        let script = "return !!document.querySelector(arguments[0])";
        wait::until_true(&format!("the table has a row {name}"), wait::SOON, || {
            Ok(self.script(script, vec![json!(row(name))])? == json!(true))
        })
    }

    /// Selects a row and presses *Jump*; the session's tab opens.
    ///
    /// # Errors
    /// When it does not.
    pub fn jump(&self, name: &str) -> Result<()> {
        self.select(name)?;
        self.click("jump")?;
        self.wait_for("protocol-tunneling")
    }

    /// Selects a row.
    ///
    /// # Errors
    /// When there is none.
    pub fn select(&self, name: &str) -> Result<()> {
        self.wait_for_row(name)?;
        self.click_on(&row(name))
    }

    /// Presses *Protocol Tunneling* and waits until all of `tunnels` tunnels listen; where they do.
    ///
    /// # Errors
    /// When one does not.
    pub fn tunnel(&self, tunnels: usize) -> Result<Vec<SocketAddr>> {
        self.click("protocol-tunneling")?;
        (0..tunnels).map(|index| self.address(index)).collect()
    }

    /// The address that *Current Tunnels* shows for a tunnel.
    ///
    /// # Errors
    /// When it shows none.
    pub fn address(&self, index: usize) -> Result<SocketAddr> {
        let name = format!("tunnel-{index}-address");
        let text = self.wait_for_text(&name, |text| address_in(text).is_some())?;
        address_in(&text).with_context(|| format!("{text} is no address"))
    }

    /// Presses *End session*, agrees when the console asks because connections are open, and waits until the tab says that it is over.
    ///
    /// # Errors
    /// When it does not end.
    pub fn end_session(&self) -> Result<()> {
        self.click("end-session")?;
        wait::until_true("the session ends, or the console asks", wait::SOON, || {
            if self.shows("end-dialog")? {
                self.click("end-dialog-confirm")?;
                return Ok(true);
            }
            Ok(self.text("session-state")?.is_some_and(|text| text.to_lowercase().contains("ended")))
        })?;
        self.wait_for_text("session-state", |text| text.to_lowercase().contains("ended"))?;
        Ok(())
    }
}

fn row(name: &str) -> String {
    format!("[data-testid=\"item-row\"][data-item-name=\"{name}\"]")
}

/// The first word of a text that is an address with a port other than 0.
fn address_in(text: &str) -> Option<SocketAddr> {
    text.split_whitespace().find_map(|word| word.parse().ok()).filter(|address: &SocketAddr| address.port() != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_beside_other_words() {
        assert_eq!(address_in("127.4.0.9:5432 Copy").unwrap().port(), 5432);
        assert_eq!(address_in("127.4.0.9:0 (automatic)"), None);
        assert_eq!(address_in("connecting"), None);
    }
}
