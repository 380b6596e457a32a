//! Documents of every kind that istiod takes, and that it drops.

/// A document.
pub struct Case {
    pub document: &'static str,
    pub text: &'static str,
}

/// A document that the provider judges otherwise than istiod.
pub struct Difference {
    pub text: &'static str,
    /// Where.
    pub path: &'static str,
    /// Why that is right.
    pub reason: &'static str,
}

const fn mesh(text: &'static str) -> Case {
    Case { document: "MeshConfig", text }
}

const fn networks(text: &'static str) -> Case {
    Case { document: "MeshNetworks", text }
}

const fn proxy(text: &'static str) -> Case {
    Case { document: "ProxyConfig", text }
}

/// What istiod takes, and the provider on purpose does not.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        text: "outboundTrafficPolicy: {mode: null}",
        path: "outboundTrafficPolicy.mode",
        reason: "istiod runs REGISTRY_ONLY, where a null from an unset variable means that nothing was to be said: calls to other \
                 hosts would end.",
    },
    Difference {
        text: "defaultConfig: {proxyMetadata: {A: null}}",
        path: "defaultConfig.proxyMetadata.A",
        reason: "istiod gives proxies an empty variable, where a null means that there is to be none.",
    },
    Difference {
        text: "discoverySelectors: [{matchExpressions: [{key: a, operator: in, values: [b]}]}]",
        path: "discoverySelectors[0]",
        reason: "istiod runs the document, logs the selector as invalid and goes on with the namespaces of before; after a restart \
                 there are none.",
    },
];

/// What istiod runs with.
pub const ACCEPTED: &[Case] = &[
    mesh("{}"),
    mesh("trustDomain: shop.example"),
    mesh("trust_domain: shop.example"),
    mesh("trust_domain: one.example\ntrustDomain: two.example"),
    mesh("trustDomain: Shop.Example."),
    mesh("trustDomainAliases: [b.example, a.example]"),
    mesh("enableTracing: false\nenablePrometheusMerge: false"),
    mesh("accessLogFile: null\ndefaultConfig: {concurrency: null, statusPort: null}"),
    mesh("accessLogEncoding: JSON"),
    mesh("accessLogEncoding: 1"),
    mesh("accessLogEncoding: 7"),
    mesh("proxyListenPort: \"15099\""),
    mesh("proxyListenPort: 15099.0"),
    mesh("proxyListenPort: 1.5e4"),
    mesh("connectTimeout: 1m30s\ndnsRefreshRate: 0.5s\nprotocolDetectionTimeout: 0s"),
    mesh("connectTimeout: 1h"),
    mesh("accessLogFil: /dev/stdout\nofTheFuture: {a: [1]}"),
    mesh("outboundTrafficPolicy: {mode: REGISTRY_ONLY}"),
    mesh("outboundTrafficPolicy: {mode: null}"),
    mesh("outboundTrafficPolicy: {}"),
    mesh(
        "defaultConfig: {concurrency: 2, proxyMetadata: {A: \"true\"}, holdApplicationUntilProxyStarts: true}",
    ),
    mesh("defaultConfig: {proxyMetadata: {A: null}}"),
    mesh("default_config: {concurrency: 2, status_port: 0}"),
    mesh("defaultConfig: {status_port: 15021, proxy_admin_port: \"15001\"}"),
    mesh("defaultConfig: {tracing: {sampling: 12.5, zipkin: {address: \"$(HOST_IP):9411\"}}}"),
    mesh("defaultConfig: {tracing: {sampling: \"10\", customTags: {a: {literal: {value: b}}}}}"),
    mesh("defaultConfig: {gatewayTopology: {numTrustedProxies: 2, proxyProtocol: {}}, drainDuration: 60s}"),
    mesh("defaultConfig: {proxyStatsMatcher: {inclusionRegexps: [\".*\"]}, image: {imageType: debug}}"),
    mesh("discoverySelectors: [{matchLabels: {a: b}}, {matchExpressions: [{key: c, operator: Exists}]}]"),
    mesh("discoverySelectors: [{matchExpressions: [{key: a, operator: in, values: [b]}]}]"),
    mesh("extensionProviders: [{name: otel, opentelemetry: {service: otel.example, port: 4317}}]"),
    mesh(
        "extensionProviders: [{name: a, envoyExtAuthzGrpc: {service: a.example, port: \"9000\", timeout: 5s}}]",
    ),
    mesh(
        "extensionProviders: [{name: a, envoyFileAccessLog: {path: /dev/stdout, logFormat: {labels: {b: [1, true, null]}}}}]",
    ),
    mesh("extensionProviders: [{name: a, zipkin: {service: b, port: 1}, prometheus: {}}]"),
    mesh("defaultProviders: {metrics: [prometheus], accessLogging: [envoy]}"),
    mesh("localityLbSetting: {distribute: [{from: a/*, to: {\"a/b\": 40, c: 60}}]}"),
    mesh("localityLbSetting: {failover: [{from: a, to: b}]}"),
    mesh("serviceSettings: [{settings: {clusterLocal: true}, hosts: [\"*.shop.svc.cluster.local\", \"*\"]}]"),
    mesh("meshMTLS: {minProtocolVersion: TLSV1_3}\ntlsDefaults: {ecdhCurves: [P-256]}"),
    mesh("caCertificates: [{pem: a, trustDomains: [b]}, {Pem: c}]"),
    mesh("caCertificates: [{pem: a, spiffeBundleUrl: b}]\nlocalityLbSetting: {enabled: false}"),
    mesh("defaultHttpRetryPolicy: {attempts: 0}\npathNormalization: {normalization: MERGE_SLASHES}"),
    mesh("ingressControllerMode: \"OFF\"\nh2UpgradePolicy: UPGRADE"),
    networks("networks: {}"),
    networks(
        "networks: {a: {endpoints: [{fromRegistry: east}], gateways: [{address: 10.0.0.1, port: 15443}]}}",
    ),
    networks(
        "networks: {a: {endpoints: [{fromCidr: 10.0.0.0/8}], gateways: [{registryServiceName: a.b.c, port: \"1\"}]}}",
    ),
    networks("networks: {a: {gateways: [{address: gateway.example, port: 1, locality: x}]}}"),
    proxy("concurrency: 2\nstatusPort: 0"),
    proxy("proxyMetadata: {A: b}\nterminationDrainDuration: 10s"),
];

