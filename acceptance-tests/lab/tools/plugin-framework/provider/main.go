// Program provider is the smallest provider of terraform-plugin-framework that plans something worth measuring: what
// another framework's provider of the same schema is measured beside.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

func main() {
	options := providerserver.ServeOpts{
		Address:         "registry.terraform.io/example/note",
		ProtocolVersion: 5,
	}
	if err := providerserver.Serve(context.Background(), newProvider, options); err != nil {
		log.Fatal(err)
	}
}
