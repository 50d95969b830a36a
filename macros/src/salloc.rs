//! `salloc!`.
//!
//! `salloc![v; n]` becomes `&mut [v; n]`, and `salloc!(T; n)`
//! `&mut [<T as Default>::default(); n]`: bare expressions, so that Rust extends the array's life
//! to the end of the block in `let x = salloc![v; n];`, as it does for any `&mut` of a temporary.
//!
//! Whether a value or a type stands there is told by its form alone, as a macro sees no more. What
//! parses as one of them only is that one. What parses as both is a name, or made of names by
//! `&`, `[]` and `()`: there the names' case decides, in [`names_type`].

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprPath, Result, Token, Type};

const FORMS: &str = "`salloc![value; LENGTH]` or `salloc!(Type; LENGTH)`";

const PRIMITIVES: [&str; 19] = [
    "bool", "char", "f16", "f32", "f64", "f128", "i8", "i16", "i32", "i64", "i128", "isize", "str",
    "u8", "u16", "u32", "u64", "u128", "usize",
];

/// What the array is filled with.
enum Fill {
    Value(Expr),
    /// With the type's default.
    Type(Type),
}

pub(crate) fn salloc(input: TokenStream) -> TokenStream {
    let parse = |input: ParseStream<'_>| {
        refuse_without_length(input)?;
        let fill = parse_fill(input)?;
        let semicolon: Token![;] = input.parse()?;
        if input.is_empty() {
            let help = "the length is missing: a constant, after the `;`";
            return Err(Error::new_spanned(semicolon, help));
        }
        let len: Expr = input.parse()?;
        if !input.is_empty() {
            let help = format!("expected nothing after the length: write {FORMS}");
            return Err(Error::new(input.span(), help));
        }
        refuse_run_time(&len)?;
        Ok(expand(&fill, &len))
    };
    // The type of `compile_error!` is taken to be right wherever it is used, so no error follows.
    parse.parse2(input).unwrap_or_else(Error::into_compile_error)
}

fn refuse_without_length(input: ParseStream<'_>) -> Result<()> {
    if input.is_empty() {
        return Err(Error::new(input.span(), format!("expected {FORMS}")));
    }
    let tokens: TokenStream = input.fork().parse()?;
    let is = |mark: char| move |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == mark);
    if tokens.clone().into_iter().any(|tree| is(';')(&tree)) {
        return Ok(());
    }
    let help = format!("expected `;` and a length: write {FORMS}");
    match tokens.clone().into_iter().find(is(',')) {
        Some(comma) => Err(Error::new_spanned(comma, help)),
        None => Err(Error::new_spanned(tokens, help)),
    }
}

fn parse_fill(input: ParseStream<'_>) -> Result<Fill> {
    if input.peek(Token![;]) {
        return Err(Error::new(input.span(), "expected a value or a type before the `;`"));
    }
    let in_angles = |input: ParseStream<'_>| {
        input.parse::<Token![<]>()?;
        let ty = input.parse()?;
        input.parse::<Token![>]>()?;
        Ok(ty)
    };
    if let Ok(ty) = up_to_semicolon(input, in_angles) {
        return Ok(Fill::Type(ty));
    }
    let ahead = input.fork();
    match (up_to_semicolon(&ahead, Expr::parse), up_to_semicolon(input, Type::parse)) {
        (Ok(value), Ok(ty)) if names_type(&value) => Ok(Fill::Type(ty)),
        (Err(_), Ok(ty)) => Ok(Fill::Type(ty)),
        (Ok(value), _) => {
            input.advance_to(&ahead);
            Ok(Fill::Value(value))
        }
        (Err(error), Err(_)) => Err(error),
    }
}

