//! The schema of the provider block; its descriptions are the registry's documentation.

use tfplugin::Type;
use tfplugin::schema::{Attribute, Block, NestedBlock, Schema, one_of};

/// The schema.
pub fn schema() -> Schema {
    Schema::new(
        "Turns Kubernetes clusters into Istio meshes. One provider block names every cluster; one process serves them \
         all, and neither `helm`, `istioctl`, `kubectl` nor a cloud CLI is needed where it runs.\n\n\
         Values that are known only after apply are fine: a mesh can be planned before its clusters exist.",
    )
    .attribute("plan_detail", Attribute::string(
        "How much a plan shows of objects that are yet to be created: `compact` (the default) lists one object per line; \
         `full` shows their fields, for policy checks.",
    ).optional().validator(one_of(["compact", "full"])))
    .block("cluster", NestedBlock::map(cluster()))
    .block("chart_registry", NestedBlock::map(chart_registry()))
}

fn cluster() -> Block {
    let block = Block::new(
        "A Kubernetes cluster. The label is the name that resources use, and Istio's name of the cluster. A block without \
         connection settings uses the environment variables of the kubernetes provider (`KUBE_HOST`, `KUBE_TOKEN`, \
         `KUBE_CONFIG_PATH`, …). Keep the block until every resource has left the cluster.",
    );
    kubeconfig(inline(block))
        .attribute("proxy_url", Attribute::string(
            "Proxy for all requests to this cluster, `http://…`, `https://…`, `socks5://…` or `socks5h://…`, with user name and \
             password if it requires them. The certificate of an `https` proxy is verified like the API server's. Can be sourced from \
             `KUBE_PROXY_URL`. Otherwise `HTTPS_PROXY` and `NO_PROXY` decide as they do for kubectl.",
        ).optional().sensitive())
        .attribute("tls_server_name", Attribute::string(
            "Name to expect in the API server's certificate instead of the host's. Can be sourced from `KUBE_TLS_SERVER_NAME`.",
        ).optional())
        .attribute("on_unreachable", Attribute::string(
            "What refresh and destroy do when the cluster does not respond: `error` (the default) stops; `keep` leaves state as \
             it is, with a warning; `abandon` declares the cluster permanently gone, so destroy forgets what was in it, and its plan \
             says so. Anything \
             but a response of the cluster recorded in state counts: a missing kubeconfig, a credential plugin that fails, an \
             empty `host`, a name without an address, rejected credentials, another cluster.",
        ).optional().validator(one_of(["error", "keep", "abandon"])))
        .attribute("recreated_from", Attribute::string(
            "UID (of the `kube-system` namespace) of the cluster that had this label before and no longer exists. Without it, \
             another cluster behind the same label is an error, and nothing in it is touched.",
        ).optional())
        .block("exec", NestedBlock::single(exec()))
}

fn inline(block: Block) -> Block {
    block
        .attribute("host", Attribute::string(
            "URL of the API server, `https://` if no scheme is given. Credentials are sent over `http://` only to this machine \
             (`localhost`, `127.0.0.1`, `::1`). Can be sourced from `KUBE_HOST`.",
        ).optional())
        .attribute("cluster_ca_certificate", Attribute::string(
            "CA certificates that verify the API server's, as PEM or base64 of PEM. Defaults to the system's trust store: omit it for \
             endpoints with a publicly signed certificate, such as the DNS endpoint of GKE. Can be sourced from \
             `KUBE_CLUSTER_CA_CERT_DATA`.",
        ).optional())
        .attribute("insecure", Attribute::bool(
            "Skip verification of the API server's certificate. Do not use in production. Can be sourced from `KUBE_INSECURE`.",
        ).optional())
        .attribute("token", Attribute::string("Bearer token. Can be sourced from `KUBE_TOKEN`.").optional().sensitive())
        .attribute("token_file", Attribute::string(
            "File with a bearer token, re-read when the token rotates.",
        ).optional())
        .attribute("client_certificate", Attribute::string(
            "Client certificate chain, as PEM or base64 of PEM, together with `client_key`. Can be sourced from \
             `KUBE_CLIENT_CERT_DATA`.",
        ).optional())
        .attribute("client_key", Attribute::string(
            "Private key of `client_certificate`, as PEM or base64 of PEM. Can be sourced from `KUBE_CLIENT_KEY_DATA`.",
        ).optional().sensitive())
}

fn kubeconfig(block: Block) -> Block {
    block
        .attribute(
            "config_path",
            Attribute::string(
                "Path of a kubeconfig file. What kubectl rejects in a kubeconfig is rejected. Can be sourced from `KUBE_CONFIG_PATH`.",
            )
            .optional(),
        )
        .attribute(
            "config_paths",
            Attribute::list(
                Type::String,
                "Paths of several kubeconfig files, read as kubectl reads them: the first that has an entry wins, and files that do not \
                 exist are skipped if another one does. Can be sourced from `KUBE_CONFIG_PATHS`.",
            )
            .optional(),
        )
        .attribute("config_raw", Attribute::string("Contents of a kubeconfig.").optional().sensitive())
        .attribute(
            "config_context",
            Attribute::string("Context of the kubeconfig. Defaults to its `current-context`. Can be sourced from `KUBE_CTX`.")
                .optional(),
        )
        .attribute(
            "config_context_cluster",
            Attribute::string(
                "Cluster entry of the kubeconfig instead of the context's. Can be sourced from `KUBE_CTX_CLUSTER`.",
            )
            .optional(),
        )
        .attribute(
            "config_context_auth_info",
            Attribute::string("User entry of the kubeconfig instead of the context's. Can be sourced from `KUBE_CTX_AUTH_INFO`.")
                .optional(),
        )
}

fn exec() -> Block {
    Block::new(
        "A client-go credential plugin, run on the machine where the provider runs (HCP Terraform workers have none installed).",
    )
    .attribute("api_version", Attribute::string(
        "`client.authentication.k8s.io/v1` or `client.authentication.k8s.io/v1beta1`.",
    ).required())
    .attribute("command", Attribute::string("Program to run, without a shell.").required())
    .attribute("args", Attribute::list(Type::String, "Arguments of the program.").optional())
    .attribute("env", Attribute::map(Type::String, "Environment variables in addition to the provider's own.").optional().sensitive())
}

fn chart_registry() -> Block {
    Block::new(
        "Credentials and CA for a chart repository or OCI registry. The label is its host name, with the port if it has one: \
         `charts.example`, `registry.example:5000`. None of it is stored in state.",
    )
    .attribute("username", Attribute::string("User name, together with `password`.").optional())
    .attribute("password", Attribute::string("Password or token.").optional().sensitive())
    .attribute("ca_certificate", Attribute::string(
        "CA certificates that verify the host's, as PEM. They are trusted in addition to the system's, for this host, for hosts \
         it redirects to and for its token service.",
    ).optional())
    .attribute("plain_http", Attribute::bool(
        "Whether `oci://` charts of this host are fetched over plain HTTP, as with helm's `--plain-http`. Whoever controls the \
         network can then read and replace what is fetched for the first time; `chart_digests` in state pins it from then on. \
         Cannot be combined with `username` and `password`, except for a registry on the same machine. HTTP repositories do not \
         need it: use `http://` in their URL.",
    ).optional())
}
