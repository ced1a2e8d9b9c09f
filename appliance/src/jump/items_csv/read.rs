//! The bytes of a file into rows.

use csv::{ByteRecord, ReaderBuilder};
use wire::api::CsvRemark;
use wire::limits::CSV_ITEMS;

use super::{Column, cell};

/// A row of the file that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line where it begins, from 1.
    pub line: u32,
    cells: Vec<String>,
    columns: [Option<usize>; Column::ALL.len()],
}

impl Row {
    /// What stands in a column; empty where the file does not have it.
    #[must_use]
    pub fn get(&self, column: Column) -> &str {
        let at = self.columns.get(column as usize).copied().flatten();
        at.and_then(|at| self.cells.get(at)).map_or("", String::as_str)
    }
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Its rows, as far as they can be read.
    pub rows: Vec<Row>,
    /// What is wrong with the rest.
    pub problems: Vec<CsvRemark>,
    /// Rows in all, readable or not.
    pub count: u32,
}

/// A remark to a line, or to a column of it.
#[must_use]
pub fn remark(line: u32, column: Option<Column>, message: impl Into<String>) -> CsvRemark {
    CsvRemark { line, column: column.map_or_else(String::new, |it| it.name().into()), message: message.into() }
}

/// Reads a file. What is wrong with the file as a whole is the only problem there is then.
#[must_use]
pub fn read(bytes: &[u8]) -> Rows {
    match try_read(bytes) {
        Ok(rows) => rows,
        Err(problem) => Rows { problems: vec![problem], ..Rows::default() },
    }
}

fn try_read(bytes: &[u8]) -> Result<Rows, CsvRemark> {
    let text = text_of(bytes)?;
    // A row of its own behind the last one: it is none where a quotation mark was never closed.
    let closed = format!("{text}\n{END}");
    let delimiter = delimiter_of(&text);
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(closed.as_bytes());
    let mut lines = Lines::of(&closed);
    let mut header: Option<Header> = None;
    let mut found = Rows::default();
    let mut record = ByteRecord::new();
    let mut last: Option<(u32, Vec<String>)> = None;
    // Reading from memory does not fail; were it to, the last row would not be the one that has to be.
    while reader.read_byte_record(&mut record).unwrap_or_default() {
        let start = record.position().map_or(0, csv::Position::byte);
        let line = lines.line_of_text_from(usize::try_from(start).unwrap_or(usize::MAX));
        let cells = record.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect();
        let Some((line, cells)) = last.replace((line, cells)) else { continue };
        if cells.iter().all(|it| it.trim().is_empty()) {
            continue;
        }
        match &header {
            None => header = Some(Header::of(line, &cells)?),
            Some(header) => found.add(header.row(line, cells))?,
        }
    }
    if let Some((line, cells)) = last
        && cells != [END]
    {
        return Err(remark(line, None, UNCLOSED));
    }
    if header.is_none() {
        return Err(remark(
            1,
            None,
            format!("The file is empty. Its first line has to name the columns: {}.", names()),
        ));
    }
    Ok(found)
}

impl Rows {
    fn add(&mut self, row: Result<Row, CsvRemark>) -> Result<(), CsvRemark> {
        self.count += 1;
        let line = row.as_ref().map_or_else(|problem| problem.line, |row| row.line);
        if usize::try_from(self.count).unwrap_or(usize::MAX) > CSV_ITEMS {
            let message = format!("A file can hold at most {CSV_ITEMS} items. Divide it into several.");
            return Err(remark(line, None, message));
        }
        match row {
            Ok(row) => self.rows.push(row),
            Err(problem) => self.problems.push(problem),
        }
        Ok(())
    }
}

const END: &str = "\u{1}end\u{1}";
const UNCLOSED: &str = "A quotation mark that is opened in this line is never closed. Close it, or double it where it belongs to the text.";

/// The text, when it is UTF-8.
fn text_of(bytes: &[u8]) -> Result<String, CsvRemark> {
    let how = "Save the file as “CSV UTF-8”.";
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(remark(1, None, format!("The file is UTF-16, not UTF-8. {how}")));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let line_at = |end: usize| {
        let before = bytes.get(..end).unwrap_or_default();
        Lines::of(&String::from_utf8_lossy(before)).line_at_end()
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        remark(line_at(error.valid_up_to()), None, format!("The text is not UTF-8 from this line on. {how}"))
    })?;
    if let Some(at) = text.find('\0') {
        let message = format!("There is a sign here that no text has; the file may be UTF-16 or no text at all. {how}");
        return Err(remark(line_at(at), None, message));
    }
    Ok(text.to_owned())
}

