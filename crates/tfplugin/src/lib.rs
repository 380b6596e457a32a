//! A Terraform provider framework: go-plugin handshake, tfplugin5, values, schema and resource traits.
