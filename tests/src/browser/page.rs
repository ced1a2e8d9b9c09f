//! What a person does with a page: look, click, type.

use std::path::Path;

use anyhow::{Context, Result};
use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::{Value, json};

use super::{Browser, selector};
use crate::wait;

impl Browser {
    /// Whether an element with this id or `data-testid` is in the page and to be seen.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn shows(&self, name: &str) -> Result<bool> {
        let script = "const it = document.querySelector(arguments[0]); return !!it && it.getClientRects().length > 0";
        Ok(self.script(script, vec![json!(selector(name))])? == json!(true))
    }

    /// Waits until an element is to be seen.
    ///
    /// # Errors
    /// When it does not appear; the page's text is in the message.
    pub fn wait_for(&self, name: &str) -> Result<()> {
        wait::until_true(&format!("the page shows {name}"), wait::SOON, || self.shows(name))
            .with_context(|| self.page_for_people())
    }

    /// Waits until an element is not to be seen any more.
    ///
    /// # Errors
    /// When it stays; the page's text is in the message.
    pub fn wait_until_gone(&self, name: &str) -> Result<()> {
        wait::until_true(&format!("the page does not show {name} any more"), wait::SOON, || Ok(!self.shows(name)?))
            .with_context(|| self.page_for_people())
    }

    /// Waits until an element's text or an input's value is as `wanted` says, and gives it.
    ///
    /// # Errors
    /// When it does not become so; the page's text is in the message.
    pub fn wait_for_text(&self, name: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        wait::until(&format!("the text of {name} is as expected"), wait::SOON, || {
            Ok(self.text(name)?.filter(|text| wanted(text)))
        })
        .with_context(|| format!("{name} says {:?}\n{}", self.text(name).ok().flatten(), self.page_for_people()))
    }

    /// The text of an element or the value of an input; none when there is no such element.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        let script = "const it = document.querySelector(arguments[0]); if (!it) return null; \
                      return 'value' in it && it.tagName != 'LI' && it.tagName != 'BUTTON' ? it.value : it.innerText";
        Ok(self.script(script, vec![json!(selector(name))])?.as_str().map(str::to_owned))
    }

    /// An attribute of an element; none when there is no such element or attribute.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn attribute(&self, name: &str, attribute: &str) -> Result<Option<String>> {
        let script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? null";
        Ok(self.script(script, vec![json!(selector(name)), json!(attribute)])?.as_str().map(str::to_owned))
    }

    /// Clicks an element as a person would: it has to be to be seen, enabled, and not covered.
    ///
    /// # Errors
    /// When it cannot be clicked; the page's text is in the message.
    pub fn click(&self, name: &str) -> Result<()> {
        self.click_on(&selector(name))
    }

    /// Clicks the first element that a CSS selector finds.
    ///
    /// # Errors
    /// When it cannot be clicked; the page's text is in the message.
    pub fn click_on(&self, css: &str) -> Result<()> {
        self.with_element(css, "is clicked", |element| async move {
            if !element.is_enabled().await? {
                return Ok(false);
            }
            element.click().await.map(|()| true)
        })
    }

    /// Replaces what an input holds by typing.
    ///
    /// # Errors
    /// When it cannot be typed into; the page's text is in the message.
    pub fn type_into(&self, name: &str, text: &str) -> Result<()> {
        self.with_element(&selector(name), "is typed into", |element| async move {
            // As a person: mark all, type over it. Clearing by WebDriver is not what an input tells its page of.
            let over = format!("{}a{}{}", char::from(Key::Control), char::from(Key::Control), char::from(Key::Delete));
            element.send_keys(&format!("{over}{text}")).await.map(|()| true)
        })
    }

    /// Chooses a file as a person does in the window that an `<input type=file>` opens.
    ///
    /// # Errors
    /// When it cannot be chosen; the page's text is in the message.
    pub fn choose_file(&self, name: &str, file: &Path) -> Result<()> {
        let file = file.to_str().context("a path that is no text")?;
        self.with_element(&selector(name), "takes a file", |element| async move {
            element.send_keys(file).await.map(|()| true)
        })
    }

    /// Presses keys where the focus is; special keys are those of `fantoccini::key::Key`.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn press(&self, keys: &str) -> Result<()> {
        let client = self.client()?;
        let press = || self.runtime.block_on(async { client.active_element().await?.send_keys(keys).await });
        wait::until("keys are pressed", wait::SOON, || match press() {
            // What had the focus was drawn anew in between: nothing was pressed.
            Err(error) if error.is_stale_element_reference() => Ok(None),
            pressed => pressed.map(Some).context("pressing keys"),
        })
    }

    /// Chooses the option of a `<select>` whose text contains `text`.
    ///
    /// # Errors
    /// When there is none; the page's text is in the message.
    pub fn choose(&self, name: &str, text: &str) -> Result<()> {
        self.with_element(&selector(name), &format!("offers {text}"), |element| async move {
            for option in element.find_all(Locator::Css("option")).await? {
                if option.text().await?.contains(text) {
                    return option.click().await.map(|()| true);
                }
            }
            Ok(false)
        })
    }

    /// Runs JavaScript whose last argument is a function to call with the answer.
    ///
    /// # Errors
    /// When the script throws or gives no answer.
    pub fn script_with_answer(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        self.runtime
            .block_on(self.client()?.execute_async(script, arguments))
            .with_context(|| format!("running {script}"))
    }

    /// Tries something with an element until it works: a page that is still drawing makes elements stale or covers them.
    fn with_element<F: Future<Output = Result<bool, fantoccini::error::CmdError>>>(
        &self,
        css: &str,
        what: &str,
        mut act: impl FnMut(fantoccini::elements::Element) -> F,
    ) -> Result<()> {
        let client = self.client()?;
        let mut last = None;
        let outcome = wait::until_true(&format!("{css} {what}"), wait::SOON, || {
            let tried = self.runtime.block_on(async {
                let element = client.find(Locator::Css(css)).await?;
                act(element).await
            });
            Ok(tried.unwrap_or_else(|error| {
                last = Some(error);
                false
            }))
        });
        outcome.with_context(|| {
            let error = last.map(|error| format!("the browser said: {error}\n")).unwrap_or_default();
            format!("{error}{}", self.page_for_people())
        })
    }
}