/// What stands between the cells, by what makes the first line name most columns.
fn delimiter_of(text: &str) -> u8 {
    let known = |delimiter: u8| {
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
        let mut record = ByteRecord::new();
        let is_read = reader.read_byte_record(&mut record).unwrap_or_default();
        let named = record.iter().filter(|it| std::str::from_utf8(it).is_ok_and(|it| Column::called(it).is_some()));
        if is_read { named.count() } else { 0 }
    };
    // Of equals the first: a comma is what is meant where nothing tells.
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|it| known(*it)).unwrap_or(b',')
}

fn names() -> String {
    Column::ALL.map(Column::name).join(", ")
}

/// The first line.
struct Header {
    columns: [Option<usize>; Column::ALL.len()],
    width: usize,
}

impl Header {
    fn of(line: u32, cells: &[String]) -> Result<Self, CsvRemark> {
        let mut header = Self { columns: [None; Column::ALL.len()], width: cells.len() };
        let mut unknown = None;
        for (at, cell) in cells.iter().enumerate() {
            let Some(column) = Column::called(cell) else {
                // A column without a name may stand there as long as nothing stands in it.
                unknown = unknown.or_else(|| (!cell.trim().is_empty()).then_some(cell));
                continue;
            };
            let Some(place) = header.columns.get_mut(column as usize) else { continue };
            if place.replace(at).is_some() {
                return Err(remark(line, Some(column), "This column stands here twice. Keep one."));
            }
        }
        if header.columns.iter().all(Option::is_none) {
            let message = format!("The first line has to name the columns: {}.", names());
            return Err(remark(line, None, message));
        }
        if let Some(unknown) = unknown {
            let quoted: String = unknown.trim().chars().take(40).collect();
            let message = format!("There is no column “{quoted}”. Columns are: {}.", names());
            return Err(remark(line, None, message));
        }
        let is_here = |it: &Column| header.columns.get(*it as usize).copied().flatten().is_some();
        match Column::ALL.into_iter().find(|it| !it.may_be_missing() && !is_here(it)) {
            Some(missing) => Err(remark(line, Some(missing), "This column is missing. Add it to the first line.")),
            None => Ok(header),
        }
    }

    /// A row. Cells that are missing at its end are empty; cells without a column have to be.
    fn row(&self, line: u32, cells: Vec<String>) -> Result<Row, CsvRemark> {
        let is_named = |at: usize| self.columns.contains(&Some(at));
        if cells.iter().enumerate().any(|(at, it)| !is_named(at) && !it.trim().is_empty()) {
            let (has, named) = (cells.len(), self.width);
            let message = format!(
                "This line has {has} cells, the first line {named}. A cell that holds a separator needs quotation marks around it."
            );
            return Err(remark(line, None, message));
        }
        let cells = cells.iter().map(|it| cell::unguarded(it).to_owned()).collect();
        Ok(Row { line, cells, columns: self.columns })
    }
}