/// Parses what stands before the `;`, all of it, or takes nothing.
fn up_to_semicolon<T>(
    input: ParseStream<'_>,
    parse: impl FnOnce(ParseStream<'_>) -> Result<T>,
) -> Result<T> {
    let ahead = input.fork();
    let parsed = parse(&ahead)?;
    if !ahead.peek(Token![;]) {
        let help = format!("expected `;` after the value or type: write {FORMS}");
        return Err(Error::new(ahead.span(), help));
    }
    input.advance_to(&ahead);
    Ok(parsed)
}

/// Whether what could be a value or a type is a type. The rule is in the macro's documentation.
fn names_type(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => path_names_type(path),
        Expr::Array(list) => list.elems.len() == 1 && list.elems.iter().all(names_type),
        Expr::Repeat(list) => names_type(&list.expr),
        Expr::Tuple(list) => !list.elems.is_empty() && list.elems.iter().all(names_type),
        Expr::Reference(inner) => names_type(&inner.expr),
        Expr::Paren(inner) => names_type(&inner.expr),
        Expr::Group(inner) => names_type(&inner.expr),
        _ => false,
    }
}

fn path_names_type(path: &ExprPath) -> bool {
    let mut names = path.path.segments.iter().rev().map(|segment| segment.ident.to_string());
    let Some(name) = names.next() else { return false };
    if is_primitive(&name) {
        return true;
    }
    // Two names of types in a row are an enum and its variant, but for `T::Item`.
    let is_variant = path.qself.is_none()
        && names.next().is_some_and(|of| of.chars().count() > 1 && is_type_name(&of));
    is_type_name(&name) && name != "None" && !is_variant
}

/// A primitive type, also one with a number of lanes: `f32`, `f32x4`.
fn is_primitive(name: &str) -> bool {
    let (scalar, lanes) = name.split_once('x').unwrap_or((name, "1"));
    PRIMITIVES.contains(&scalar) && lanes.parse::<u16>().is_ok()
}

/// `CamelCase` or one capital, but not `SCREAMING_CASE`.
fn is_type_name(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    name.starts_with(char::is_uppercase)
        && (name.chars().count() == 1 || name.contains(char::is_lowercase))
}

/// Refuses a length that is clearly a variable's: the compiler would not say what to use instead.
fn refuse_run_time(len: &Expr) -> Result<()> {
    let Some(name) = variable(len) else { return Ok(()) };
    let help = format!(
        "`{name}` is known at run time only: use `salloc_with(length, value, |slice| ..)`, or `{{ {name} }}` \
         if it is a constant's name",
    );
    Err(Error::new_spanned(name, help))
}

/// A name in small letters that the length is computed from.
fn variable(len: &Expr) -> Option<&Ident> {
    match len {
        Expr::Path(path) => {
            path.path.get_ident().filter(|name| name.to_string().starts_with(char::is_lowercase))
        }
        Expr::MethodCall(call) => variable(&call.receiver),
        Expr::Field(field) => variable(&field.base),
        Expr::Index(index) => variable(&index.expr),
        Expr::Binary(sum) => variable(&sum.left).or_else(|| variable(&sum.right)),
        Expr::Cast(cast) => variable(&cast.expr),
        Expr::Paren(inner) => variable(&inner.expr),
        Expr::Unary(inner) => variable(&inner.expr),
        _ => None,
    }
}

fn expand(fill: &Fill, len: &Expr) -> TokenStream {
    let value = match fill {
        Fill::Value(value) => quote!(#value),
        Fill::Type(ty) => default_of(ty),
    };
    quote_spanned!(Span::mixed_site()=> &mut [#value; #len])
}

/// The default of a type; of an array with any length, where std's go up to 32.
fn default_of(ty: &Type) -> TokenStream {
    match ty {
        Type::Array(array) => {
            let (value, len) = (default_of(&array.elem), &array.len);
            quote!([#value; #len])
        }
        Type::Paren(inner) => default_of(&inner.elem),
        Type::Group(inner) => default_of(&inner.elem),
        _ => {
            // Located where a message about the type should point.
            let here = Span::mixed_site().located_at(ty.span());
            quote_spanned!(here=> <#ty as ::core::default::Default>::default())
        }
    }
}
