//! Markdown for people.

use std::fmt::Write;

use crate::figures::{FAR_TABLES, NEAR_TABLES, Table};
use crate::goals::{Bound, goals};
use crate::rig::Way;
use crate::samples::{QUIET, Samples};

/// Everything that was measured.
pub(crate) fn report(samples: &Samples) -> String {
    let mut text = String::new();
    for table in NEAR_TABLES.iter().chain(FAR_TABLES) {
        // Writing to a string does not fail.
        let _ = write_table(&mut text, table, samples);
    }
    let _ = write_noise(&mut text, samples);
    let _ = write_goals(&mut text, samples);
    text
}

fn write_table(text: &mut String, &(heading, columns): &Table, samples: &Samples) -> std::fmt::Result {
    let row = |way: Way| -> Vec<Option<f64>> { columns.iter().map(|(name, _)| samples.median(way, name)).collect() };
    let rows: Vec<_> = Way::ALL.into_iter().map(|way| (way, row(way))).collect();
    let rows: Vec<_> = rows.into_iter().filter(|(_, values)| values.iter().any(Option::is_some)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    writeln!(text, "\n### {heading}\n\n| | {} |\n|---|{}", names.join(" | "), "---:|".repeat(names.len()))?;
    for (way, values) in rows {
        write!(text, "| {} |", way.name())?;
        for (value, (_, digits)) in values.iter().zip(columns) {
            match value {
                Some(value) => write!(text, " {value:.digits$} |")?,
                None => write!(text, " – |")?,
            }
        }
        writeln!(text)?;
    }
    Ok(())
}

fn write_noise(text: &mut String, samples: &Samples) -> std::fmt::Result {
    if let Some((median, most_of, most, loud)) = samples.noise() {
        write!(
            text,
            "\nNoise, in cores that others used meanwhile: median {median:.2}, p90 {most_of:.2}, most {most:.2}; "
        )?;
        writeln!(text, "{loud} measurements above {QUIET} count only where quieter ones are missing.")?;
    }
    for failure in &samples.failures {
        writeln!(text, "\nNot measured: {failure}")?;
    }
    Ok(())
}

fn write_goals(text: &mut String, samples: &Samples) -> std::fmt::Result {
    writeln!(text, "\n### To reach\n\n| figure | reached | to reach | ok |\n|---|---:|---:|:---:|")?;
    for goal in goals(samples) {
        let reached = goal.reached.map_or("not measured".into(), |reached| format!("{reached:.2} {}", goal.unit));
        let bound = match goal.bound {
            Bound::AtLeast(bound) => format!("≥ {bound} {}", goal.unit),
            Bound::AtMost(bound) => format!("≤ {bound} {}", goal.unit),
        };
        let ok = goal.is_reached().map_or("", |ok| if ok { "✓" } else { "✗" });
        writeln!(text, "| {} | {} | {} | {ok} |", goal.figure, reached.trim_end(), bound.trim_end())?;
    }
    Ok(())
}
