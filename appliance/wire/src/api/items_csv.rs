use super::api_type;

api_type! {
    /// The answer to `POST /api/jump-items/import`: what a CSV file makes, or would make.
    #[derive(Eq)]
    pub struct ItemsImport {
        /// Whether the file was only looked at.
        pub dry_run: bool,
        /// Lines of the file that hold an item, right or wrong.
        pub rows: u32,
        /// Items in each group that were made, or would be; by name of the group. Empty when something is wrong.
        pub groups: Vec<ImportedGroup>,
        /// What is wrong, in the order of the file; then nothing is made. At most [`crate::limits::CSV_REMARKS`].
        pub problems: Vec<CsvRemark>,
        /// How many there are in all.
        pub problem_count: u32,
        /// What is worth a look, but keeps nothing from being made. At most as many.
        pub warnings: Vec<CsvRemark>,
        /// How many there are in all.
        pub warning_count: u32,
    }

    /// Items of a CSV file that stand in one group.
    #[derive(Eq)]
    pub struct ImportedGroup {
        /// The group's name.
        pub name: String,
        /// How many.
        pub items: u32,
    }

    /// What there is to say to a place in a CSV file.
    #[derive(Eq)]
    pub struct CsvRemark {
        /// The line of the file where the row begins, from 1.
        pub line: u32,
        /// The column, by its name in the first line; empty when it is the whole line.
        pub column: String,
        /// One or two sentences for the person: what is wrong and how to mend it.
        pub message: String,
    }
}

impl ItemsImport {
    /// Items that were made, or would be.
    #[must_use]
    pub fn items(&self) -> u32 {
        self.groups.iter().map(|group| group.items).sum()
    }
}
