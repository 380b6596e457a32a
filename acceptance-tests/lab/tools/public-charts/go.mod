module terraform-provider-istio/lab/tools/public-charts

go 1.26.0

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/open-policy-agent/gatekeeper/v3 v3.23.1
	k8s.io/ingress-nginx v0.0.0-20240708192948-52c50467d67d
	sigs.k8s.io/metrics-server v0.9.0
)
