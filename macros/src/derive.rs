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
//!     const FLAT: bool = true && <T as Copies<'memzone, _>>::FLAT && ..;
//!     fn deep_copy(&self, to: &'memzone Zone) -> .. { to.__copy(self) }
//!     fn copy_at(&self, to: &'memzone Zone, depth: Depth) -> .. {
//!         match self { Node { value: part_0, next: part_1 } => Node {
//!             value: to.__made(unsafe { <T as Copies<'memzone, _>>::copy_at(part_0, to, depth) })?,
//!             next: ..
//!         }}
//!     }
//!     fn move_out(self, ..) .. // likewise
//!     fn copy_later(..) .. // these two where something in it may own something
//!     fn move_later(..) ..
//!     const MOVE_IS_COPY: bool = true && <T as Copies<'memzone, _>>::MOVE_IS_COPY && ..;
//!     const IN_PLACE: InPlace<Self> =
//!         unsafe { InPlace::derived::<MemzoneGenuine>() }
//!             .and::<'memzone, T, _>(<T as Copies<'memzone, _>>::IN_PLACE, |copy, look| look.at(&mut copy.value)) ..;
//!     unsafe fn write_at(&self, place: *mut Self::Copied, run: &mut Run<'memzone>) -> bool {
//!         match self { Node { value: part_0, next: part_1 } => {
//!             run.wrote(unsafe { <T as Copies<'memzone, _>>::write_at(part_0, &raw mut (*place).value, run) }) && ..
//!         }}
//!     }
//! }
//! ```
//!
//! A program may lead the paths into memzone elsewhere: by `#[deep_copy(crate = path)]`, or by a crate that calls itself
//! memzone. So the `unsafe` code relies on none of them. What is found by a path has to give values of types that only
//! memzone makes, to methods of what the trait's own signatures hand in: the zone, the run, `InPlace` and `Undo`. The trait
//! itself is looked at too: each `unsafe` call wants the type `MemzoneGenuine`, which stands beside the implementation. So
//! are the fields of the copy: each has the very type that the copies of its part have, not one that they could become.
//!
//! An enum's copy is written as its bytes, and then each part where it lies in the value.
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
use syn::{Data, DeriveInput, Error, Fields, GenericParam, Ident, Result, parse2};

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
    let inside = "the whole type is `#[deep_copy(flat)]` already: remove the option of this part";
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
    let result = |of: TokenStream| quote!(::core::result::Result<#of, #memzone::ZoneError>);
    let [itself, items] = [result(quote!(Self)), result(quote!(&#zone mut [Self]))];
    let array = result(quote!([Self; MEMZONE_N]));
    let (genuine, its_type) = genuine(memzone, &zone);
    let implementation = quote! {
        #[automatically_derived]
        impl #parameters #memzone::DeepCopy<#zone> for #name #arguments #clause {
            type Copied = Self;
            const FLAT: bool = true;
            const MOVE_IS_COPY: bool = true;
            const IN_PLACE: #memzone::__private::InPlace<Self> =
                #memzone::__private::InPlace::flat();
            const KEEPS_LIFETIMES: #memzone::__private::KeepsLifetimes<Self> =
                #memzone::__private::KeepsLifetimes::unchanged();
            #[inline(always)]
            fn deep_copy(&self, to: &#zone #memzone::Zone) -> #itself {
                to.__ok(*self)
            }
            #[inline(always)]
            fn deep_copy_slice(items: &[Self], to: &#zone #memzone::Zone) -> #items {
                to.try_alloc_slice_copy(items)
            }
            fn same<MemzoneHolder: #memzone::__private::Holder>(
                held: MemzoneHolder::Of<Self>,
            ) -> ::core::result::Result<MemzoneHolder::Of<Self>, MemzoneHolder::Of<Self>> {
                ::core::result::Result::Ok(held)
            }
            #[inline(always)]
            fn copy_array<const MEMZONE_N: usize>(
                items: &[Self; MEMZONE_N],
                to: &#zone #memzone::Zone,
                _depth: #memzone::__private::Depth,
            ) -> #array {
                to.__ok(*items)
            }
            #[inline(always)]
            fn move_array<const MEMZONE_N: usize>(
                items: [Self; MEMZONE_N],
                to: &#zone #memzone::Zone,
            ) -> #array {
                to.__ok(items)
            }
            fn undo(_: &mut #memzone::__private::Known) -> #memzone::__private::Undo<Self> {
                // SAFETY: (I41) a copy of its bits runs no code at all, and has no parts.
                unsafe { #memzone::__private::Undo::derived::<#genuine>() }.end()
            }
        }
    };
    Ok(in_its_own_scope(&its_type, &implementation))
}

