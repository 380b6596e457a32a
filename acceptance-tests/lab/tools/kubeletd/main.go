// Command kubeletd is the streaming half of a kubelet: what kube-apiserver asks of a node when someone runs
// kubectl exec, logs or port-forward. The pods are processes that the lab started; a folder tells about them.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"log"
	"net/http"
	"os"
)

func main() {
	listen := flag.String("listen", "", "address and port to listen on")
	certificate := flag.String("tls-cert", "", "PEM file of the serving certificate")
	key := flag.String("tls-key", "", "PEM file of its key")
	clientCA := flag.String("client-ca", "", "PEM file of the authority that signs kube-apiserver's client certificate")
	directory := flag.String("state", "", "folder with one file a pod, <namespace>_<pod>.json")
	flag.Parse()

	tlsConfig, err := mutualTLS(*clientCA)
	if err != nil {
		log.Fatal(err)
	}
	server := http.Server{Addr: *listen, Handler: routes(state{*directory}), TLSConfig: tlsConfig}
	log.Fatal(server.ListenAndServeTLS(*certificate, *key))
}

func mutualTLS(clientCA string) (*tls.Config, error) {
	pem, err := os.ReadFile(clientCA)
	if err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(pem) {
		return nil, errors.New(clientCA + " holds no certificate")
	}
	// SPDY needs the connection itself, which HTTP/2 does not give away.
	return &tls.Config{
		ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs:  authorities,
		NextProtos: []string{"http/1.1"},
	}, nil
}

// The paths are the kubelet's (k8s.io/kubernetes/pkg/kubelet/server).
func routes(state state) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", state.serveLogs)
	for _, method := range []string{"GET", "POST"} {
		mux.HandleFunc(method+" /exec/{namespace}/{pod}/{container}", state.serveExec)
		mux.HandleFunc(method+" /portForward/{namespace}/{pod}", state.servePortForward)
	}
	return mux
}
