// Program kubeconfig-oracle says what client-go makes of kubeconfigs.
//
// It reads one request a line on standard input and answers each with one line on standard output, both JSON. A request
// names kubeconfig files, as `config_paths` of the provider does; the answer is what client-go would send to the API
// server, or why it sends nothing. No connection is made. It is for tests that compare another reader of kubeconfigs with
// client-go.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/transport"
)

// request is a list of files and what is chosen in them. One file alone must exist.
type request struct {
	Files    []string `json:"files"`
	Context  string   `json:"context,omitempty"`
	Cluster  string   `json:"cluster,omitempty"`
	User     string   `json:"user,omitempty"`
	Insecure bool     `json:"insecure,omitempty"`
}

// answer is a request as the API server would get it, or why there is none.
type answer struct {
	Error         string   `json:"error,omitempty"`
	Server        string   `json:"server,omitempty"`
	Authorization string   `json:"authorization,omitempty"`
	Impersonate   []string `json:"impersonate,omitempty"`
	Proxy         string   `json:"proxy,omitempty"`
	ServerName    string   `json:"server_name,omitempty"`
	Insecure      bool     `json:"insecure,omitempty"`
	Authority     bool     `json:"authority,omitempty"`
	Certificate   bool     `json:"certificate,omitempty"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(input io.Reader, output io.Writer) error {
	requests := json.NewDecoder(bufio.NewReader(input))
	answers := json.NewEncoder(output)
	for {
		var asked request
		switch err := requests.Decode(&asked); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return fmt.Errorf("read a request: %w", err)
		}
		given, err := judge(asked)
		if err != nil {
			given = answer{Error: err.Error()}
		}
		if err := answers.Encode(given); err != nil {
			return fmt.Errorf("write an answer: %w", err)
		}
	}
}

func judge(asked request) (answer, error) {
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: asked.Files}
	if len(asked.Files) == 1 {
		rules = &clientcmd.ClientConfigLoadingRules{ExplicitPath: asked.Files[0]}
	}
	overrides := &clientcmd.ConfigOverrides{CurrentContext: asked.Context}
	overrides.Context.Cluster = asked.Cluster
	overrides.Context.AuthInfo = asked.User
	overrides.ClusterInfo.InsecureSkipTLSVerify = asked.Insecure
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return answer{}, err
	}
	return observe(config)
}

// observe makes the client and sends a request that goes no further than to where it would be encrypted.
func observe(config *rest.Config) (answer, error) {
	settings, err := config.TransportConfig()
	if err != nil {
		return answer{}, err
	}
	tls, err := transport.TLSConfigFor(settings)
	if err != nil {
		return answer{}, err
	}
	var sent *http.Request
	config.Wrap(func(http.RoundTripper) http.RoundTripper {
		return recorder(func(request *http.Request) { sent = request })
	})
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return answer{}, err
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return answer{}, err
	}
	response, err := client.Get(base.JoinPath("api").String())
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	return described(config, sent, tls != nil && tls.GetClientCertificate != nil)
}

func described(config *rest.Config, sent *http.Request, certificate bool) (answer, error) {
	secure := sent.URL.Scheme == "https"
	given := answer{
		Server:        strings.TrimSuffix(strings.TrimSuffix(sent.URL.String(), "api"), "/"),
		Authorization: sent.Header.Get("Authorization"),
		ServerName:    config.ServerName,
		Insecure:      config.Insecure,
		Authority:     len(config.CAData) > 0 || len(config.CAFile) > 0,
		Certificate:   secure && certificate && config.ExecProvider == nil,
	}
	if user := sent.Header.Get("Impersonate-User"); user != "" {
		given.Impersonate = append([]string{user}, sent.Header["Impersonate-Group"]...)
	}
	if config.Proxy != nil {
		proxy, err := config.Proxy(sent)
		if err != nil {
			return answer{}, err
		}
		given.Proxy = proxy.String()
	}
	return given, nil
}

// recorder stands where net/http would connect, and refuses what net/http refuses before it connects.
type recorder func(*http.Request)

func (record recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	if scheme := request.URL.Scheme; scheme != "http" && scheme != "https" {
		return nil, fmt.Errorf("unsupported protocol scheme %q", scheme)
	}
	if request.URL.Host == "" {
		return nil, errors.New("no Host in request URL")
	}
	for _, value := range request.Header.Values("Authorization") {
		if strings.ContainsAny(value, "\r\n\x00") {
			return nil, errors.New("invalid header field value for \"Authorization\"")
		}
	}
	record(request)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: request}, nil
}
