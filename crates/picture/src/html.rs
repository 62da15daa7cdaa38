//! A page as HTML that is XML too, or its pictures as SVG: everything they need is in them.

use crate::drawing::{NARROW, WIDE};
use crate::escape::escape;
use crate::owners::Owners;
use crate::page::{Page, Picture, Section};
use crate::picture::owners;
use crate::style;

/// Marks of all pictures together. Each may take half of what those before it left, so that no section takes all.
const PICTURES_MAX: usize = 1_000_000;

/// Rows of all tables together, in the same way.
const TABLES_MAX: usize = 800_000;

impl Page {
    /// Each picture as an SVG file of its own, for light and dark, and with a ground of its own; what is nothing to draw has none.
    pub fn svgs(&self) -> impl Iterator<Item = String> {
        let owners = owners(&self.sections);
        let style = format!("<style>{}{}</style>{}", style::colours(), style::pictures(), style::patterns());
        self.sections.iter().filter_map(move |section| {
            let picture = section.picture.as_ref()?;
            let mut drawing = picture.drawing(&owners, WIDE)?;
            drawing.say_what_is_left_out();
            Some(drawing.alone(&section.heading, &picture.description(), &style))
        })
    }

    /// The page as one HTML document of less than 2 MB: light and dark, printable, without a script and without anything to fetch.
    pub fn html(&self) -> String {
        let owners = owners(&self.sections);
        let mut room = Room { pictures: PICTURES_MAX, tables: TABLES_MAX };
        let (mut body, mut tables) = (String::new(), String::new());
        for (index, section) in self.sections.iter().enumerate() {
            body += &html(section, index, &owners, &mut room);
            tables +=
                &section.picture.as_ref().map_or_else(String::new, |picture| picture.table().style(&table_id(index)));
        }
        if body.is_empty() {
            body = paragraph("m", "Nothing to show.");
        }
        let title = escape(if self.title.trim().is_empty() { "Untitled" } else { &self.title });
        let lead = paragraph("lead", &self.lead);
        format!(
            "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline'\"/>\n\
             <title>{title}</title>\n<style>\n{}{}{}{tables}</style>\n</head>\n<body>\n{}<main>\n<h1>{title}</h1>\n{lead}{body}</main>\n\
             </body>\n</html>\n",
            style::colours(),
            style::pictures(),
            style::PAGE,
            style::patterns_beside(),
        )
    }
}

/// How many bytes are still free.
struct Room {
    pictures: usize,
    tables: usize,
}

fn html(section: &Section, index: usize, owners: &Owners, room: &mut Room) -> String {
    let sentences: String = section.sentences.iter().map(|sentence| paragraph("", sentence)).collect();
    let heading = if section.heading.trim().is_empty() { "Untitled" } else { &section.heading };
    let mut html = format!("<section>\n<h2>{}</h2>\n{sentences}", escape(heading));
    if let Some(picture) = &section.picture {
        html += &drawn(picture, heading, index, owners, room);
        let is_beside = !matches!(picture, Picture::Table(_));
        let table = picture.table().html((&table_id(index), heading), picture.count(), is_beside, room.tables / 2);
        room.tables = room.tables.saturating_sub(table.len());
        html += &table;
    }
    html + "</section>\n"
}

fn table_id(index: usize) -> String {
    format!("t{index}")
}

fn drawn(picture: &Picture, heading: &str, index: usize, owners: &Owners, room: &mut Room) -> String {
    let (Some(wide), Some(narrow)) = (picture.drawing(owners, WIDE), picture.drawing(owners, NARROW)) else {
        return String::new();
    };
    let bytes = wide.bytes() + narrow.bytes();
    if bytes > room.pictures / 2 {
        return paragraph(
            "m",
            "This picture is left out, or the page would be too large. The table has all that it shows.",
        );
    }
    room.pictures -= bytes;
    let description = picture.description();
    let (wide_id, narrow_id) = (format!("w{index}"), format!("n{index}"));
    let left_out =
        wide.left_out.as_ref().map_or_else(String::new, |text| format!("<figcaption>{}</figcaption>\n", escape(text)));
    format!(
        "<figure>\n{}{}{left_out}</figure>\n",
        wide.svg("wide", &wide_id, heading, &description),
        narrow.svg("narrow", &narrow_id, heading, &description)
    )
}

fn paragraph(class: &str, text: &str) -> String {
    match (text.is_empty(), class) {
        (true, _) => String::new(),
        (false, "") => format!("<p>{}</p>\n", escape(text)),
        (false, class) => format!("<p class=\"{class}\">{}</p>\n", escape(text)),
    }
}
