//! The way from a helper or a jumpoint to the appliance, when it is not the plain one.

use std::process::Command;

/// What the program is told about the way; by default nothing.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// `--dial`.
    pub dial: Option<String>,
    /// `--proxy`, told when the program is installed or enrolled; it keeps it.
    pub proxy: Option<String>,
    /// What its environment holds besides this process's.
    pub environment: Vec<(&'static str, String)>,
}

impl Way {
    /// To another address than the appliance's own.
    #[must_use]
    pub fn dialling(dial: Option<&str>) -> Self {
        Self { dial: dial.map(Into::into), ..Self::default() }
    }

    /// Tells it to a command that is to keep it.
    pub(crate) fn tell_once(&self, command: &mut Command) {
        self.tell(command);
        if let Some(proxy) = &self.proxy {
            command.args(["--proxy", proxy]);
        }
    }

    /// Tells what is told at every start.
    pub(crate) fn tell(&self, command: &mut Command) {
        if let Some(dial) = &self.dial {
            command.args(["--dial", dial]);
        }
        self.set_environment(command);
    }

    /// Sets the environment alone.
    pub(crate) fn set_environment(&self, command: &mut Command) {
        for (name, value) in &self.environment {
            command.env(name, value);
        }
    }
}
