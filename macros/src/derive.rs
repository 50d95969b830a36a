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
//!     __ways! {
//!         'memzone, flat: true && <T as Copies<'memzone, _>>::FLAT && ..,
//!         |this, to, depth, work|
//!         copy_at: match this { Node { value: part_0, next: part_1 } => Node {
//!             value: <T as Copies<'memzone, _>>::copy_at(part_0, to, depth)?,
//!             next: ..
//!         }},
//!         move_out: ..,
//!         copy_later: ..,
//!         move_later: ..,
//!     }
//! }
//! ```
//!
//! Each part is a call of its type's own, located at that type and the same but for the method: so the
//! compiler reports a type that cannot be copied once, and where it is written.

mod bounds;
mod fields;
mod options;

use bounds::Parameters;
use fields::Part;
use options::TypeOptions;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Data, DeriveInput, Error, Fields, GenericParam, Ident, Result, Token, parse2};

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match parse2::<DeriveInput>(input).and_then(|input| implementation(&input)) {
        Ok(implementation) => implementation,
        Err(error) => error.into_compile_error(),
    }
}

fn implementation(input: &DeriveInput) -> Result<TokenStream> {
    let options = TypeOptions::of(&input.attrs)?;
    if let Data::Union(data) = &input.data {
        let help = "`DeepCopy` cannot be derived for a union, as it does not say which field holds; \
                    if it is `Copy`, wrap it in a `memzone::Keep`, or implement `DeepCopy` by hand";
        return Err(Error::new_spanned(data.union_token, help));
    }
    if options.flat {
        return flat_implementation(input, &options);
    }
    refuse_packed(input)?;
    parts_implementation(input, &options)
}