/// What istiod drops, with all that is right in it.
pub const REFUSED: &[Case] = &[
    mesh("trustDomain: shop.example\ndefaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: true}}"),
    mesh("enableTracing: \"yes\""),
    mesh("enableTracing: \"true\""),
    mesh("enablePrometheusMerge: \"true\""),
    mesh("accessLogEncoding: json"),
    mesh("accessLogEncoding: true"),
    mesh("accessLogFile: off"),
    mesh("trustDomain: 5"),
    mesh("trustDomain: [a]"),
    mesh("trustDomainAliases: a"),
    mesh("trustDomain: \"\""),
    mesh("trustDomain: shop_example"),
    mesh("trustDomain: spiffe://shop.example"),
    mesh("trustDomainAliases: [a/b]"),
    mesh("defaultConfig: {concurrency: two}"),
    mesh("defaultConfig: {statusPort: 0}"),
    mesh("defaultConfig: {status_port: 15020.5}"),
    mesh("proxyListenPort: 70000"),
    mesh("proxyListenPort: \"015\""),
    mesh("proxyListenPort: 3e21"),
    mesh("connectTimeout: 5"),
    mesh("connectTimeout: ten seconds"),
    mesh("connectTimeout: 0s"),
    mesh("connectTimeout: 61m"),
    mesh("connectTimeout: 1500us"),
    mesh("outboundTrafficPolicy: REGISTRY_ONLY"),
    mesh("outboundTrafficPolicy: {mode: registry_only}"),
    mesh("discoverySelectors: {matchLabels: {a: b}}"),
    mesh("discoverySelectors: [{matchLabels: {a: 1}}]"),
    mesh("extensionProviders: [{name: a, zipkin: {service: b, port: nine}}]"),
    mesh("extensionProviders: [{name: a, zipkin: {service: b, port: -1}}]"),
    mesh("extensionProviders: {a: {}}"),
    mesh("defaultConfig: {proxyMetadata: [a]}"),
    mesh("defaultConfig: a"),
    mesh("defaultConfig: {discoveryAddress: istiod}"),
    mesh("defaultConfig: {drainDuration: 1500ms}"),
    mesh("defaultConfig: {serviceCluster: \"\"}"),
    mesh("defaultConfig: {controlPlaneAuthPolicy: 7}"),
    mesh("defaultConfig: {tracing: {zipkin: {}}}"),
    mesh("defaultConfig: {tracing: {lightstep: {address: \"a:1\"}}}"),
    mesh("defaultConfig: {tracing: {tlsSettings: {mode: MUTUAL}}}"),
    mesh("defaultConfig: {privateKeyProvider: {cryptomb: {}}}"),
    mesh("localityLbSetting: {distribute: [{from: a, to: {b: 50}}]}"),
    mesh("localityLbSetting: {failover: [{from: a, to: a}]}"),
    mesh("localityLbSetting: {distribute: [{from: a, to: {\"b//c\": 100}}]}"),
    mesh("serviceSettings: [{hosts: [shop.*]}]"),
    mesh("meshMTLS: {ecdhCurves: [P-256]}"),
    mesh("caCertificates: [{pem: [a]}]"),
    mesh("trustDomain: a..b"),
    mesh("connectTimeout: 1d"),
    mesh("defaultTrafficPolicy: {connectionPool: {}}"),
    mesh("zoneAwareLbSetting: {failoverPriority: [topology.kubernetes.io/zone]}"),
    mesh("defaultConfig: {connectionSettings: {httpMaxConcurrentStreams: 0}}"),
    mesh("default_config: {concurrency: two}"),
    mesh("[a]"),
    networks("networks: {a: {gateways: [{address: 10.0.0.1}]}}"),
    networks("networks: {a: {gateways: [{address: a b, port: 1}]}}"),
    networks("networks: {a: {endpoints: [{fromCidr: 10.0.0.0/33}]}}"),
    networks("networks: [a]"),
    proxy("proxyMetadata: {A: 1}"),
    proxy("concurrency: two"),
];
