//! What `#[deep_copy(..)]` says, on a type, a field or a parameter. Whatever else it says is refused with its
//! name.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, Lifetime, Meta, Path, Result, Token, parse_quote};

/// What is said of the type.
pub(super) struct TypeOptions {
    pub(super) flat: bool,
    /// Which lifetime is the zone's.
    pub(super) zone: Option<Lifetime>,
    /// The path to this crate.
    pub(super) memzone: Path,
}

/// What is said of a field.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum FieldOption {
    Keep,
    Flat,
}

const ON_TYPES: &str = "`flat`, `zone = 'z` and `crate = path`";
const ON_FIELDS: &str = "`keep` and `flat`";

impl TypeOptions {
    pub(super) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut options = TypeOptions { flat: false, zone: None, memzone: parse_quote!(::memzone) };
        each(attributes, ON_TYPES, |meta| {
            if meta.path.is_ident("flat") {
                takes_no_value(&meta, "flat")?;
                options.flat = true;
            } else if meta.path.is_ident("zone") {
                let form = "to name the zone's lifetime, write `#[deep_copy(zone = 'z)]`";
                let value = meta.value().map_err(|error| Error::new(error.span(), form))?;
                options.zone = Some(value.parse().map_err(|e| Error::new(e.span(), form))?);
            } else if meta.path.is_ident("crate") {
                let form =
                    "to name the path of memzone, write `#[deep_copy(crate = my_engine::memzone)]`";
                let value = meta.value().map_err(|error| Error::new(error.span(), form))?;
                let parsed = value.call(Path::parse_mod_style);
                options.memzone = parsed.map_err(|e| Error::new(e.span(), form))?;
            } else if meta.path.is_ident("keep") {
                let help = "`keep` is for a field: write `#[deep_copy(keep)]` above the one that is to be \
                            passed on as it is";
                return Err(meta.error(help));
            } else {
                return Err(unknown(&meta, "a type", ON_TYPES));
            }
            Ok(())
        })?;
        Ok(options)
    }
}

impl FieldOption {
    pub(super) fn of(attributes: &[Attribute]) -> Result<Option<Self>> {
        let mut option = None;
        each(attributes, ON_FIELDS, |meta| {
            let new = if meta.path.is_ident("keep") {
                takes_no_value(&meta, "keep")?;
                FieldOption::Keep
            } else if meta.path.is_ident("flat") {
                takes_no_value(&meta, "flat")?;
                FieldOption::Flat
            } else if meta.path.is_ident("zone") || meta.path.is_ident("crate") {
                let help =
                    "this option is for the whole type: write it above the type, not above a field";
                return Err(meta.error(help));
            } else {
                return Err(unknown(&meta, "a field", ON_FIELDS));
            };
            if option.replace(new).is_some_and(|old| old != new) {
                return Err(meta.error("a field is either `keep` or `flat`, not both"));
            }
            Ok(())
        })?;
        Ok(option)
    }
}

/// Whether a type parameter is marked `#[deep_copy(keep)]`.
pub(super) fn keeps_parameter(attributes: &[Attribute]) -> Result<bool> {
    let mut keeps = false;
    each(attributes, "`keep`", |meta| {
        if !meta.path.is_ident("keep") {
            return Err(unknown(&meta, "a parameter", "`keep`"));
        }
        takes_no_value(&meta, "keep")?;
        keeps = true;
        Ok(())
    })?;
    Ok(keeps)
}

/// Refuses the attribute where it would say nothing.
pub(super) fn refuse(attributes: &[Attribute], help: &str) -> Result<()> {
    match attributes.iter().find(|attribute| attribute.path().is_ident("deep_copy")) {
        Some(attribute) => Err(Error::new_spanned(attribute, help)),
        None => Ok(()),
    }
}

fn each(
    attributes: &[Attribute],
    known: &str,
    mut option: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    for attribute in attributes.iter().filter(|a| a.path().is_ident("deep_copy")) {
        let empty = match &attribute.meta {
            Meta::List(list) => list.tokens.is_empty(),
            Meta::Path(_) | Meta::NameValue(_) => true,
        };
        if empty {
            let help = format!("`deep_copy` needs an option in parentheses: {known}");
            return Err(Error::new_spanned(attribute, help));
        }
        attribute.parse_nested_meta(&mut option)?;
    }
    Ok(())
}

fn takes_no_value(meta: &ParseNestedMeta<'_>, option: &str) -> Result<()> {
    if meta.input.is_empty() || meta.input.peek(Token![,]) {
        return Ok(());
    }
    Err(meta.error(format!("`{option}` takes no value: write `#[deep_copy({option})]`")))
}

fn unknown(meta: &ParseNestedMeta<'_>, place: &str, known: &str) -> Error {
    let name = match meta.path.get_ident() {
        Some(name) => name.to_string(),
        None => String::from("this"),
    };
    meta.error(format!("`{name}` is not an option of `deep_copy`: on {place} there are {known}"))
}