/// The name of a type that shows that the trait is memzone's own (I44), and that type. Where the path leads to another trait,
/// the method has a bound that memzone's has not.
fn genuine(memzone: &syn::Path, zone: &syn::Lifetime) -> (Ident, TokenStream) {
    let name = fields::genuine();
    let its_type = quote! {
        enum #name {}
        #[automatically_derived]
        impl #memzone::__private::Genuine for #name {
            fn check<#zone, MemzoneType: #memzone::DeepCopy<#zone>>() {}
        }
    };
    (name, its_type)
}

/// An implementation with items that no other code sees.
fn in_its_own_scope(items: &TokenStream, implementation: &TokenStream) -> TokenStream {
    quote!(const _: () = { #items #implementation };)
}

fn refuse_on_variants(input: &DeriveInput) -> Result<()> {
    let Data::Enum(data) = &input.data else { return Ok(()) };
    let help = "an option of `deep_copy` stands above a type or a field, not above a variant";
    data.variants.iter().try_for_each(|variant| options::refuse(&variant.attrs, help))
}

/// What makes a struct or a variant, and its parts.
type Shaped<'f> = (TokenStream, Vec<Part<'f>>);

fn parts_implementation(input: &DeriveInput, options: &TypeOptions) -> Result<TokenStream> {
    refuse_on_variants(input)?;
    let (name, memzone) = (&input.ident, &options.memzone);
    let zone = fields::unused_lifetime(input);
    let own_zone = bounds::own_zone(&input.generics, options)?;
    let mut shaped: Vec<Shaped<'_>> = Vec::new();
    for (path, fields) in shapes(input) {
        let parts: Result<Vec<Part<'_>>> = fields
            .iter()
            .map(|field| Part::of(field, &input.generics, own_zone.as_ref()))
            .collect();
        shaped.push((path, parts?));
    }
    let parts: Vec<&Part<'_>> = shaped.iter().flat_map(|(_, parts)| parts).collect();
    let parameters = Parameters::of(&input.generics, &parts, options, &zone, own_zone.as_ref())?;

    let [this, to, depth, known] = ["this", "to", "depth", "known"].map(hidden);
    let copy_at = copied_parts("copy_at", &quote!(#to, #depth), &shaped, memzone, &zone);
    let move_out = copied_parts("move_out", &quote!(#to), &shaped, memzone, &zone);
    let result = quote!(::core::result::Result<Self::Copied, #memzone::ZoneError>);
    let may_own = parts.iter().any(|part| part.may_own());
    let later = may_own.then(|| copied_later(&shaped, &result, memzone, &zone));
    let (genuine, its_type) = genuine(memzone, &zone);
    let in_place = in_place(input, &shaped, &parameters, memzone, &zone);
    let keeps = parameters.keep_lifetimes();
    let flat = parts.iter().map(|part| part.constant("FLAT", memzone, &zone));
    let undo = parts.iter().filter_map(|part| part.and_undo(memzone, &zone, &known));

    let (_, arguments, _) = input.generics.split_for_impl();
    let mut generics = bounds::with_zone(&input.generics, &zone);
    generics.make_where_clause().predicates.extend(parameters.predicates(&parts)?);
    let (declared, _, clause) = generics.split_for_impl();
    let copied_arguments = parameters.copied_arguments();
    let stays = parameters.all_stay().then(|| {
        quote! {
            fn same<MemzoneHolder: #memzone::__private::Holder>(
                held: MemzoneHolder::Of<Self>,
            ) -> ::core::result::Result<MemzoneHolder::Of<Self>, MemzoneHolder::Of<Self>> {
                if <Self as #memzone::DeepCopy<#zone>>::FLAT {
                    return ::core::result::Result::Ok(held);
                }
                ::core::result::Result::Err(held)
            }
        }
    });
    let implementation = quote! {
        #[automatically_derived]
        #[allow(unreachable_code)]
        impl #declared #memzone::DeepCopy<#zone> for #name #arguments #clause {
            type Copied = #name<#(#copied_arguments),*>;
            const FLAT: bool = true #(&& #flat)*;
            #[inline]
            fn deep_copy(&self, #to: &#zone #memzone::Zone) -> #result {
                #to.__copy(self)
            }
            #[inline]
            #[allow(unused_variables)]
            fn copy_at(&self, #to: &#zone #memzone::Zone, #depth: #memzone::__private::Depth) -> #result {
                let #this = self;
                #to.__ok(#copy_at)
            }
            #later
            #[inline]
            #[allow(unused_variables)]
            fn move_out(self, #to: &#zone #memzone::Zone) -> #result {
                // `const`: the other way is not compiled then.
                if const { <Self as #memzone::DeepCopy<#zone>>::IN_PLACE.is_moved_by_a_run::<#zone>() } {
                    return #to.__copy(&self);
                }
                let #this = self;
                #to.__ok(#move_out)
            }
            #in_place
            fn undo(#known: &mut #memzone::__private::Known) -> #memzone::__private::Undo<Self> {
                // SAFETY: (I41) the ways above run no code but what copies the parts, which follow.
                let all = unsafe { #memzone::__private::Undo::derived::<#genuine>() };
                if !#known.is_new(<Self as #memzone::DeepCopy<#zone>>::undo) {
                    return all;
                }
                all #(#undo)* .end()
            }
            // SAFETY: (I43) the copy's type is this one with the copies' types in place of these parameters.
            const KEEPS_LIFETIMES: #memzone::__private::KeepsLifetimes<Self> =
                unsafe { #memzone::__private::KeepsLifetimes::derived::<#genuine>() } #(#keeps)*;
            #stays
        }
    };
    Ok(in_its_own_scope(&its_type, &implementation))
}

/// A name that the user's code cannot see.
fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// What the parts of a value are bound to.
fn bound_to(parts: &[Part<'_>]) -> Vec<Ident> {
    (0..parts.len()).map(|index| hidden(&format!("part_{index}"))).collect()
}

fn members(parts: &[Part<'_>]) -> Vec<TokenStream> {
    parts.iter().enumerate().map(|(index, part)| part.member(index)).collect()
}

/// The copy of `this`, made of what `method` makes of each part with these arguments.
fn copied_parts(
    method: &str,
    arguments: &TokenStream,
    shaped: &[Shaped<'_>],
    memzone: &syn::Path,
    zone: &syn::Lifetime,
) -> TokenStream {
    let [this, to] = ["this", "to"].map(hidden);
    if shaped.is_empty() {
        return quote!(match #this {
            _ => ::core::unreachable!("there is no value of this type"),
        });
    }
    let arms = shaped.iter().map(|(path, parts)| {
        let (names, members) = (bound_to(parts), members(parts));
        let copies = parts
            .iter()
            .zip(&names)
            .map(|(part, name)| part.call(method, name, arguments, &to, memzone, zone));
        quote!(#path { #(#members: #names),* } => #path { #(#members: #copies),* })
    });
    quote!(match #this { #(#arms,)* })
}

/// The ways of a value that may own others, however deep.
fn copied_later(
    shaped: &[Shaped<'_>],
    result: &TokenStream,
    memzone: &syn::Path,
    zone: &syn::Lifetime,
) -> TokenStream {
    let [this, to, work] = ["this", "to", "work"].map(hidden);
    let ways = [
        ("copy_later", quote!(&'memzone_later self), quote!()),
        ("move_later", quote!(self), quote!(Self: 'memzone_later,)),
    ];
    let ways = ways.into_iter().map(|(method, receiver, bound)| {
        let name = hidden(method);
        let way = copied_parts(method, &quote!(#to, &#work), shaped, memzone, zone);
        quote! {
            fn #name<'memzone_later>(
                #receiver,
                #to: &#zone #memzone::Zone,
                #work: #memzone::__private::Work<'memzone_later>,
            ) -> impl ::core::future::Future<Output = #result> + 'memzone_later
            where
                #bound
                #zone: 'memzone_later,
            {
                async move {
                    let _ = &#work;
                    let #this = self;
                    #to.__ok(#way)
                }
            }
        }
    });
    quote!(#(#ways)*)
}

/// How a value is written to its place, part by part.
fn in_place(
    input: &DeriveInput,
    shaped: &[Shaped<'_>],
    parameters: &Parameters<'_>,
    memzone: &syn::Path,
    zone: &syn::Lifetime,
) -> TokenStream {
    let [this, place, run, from, to] = ["this", "place", "run", "from", "to"].map(hidden);
    let genuine = fields::genuine();
    let is_enum = matches!(input.data, Data::Enum(_));
    let parts = || shaped.iter().flat_map(|(_, parts)| parts);
    let moves = parts().map(|part| part.constant("MOVE_IS_COPY", memzone, zone));
    let promises = shaped.iter().flat_map(|(path, parts)| {
        let each = parts.iter().enumerate();
        each.map(move |(index, part)| part.and_in_place(path, index, memzone, zone))
    });
    let arms = shaped.iter().map(|(path, parts)| {
        let (names, members) = (bound_to(parts), members(parts));
        let (around, writes): (_, Vec<_>) = if is_enum {
            let holes = parts
                .iter()
                .zip(&names)
                .filter_map(|(part, name)| part.hole(name, &run, memzone, zone));
            let writes = parts.iter().zip(&names).filter_map(|(part, name)| {
                part.write_inside(name, &from, &to, &run, memzone, zone)
            });
            let around = quote!(
                {
                    let holes = [#(#holes),*];
                    // SAFETY: (I42) there is room, and the bytes of what may change meanwhile are not read.
                    unsafe { #run.around(#this, #to, &holes) };
                }
            );
            (Some(around), writes.collect())
        } else {
            let writes = parts.iter().zip(&names).zip(&members).map(|((part, name), member)| {
                // SAFETY: (I42) as `place` is, and as no reference is made.
                let at = quote!(unsafe { &raw mut (*#place).#member });
                part.write_at(name, &at, &run, memzone, zone)
            });
            (None, writes.collect())
        };
        let binds = members.iter().zip(&names).zip(parts).map(|((member, name), part)| {
            if part.is_written(is_enum) { quote!(#member: #name) } else { quote!(#member: _) }
        });
        quote!(#path { #(#binds),* } => { #around true #(&& #writes)* })
    });
    let body = if shaped.is_empty() {
        quote!(::core::unreachable!("there is no value of this type"))
    } else {
        quote!(match #this { #(#arms)* })
    };
    // Where no parameter changes, the copy is of the same type but for lifetimes.
    let by_value = (is_enum && !parameters.are_kept()).then(|| {
        quote!(
            if !#run.are_alike::<Self, <Self as #memzone::DeepCopy<#zone>>::Copied>() {
                // SAFETY: (I42) the caller's promise.
                return unsafe { #run.write_by_value(self, #place) };
            }
        )
    });
    let addresses = is_enum.then(
        || quote!(let (#from, #to) = ((&raw const *self).cast::<u8>(), #place.cast::<u8>());),
    );
    quote!(
        const MOVE_IS_COPY: bool = true #(&& #moves)*;
        // SAFETY: (I42) `write_at` below does nothing but write the parts.
        const IN_PLACE: #memzone::__private::InPlace<Self> =
            unsafe { #memzone::__private::InPlace::derived::<#genuine>() } #(#promises)*;
        #[inline]
        #[allow(unused_variables)]
        unsafe fn write_at(
            &self,
            #place: *mut <Self as #memzone::DeepCopy<#zone>>::Copied,
            #run: &mut #memzone::__private::Run<#zone>,
        ) -> bool {
            #by_value
            #addresses
            let #this = self;
            #body
        }
    )
}
