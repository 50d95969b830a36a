//! `#[derive(DeepCopy)]`.
//!
//! `struct Node<'a, T> { value: T, next: Option<&'a Node<'a, T>> }` becomes
//!
//! ```text
//! impl<'memzone, 'a, T> DeepCopy<'memzone> for Node<'a, T>
//! where
//!     T: DeepCopy<'memzone>,
//! {
//!     type Copied = Node<'memzone, <T as DeepCopy<'memzone>>::Copied>;
//!     __by_parts! {'memzone, flat: <T as DeepCopy>::FLAT && .., |this| match this {
//!         Self::{ value: f0, next: f1 } => Node { value: part!(f0), next: part!(f1) },
//!     }}
//! }
//! ```

use proc_macro2::Spacing::Joint;
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, GenericParam, Generics, Lifetime, Meta, Result,
    Token, WherePredicate, parse_quote, parse2,
};

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match parse2::<DeriveInput>(input).and_then(|input| implementation(&input)) {
        Ok(implementation) => implementation,
        Err(error) => error.into_compile_error(),
    }
}

fn implementation(input: &DeriveInput) -> Result<TokenStream> {
    let flat = is_flat(&input.attrs)?;
    refuse_inner_attributes(&input.data)?;
    let lifetimes: Vec<_> = input.generics.lifetimes().collect();
    if let Some(second) = lifetimes.get(1) {
        let help = "`DeepCopy` can be derived for one lifetime, that of the zone; \
                    pass on a reference that outlives the zone as `Keep<&'static T>`";
        return Err(Error::new_spanned(second, help));
    }
    if let Data::Union(data) = &input.data {
        let help = "`DeepCopy` cannot be derived for a union, as it does not say which field holds; \
                    if it is `Copy`, wrap it in a `memzone::Keep`, or implement `DeepCopy` by hand";
        return Err(Error::new(data.union_token.span, help));
    }
    if flat {
        if let Some(lifetime) = lifetimes.first() {
            let help = "`#[deep_copy(flat)]` is for types without references: they are copied bit \
                        by bit, and a reference would then still point into the old zone";
            return Err(Error::new_spanned(lifetime, help));
        }
        return Ok(flat_implementation(input));
    }
    parts_implementation(input)
}

/// Reads `#[deep_copy(flat)]`.
fn is_flat(attributes: &[Attribute]) -> Result<bool> {
    let mut flat = false;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("deep_copy")) {
        let empty = match &attribute.meta {
            Meta::List(list) => list.tokens.is_empty(),
            Meta::Path(_) | Meta::NameValue(_) => true,
        };
        if empty {
            let help = "the attribute is `#[deep_copy(flat)]`: without an option it says nothing";
            return Err(Error::new_spanned(attribute, help));
        }
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("flat") {
                return Err(meta.error("unknown option: only `#[deep_copy(flat)]` is known"));
            }
            if !meta.input.is_empty() && !meta.input.peek(Token![,]) {
                return Err(meta.error("`flat` takes no value: write `#[deep_copy(flat)]`"));
            }
            flat = true;
            Ok(())
        })?;
    }
    Ok(flat)
}

/// Refuses the attribute where it would say nothing.
fn refuse_inner_attributes(data: &Data) -> Result<()> {
    let refuse =
        |attributes: &[Attribute]| match attributes.iter().find(|a| a.path().is_ident("deep_copy"))
        {
            Some(attribute) => {
                let help = "`#[deep_copy(flat)]` goes on the type, not on a field or variant";
                Err(Error::new_spanned(attribute, help))
            }
            None => Ok(()),
        };
    let refuse_fields = |fields: &Fields| fields.iter().try_for_each(|field| refuse(&field.attrs));
    match data {
        Data::Struct(data) => refuse_fields(&data.fields),
        Data::Enum(data) => data.variants.iter().try_for_each(|variant| {
            refuse(&variant.attrs)?;
            refuse_fields(&variant.fields)
        }),
        Data::Union(data) => data.fields.named.iter().try_for_each(|field| refuse(&field.attrs)),
    }
}

