// Program certificate-oracle says what istiod and Go make of the data of a Secret cacerts.
//
// It reads one request a line on standard input and answers each with one line on standard output, both JSON. It is for tests that
// compare another judgement of such Secrets with that of the real programs. What it runs is what istiod runs at its start
// (pilot/pkg/bootstrap/istio_ca.go), when it makes its own certificate (pilot/pkg/bootstrap/server.go), and when it signs a workload's
// (security/pkg/server/ca/server.go).
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"istio.io/istio/security/pkg/cmd"
	"istio.io/istio/security/pkg/pki/ca"
	"istio.io/istio/security/pkg/pki/util"
)

// request is the data of a Secret and the names of a mesh.
type request struct {
	Files       map[string][]byte `json:"files"`
	TrustDomain string            `json:"trustDomain"`
	Namespace   string            `json:"namespace"`
}

// answer says what each of them has against it, and what a workload gets.
type answer struct {
	// Istiod is why it does not start, or does not sign.
	Istiod string `json:"istiod"`
	// Agents is why a program in Go does not accept the certificates of istiod and of the workload.
	Agents string `json:"agents"`
	// Chain and Key are the workload's, as PEM, if istiod signs.
	Chain string `json:"chain"`
	Key   string `json:"key"`
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
		if err := answers.Encode(judge(asked)); err != nil {
			return fmt.Errorf("write an answer: %w", err)
		}
	}
}

func judge(asked request) answer {
	authority, err := start(asked.Files)
	if err != nil {
		return answer{Istiod: err.Error()}
	}
	given := answer{}
	chain, key, err := workload(authority, asked.TrustDomain)
	if err != nil {
		return answer{Istiod: err.Error()}
	}
	given.Chain, given.Key = chain, key
	istiod, _, err := authority.GenKeyCert(istiodNames(asked.Namespace), cmd.DefaultSelfSignedCACertTTL, false)
	if err != nil {
		return answer{Istiod: err.Error()}
	}
	roots := authority.GetCAKeyCertBundle().GetRootCertPem()
	for _, presented := range [][]byte{istiod, []byte(chain)} {
		if err := accept(presented, roots); err != nil {
			given.Agents = err.Error()
			break
		}
	}
	return given
}

// start does what istiod does with the files that it finds.
func start(files map[string][]byte) (*ca.IstioCA, error) {
	directory, err := os.MkdirTemp("", "cacerts")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(directory)
	path := func(name string) string { return filepath.Join(directory, name) }
	for name, content := range files {
		if err := os.WriteFile(path(name), content, 0o600); err != nil {
			return nil, err
		}
	}
	bundle := ca.SigningCAFileBundle{
		RootCertFile:    path(ca.RootCertFile),
		CertChainFiles:  []string{path(ca.CertChainFile)},
		SigningCertFile: path(ca.CACertFile),
		SigningKeyFile:  path(ca.CAPrivateKeyFile),
	}
	if _, isTLS := files[ca.TLSSecretCACertFile]; isTLS {
		bundle = ca.SigningCAFileBundle{
			RootCertFile:    path(ca.TLSSecretRootCertFile),
			CertChainFiles:  []string{path(ca.TLSSecretCACertFile), path(ca.TLSSecretRootCertFile)},
			SigningCertFile: path(ca.TLSSecretCACertFile),
			SigningKeyFile:  path(ca.TLSSecretCAPrivateKeyFile),
		}
	} else if _, hasLists := files[ca.CACRLFile]; hasLists {
		bundle.CRLFile = path(ca.CACRLFile)
	}
	options, err := ca.NewPluggedCertIstioCAOptions(bundle, cmd.DefaultWorkloadCertTTL, cmd.DefaultMaxWorkloadCertTTL, 2048)
	if err != nil {
		return nil, err
	}
	return ca.NewIstioCA(options)
}

// istiodNames are those of getDNSNames.
func istiodNames(namespace string) []string {
	names := []string{}
	for _, service := range []string{"istio-pilot", "istiod", "istiod-remote"} {
		names = append(names, fmt.Sprintf("%s.%s.svc", service, namespace))
	}
	return names
}

// workload signs what an agent asks for.
func workload(authority *ca.IstioCA, trustDomain string) (chain, key string, err error) {
	name := fmt.Sprintf("spiffe://%s/ns/x/sa/y", trustDomain)
	csr, keyPEM, err := util.GenCSR(util.CertOptions{Host: name, ECSigAlg: util.EcdsaSigAlg, PKCS8Key: true})
	if err != nil {
		return "", "", err
	}
	chains, err := authority.SignWithCertChain(csr, ca.CertOpts{SubjectIDs: []string{name}, TTL: 24 * time.Hour})
	if err != nil {
		return "", "", err
	}
	return chains[0], string(keyPEM), nil
}

// accept verifies a chain as a program in Go does, of a server and of a client alike.
func accept(chain, roots []byte) error {
	block, rest := pem.Decode(chain)
	if block == nil {
		return errors.New("no certificate")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool()}
	options.Roots.AppendCertsFromPEM(roots)
	options.Intermediates.AppendCertsFromPEM(rest)
	_, err = leaf.Verify(options)
	return err
}
