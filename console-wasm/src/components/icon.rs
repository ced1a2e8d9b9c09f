//! Pictures beside words.

use yew::prelude::*;

/// A picture of the icon font that PatternFly brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    /// Something is added.
    Plus,
    /// Something is taken away.
    Minus,
    /// Something is closed.
    Times,
    /// Done, or as it should be.
    Check,
    /// A warning.
    Warning,
    /// A failure.
    Failure,
    /// A piece of information.
    Info,
    /// Waiting to be used.
    Circle,
    /// On its way.
    Hourglass,
    /// Over or switched off.
    Ban,
    /// Opens a list.
    CaretDown,
    /// Sorted upwards.
    ArrowUp,
    /// Sorted downwards.
    ArrowDown,
    /// Could be sorted.
    ArrowsUpDown,
    /// Copies.
    Copy,
    /// Searches.
    Search,
    /// A group.
    Folder,
    /// A tag.
    Tag,
    /// A jumpoint or its node.
    Server,
    /// A person.
    User,
    /// A tunnel.
    Route,
    /// Keys.
    Keyboard,
    /// Settings of an item.
    Pen,
    /// Removes.
    Trash,
    /// Starts.
    Play,
    /// Ends.
    Stop,
    /// Tries again.
    Redo,
    /// Downloads.
    Download,
    /// From here to there.
    ArrowRight,
    /// A list of what happened.
    List,
    /// Secrets.
    Key,
    /// A favourite.
    Star,
    /// What was used a moment ago.
    Clock,
    /// Filters.
    Filter,
    /// Takes back what was done.
    Undo,
    /// Columns of a table.
    Columns,
    /// Something that is kept.
    Save,
    /// Files.
    File,
    /// Opens what is folded.
    AngleRight,
    /// Folds what is open.
    AngleDown,
}

impl Icon {
    fn class(self) -> &'static str {
        match self {
            Self::Plus => "fa-plus",
            Self::Minus => "fa-minus-circle",
            Self::Times => "fa-times",
            Self::Check => "fa-check-circle",
            Self::Warning => "fa-exclamation-triangle",
            Self::Failure => "fa-exclamation-circle",
            Self::Info => "fa-info-circle",
            Self::Circle => "fa-dot-circle",
            Self::Hourglass => "fa-hourglass-half",
            Self::Ban => "fa-ban",
            Self::CaretDown => "fa-caret-down",
            Self::ArrowUp => "fa-long-arrow-alt-up",
            Self::ArrowDown => "fa-long-arrow-alt-down",
            Self::ArrowsUpDown => "fa-arrows-alt-v",
            Self::Copy => "fa-copy",
            Self::Search => "fa-search",
            Self::Folder => "fa-folder",
            Self::Tag => "fa-tag",
            Self::Server => "fa-server",
            Self::User => "fa-user",
            Self::Route => "fa-route",
            Self::Keyboard => "fa-keyboard",
            Self::Pen => "fa-pen",
            Self::Trash => "fa-trash",
            Self::Play => "fa-play",
            Self::Stop => "fa-stop",
            Self::Redo => "fa-redo",
            Self::Download => "fa-download",
            Self::ArrowRight => "fa-long-arrow-alt-right",
            Self::List => "fa-list",
            Self::Key => "fa-key",
            Self::Star => "fa-star",
            Self::Clock => "fa-clock",
            Self::Filter => "fa-filter",
            Self::Undo => "fa-undo",
            Self::Columns => "fa-columns",
            Self::Save => "fa-save",
            Self::File => "fa-file",
            Self::AngleRight => "fa-angle-right",
            Self::AngleDown => "fa-angle-down",
        }
    }

    /// The picture; screen readers skip it.
    pub(crate) fn html(self) -> Html {
        html! { <i class={classes!("fas", self.class())} aria-hidden="true"></i> }
    }
}