/// The fields of a struct or of each variant, with the path that makes it.
fn shapes(input: &DeriveInput) -> Vec<(TokenStream, &Fields)> {
    let name = &input.ident;
    match &input.data {
        Data::Struct(data) => vec![(quote!(#name), &data.fields)],
        Data::Enum(data) => {
            let variants = data.variants.iter();
            variants
                .map(|syn::Variant { ident, fields, .. }| (quote!(#name::#ident), fields))
                .collect()
        }
        Data::Union(_) => unreachable!("refused before"),
    }
}

fn refuse_packed(input: &DeriveInput) -> Result<()> {
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("repr")) {
        let mut packed = false;
        // What is wrong in it is the compiler's to say.
        let _ = attribute.parse_nested_meta(|meta| {
            packed |= meta.path.is_ident("packed");
            if meta.input.peek(syn::token::Paren) {
                let inside;
                syn::parenthesized!(inside in meta.input);
                inside.parse::<TokenStream>()?;
            }
            Ok(())
        });
        if packed {
            let help = "a packed type cannot be copied part by part, as its fields are not aligned: if it \
                        is `Copy` and has no references, add `#[deep_copy(flat)]`, which copies it as a \
                        whole; else implement `DeepCopy` by hand";
            return Err(Error::new_spanned(attribute, help));
        }
    }
    Ok(())
}

fn flat_implementation(input: &DeriveInput, options: &TypeOptions) -> Result<TokenStream> {
    let inside =
        "the whole type is `#[deep_copy(flat)]` already: leave out what is said of this part of it";
    for (_, fields) in shapes(input) {
        fields.iter().try_for_each(|field| options::refuse(&field.attrs, inside))?;
    }
    refuse_on_variants(input)?;
    for parameter in &input.generics.params {
        match parameter {
            GenericParam::Lifetime(lifetime) => {
                let help = "`#[deep_copy(flat)]` is for types without references: they are copied bit \
                            by bit, and a reference would then still point into the old zone; \
                            leave it out, or write it above the fields that it is true of";
                return Err(Error::new_spanned(lifetime, help));
            }
            GenericParam::Type(parameter) => options::refuse(&parameter.attrs, inside)?,
            GenericParam::Const(parameter) => options::refuse(&parameter.attrs, inside)?,
        }
    }
    let (name, memzone) = (&input.ident, &options.memzone);
    let zone = fields::unused_lifetime(input);
    let (_, arguments, _) = input.generics.split_for_impl();
    let mut generics = bounds::with_zone(&input.generics, &zone);
    // `Copy` points at the type's name where it is missing. No reference can hide in a parameter.
    let copy = quote_spanned!(name.span()=> ::core::marker::Copy);
    generics.make_where_clause().predicates.push(syn::parse_quote!(Self: #copy + 'static));
    let (parameters, _, clause) = generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #parameters #memzone::DeepCopy<#zone> for #name #arguments #clause {
            #memzone::__flat_items!(#zone);
            fn undo(_: &mut #memzone::__private::Known) -> #memzone::__private::Undo<Self> {
                // SAFETY: (I41) a copy of its bits runs no code at all, and has no parts.
                unsafe { #memzone::__private::Undo::if_derived(true) }
            }
        }
    })
}

fn refuse_on_variants(input: &DeriveInput) -> Result<()> {
    let Data::Enum(data) = &input.data else { return Ok(()) };
    let help = "an option of `deep_copy` is said of a type or of a field, not of a variant";
    data.variants.iter().try_for_each(|variant| options::refuse(&variant.attrs, help))
}

fn parts_implementation(input: &DeriveInput, options: &TypeOptions) -> Result<TokenStream> {
    refuse_on_variants(input)?;
    let (name, memzone) = (&input.ident, &options.memzone);
    let zone = fields::unused_lifetime(input);
    let own_zone = bounds::own_zone(&input.generics, options)?;
    let mut shaped = Vec::new();
    for (path, fields) in shapes(input) {
        let parts: Result<Vec<Part<'_>>> = fields
            .iter()
            .map(|field| Part::of(field, &input.generics, own_zone.as_ref()))
            .collect();
        shaped.push((path, parts?));
    }
    let parts: Vec<&Part<'_>> = shaped.iter().flat_map(|(_, parts)| parts).collect();
    let parameters = Parameters::of(&input.generics, &parts, options, &zone, own_zone.as_ref())?;

    let hidden = |name: &str| Ident::new(name, Span::mixed_site());
    let [this, to, depth, work, known] = ["this", "to", "depth", "work", "known"].map(hidden);
    let way = |call: &dyn Fn(&Part<'_>, &Ident) -> TokenStream| {
        if shaped.is_empty() {
            return quote!(match #this {
                _ => ::core::unreachable!("there is no value of this type"),
            });
        }
        let arms = shaped.iter().map(|(path, parts)| {
            let names: Vec<_> = (0..parts.len()).map(|i| hidden(&format!("part_{i}"))).collect();
            let members = parts.iter().enumerate().map(|(index, part)| part.member(index));
            let members: Vec<_> = members.collect();
            let copies = parts.iter().zip(&names).map(|(part, name)| call(part, name));
            quote!(#path { #(#members: #names),* } => #path { #(#members: #copies),* })
        });
        quote!(match #this { #(#arms,)* })
    };
    let now = |method: &'static str, rest: TokenStream| {
        way(&|part, name| part.call(method, name, &rest, memzone, &zone, TokenStream::new()))
    };
    let later = |method: &'static str| {
        let rest = quote!(#to, &#work);
        let wait: Token![.] = Token![.](Span::mixed_site());
        let wait_word = Ident::new("await", Span::mixed_site());
        let wait = quote!(#wait #wait_word);
        way(&|part, name| part.call(method, name, &rest, memzone, &zone, wait.clone()))
    };
    let copy_at = now("copy_at", quote!(#to, #depth));
    let move_out = now("move_out", quote!(#to));
    let (copy_later, move_later) = (later("copy_later"), later("move_later"));
    let flat = parts.iter().map(|part| part.is_flat(memzone, &zone));
    let may_undo = parts.iter().map(|part| part.may_undo(memzone, &zone, &known));

    let (_, arguments, _) = input.generics.split_for_impl();
    let mut generics = bounds::with_zone(&input.generics, &zone);
    generics.make_where_clause().predicates.extend(parameters.predicates(&parts)?);
    let (declared, _, clause) = generics.split_for_impl();
    let copied_arguments = parameters.copied_arguments();
    let stays = parameters.all_stay().then(|| quote!(#memzone::__stays_if_flat!(#zone);));
    Ok(quote! {
        #[automatically_derived]
        #[allow(unreachable_code)]
        impl #declared #memzone::DeepCopy<#zone> for #name #arguments #clause {
            type Copied = #name<#(#copied_arguments),*>;
            #memzone::__ways! {
                #zone, flat: true #(&& #flat)*,
                |#this, #to, #depth, #work|
                copy_at: #copy_at,
                move_out: #move_out,
                copy_later: #copy_later,
                move_later: #move_later,
            }
            fn undo(#known: &mut #memzone::__private::Known) -> #memzone::__private::Undo<Self> {
                let may = !#known.is_new(<Self as #memzone::DeepCopy<#zone>>::undo) || true #(&& #may_undo)*;
                // SAFETY: (I41) the ways above run no code but what copies the parts.
                unsafe { #memzone::__private::Undo::if_derived(may) }
            }
            #stays
        }
    })
}