fn flat_implementation(input: &DeriveInput) -> TokenStream {
    let name = &input.ident;
    let (_, arguments, _) = input.generics.split_for_impl();
    let mut generics = with_zone(&input.generics);
    // `Copy` points at the type's name where it is missing. No reference can hide in a parameter.
    let copy = quote_spanned!(name.span()=> ::core::marker::Copy);
    generics.make_where_clause().predicates.push(parse_quote!(Self: #copy + 'static));
    let (parameters, _, clause) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #parameters ::memzone::DeepCopy<'memzone> for #name #arguments #clause {
            ::memzone::__flat_items!('memzone);
        }
    }
}

fn parts_implementation(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let mut arms = Vec::new();
    let mut types = Vec::new();
    let mut arm = |path: TokenStream, fields: &Fields| {
        let mut patterns = Vec::new();
        let mut copies = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            // Located at the field's type, so that "cannot be copied" points there.
            let span = Span::mixed_site().located_at(field.ty.span());
            let part = Ident::new(&format!("part_{index}"), span);
            let member = match &field.ident {
                Some(name) => quote!(#name),
                None => {
                    let index = syn::Index::from(index);
                    quote!(#index)
                }
            };
            patterns.push(quote!(#member: #part));
            copies.push(quote_spanned!(span=> #member: part!(#part)));
            types.push(field.ty.to_token_stream());
        }
        arms.push(quote!(#path { #(#patterns),* } => #path { #(#copies),* }));
    };
    match &input.data {
        Data::Struct(data) => arm(quote!(#name), &data.fields),
        Data::Enum(data) => {
            for variant in &data.variants {
                let variant_name = &variant.ident;
                arm(quote!(#name::#variant_name), &variant.fields);
            }
        }
        Data::Union(_) => unreachable!("refused before"),
    }
    let copy = match arms.is_empty() {
        true => quote!(match this {
            _ => ::core::unreachable!("there is no value of this type"),
        }),
        false => quote!(match this { #(#arms,)* }),
    };

    let (_, arguments, _) = input.generics.split_for_impl();
    let mut generics = with_zone(&input.generics);
    let copied = copied_bounds(&input.generics)?;
    generics.make_where_clause().predicates.extend(copied);
    let (parameters, _, clause) = generics.split_for_impl();
    let copied_arguments = input.generics.params.iter().map(|parameter| match parameter {
        GenericParam::Lifetime(_) => quote!('memzone),
        GenericParam::Type(parameter) => copied_type(&parameter.ident),
        GenericParam::Const(parameter) => {
            let name = &parameter.ident;
            quote!(#name)
        }
    });
    let flat = types
        .iter()
        .map(|ty| quote_spanned!(ty.span()=> <#ty as ::memzone::DeepCopy<'memzone>>::FLAT));
    Ok(quote! {
        #[automatically_derived]
        #[allow(unreachable_code)]
        impl #parameters ::memzone::DeepCopy<'memzone> for #name #arguments #clause {
            type Copied = #name<#(#copied_arguments),*>;
            ::memzone::__by_parts!('memzone, flat: true #(&& #flat)*, |this| #copy);
        }
    })
}

/// The type's generics with the lifetime of the target zone before them, without defaults.
fn with_zone(generics: &Generics) -> Generics {
    let Generics { params, where_clause, .. } = generics;
    let mut generics: Generics = parse_quote!(<'memzone, #params>);
    generics.where_clause = where_clause.as_ref().map(|clause| parse_quote!(#clause));
    generics
}

fn copied_type(parameter: &Ident) -> TokenStream {
    quote_spanned!(parameter.span()=> <#parameter as ::memzone::DeepCopy<'memzone>>::Copied)
}

/// That each parameter can be copied, and that its copy meets the bounds that it meets itself.
fn copied_bounds(generics: &Generics) -> Result<Vec<WherePredicate>> {
    let mut bounds = Vec::new();
    for parameter in generics.type_params() {
        let name = &parameter.ident;
        bounds.push(parse_quote!(#name: ::memzone::DeepCopy<'memzone>));
        if !parameter.bounds.is_empty() {
            let (copied, declared) = (copied_type(name), &parameter.bounds);
            let declared = substitute(quote!(#declared), generics)?;
            bounds.push(parse_quote!(#copied: #declared));
        }
    }
    for predicate in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
        let predicate = substitute(quote!(#predicate), generics)?;
        bounds.push(parse_quote!(#predicate));
    }
    Ok(bounds)
}

/// Writes `T::Copied` for each parameter `T` and the zone for the type's lifetime.
fn substitute(tokens: TokenStream, generics: &Generics) -> Result<TokenStream> {
    let lifetime: Option<&Lifetime> = generics.lifetimes().map(|l| &l.lifetime).next();
    let mut substituted = TokenStream::new();
    let mut after_quote = false;
    let mut after_colon = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let new = match token {
            TokenTree::Group(group) => {
                let inner = substitute(group.stream(), generics)?;
                TokenTree::Group(Group::new(group.delimiter(), inner)).into()
            }
            TokenTree::Ident(ident) if after_quote => match lifetime {
                Some(lifetime) if lifetime.ident == ident => {
                    TokenTree::Ident(format_ident!("memzone", span = ident.span())).into()
                }
                _ => TokenTree::Ident(ident).into(),
            },
            TokenTree::Ident(ident)
                if !after_colon && generics.type_params().any(|t| t.ident == ident) =>
            {
                // The first of two colons.
                let path = |next: &TokenTree| match next {
                    TokenTree::Punct(punct) => punct.as_char() == ':' && punct.spacing() == Joint,
                    _ => false,
                };
                if tokens.peek().is_some_and(path) {
                    let help = format!(
                        "name the trait here, `<{ident} as Trait>::..`: the bound must hold for the \
                         copy's type too, which has no short form"
                    );
                    return Err(Error::new_spanned(ident, help));
                }
                copied_type(&ident)
            }
            TokenTree::Punct(ref punct) => {
                after_quote = punct.as_char() == '\'';
                after_colon = punct.as_char() == ':' && after_colon_pair(&substituted);
                substituted.extend([token]);
                continue;
            }
            other => other.into(),
        };
        (after_quote, after_colon) = (false, false);
        substituted.extend(new);
    }
    Ok(substituted)
}

/// Whether the last token is a `:` that another one follows at once: a path goes on.
fn after_colon_pair(tokens: &TokenStream) -> bool {
    match tokens.clone().into_iter().last() {
        Some(TokenTree::Punct(punct)) => punct.as_char() == ':' && punct.spacing() == Joint,
        _ => false,
    }
}
