//! The derive macro of `tfplugin`: see `tfplugin::Model`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{
    Data, DeriveInput, Error, Field, Fields, Ident, LitStr, Type, parse_macro_input, spanned::Spanned,
};

/// Implements `tfplugin::TerraformValue` for a struct with named fields, so that it stands for a block or an object.
///
/// Every field is an attribute or a nested block of the same name; `#[model(name = "…")]` gives another name, `r#type`
/// stands for `type`. The provider checks at its start that the schema has exactly these names and fitting types.
#[proc_macro_derive(Model, attributes(model))]
pub fn derive_model(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    implement(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// A field of the struct and the attribute it stands for.
struct Member<'a> {
    ident: &'a Ident,
    name: String,
    ty: &'a Type,
}

fn implement(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(input.span(), "Model can only be derived for a struct"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new(input.span(), "Model needs a struct with named fields"));
    };
    let members = fields.named.iter().filter_map(member).collect::<syn::Result<Vec<_>>>()?;
    let model = &input.ident;
    let model_name = model.to_string();
    let (generics, type_generics, bounds) = input.generics.split_for_impl();
    let idents: Vec<_> = members.iter().map(|member| member.ident).collect();
    let names: Vec<_> = members.iter().map(|member| &member.name).collect();
    let types: Vec<_> = members.iter().map(|member| member.ty).collect();
    Ok(quote! {
        impl #generics ::tfplugin::TerraformValue for #model #type_generics #bounds {
            fn from_value(value: ::tfplugin::Value) -> ::std::result::Result<Self, ::tfplugin::ValueError> {
                let mut members = ::tfplugin::value::expect_object(value)?;
                ::std::result::Result::Ok(Self {
                    #(#idents: ::tfplugin::value::take_field(&mut members, #names)?,)*
                })
            }

            fn into_value(self) -> ::tfplugin::Value {
                ::tfplugin::Value::Map(::std::collections::BTreeMap::from([
                    #((::std::string::String::from(#names), ::tfplugin::TerraformValue::into_value(self.#idents)),)*
                ]))
            }

            fn conforms(ty: &::tfplugin::Type) -> ::std::result::Result<(), ::tfplugin::Mismatch> {
                ::tfplugin::value::fields_conform(
                    #model_name,
                    &[#((#names, <#types as ::tfplugin::TerraformValue>::conforms),)*],
                    ty,
                )
            }
        }
    })
}

fn member(field: &Field) -> Option<syn::Result<Member<'_>>> {
    let ident = field.ident.as_ref()?;
    Some(attribute_name(field).map(|name| Member {
        ident,
        name: name.unwrap_or_else(|| ident.unraw().to_string()),
        ty: &field.ty,
    }))
}

fn attribute_name(field: &Field) -> syn::Result<Option<String>> {
    let mut name = None;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("model")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("name") {
                return Err(meta.error("only `name = \"…\"` is known here"));
            }
            name = Some(meta.value()?.parse::<LitStr>()?.value());
            Ok(())
        })?;
    }
    Ok(name)
}
