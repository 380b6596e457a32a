//! Two client certificates such as Terraform makes for each run: self-signed, P-521, CA:true, SHA-512. Made with Go's
//! `crypto/x509`, as go-plugin does; they open nothing but the tests' own servers.

/// A certificate (DER in base64) and its private scalar (hexadecimal).
pub struct Identity {
    pub certificate: &'static str,
    pub scalar: &'static str,
}

impl Identity {
    /// The certificate as Terraform puts it into a provider's environment.
    pub fn pem(&self) -> String {
        let lines: Vec<_> =
            self.certificate.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }
}

pub const ONE: Identity = Identity {
    certificate: "MIICUDCCAbGgAwIBAgIRALwmVAb+zwVhUqTTxa+JeTwwCgYIKoZIzj0EAwQwKDESMBAGA1UEChMJSGFzaGlDb3JwMRIwEAYDVQQD\
     Ewlsb2NhbGhvc3QwIBcNMjYxMTIzMDYxMDQwWhgPMjEyNjEwMzAwNjExMTBaMCgxEjAQBgNVBAoTCUhhc2hpQ29ycDESMBAGA1UE\
     AxMJbG9jYWxob3N0MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBgvNSztnpmSD656o0eaka7VuqcMmSCoXa8maBfxLdczxxcIzv\
     xmYLyB26qaZK2eq77Nokuui4dHrSlDOlSBWB3EkAn5Ixr0zs9ixg2qmKjmr6uKlAzPu6cvwMIS9DCNJS60TaWXRJq3D0j9g9zDfD\
     u+4LTIkRGY0JItZIV0FDk91N/IKjdzB1MA4GA1UdDwEB/wQEAwICrDAdBgNVHSUEFjAUBggrBgEFBQcDAgYIKwYBBQUHAwEwDwYD\
     VR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUhHm2YBW4s3yD590cH5it+9vnwakwFAYDVR0RBA0wC4IJbG9jYWxob3N0MAoGCCqGSM49\
     BAMEA4GMADCBiAJCASILk1g0PbTnjJQ520Gg/+EjfW+5eE04lmXyS7g02KmRvJpnBKD2sqIhBMynau9lP/Kd1WcfnZHXYPZzsTW/\
     dAj9AkIBfnNcInbDV4KmmyqNQChBzt7TMNNilOeknvxVzGfjN8YXMmBI1l4VgXfwK41UQ6kmYZIHv9G/La8OkqY9faSLBik=",
    scalar: "014513d96c82a86637c89208af944daabf0f706c1cee949deb9ba0a5e445357988deedfe6345fb0dabc1a387b2b96eaa160c\
     28b1ff074f49a79620c82e27eea8e2cf",
};

pub const OTHER: Identity = Identity {
    certificate: "MIICTzCCAbGgAwIBAgIRAPS/ABh1Kk9OikWxjPYxWdUwCgYIKoZIzj0EAwQwKDESMBAGA1UEChMJSGFzaGlDb3JwMRIwEAYDVQQD\
     Ewlsb2NhbGhvc3QwIBcNMjYxMTIzMDYxMDQxWhgPMjEyNjEwMzAwNjExMTFaMCgxEjAQBgNVBAoTCUhhc2hpQ29ycDESMBAGA1UE\
     AxMJbG9jYWxob3N0MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAcFIOQ/2s6vZJhfYYTPyQ9B5m3KGcrhcV0hgehOIJvdPMagml\
     xqymvX8MMPGRQzXRncews0dV4CFvtzvQLznRsdMA6Af73MobYDNgMG1kx3fyAukeoxEGyhkeB4COe/F8xexTZMJWNY0IEX9GH5Bg\
     A7Q04vsuiUpnlmEtTpGsZD1wTz+jdzB1MA4GA1UdDwEB/wQEAwICrDAdBgNVHSUEFjAUBggrBgEFBQcDAgYIKwYBBQUHAwEwDwYD\
     VR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUx/Dxhx9VNwNkLOvv0iZuuedTV3EwFAYDVR0RBA0wC4IJbG9jYWxob3N0MAoGCCqGSM49\
     BAMEA4GLADCBhwJCAQXzSMEbE3XKQNkixlxDpFpWetBzHQT7lRKsoh00JlELrdTuYn9ivrax/9TUIMx2/t97tmhYZi7/uUmLFofD\
     y7FNAkFIzPibCiQyD3+jY8w72doMfus4kbE7b+z2iG2EGiEJfA2RXp9oCjrw0/Xfq69gVIQDU0Ar9uzFOCsiWgU0nLcySA==",
    scalar: "00320d584a510bccc05d4f252fe7462f102ed4dd6c2e24eaaedcafddc66c57d5a8630291093701d5a9bafad6c8ace2b89804\
     94dcc26e126956a37b7b5d331fdcb6d2",
};