/// Counts lines as an editor does: CR LF, LF and CR end one each.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 1 }
    }

    /// The line of the first sign from there on that ends no line. Places come in order.
    fn line_of_text_from(&mut self, place: usize) -> u32 {
        while let Some(sign) = self.text.get(self.at) {
            if self.at >= place && !matches!(sign, b'\r' | b'\n') {
                break;
            }
            self.step(*sign);
        }
        self.line
    }

    fn line_at_end(mut self) -> u32 {
        while let Some(sign) = self.text.get(self.at) {
            self.step(*sign);
        }
        self.line
    }

    fn step(&mut self, sign: u8) {
        let is_half = sign == b'\r' && self.text.get(self.at + 1) == Some(&b'\n');
        if matches!(sign, b'\r' | b'\n') && !is_half {
            self.line += 1;
        }
        self.at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "name,group,jumpoint,hostname,tunnels,comments";

    fn rows(text: &str) -> Vec<(u32, String)> {
        let found = read(text.as_bytes());
        assert_eq!(found.problems, [], "{text}");
        assert_eq!(found.count as usize, found.rows.len());
        found.rows.iter().map(|it| (it.line, it.get(Column::Name).to_owned())).collect()
    }

    fn problem(bytes: &[u8]) -> CsvRemark {
        let found = read(bytes);
        assert_eq!((found.problems.len(), found.rows.len()), (1, 0), "{found:?}");
        found.problems[0].clone()
    }

    #[test]
    fn lines_are_those_of_the_file() {
        for end in ["\n", "\r\n", "\r"] {
            let text =
                [HEADER, "", "a,,,,,\"one", "two\"\"", "", "three\"", ",,,,,", "b,,,,,", "", "c,,,,,x"].join(end);
            let lines: Vec<_> = rows(&text).into_iter().collect();
            let expected = [(3, "a".to_owned()), (8, "b".to_owned()), (10, "c".to_owned())];
            assert_eq!(lines, expected, "{end:?}");
            let found = read(text.as_bytes());
            assert_eq!(found.rows[0].get(Column::Comments), ["one", "two\"", "", "three"].join(end));
        }
    }

    #[test]
    fn a_mark_semicolons_tabs_and_other_orders_are_understood() {
        let text =
            "\u{feff}Comments;\"Host name\";name;LOCAL-ADDRESS;jumpoint;group;tunnels\r\nx,y;;a;;;;0:22; SSH\r\n";
        // "Host name" is not "hostname".
        assert!(problem(text.as_bytes()).message.contains("“Host name”"));
        let text =
            "\u{feff}Comments;Hostname;name;LOCAL-ADDRESS;jumpoint;group;tunnels;;\r\n\"x,y\";h;a\r\n;;b;;;;;;\r\n";
        let found = read(text.as_bytes());
        let cells = |column| found.rows.iter().map(|it| it.get(column)).collect::<Vec<_>>();
        assert_eq!((cells(Column::Name), cells(Column::Comments)), (vec!["a", "b"], vec!["x,y", ""]));
        assert_eq!((cells(Column::LocalAddress), cells(Column::Tag)), (vec!["", ""], vec!["", ""]));
        assert_eq!(rows(&format!("{}\na\t\t\t\t", HEADER.replace(',', "\t"))), [(2, "a".into())]);
    }

    #[test]
    fn other_encodings_are_told_with_their_line() {
        let latin = [HEADER.as_bytes(), b"\na,,,,,\nM\xFCnchen,,,,,\n"].concat();
        let said = problem(&latin);
        assert!(said.line == 3 && said.message.contains("UTF-8"), "{said:?}");
        let wide: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(problem(&wide).message.contains("UTF-16"));
        assert!(problem(&[&[0xFF, 0xFE], wide.as_slice()].concat()).message.contains("UTF-16"));
    }

    #[test]
    fn what_is_wrong_with_the_file_is_told_alone() {
        for (text, line, word) in [
            ("", 1, "empty"),
            ("\n\n  \n", 1, "empty"),
            ("db,10.0.0.5\n", 1, "name the columns"),
            ("name,group,jumpoint,hostname,tunnels,name\n", 1, "twice"),
            ("name,group,hostname,tunnels\n", 1, "missing"),
            ("\nname,group,jumpoint,hostname,tunnels,port\n", 2, "“port”"),
            ("name,group,jumpoint,hostname,tunnels\na,b,c,d,\"e\nx,b,c,d,e\n", 2, "never closed"),
            ("\"name,group", 1, "never closed"),
        ] {
            let said = problem(text.as_bytes());
            assert!(said.line == line && said.message.contains(word), "{text:?}: {said:?}");
        }
    }

    #[test]
    fn a_line_with_more_cells_than_columns_is_bad_and_the_others_are_read() {
        let found = read(format!("{HEADER}\na,g,j,h,0:22,one, two\nb,g,j,h,0:22,x\n").as_bytes());
        assert_eq!((found.count, found.rows.len(), found.problems[0].line), (2, 1, 2));
        assert!(found.problems[0].message.contains("7 cells"), "{:?}", found.problems);
    }

    #[test]
    fn ten_thousand_rows_and_not_one_more() {
        let text = |rows: usize| format!("{HEADER}\n{}", "a,,,,,\n".repeat(rows));
        assert_eq!(read(text(CSV_ITEMS).as_bytes()).rows.len(), CSV_ITEMS);
        let said = problem(text(CSV_ITEMS + 1).as_bytes());
        assert!(said.line == 10_002 && said.message.contains("10000"), "{said:?}");
    }

    proptest! {
        #[test]
        fn every_line_is_where_an_editor_shows_it(cells in proptest::collection::vec("(a|\n|\r|\"|,){0,5}", 1..6)) {
            // Names stand in quotation marks; each is found in the line where it begins.
            let mut text = format!("{HEADER}\n");
            let mut expected = Vec::new();
            for cell in &cells {
                let before = text.replace("\r\n", "\n").replace('\r', "\n");
                expected.push(u32::try_from(before.matches('\n').count() + 1).unwrap());
                text.push_str(&format!("\"x{}\",,,,,y\n", cell.replace('"', "\"\"")));
            }
            let found: Vec<u32> = rows(&text).into_iter().map(|it| it.0).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
